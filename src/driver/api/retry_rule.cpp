#include "driver/api/retry_rule.hpp"

#include "driver/api/error_of.hpp"

namespace crossfade {
namespace {

class Never final : public RetryPolicy {
public:
    RetryDecision decide(FailedTry, const Error&, std::uint32_t, bool) const override { return RetryDecision::rethrow; }
};

}  // namespace

std::shared_ptr<const RetryPolicy> no_retries() {
    static const auto policy = std::make_shared<const Never>();
    return policy;
}

namespace driver {
namespace {

FailedTry failed_try(Failure failure) {
    switch (failure) {
        case Failure::overloaded:
            return FailedTry::overloaded;
        case Failure::unavailable:
            return FailedTry::unavailable;
        case Failure::read_timeout:
            return FailedTry::read_timeout;
        case Failure::write_timeout:
            return FailedTry::write_timeout;
        case Failure::lost:
            break;
    }
    return FailedTry::connection_lost;
}

}  // namespace

RetryVerdict PolicyRule::after(const base::Error& error, Failure failure, std::uint32_t tries,
                               bool is_idempotent) const {
    switch (policy_->decide(failed_try(failure), error_of(error), tries, is_idempotent)) {
        case RetryDecision::same_node:
            return RetryVerdict::same_node;
        case RetryDecision::next_node:
            return RetryVerdict::next_node;
        case RetryDecision::ignore:
            return RetryVerdict::ignore;
        case RetryDecision::rethrow:
            break;
    }
    return RetryVerdict::give_up;
}

}  // namespace driver
}  // namespace crossfade
