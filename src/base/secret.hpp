// A value that must not be shown: a password, a token, a key.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <ostream>
#include <utility>

namespace crossfade::base {

// Whoever prints, logs or formats it gets "(secret)"; the value takes an explicit reveal(). It is compared in the usual
// way, not in constant time.
template <class Value>
class Secret {
public:
    Secret() = default;
    explicit Secret(Value value) : value_(std::move(value)) {}
    const Value& reveal() const { return value_; }
    bool operator==(const Secret&) const = default;

    friend std::ostream& operator<<(std::ostream& to, const Secret&) { return to << "(secret)"; }

private:
    Value value_{};
};

}  // namespace crossfade::base

template <class Value>
struct fmt::formatter<crossfade::base::Secret<Value>> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const crossfade::base::Secret<Value>&, Context& context) const {
        return fmt::formatter<fmt::string_view>::format("(secret)", context);
    }
};
