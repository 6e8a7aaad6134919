// What stands behind net::Loop: one epoll set, edge-triggered. For net's own sources only.
//
// A turn: tasks posted before it, then everything that epoll reported, then those who asked to go on, then timers, then
// turn-end hooks (sending), and at last what was disposed of is destroyed.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/timing_wheel.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"

namespace crossfade::net {

// Something that a loop tells of readiness. It must be forgotten (Loop::Implementation::forget) before it is destroyed.
class Ready {
public:
    // `events`: what epoll reported since the last call (edges, not states); 0 when it asked for this turn with
    // again().
    virtual void on_ready(std::uint32_t events) = 0;

protected:
    Ready() = default;
    Ready(const Ready&) = delete;
    Ready& operator=(const Ready&) = delete;
    virtual ~Ready() = default;

private:
    friend struct Loop::Implementation;
    bool is_going_on_ = false;
};

// Something that must live until the turn ends although its owner let go of it: it may be on the call stack.
class Disposable {
public:
    virtual ~Disposable() = default;
};

// Tasks from other threads.
struct Poster::Mailbox {
    ~Mailbox();
    void post(std::function<void()> task);
    void wake() const;

    std::mutex mutex;
    std::vector<std::function<void()>> tasks;
    int wake_descriptor = -1;
    bool is_woken = false;
    bool is_closed = false;
};

struct Loop::Implementation {
    Implementation();
    // Destroys all tasks and streams that it still has, while it can still be called.
    void drain();

    // Reports every edge of readability, writability and hang-up of `descriptor` to `ready` from now on, and what is
    // the case already. Ends when the descriptor is closed. False, with errno, when the system has no room for it.
    bool watch(int descriptor, Ready& ready);
    // The same descriptor, another receiver.
    void watch_instead(int descriptor, Ready& ready);
    // on_ready(0) in the next turn, which comes at once.
    void again(Ready& ready);
    // Nothing is reported to `ready` any more, also of what was ready already.
    void forget(Ready& ready);

    // Destroys it when the turn ends.
    void dispose(std::unique_ptr<Disposable> one) { disposed.push_back(std::move(one)); }
    // Owns something until it is let_go().
    void hold(std::unique_ptr<Disposable> one) { held.push_back(std::move(one)); }
    void let_go(const Disposable& one);

    void turn();
    int wait_time();
    void run_tasks();
    void run_hooks();

    static constexpr std::size_t most_events = 256;
    // Passes over the hooks before the loop looks for new events although hooks go on asking.
    static constexpr int most_passes = 16;

    Socket epoll;
    std::shared_ptr<Poster::Mailbox> mailbox;
    std::atomic<std::thread::id> thread;
    std::atomic<bool> is_stopping{false};
    bool is_in_turn = false;
    Clock::time_point turn_began;

    std::array<epoll_event, most_events> events;
    int event = 0, event_count = 0;  // the one being reported, and how many there are
    std::vector<Ready*> going_on, running_on;
    std::vector<std::function<void()>> tasks, running_tasks, running_mail;
    std::vector<TurnEnd*> hooks, running_hooks;
    base::TimingWheel wheel;
    std::vector<std::unique_ptr<Disposable>> disposed, held;
};

}  // namespace crossfade::net
