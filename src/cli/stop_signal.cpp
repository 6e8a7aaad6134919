#include "cli/stop_signal.hpp"

#include <atomic>

namespace crossfade::cli {
namespace {

std::atomic<bool> came{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // or a signal handler could not touch it

}  // namespace

StopSignal::StopSignal() {
    came = false;
    struct sigaction action {};
    action.sa_handler = [](int) { came = true; };
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &previous_interrupt_);
    sigaction(SIGTERM, &action, &previous_terminate_);
}

StopSignal::~StopSignal() {
    sigaction(SIGINT, &previous_interrupt_, nullptr);
    sigaction(SIGTERM, &previous_terminate_, nullptr);
}

bool StopSignal::has_come() {
    return came;
}

}  // namespace crossfade::cli
