#include "migrate/parts_runner.hpp"

#include <memory>
#include <optional>

#include "base/for_each_at_once.hpp"
#include "cells/page_stream.hpp"
#include "driver/pause.hpp"
#include "migrate/write_window.hpp"

namespace crossfade::migrate {
namespace {

// So many failures in a row that will not pass, and it is not the parts' fault.
constexpr std::uint32_t hopeless_after = 8;

struct Running {
    PartsWork work;
    std::vector<std::pair<LedgerPart*, base::Error>> failed;
    std::optional<base::Error> cannot_record;
    std::uint32_t hopeless = 0;
    bool is_interrupted = false;
};

base::Task<void> run_part(std::shared_ptr<Running> running, LedgerPart* part) {
    if (running->cannot_record || running->is_interrupted) co_return;
    if (running->work.should_stop && running->work.should_stop()) running->is_interrupted = true;
    if (running->is_interrupted) co_return;
    if (running->hopeless >= hopeless_after) {
        running->failed.emplace_back(
            part, base::Error(base::ErrorKind::interrupted, "not begun, because so many others failed"));
        co_return;
    }
    auto done = co_await running->work.work(part->range);
    if (!done && done.error().kind == base::ErrorKind::interrupted) {
        running->is_interrupted = true;
    } else if (!done) {
        running->hopeless += cells::may_pass(done.error()) ? 0 : 1;
        running->failed.emplace_back(part, std::move(done.error()));
    } else {
        running->hopeless = 0;
        part->counts = *done;
        part->is_done = true;
        auto recorded = running->work.record(*part);
        if (!recorded) running->cannot_record = std::move(recorded.error());
    }
}

}  // namespace

base::Task<base::Result<PartsOutcome>> run_parts(net::Loop& loop, std::vector<LedgerPart>& parts, PartsWork work) {
    const auto running = std::make_shared<Running>();
    running->work = std::move(work);
    std::vector<LedgerPart*> open;
    for (LedgerPart& part : parts)
        if (!part.is_done) open.push_back(&part);
    for (std::uint32_t round = 1; !open.empty(); ++round) {
        running->failed.clear();
        running->hopeless = 0;
        std::function<base::Task<void>(LedgerPart*)> one = [running](LedgerPart* part) {
            return run_part(running, part);
        };
        co_await base::for_each_at_once(std::move(open), running->work.at_once, std::move(one));
        open.clear();
        if (running->cannot_record) co_return base::fail(std::move(*running->cannot_record));
        if (running->is_interrupted || running->failed.empty() || round == running->work.rounds ||
            running->hopeless >= hopeless_after)
            break;
        for (const auto& [part, error] : running->failed) open.push_back(part);
        driver::Pause wait(loop, running->work.pause_between_rounds);
        co_await wait;
    }
    PartsOutcome outcome;
    outcome.is_interrupted = running->is_interrupted;
    if (!outcome.is_interrupted)
        for (auto& [part, error] : running->failed) outcome.failures.push_back({part->range, std::move(error)});
    co_return outcome;
}

}  // namespace crossfade::migrate
