#include "crossfade/log.hpp"

#include <atomic>

#include "base/log.hpp"
#include "driver/api/cluster_core.hpp"

namespace crossfade {
namespace {

std::atomic<bool> is_told{false};

}  // namespace

void set_log_level(LogLevel least) {
    is_told = true;
    base::configure_log(static_cast<base::LogLevel>(least), false);
}

namespace driver {

void be_quiet_unless_told() {
    if (!is_told.exchange(true)) base::configure_log(base::LogLevel::warning, false);
}

}  // namespace driver
}  // namespace crossfade
