#include "net/loop.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/log.hpp"
#include "net/lingering.hpp"
#include "net/loop_implementation.hpp"

namespace crossfade::net {
namespace {

[[noreturn]] void end_without(const char* what) {
    base::log_error("no {} can be made for an event loop: {}; raise the limit of open files (ulimit -n)", what,
                    text_of_error(errno));
    std::exit(20);
}

}  // namespace

Poster::Mailbox::~Mailbox() {
    if (wake_descriptor >= 0) ::close(wake_descriptor);
}

// The counter is never read: epoll is edge-triggered, and each write is an edge.
void Poster::Mailbox::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_descriptor, &one, sizeof one);
}

void Poster::Mailbox::post(std::function<void()> task) {
    const std::lock_guard lock(mutex);
    if (is_closed) return;
    tasks.push_back(std::move(task));
    if (is_woken) return;
    is_woken = true;
    wake();
}

void Poster::post(std::function<void()> task) const {
    mailbox_->post(std::move(task));
}

Loop::Implementation::Implementation()
    : epoll(::epoll_create1(EPOLL_CLOEXEC)), mailbox(std::make_shared<Poster::Mailbox>()), wheel(Clock::now()) {
    if (!epoll.is_open()) end_without("epoll set");
    mailbox->wake_descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mailbox->wake_descriptor < 0) end_without("eventfd");
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLET;
    wanted.data.ptr = nullptr;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, mailbox->wake_descriptor, &wanted) != 0) end_without("wake-up");
}

void Loop::Implementation::drain() {
    std::vector<std::function<void()>> left;
    {
        const std::lock_guard lock(mailbox->mutex);
        mailbox->is_closed = true;
        left.swap(mailbox->tasks);
    }
    left.clear();
    // What a task or a stream holds may post or dispose of more while it goes.
    while (!tasks.empty() || !held.empty() || !disposed.empty()) {
        std::exchange(tasks, {}).clear();
        std::exchange(held, {}).clear();
        std::exchange(disposed, {}).clear();
    }
}

bool Loop::Implementation::watch(int descriptor, Ready& ready) {
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    wanted.data.ptr = &ready;
    return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &wanted) == 0;
}

void Loop::Implementation::watch_instead(int descriptor, Ready& ready) {
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    wanted.data.ptr = &ready;
    ::epoll_ctl(epoll.get(), EPOLL_CTL_MOD, descriptor, &wanted);
}

void Loop::Implementation::again(Ready& ready) {
    if (ready.is_going_on_) return;
    ready.is_going_on_ = true;
    going_on.push_back(&ready);
}

void Loop::Implementation::forget(Ready& ready) {
    for (int i = event + 1; i < event_count; ++i)
        if (events[static_cast<std::size_t>(i)].data.ptr == &ready)
            events[static_cast<std::size_t>(i)].data.ptr = nullptr;
    if (!ready.is_going_on_) return;
    ready.is_going_on_ = false;
    std::erase(going_on, &ready);
    std::replace(running_on.begin(), running_on.end(), &ready, static_cast<Ready*>(nullptr));
}

void Loop::Implementation::let_go(const Disposable& one) {
    const auto found = std::find_if(held.begin(), held.end(), [&](const auto& other) { return other.get() == &one; });
    if (found == held.end()) return;
    dispose(std::move(*found));
    held.erase(found);
}

int Loop::Implementation::wait_time() {
    if (!tasks.empty() || !going_on.empty() || !hooks.empty() || !disposed.empty() ||
        is_stopping.load(std::memory_order_relaxed))
        return 0;
    const auto next = wheel.next();
    if (!next) return -1;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(wait, 0));
}

void Loop::Implementation::run_tasks() {
    // Both are taken before either runs: what a task posts is for a later turn.
    {
        const std::lock_guard lock(mailbox->mutex);
        mailbox->is_woken = false;
        running_mail.swap(mailbox->tasks);
    }
    running_tasks.swap(tasks);
    // Those of other threads first: this thread may have been another one's when it posted them.
    for (auto* const some : {&running_mail, &running_tasks}) {
        for (auto& task : *some) std::exchange(task, nullptr)();
        some->clear();
    }
}

void Loop::Implementation::run_hooks() {
    for (int pass = 0; pass < most_passes && !hooks.empty(); ++pass) {
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
}

void Loop::Implementation::turn() {
    const bool has_tasks = !tasks.empty();
    event = -1;
    event_count = std::max(::epoll_wait(epoll.get(), events.data(), static_cast<int>(most_events), wait_time()), 0);
    turn_began = Clock::now();
    is_in_turn = true;

    bool is_woken = has_tasks;
    for (int i = 0; i < event_count; ++i) is_woken |= events[static_cast<std::size_t>(i)].data.ptr == nullptr;
    if (is_woken) run_tasks();
    running_on.swap(going_on);
    for (event = 0; event < event_count; ++event) {
        const epoll_event& one = events[static_cast<std::size_t>(event)];
        if (one.data.ptr != nullptr) static_cast<Ready*>(one.data.ptr)->on_ready(one.events);
    }
    event_count = 0;
    for (std::size_t i = 0; i < running_on.size(); ++i) {
        Ready* const ready = running_on[i];
        if (ready == nullptr) continue;
        running_on[i] = nullptr;
        ready->is_going_on_ = false;
        ready->on_ready(0);
    }
    running_on.clear();
    wheel.advance(turn_began);
    if (!hooks.empty()) run_hooks();
    while (!disposed.empty()) std::exchange(disposed, {}).clear();
    is_in_turn = false;
}

std::size_t lingering_streams(Loop& loop) {
    return loop.implementation().held.size();
}

Loop::Loop() : implementation_(std::make_unique<Implementation>()) {}

Loop::~Loop() {
    implementation_->drain();
}

void Loop::run() {
    implementation_->thread = std::this_thread::get_id();
    {
        // Tasks posted before this thread was the loop's are in the mailbox; its wake-up may have been seen by an
        // earlier run.
        const std::lock_guard lock(implementation_->mailbox->mutex);
        if (!implementation_->mailbox->tasks.empty()) implementation_->mailbox->wake();
    }
    do implementation_->turn();
    while (!implementation_->is_stopping.load(std::memory_order_acquire));
    implementation_->is_stopping = false;
    implementation_->thread = std::thread::id();
}

void Loop::stop() {
    // Once the flag is up the loop may be gone: what is needed after it is kept alive here.
    const auto mailbox = implementation_->mailbox;
    implementation_->is_stopping.store(true, std::memory_order_release);
    mailbox->wake();
}

void Loop::post(std::function<void()> task) {
    if (implementation_->thread.load(std::memory_order_relaxed) == std::this_thread::get_id())
        implementation_->tasks.push_back(std::move(task));
    else
        implementation_->mailbox->post(std::move(task));
}

Poster Loop::poster() const {
    return Poster(implementation_->mailbox);
}

void Loop::at_turn_end(TurnEnd& hook) {
    if (hook.is_queued_) return;
    hook.is_queued_ = true;
    implementation_->hooks.push_back(&hook);
}

void Loop::cancel_turn_end(TurnEnd& hook) {
    if (!hook.is_queued_) return;
    hook.is_queued_ = false;
    std::erase(implementation_->hooks, &hook);
    std::replace(implementation_->running_hooks.begin(), implementation_->running_hooks.end(), &hook,
                 static_cast<TurnEnd*>(nullptr));
}

Loop::Clock::time_point Loop::now() const {
    return implementation_->is_in_turn ? implementation_->turn_began : Clock::now();
}

struct Timer::Implementation final : base::WheelEntry {
    explicit Implementation(Loop& of) : loop(of.implementation()) {}
    ~Implementation() override { disarm(); }
    void on_expired() override {
        // Taken out first: it may start this timer again, or destroy it.
        const std::function<void()> call = std::move(expired);
        expired = nullptr;
        call();
    }
    Loop::Implementation& loop;
    std::function<void()> expired;
};

Timer::Timer(Loop& loop) : implementation_(std::make_unique<Implementation>(loop)) {}

Timer::~Timer() = default;

void Timer::start(std::chrono::milliseconds after, std::function<void()> expired) {
    implementation_->expired = std::move(expired);
    // From the clock, not from when the turn began: a timer is never early, however long the turn takes.
    implementation_->loop.wheel.arm(*implementation_, Loop::Clock::now() + after);
}

void Timer::cancel() {
    implementation_->disarm();
    implementation_->expired = nullptr;
}

bool Timer::is_running() const {
    return implementation_->is_armed();
}

}  // namespace crossfade::net
