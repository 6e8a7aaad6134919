#include "net/serving.hpp"

#include <algorithm>

#include "net/descriptors.hpp"

namespace crossfade::net {

Termination::Termination() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    allow_all_descriptors();
}

void Termination::wait() const {
    int signal = 0;
    sigwait(&signals_, &signal);
}

unsigned serving_threads(unsigned configured) {
    return configured != 0 ? configured : std::max(1U, std::thread::hardware_concurrency());
}

void ControlLoop::start() {
    thread_ = std::thread([this] { loop_.run(); });
}

void ControlLoop::call(const std::function<void()>& task) {
    std::promise<void> done;
    loop_.post([&] {
        task();
        done.set_value();
    });
    done.get_future().wait();
}

void ControlLoop::stop() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
}

}  // namespace crossfade::net
