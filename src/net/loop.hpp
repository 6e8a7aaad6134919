// One event loop, one thread. Everything that belongs to a loop (streams, timers, listeners) is touched on its thread
// only, except post() and stop(), which any thread may call. A loop outlives what belongs to it, but for streams that
// are still sending after close_after_sending() and for Posters.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace crossfade::net {

// Something that wants to be told when the current turn of the loop ends: a turn is everything that was ready at once.
// Streams use it to send all that a turn produced with one system call. Owners must outlive the loop's run or call
// cancel_turn_end().
class TurnEnd {
public:
    virtual void turn_ended() = 0;

protected:
    TurnEnd() = default;
    TurnEnd(const TurnEnd&) = default;
    TurnEnd& operator=(const TurnEnd&) = default;
    virtual ~TurnEnd() = default;

private:
    friend class Loop;
    bool is_queued_ = false;
};

// Posts to one loop from any thread and for any time: what comes after the loop has gone is destroyed unrun. Copies are
// cheap.
class Poster {
public:
    void post(std::function<void()> task) const;

private:
    friend class Loop;
    struct Mailbox;
    explicit Poster(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
    std::shared_ptr<Mailbox> mailbox_;
};

class Loop {
public:
    using Clock = std::chrono::steady_clock;

    // Ends the program with a message when the system has no descriptors left for it.
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Runs until stop(). The calling thread becomes the loop's thread. May be called again after it returned.
    void run();
    // Ends run() soon, at the end of a turn; queued tasks may stay unrun. Called before run(), that run() returns after
    // one turn. Any thread.
    void stop();
    // Runs `task` on the loop's thread in a later turn. Any thread. Tasks of one thread run in order. The loop must
    // still exist: where that is not certain, use a poster().
    void post(std::function<void()> task);
    Poster poster() const;

    // Calls `hook.turn_ended()` once when this turn ends; asking twice is once. Hooks may ask again, for themselves and
    // others, from turn_ended(): those are called before the loop waits again. Loop's thread.
    void at_turn_end(TurnEnd& hook);
    void cancel_turn_end(TurnEnd& hook);

    // When the current turn began; no system call inside a turn.
    Clock::time_point now() const;

    // For net's own sources: what stands behind it.
    struct Implementation;
    Implementation& implementation() { return *implementation_; }

private:
    std::unique_ptr<Implementation> implementation_;
};

// A one-shot timer on the loop's coarse wheel (resolution 10 ms; never early). Destroying it cancels it. Loop's thread
// only.
class Timer {
public:
    explicit Timer(Loop& loop);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    // Calls `expired` once, `after` from now; a start() while it runs replaces it. `expired` may start it again or
    // destroy it.
    void start(std::chrono::milliseconds after, std::function<void()> expired);
    void cancel();
    bool is_running() const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace crossfade::net
