#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ostream>

#include "driver/pause.hpp"
#include "migrate/copy_part.hpp"
#include "migrate/exactness.hpp"
#include "migrate/job.hpp"
#include "migrate/run.hpp"
#include "migrate/run_loop.hpp"

namespace crossfade::migrate {
namespace {

// What a table's outcome means to whoever has to go on.
void explain(Job& job, const TableOutcome& outcome) {
    const std::string name = cql::to_cql(outcome.name);
    if (!outcome.happened.empty()) {
        job.complain(fmt::format(
            "{}: it {} during its copy; rows from before may be left on the target. Do it again with: {} && {}", name,
            outcome.happened, job.command_line("migrate", "", outcome.name),
            job.command_line("validate", "--repair=missing,different,extra", outcome.name)));
        return;
    }
    if (!outcome.failure.empty()) job.complain(fmt::format("{}: {}", name, outcome.failure));
    if (outcome.failures.empty()) return;
    job.complain(fmt::format("{}: {} of its parts were not copied; copy it again with: {}", name,
                             outcome.failures.size(), job.command_line("migrate", "", outcome.name)));
    const std::size_t shown = std::min<std::size_t>(outcome.failures.size(), 5);
    for (std::size_t i = 0; i < shown; ++i)
        job.complain(fmt::format("  tokens ({}, {}]: {}", outcome.failures[i].range.start,
                                 outcome.failures[i].range.end, outcome.failures[i].error.message));
    if (outcome.failures.size() > shown) job.complain(fmt::format("  and {} more", outcome.failures.size() - shown));
}

void summarize(Job& job, const std::vector<TableOutcome>& outcomes) {
    std::vector<std::string> notes;
    PartCounts sum;
    for (const TableOutcome& outcome : outcomes) {
        sum += outcome.counts;
        if (outcome.work == nullptr) continue;
        const cells::TableAccess& origin = *outcome.work->origin;
        std::string line =
            fmt::format("{}: {} rows", cql::to_cql(outcome.name), with_thousands(outcome.counts.origin_rows));
        if (outcome.counts.static_partitions > 0)
            line += fmt::format(", static columns of {} partitions", with_thousands(outcome.counts.static_partitions));
        if (!outcome.is_complete()) line += outcome.is_interrupted ? " so far" : ", not complete";
        job.say(line);
        for (std::string& note :
             inexact(origin.layout(), origin.readability(), outcome.counts, job.options().default_timestamp))
            notes.push_back(std::move(note));
    }
    if (!notes.empty()) job.say("what could not be exact:");
    for (const std::string& note : notes) job.say("  " + note);
    const double seconds = std::max(job.seconds(), 0.001);
    job.say(fmt::format("rows copied: {} of {} tables in {}, {} rows/s", with_thousands(sum.origin_rows),
                        outcomes.size(), duration_text(seconds),
                        with_thousands(static_cast<std::uint64_t>(static_cast<double>(sum.origin_rows) / seconds))));
}

base::Task<int> copy_all(std::shared_ptr<Job> job) {
    auto ended = co_await job->prepare();
    if (ended) co_return *ended;
    std::vector<TableOutcome> outcomes;
    bool is_interrupted = false, is_complete = true;
    for (std::size_t i = 0; i < job->table_count() && !is_interrupted; ++i) {
        TableOutcome outcome = co_await job->begin(i);
        if (outcome.failure.empty() && !outcome.is_interrupted) {
            const cells::TableAccess& origin = *outcome.work->origin;
            for (const std::string& note : foreseen(origin.layout(), origin.readability(),
                                                    job->options().default_timestamp, origin.finds_expiry()))
                job->say(note);
            const std::shared_ptr<const TableWork> table = outcome.work;
            Surroundings& around = job->surroundings();
            std::function<base::Task<base::Result<PartCounts>>(cql::TokenRange)> part =
                [table, &around](cql::TokenRange range) {
                    return table->origin->layout().is_counter ? copy_counters(around, table, range)
                                                              : copy_part(around, table, range);
                };
            if (origin.layout().is_counter && job->run().is_resumed) {
                // The run before may have ended with additions on their way.
                driver::Pause wait(around.loop, late_counter_write);
                co_await wait;
            }
            co_await job->work(outcome, std::move(part));
        }
        if (outcome.counts.unsettled_rows > 0 && outcome.failure.empty() && outcome.happened.empty())
            outcome.failure = fmt::format("lists of {} rows are not as on the origin; see 'crossfade validate'",
                                          outcome.counts.unsettled_rows);
        is_interrupted = outcome.is_interrupted;
        is_complete = is_complete && outcome.is_complete();
        if (!is_interrupted) explain(*job, outcome);
        outcomes.push_back(std::move(outcome));
    }
    summarize(*job, outcomes);
    co_return job->end(is_complete ? exit_done : exit_partial, is_interrupted);
}

}  // namespace

int migrate(RunOptions options, std::ostream& out, std::ostream& error) {
    return run_job("migrate", std::move(options), out, error, copy_all);
}

}  // namespace crossfade::migrate
