#include "proxy/repair_run.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "driver/pause.hpp"
#include "proxy/facts.hpp"
#include "proxy/repair_schema.hpp"
#include "proxy/verdict.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::size_t page_entries = 200;  // read from the journal at once
constexpr int most_tries = 3;
constexpr std::chrono::milliseconds first_pause{500};
constexpr const char* try_again = "; put it right, then 'crossfade journal repair --retry-blocked'";

bool names_side(const JournalEntry& entry, std::size_t side) {
    return (entry.sides & (1U << side)) != 0;
}

std::string tables_of(const JournalEntry& entry) {
    std::string text;
    for (const cql::TableName& table : entry.tables) text += (text.empty() ? "" : ", ") + cql::to_cql(table);
    return text;
}

bool is_final_refusal(const base::Error& error) {
    return error.kind == base::ErrorKind::server && is_refused_for_good(static_cast<cql::ErrorCode>(error.server_code));
}

driver::SessionOptions session_options(const nodes::ClusterOptions& cluster,
                                       std::optional<cql::ProtocolVersion> version) {
    driver::SessionOptions options;
    options.cluster = cluster;
    options.version = version;
    options.application_name = "crossfade journal repair";
    return options;
}

}  // namespace

RepairRun::RepairRun(net::Loop& loop, Journal& journal, const Repair::Options& options, RepairRequest request,
                     RepairBoard& board)
    : loop_(loop), journal_(journal), options_(options), request_(request), board_(board) {}

void RepairRun::stop() {
    is_stopped_ = true;
    for (const auto& session : sessions_)
        if (session) session->close();
}

base::Task<void> RepairRun::run() {
    auto connected = co_await connect_patiently();
    if (connected) {
        co_await repair_all();
        // What was withdrawn is gone from the journal when this run says that it ended.
        journal_.wait_until_written();
    } else {
        board_.add_error(connected.error().message);
    }
    compare_.reset();
    for (auto& session : sessions_) {
        if (session) session->close();
        session.reset();
    }
    const RepairStatus status = board_.status();
    base::log_info("journal repair: {} repaired, {} left{}{}", status.done, journal_.entries(),
                   status.error.empty() ? "" : "; ", status.error);
}

// A node that has just started may refuse the first who come.
base::Task<base::Result<void>> RepairRun::connect_patiently() {
    for (int tried = 1;; ++tried) {
        auto connected = co_await connect();
        if (connected || tried == most_tries || is_stopped_) co_return connected;
        const base::ErrorKind kind = connected.error().kind;
        const bool may_pass = kind == base::ErrorKind::connection || kind == base::ErrorKind::timeout ||
                              kind == base::ErrorKind::unavailable;
        if (!may_pass) co_return connected;
        co_await rest(std::chrono::seconds(tried));
    }
}

base::Task<base::Result<void>> RepairRun::connect() {
    for (std::size_t side = 0; side < sessions_.size(); ++side) {
        if (sessions_[side]) continue;
        driver::SessionOptions options =
            session_options(side == origin_cluster ? options_.origin : options_.target, options_.version);
        auto session = co_await driver::Session::connect(loop_, std::move(options));
        if (!session)
            co_return base::fail(session.error().kind,
                                 std::string(cluster_names[side]) + ": " + session.error().message);
        if (options_.check_cluster) {
            if (auto own = options_.check_cluster(side, *(*session)->topology()); !own) {
                (*session)->close();
                co_return own;
            }
        }
        sessions_[side] = std::move(*session);
        if (is_stopped_) co_return base::fail(base::ErrorKind::interrupted, "the proxy is ending");
    }
    tables_ = std::make_unique<RepairTables>(sessions_);
    RepairCompare::Surroundings surroundings;
    surroundings.primary = options_.primary;
    surroundings.should_stop = [this] { return is_stopped_; };
    surroundings.request_timeout = options_.request_timeout;
    surroundings.includes_counters = request_.includes_counters;
    surroundings.retries_blocked = request_.retries_blocked;
    compare_ = std::make_unique<RepairCompare>(loop_, sessions_, *tables_, std::move(surroundings));
    co_return base::Result<void>();
}

base::Task<void> RepairRun::repair_all() {
    for (int fruitless = 0; !is_stopped_;) {
        const std::uint64_t done = board_.status().done;
        co_await pass();
        if (failed_.empty() || is_stopped_) break;
        fruitless = board_.status().done > done ? 0 : fruitless + 1;
        if (fruitless == most_fruitless) break;
        base::log_info("journal repair: {} failed and will be tried again: {}", failed_.size(), board_.status().error);
        co_await rest(std::chrono::seconds(1 << fruitless));
        retried_ = std::exchange(failed_, {});
        failures_in_a_row_ = 0;
        board_.forget_error();
    }
    if (is_stopped_) board_.add_error("the proxy is ending");
}

// Entries that come while it runs are behind the last one, and are met too.
base::Task<void> RepairRun::pass() {
    std::uint64_t after = 0;
    while (!is_over()) {
        auto page = journal_.list(after, page_entries);
        if (!page) {
            board_.add_error(page.error().message);
            break;
        }
        if (page->empty()) break;
        for (JournalEntry& entry : *page) {
            if (is_over()) break;
            after = entry.id;
            if (!is_of_this_pass(after)) continue;
            auto shared = std::make_shared<const JournalEntry>(std::move(entry));
            co_await repair_one(std::move(shared));
        }
    }
    co_await window_.below(1);
    visited_ = std::max(visited_, after);
}

base::Task<void> RepairRun::rest(std::chrono::seconds length) {
    constexpr std::chrono::milliseconds step{100};
    for (std::chrono::milliseconds rested{0}; rested < length && !is_stopped_; rested += step) {
        driver::Pause pause(loop_, step);
        co_await pause;
    }
}

bool RepairRun::is_skipped(const JournalEntry& entry) const {
    if (entry.state != JournalEntry::State::blocked || request_.retries_blocked) return false;
    // What a user has typed meanwhile is seen without being asked to look.
    if (entry.kind == JournalEntry::Kind::ddl || entry.kind == JournalEntry::Kind::truncate) return false;
    const FindTable find = [this](const cql::TableName& name) -> const TableOnSides& { return tables_->find(name); };
    return !(request_.includes_counters && is_of_counters(entry, find));
}

base::Task<void> RepairRun::repair_one(EntryPtr entry) {
    std::vector<cql::TableName> named = entry->tables;
    if (entry->kind == JournalEntry::Kind::ddl) named.push_back(defined_name(*entry));
    const auto learned = co_await tables_->learn(std::move(named));
    if (!learned) {
        settle(*entry, learned);
        co_return;
    }
    if (is_skipped(*entry)) {
        board_.add_blocked(entry->id, tables_of(*entry), entry->note);
        co_return;
    }
    base::Result<Replay> replay_of = base::fail(base::ErrorKind::bad_input, "not a mutation");
    if (entry->kind == JournalEntry::Kind::mutation) replay_of = read_replay(*entry);
    const FindTable find = [this](const cql::TableName& name) -> const TableOnSides& { return tables_->find(name); };
    const std::array<cql::ProtocolVersion, 2> versions{sessions_[0]->version(), sessions_[1]->version()};
    const std::int64_t now_us = base::system_clock().wall_microseconds();
    const Decision decision =
        decide(*entry, replay_of ? &*replay_of : nullptr, find, versions, now_us, request_.includes_counters);
    if (decision.course == Decision::Course::replay || decision.course == Decision::Course::compare) {
        co_await window_.below(window_size);
        window_.begin();
        if (decision.course == Decision::Course::replay)
            replay(entry).detach();
        else
            compare(entry).detach();
        co_return;
    }
    // Everything else is about whole tables: what came before it is done first.
    co_await window_.below(1);
    base::Result<void> outcome;
    switch (decision.course) {
        case Decision::Course::forget:
        case Decision::Course::replay:
        case Decision::Course::compare:
            break;
        case Decision::Course::compare_table:
            outcome = co_await compare_->tables(entry);
            break;
        case Decision::Course::truncate:
            outcome = co_await compare_->truncated(entry);
            break;
        case Decision::Course::schema:
            outcome = settled_schema(*entry, *tables_, request_.retries_blocked);
            break;
        case Decision::Course::block:
            outcome = base::fail(base::ErrorKind::bad_input, decision.note);
            break;
    }
    settle(*entry, outcome);
}

base::Task<void> RepairRun::replay(EntryPtr entry) {
    base::Result<void> outcome;
    for (std::size_t side = 0; side < sessions_.size() && outcome; ++side) {
        if (!names_side(*entry, side)) continue;
        outcome = co_await replay_patiently(side, entry);
    }
    // A body that cannot be replayed after all.
    if (!outcome && outcome.error().kind == base::ErrorKind::bad_input) outcome = co_await compare_->partitions(entry);
    settle(*entry, outcome);
    window_.end();
}

base::Task<void> RepairRun::compare(EntryPtr entry) {
    const base::Result<void> outcome = co_await compare_->partitions(entry);
    settle(*entry, outcome);
    window_.end();
}

base::Task<base::Result<void>> RepairRun::replay_patiently(std::size_t side, EntryPtr entry) {
    std::chrono::milliseconds length = first_pause;
    for (int tried = 1;; ++tried) {
        auto outcome = co_await replay_on(side, entry);
        if (outcome) co_return outcome;
        const bool is_final = outcome.error().kind == base::ErrorKind::bad_input || is_final_refusal(outcome.error());
        if (is_final || tried == most_tries || is_over()) {
            if (outcome.error().kind != base::ErrorKind::bad_input) {
                outcome.error().message = std::string(cluster_names[side]) + ": " + outcome.error().message;
            }
            co_return outcome;
        }
        driver::Pause pause(loop_, length);
        co_await pause;
        length *= 2;
    }
}

base::Task<base::Result<void>> RepairRun::replay_on(std::size_t side, EntryPtr entry) {
    auto read = read_replay(*entry);
    if (!read) co_return base::fail(std::move(read.error()));
    auto replay = std::make_shared<Replay>(std::move(*read));
    qualify_tables(*replay);
    auto prepared = co_await prepare_values(side, replay, entry);
    if (!prepared) co_return base::fail(std::move(prepared.error()));

    driver::ExecuteOptions options;
    options.consistency = replay_consistency(replay->consistency);
    options.timestamp = replay->timestamp;
    options.idempotent = true;
    if (cql::has_now_in_seconds(sessions_[side]->version())) {
        options.now_in_seconds =
            replay->now_in_seconds.value_or(static_cast<std::int32_t>(first_instant_us(*entry) / 1'000'000));
    }
    auto sent = co_await send(side, replay, std::move(options));
    co_return sent;
}

// Gives values that are bound by name their places, and times to live their rest where the protocol cannot say "as of
// then".
base::Task<base::Result<void>> RepairRun::prepare_values(std::size_t side, std::shared_ptr<Replay> replay,
                                                         EntryPtr entry) {
    for (ReplayStatement& statement : replay->statements) {
        if (statement.names.empty()) continue;
        const auto prepared = co_await sessions_[side]->prepare(statement.text);
        if (!prepared) co_return base::fail(prepared.error());
        std::vector<std::string> variables;
        for (const cql::OwnedColumn& variable : (*prepared)->variables) variables.push_back(variable.name);
        if (auto ordered = order_values(statement, variables); !ordered) co_return ordered;
    }
    if (cql::has_now_in_seconds(sessions_[side]->version())) co_return base::Result<void>();
    const std::int64_t age_s = (base::system_clock().wall_microseconds() - first_instant_us(*entry)) / 1'000'000;
    const auto default_ttl = [this, side](const cql::TableName& name) { return tables_->find(name)[side].default_ttl; };
    co_return shorten_times_to_live(*replay, age_s, default_ttl);
}

base::Task<base::Result<void>> RepairRun::send(std::size_t side, std::shared_ptr<Replay> replay,
                                               driver::ExecuteOptions options) {
    const std::shared_ptr<driver::Session> session = sessions_[side];
    std::vector<driver::BatchStatement> children;
    for (ReplayStatement& statement : replay->statements) {
        if (!statement.is_prepared) {
            if (!replay->is_batch) {
                const auto rows = co_await session->query(statement.text, {}, std::move(options));
                if (!rows) co_return base::fail(rows.error());
                co_return base::Result<void>();
            }
            children.emplace_back(statement.text, statement.values);
            continue;
        }
        const auto prepared = co_await session->prepare(statement.text);
        if (!prepared) co_return base::fail(prepared.error());
        if (!replay->is_batch) {
            const auto rows = co_await session->execute(*prepared, statement.values, std::move(options));
            if (!rows) co_return base::fail(rows.error());
            co_return base::Result<void>();
        }
        children.emplace_back(*prepared, statement.values);
    }
    const auto rows = co_await session->batch(replay->batch_type, std::move(children), std::move(options));
    if (!rows) co_return base::fail(rows.error());
    co_return base::Result<void>();
}

void RepairRun::settle(const JournalEntry& entry, const base::Result<void>& outcome) {
    if (outcome) {
        failures_in_a_row_ = 0;
        forget(entry);
        return;
    }
    const base::Error& error = outcome.error();
    if (error.kind == base::ErrorKind::interrupted) return;
    if (error.kind == base::ErrorKind::bad_input) {
        block(entry, error.message);
    } else if (is_final_refusal(error)) {
        block(entry, error.message + try_again);
    } else {
        ++failures_in_a_row_;
        failed_.insert(entry.id);
        board_.add_error(error.message);
    }
}

void RepairRun::forget(const JournalEntry& entry) {
    journal_.withdraw(entry.id);
    board_.add_done();
}

void RepairRun::block(const JournalEntry& entry, std::string note) {
    failures_in_a_row_ = 0;
    journal_.set_blocked(entry.id, note);
    board_.add_blocked(entry.id, tables_of(entry), std::move(note));
}

}  // namespace crossfade::proxy
