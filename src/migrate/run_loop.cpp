#include "migrate/run_loop.hpp"

#include "driver/pause.hpp"

namespace crossfade::migrate {
namespace {

base::Task<void> run(net::Loop& loop, std::shared_ptr<Job> job,
                     std::function<base::Task<int>(std::shared_ptr<Job>)> work, int& exit_code) {
    exit_code = co_await work(job);
    job->close();
    // What was cancelled by closing ends in the next turns.
    driver::Pause wait(loop, std::chrono::milliseconds(20));
    co_await wait;
    loop.stop();
}

}  // namespace

int run_job(const std::string& command, RunOptions options, std::ostream& out, std::ostream& error,
            std::function<base::Task<int>(std::shared_ptr<Job>)> work) {
    int exit_code = 0;
    net::Loop loop;
    auto job = std::make_shared<Job>(loop, command, std::move(options), out, error);
    loop.post([&] { run(loop, job, work, exit_code).detach(); });
    loop.run();
    return exit_code;
}

}  // namespace crossfade::migrate
