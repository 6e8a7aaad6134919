#include "net/loop.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "net/loop_implementation.hpp"

namespace crossfade::net {
namespace {

constexpr std::chrono::milliseconds wheel_tick{10};

}  // namespace

void Loop::Implementation::run_hooks() {
    hooks_are_posted = false;
    running_hooks.swap(hooks);
    // By index: cancel_turn_end() may blank an entry while the list runs.
    for (std::size_t i = 0; i < running_hooks.size(); ++i) {
        TurnEnd* const hook = running_hooks[i];
        if (hook == nullptr) continue;
        running_hooks[i] = nullptr;
        hook->is_queued_ = false;
        hook->turn_ended();
    }
    running_hooks.clear();
}

void Loop::Implementation::arm_wheel() {
    if (wheel_is_armed || armed_timers == 0) return;
    wheel_is_armed = true;
    wheel_timer.expires_after(wheel_tick);
    wheel_timer.async_wait([this](const boost::system::error_code& error) {
        wheel_is_armed = false;
        if (error) return;
        wheel.advance(Clock::now());
        arm_wheel();
    });
}

Loop::Loop() : implementation_(std::make_unique<Implementation>()) {}

Loop::~Loop() = default;

void Loop::run() {
    const auto work = boost::asio::make_work_guard(implementation_->context);
    implementation_->context.run();
    implementation_->context.restart();
}

void Loop::stop() { implementation_->context.stop(); }

void Loop::post(std::function<void()> task) { boost::asio::post(implementation_->context, std::move(task)); }

void Loop::at_turn_end(TurnEnd& hook) {
    if (hook.is_queued_) return;
    hook.is_queued_ = true;
    implementation_->hooks.push_back(&hook);
    if (implementation_->hooks_are_posted) return;
    implementation_->hooks_are_posted = true;
    // Posted from the loop's own thread it queues behind what is ready already: that is the turn.
    boost::asio::post(implementation_->context, [implementation = implementation_.get()] { implementation->run_hooks(); });
}

void Loop::cancel_turn_end(TurnEnd& hook) {
    if (!hook.is_queued_) return;
    hook.is_queued_ = false;
    std::erase(implementation_->hooks, &hook);
    std::replace(implementation_->running_hooks.begin(), implementation_->running_hooks.end(), &hook, static_cast<TurnEnd*>(nullptr));
}

Loop::Clock::time_point Loop::now() const { return Clock::now(); }

struct Timer::Implementation final : base::WheelEntry {
    explicit Implementation(Loop& of) : loop(of.implementation()) {}
    ~Implementation() override { cancel(); }

    void cancel() {
        if (!is_armed()) return;
        disarm();
        --loop.armed_timers;
    }
    void on_expired() override {
        --loop.armed_timers;
        // Taken out first: it may start this timer again, or destroy it.
        const std::function<void()> call = std::move(expired);
        call();
    }

    Loop::Implementation& loop;
    std::function<void()> expired;
};

Timer::Timer(Loop& loop) : implementation_(std::make_unique<Implementation>(loop)) {}

Timer::~Timer() = default;

void Timer::start(std::chrono::milliseconds after, std::function<void()> expired) {
    cancel();
    Loop::Implementation& loop = implementation_->loop;
    implementation_->expired = std::move(expired);
    // A wheel that slept lags behind: brought up to date first, or the new entry would be late or early.
    if (loop.armed_timers == 0) loop.wheel.advance(Loop::Clock::now());
    ++loop.armed_timers;
    loop.wheel.arm(*implementation_, Loop::Clock::now() + after);
    loop.arm_wheel();
}

void Timer::cancel() { implementation_->cancel(); }

bool Timer::is_running() const { return implementation_->is_armed(); }

}  // namespace crossfade::net
