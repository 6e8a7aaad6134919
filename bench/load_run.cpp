#include "load_run.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "load_connection.hpp"
#include "process_time.hpp"

namespace crossfade::bench {
namespace {

// How long answers that nobody waits for any more are looked out for.
constexpr std::chrono::milliseconds surplus_time{100};

// Counts down to zero, from any thread; somebody waits for it.
class Countdown {
public:
    explicit Countdown(std::uint32_t from) : left_(from) {}
    void count() {
        const std::lock_guard lock(mutex_);
        if (left_ > 0 && --left_ == 0) reached_.notify_all();
    }
    bool wait(std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        return reached_.wait_for(lock, patience, [this] { return left_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable reached_;
    std::uint32_t left_;
};

struct LoadThread {
    net::Loop loop;
    LoadResult result;
    std::vector<std::unique_ptr<LoadConnection>> connections;
    std::thread thread;
    ~LoadThread() { end(); }
    void end() {
        if (!thread.joinable()) return;
        loop.stop();
        thread.join();
    }
};

class Run {
public:
    explicit Run(const LoadOptions& options)
        : options_(options), ready_(options.connections), done_(options.connections) {
        for (std::uint32_t t = 0; t < options.threads; ++t) threads_.push_back(std::make_unique<LoadThread>());
    }

    base::Result<LoadReport> run() {
        connect();
        if (!ready_.wait(options_.patience))
            return base::fail(base::ErrorKind::timeout, "not all connections could log in and prepare in time");
        // Nothing runs yet: their results may be looked at.
        LoadResult before = sum();
        if (before.connections_lost == options_.connections)
            return base::fail(base::ErrorKind::connection, before.first_failure);

        base::Result<Window> window = options_.requests > 0 ? run_requests() : run_window();
        if (!window) return base::fail(window.error());
        std::this_thread::sleep_for(surplus_time);
        for_each_connection([](LoadConnection& connection) { connection.give_up(); });
        for (const auto& thread : threads_) thread->end();
        return LoadReport{sum(), *window};
    }

private:
    void connect() {
        for (std::uint32_t i = 0; i < options_.connections; ++i) {
            LoadThread& thread = *threads_[i % threads_.size()];
            thread.connections.push_back(std::make_unique<LoadConnection>(
                thread.loop, options_, i, thread.result, is_measuring_, [this] { ready_.count(); },
                [this] { done_.count(); }));
        }
        for (const auto& thread : threads_) thread->thread = std::thread([&loop = thread->loop] { loop.run(); });
    }

    // On each thread; returns when all have done it.
    void for_each_connection(const std::function<void(LoadConnection&)>& visit) {
        Countdown visited(static_cast<std::uint32_t>(threads_.size()));
        for (const auto& thread : threads_) {
            thread->loop.post([&visit, &visited, &connections = thread->connections] {
                for (const auto& connection : connections) visit(*connection);
                visited.count();
            });
        }
        visited.wait(std::chrono::hours(1));
    }

    base::Result<Window> run_window() {
        for_each_connection([](LoadConnection& connection) { connection.begin(0); });
        std::this_thread::sleep_for(options_.warm_up);
        const auto process_before = watched();
        const auto begin = std::chrono::steady_clock::now();
        is_measuring_ = true;
        std::this_thread::sleep_for(options_.window);
        is_measuring_ = false;
        const auto end = std::chrono::steady_clock::now();
        const auto process_after = watched();
        for_each_connection([](LoadConnection& connection) { connection.stop(); });
        done_.wait(options_.patience);
        return window(begin, end, process_before, process_after);
    }

    base::Result<Window> run_requests() {
        is_measuring_ = true;
        const auto process_before = watched();
        const auto begin = std::chrono::steady_clock::now();
        const std::uint64_t share = options_.requests / options_.connections,
                            rest = options_.requests % options_.connections;
        std::atomic<std::uint64_t> number{0};
        for_each_connection([&](LoadConnection& connection) {
            const std::uint64_t quota = share + (number++ < rest ? 1 : 0);
            if (quota > 0)
                connection.begin(quota);
            else
                connection.stop();
        });
        // Without a limit as long as answers come.
        std::uint64_t seen = 0;
        while (!done_.wait(options_.patience)) {
            const std::uint64_t now = answered();
            if (now == seen) break;
            seen = now;
        }
        const auto end = std::chrono::steady_clock::now();
        return window(begin, end, process_before, watched());
    }

    std::uint64_t answered() {
        std::atomic<std::uint64_t> count{0};
        Countdown visited(static_cast<std::uint32_t>(threads_.size()));
        for (const auto& thread : threads_) {
            thread->loop.post([&count, &visited, &result = thread->result] {
                count += result.reads + result.writes + result.error_count();
                visited.count();
            });
        }
        visited.wait(std::chrono::hours(1));
        return count;
    }

    base::Result<ProcessTime> watched() const {
        return options_.watched_process == 0 ? ProcessTime() : process_time(options_.watched_process);
    }

    base::Result<Window> window(std::chrono::steady_clock::time_point begin, std::chrono::steady_clock::time_point end,
                                const base::Result<ProcessTime>& before, const base::Result<ProcessTime>& after) const {
        if (!before) return base::fail(before.error());
        if (!after) return base::fail(after.error());
        Window measured{std::chrono::duration<double>(end - begin).count(), {}};
        if (options_.watched_process != 0)
            measured.process = ProcessTime{after->running - before->running, after->waiting - before->waiting};
        return measured;
    }

    LoadResult sum() const {
        LoadResult all;
        for (const auto& thread : threads_) all.add(thread->result);
        return all;
    }

    const LoadOptions& options_;
    Countdown ready_, done_;
    std::atomic<bool> is_measuring_{false};
    std::vector<std::unique_ptr<LoadThread>> threads_;
};

}  // namespace

base::Result<LoadReport> run_load(const LoadOptions& options) {
    return std::make_unique<Run>(options)->run();
}

}  // namespace crossfade::bench
