// A loop that the caller runs, for programs that want the driver on a thread of their own.
#pragma once

#include <functional>
#include <memory>

namespace crossfade {

namespace driver {
class LoopThread;
}

// Give it to ClusterOptions::event_loop(). Blocking calls (Cluster::connect(), Session::execute(), …) run the loop
// themselves, on their own thread, while nobody else does; while run() runs they work from any other thread. It
// outlives its clusters.
class EventLoop {
public:
    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // Until stop(), on this thread; a blocking call that runs the loop meanwhile gives it up. Throws Error
    // (wrong_thread) when run() runs already.
    void run();
    // Any thread. Before run(), that run() returns at once.
    void stop();
    // Runs `task` on the loop's thread, later. Any thread.
    void post(std::function<void()> task);

    const std::shared_ptr<driver::LoopThread>& internal() const noexcept { return thread_; }  // for this library

private:
    std::shared_ptr<driver::LoopThread> thread_;
};

}  // namespace crossfade
