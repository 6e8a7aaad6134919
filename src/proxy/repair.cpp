#include "proxy/repair.hpp"

#include <pthread.h>

#include <thread>

#include "base/task.hpp"
#include "net/loop.hpp"
#include "proxy/repair_board.hpp"
#include "proxy/repair_run.hpp"

namespace crossfade::proxy {
namespace {

base::Task<void> run_to_its_end(net::Loop& loop, RepairRun& run) {
    co_await run.run();
    loop.stop();
}

}  // namespace

struct Repair::Implementation {
    Journal& journal;
    const Options options;
    RepairBoard board;

    std::mutex mutex;
    bool is_ending = false;
    net::Loop* loop = nullptr;  // of the run there is
    RepairRun* run = nullptr;
    std::thread thread;

    Implementation(Journal& of, Options told) : journal(of), options(std::move(told)) {}

    void work(RepairRequest request) {
        ::pthread_setname_np(::pthread_self(), "repair");
        {
            net::Loop own_loop;
            RepairRun own_run(own_loop, journal, options, request, board);
            {
                const std::lock_guard guard(mutex);
                loop = &own_loop;
                run = &own_run;
                if (is_ending) own_run.stop();
            }
            own_loop.post([&] { run_to_its_end(own_loop, own_run).detach(); });
            own_loop.run();
            const std::lock_guard guard(mutex);
            loop = nullptr;
            run = nullptr;
        }
        board.end();
    }
};

Repair::Repair(Journal& journal, Options options)
    : implementation_(std::make_unique<Implementation>(journal, std::move(options))) {}

Repair::~Repair() {
    {
        const std::lock_guard guard(implementation_->mutex);
        implementation_->is_ending = true;
        if (implementation_->loop) implementation_->loop->post([run = implementation_->run] { run->stop(); });
    }
    if (implementation_->thread.joinable()) implementation_->thread.join();
}

void Repair::start(RepairRequest request) {
    Implementation& self = *implementation_;
    if (!self.board.begin()) return;
    // The one before has said its end: it is about to be over.
    if (self.thread.joinable()) self.thread.join();
    self.thread = std::thread([&self, request] { self.work(request); });
}

RepairStatus Repair::status() const {
    RepairStatus status = implementation_->board.status();
    status.left = implementation_->journal.entries();
    return status;
}

}  // namespace crossfade::proxy
