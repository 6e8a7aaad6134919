// What copying and comparing have in common: both clusters, the tables, the ledger, and going through the tables one
// after the other.
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "driver/session.hpp"
#include "migrate/ledger.hpp"
#include "migrate/origin_clock.hpp"
#include "migrate/parts_runner.hpp"
#include "migrate/progress.hpp"
#include "migrate/ranges.hpp"
#include "migrate/run.hpp"
#include "migrate/table_work.hpp"
#include "migrate/truncation.hpp"
#include "net/loop.hpp"

namespace crossfade::migrate {

// How a run ends (SEMANTICS, Exit codes).
constexpr int exit_done = 0, exit_differences = 10, exit_partial = 20, exit_bad_input = 30, exit_interrupted = 75;

// How one table of a run came out.
struct TableOutcome {
    TableOutcome() = default;

    cql::TableName name;
    std::shared_ptr<const TableWork> work;
    PartCounts counts;
    std::vector<PartsOutcome::Failure> failures;
    std::string happened;  // "was truncated on the origin": what was done is not to be relied on
    std::string failure;   // why it could not even be begun, or not be finished
    bool is_interrupted = false;
    bool is_complete() const { return failures.empty() && happened.empty() && failure.empty() && !is_interrupted; }
};

// One run of one command. Made and used on the loop's thread.
class Job {
public:
    Job(net::Loop& loop, std::string command, RunOptions options, std::ostream& out, std::ostream& error);

    // Connects, selects the tables, compares their schemas, opens the ledger. Gives an exit code when the run ends
    // here.
    base::Task<std::optional<int>> prepare();
    // Prepares one table's statements and begins it in the ledger, or goes on with it there. Waits up to a minute for a
    // cluster that does not answer.
    base::Task<TableOutcome> begin(std::size_t number);
    // Works through the parts of the table that begin() began, then looks whether it was truncated meanwhile.
    base::Task<void> work(TableOutcome& outcome,
                          std::function<base::Task<base::Result<PartCounts>>(cql::TokenRange)> part);
    // Notes in the ledger that the run has ended with this exit code; where `is_interrupted`, it says so instead. Gives
    // the exit code that then holds.
    int end(int exit_code, bool is_interrupted);
    void close();

    std::size_t table_count() const { return tables_.size(); }
    const RunOptions& options() const { return options_; }
    const base::Clock& clock() const { return clock_; }
    Surroundings& surroundings() { return surroundings_; }
    Progress& progress() { return progress_; }
    std::ostream& out() { return out_; }
    const std::string& folder() const { return folder_; }
    const Ledger::Run& run() const { return run_; }
    const LedgerTable& ledger_table() const { return ledger_table_; }
    double seconds() const;  // since the job was made
    // Prints one line, with the progress line out of its way.
    void say(const std::string& line);
    void complain(const std::string& line);
    // "crossfade validate --origin … --repair=missing,different,extra shop.users"
    std::string command_line(const std::string& command, const std::string& more, const cql::TableName& table) const;

private:
    struct Selected {
        nodes::Table origin, target;
        std::shared_ptr<const cells::Layout> layout;
    };
    base::Task<base::Result<void>> connect();
    base::Task<base::Result<void>> read_schemas();
    base::Task<std::optional<int>> select();
    base::Task<std::optional<int>> create_missing_tables(std::vector<cql::TableName> names);
    std::optional<int> compare_schemas(const std::vector<cql::TableName>& names);
    base::Task<std::optional<int>> check_gc_grace();
    base::Result<void> open_ledger();
    base::Result<void> lock_tables();
    base::Task<base::Result<void>> begin_once(std::size_t number, TableOutcome& outcome);
    base::Task<base::Result<std::optional<TableEstimate>>> estimate(cql::TableName name);
    base::Task<base::Result<TableMoment>> look(bool at_origin, cql::TableName name);
    // Whether what failed is worth another try, after a pause that ends then. No more once `until` is past.
    base::Task<bool> waits_after(base::Error error, std::chrono::steady_clock::time_point until);
    void tick();

    net::Loop& loop_;
    const std::string command_;
    const RunOptions options_;
    std::ostream& out_;
    std::ostream& error_;
    OriginClock clock_;
    const std::chrono::steady_clock::time_point begun_;
    std::shared_ptr<driver::Session> origin_, target_;
    nodes::Schema origin_schema_, target_schema_;
    std::vector<Selected> tables_;
    std::string folder_;
    std::vector<FolderLock> locks_;
    std::optional<Ledger> ledger_;
    Ledger::Run run_;
    LedgerTable ledger_table_;  // of the table that is worked on
    WriteWindow window_;
    Surroundings surroundings_;
    Progress progress_;
    net::Timer ticking_;
};

}  // namespace crossfade::migrate
