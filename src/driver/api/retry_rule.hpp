// The application's retry policy, as requests ask it.
#pragma once

#include <memory>

#include "crossfade/policies.hpp"
#include "driver/retry.hpp"

namespace crossfade::driver {

class PolicyRule final : public RetryRule {
public:
    explicit PolicyRule(std::shared_ptr<const RetryPolicy> policy) : policy_(std::move(policy)) {}
    RetryVerdict after(const base::Error& error, Failure failure, std::uint32_t tries,
                       bool is_idempotent) const override;

private:
    const std::shared_ptr<const RetryPolicy> policy_;
};

}  // namespace crossfade::driver
