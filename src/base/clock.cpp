#include "base/clock.hpp"

namespace crossfade::base {
namespace {

class SystemClock final : public Clock {
public:
    std::chrono::steady_clock::time_point now() const override { return std::chrono::steady_clock::now(); }
    std::int64_t wall_microseconds() const override {
        using namespace std::chrono;
        return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    }
};

}  // namespace

const Clock& system_clock() {
    static const SystemClock clock;
    return clock;
}

}  // namespace crossfade::base
