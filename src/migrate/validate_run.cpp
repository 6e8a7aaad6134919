#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "migrate/job.hpp"
#include "migrate/run.hpp"
#include "migrate/run_loop.hpp"
#include "migrate/validate_part.hpp"

namespace crossfade::migrate {
namespace {

constexpr std::size_t most_shown = 20;

// The file of all differences of a run. A part's lines are in it before the ledger says that the part is done, so what
// a killed run wrote for a part that it did not finish is cut off when the run goes on.
class ReportFile {
public:
    explicit ReportFile(std::string path) : path_(std::move(path)) {}
    ~ReportFile() {
        if (file_ >= 0) ::close(file_);
    }
    ReportFile(const ReportFile&) = delete;
    ReportFile& operator=(const ReportFile&) = delete;

    // `length` of it are of finished parts.
    base::Result<void> open(std::uint64_t length) {
        file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(length)) != 0 || ::lseek(file_, 0, SEEK_END) < 0)
            return failure();
        length_ = length;
        return {};
    }
    base::Result<void> append(const std::string& lines) {
        for (std::size_t done = 0; done < lines.size();) {
            const ssize_t written = ::write(file_, lines.data() + done, lines.size() - done);
            if (written < 0 && errno != EINTR) return failure();
            if (written > 0) done += static_cast<std::size_t>(written);
        }
        length_ += lines.size();
        return {};
    }
    std::uint64_t length() const { return length_; }
    const std::string& path() const { return path_; }

private:
    tl::unexpected<base::Error> failure() const {
        return base::fail(base::ErrorKind::bad_configuration,
                          path_ + ": cannot be written; choose another --state-dir");
    }
    const std::string path_;
    int file_ = -1;
    std::uint64_t length_ = 0;
};

struct Validation {
    Validation(std::shared_ptr<Job> the_job, std::string path) : job(std::move(the_job)), report(std::move(path)) {}

    std::shared_ptr<Job> job;
    ReportFile report;
    std::size_t shown = 0;
};

base::Task<base::Result<PartCounts>> compare(std::shared_ptr<Validation> validation,
                                             std::shared_ptr<const TableWork> table, cql::TokenRange range) {
    Job& job = *validation->job;
    auto part = co_await validate_part(job.surroundings(), std::move(table), range, job.options().repair);
    if (!part) co_return base::fail(std::move(part.error()));
    for (const std::string& sentence : part->sentences)
        if (validation->shown < most_shown) {
            ++validation->shown;
            job.say(sentence);
        }
    auto written = validation->report.append(part->report);
    if (!written) co_return base::fail(std::move(written.error()));
    part->counts.report_bytes = validation->report.length();
    co_return part->counts;
}

std::uint64_t found(const PartCounts& counts) {
    return counts.missing + counts.extra + counts.different;
}
std::uint64_t left(const PartCounts& counts) {
    return found(counts) - counts.repaired;
}

std::string in_words(const PartCounts& counts) {
    std::string text;
    const auto add = [&text](std::uint64_t count, const char* what) {
        if (count > 0) text += (text.empty() ? "" : ", ") + with_thousands(count) + " " + what;
    };
    add(counts.missing, "missing");
    add(counts.extra, "only on the target");
    add(counts.different, "different");
    std::string kinds;
    const auto add_kind = [&kinds](std::uint64_t count, const char* what) {
        if (count > 0) kinds += (kinds.empty() ? "" : ", ") + std::string(what) + " " + with_thousands(count);
    };
    add_kind(counts.with_value, "value");
    add_kind(counts.with_writetime, "writetime");
    add_kind(counts.with_ttl, "TTL");
    add_kind(counts.with_missing_cell, "missing cell");
    add_kind(counts.with_extra_cell, "extra cell");
    add_kind(counts.newer_on_target, "newer on the target");
    if (!kinds.empty()) text += " (" + kinds + ")";
    return text;
}

void explain(Job& job, const TableOutcome& outcome) {
    const std::string name = cql::to_cql(outcome.name);
    if (!outcome.happened.empty())
        job.complain(fmt::format("{}: it {} while it was compared; compare it again with: {}", name, outcome.happened,
                                 job.command_line("validate", "", outcome.name)));
    if (!outcome.failure.empty()) job.complain(fmt::format("{}: {}", name, outcome.failure));
    if (outcome.failures.empty()) return;
    job.complain(fmt::format("{}: {} of its parts could not be compared", name, outcome.failures.size()));
    const std::size_t shown = std::min<std::size_t>(outcome.failures.size(), 5);
    for (std::size_t i = 0; i < shown; ++i)
        job.complain(fmt::format("  tokens ({}, {}]: {}", outcome.failures[i].range.start,
                                 outcome.failures[i].range.end, outcome.failures[i].error.message));
    if (outcome.failures.size() > shown) job.complain(fmt::format("  and {} more", outcome.failures.size() - shown));
}

PartCounts summarize(const Validation& validation, const std::vector<TableOutcome>& outcomes) {
    Job& job = *validation.job;
    PartCounts sum;
    for (const TableOutcome& outcome : outcomes) {
        sum += outcome.counts;
        if (outcome.work == nullptr) continue;
        std::string line =
            fmt::format("{}: {} rows", cql::to_cql(outcome.name), with_thousands(outcome.counts.origin_rows));
        if (outcome.counts.static_partitions > 0)
            line += fmt::format(", static columns of {} partitions", with_thousands(outcome.counts.static_partitions));
        if (found(outcome.counts) > 0) line += ", " + in_words(outcome.counts);
        if (outcome.counts.repaired > 0) line += fmt::format(", {} repaired", with_thousands(outcome.counts.repaired));
        if (!outcome.is_complete())
            line += outcome.is_interrupted ? ", so far" : ", not all compared";
        else if (found(outcome.counts) == 0)
            line += ", equal";
        const cells::Readability& there = outcome.work->target->readability();
        if (!outcome.work->origin->layout().is_counter &&
            (!outcome.work->origin->readability().is_complete() || !there.is_complete()))
            line += " (writetime and TTL of collections only where both clusters tell them)";
        job.say(line);
    }
    job.say(fmt::format("rows compared: {} in {}", with_thousands(sum.origin_rows), duration_text(job.seconds())));
    if (found(sum) > validation.shown)
        job.say(fmt::format("and {} more rows that differ, all in the report",
                            with_thousands(found(sum) - validation.shown)));
    if (sum.repaired > 0) job.say(fmt::format("repaired: {}", with_thousands(sum.repaired)));
    job.say(fmt::format("differences: {}", with_thousands(left(sum))));
    if (found(sum) > 0) job.say("report: " + validation.report.path());
    return sum;
}

base::Task<int> validate_all(std::shared_ptr<Job> job) {
    auto ended = co_await job->prepare();
    if (ended) co_return *ended;
    const auto validation =
        std::make_shared<Validation>(job, fmt::format("{}/validate-{}.jsonl", job->folder(), job->run().id));
    std::vector<TableOutcome> outcomes;
    bool is_interrupted = false, is_complete = true, is_open = false;
    for (std::size_t i = 0; i < job->table_count() && !is_interrupted; ++i) {
        TableOutcome outcome = co_await job->begin(i);
        if (outcome.failure.empty()) {
            const std::shared_ptr<const TableWork> table = outcome.work;
            // Of tables before this one, too: their parts were done first.
            std::uint64_t length = is_open ? validation->report.length() : 0;
            for (const LedgerPart& part : job->ledger_table().parts)
                length = std::max(length, part.counts.report_bytes);
            if (!is_open || length > validation->report.length()) {
                auto opened = validation->report.open(length);
                if (!opened) {
                    job->complain(opened.error().message);
                    co_return exit_partial;
                }
                is_open = true;
            }
            std::function<base::Task<base::Result<PartCounts>>(cql::TokenRange)> part =
                [validation, table](cql::TokenRange range) { return compare(validation, table, range); };
            co_await job->work(outcome, std::move(part));
        }
        is_interrupted = outcome.is_interrupted;
        is_complete = is_complete && outcome.is_complete();
        if (!is_interrupted) explain(*job, outcome);
        outcomes.push_back(std::move(outcome));
    }
    const PartCounts sum = summarize(*validation, outcomes);
    co_return job->end(!is_complete ? exit_partial : left(sum) > 0 ? exit_differences : exit_done, is_interrupted);
}

}  // namespace

int validate(RunOptions options, std::ostream& out, std::ostream& error) {
    return run_job("validate", std::move(options), out, error, validate_all);
}

}  // namespace crossfade::migrate
