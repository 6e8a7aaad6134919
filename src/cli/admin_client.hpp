// What commands ask a running proxy through its admin API (docs/admin-api.md has the contract).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/http.hpp"

namespace crossfade::cli {

// GET /status, from phase 5 on: client connections that have driver, application and address in common.
struct StillHere {
    std::string driver, version, application, address;
    std::uint64_t connections = 0;  // open now; those that came and went are listed too
    std::int64_t since_us = 0;      // when the first came, microseconds since 1970
    std::int64_t last_us = 0;       // when the latest came
};

// GET /phase
struct PhaseState {
    std::string proxy;  // its listen address
    std::int64_t epoch = 0;
    int phase = 0;
    std::string write_mode;
    bool is_holding = false;
    std::uint64_t unrepaired_origin = 0, unrepaired_target = 0;
    std::vector<StillHere> still_here;  // only AdminClient::phase_and_clients() asks for it
};

struct TableCount {
    std::string table;
    std::uint64_t count = 0;
    bool operator==(const TableCount&) const = default;
};

// GET /status
struct ProxyStatus {
    std::vector<StillHere> still_here;
    std::vector<std::string> tables_with_both;  // plain writes and LWT
    std::vector<TableCount> unstamped_writes;   // without a timestamp; under "": of more tables than are told apart
};

// POST /phase/prepare: it can, or why not.
struct PrepareAnswer {
    bool is_yes = false;
    std::int64_t epoch = 0;  // when yes
    std::string reason;      // when no
    bool is_about_arguments = false;
    std::vector<TableCount> entries;  // unrepaired ones of the cluster that would become primary
};

struct PhaseChange {
    std::string id;  // of this switch, the same for all proxies
    std::int64_t epoch = 0;
    int phase = 0;
    std::string write_mode;
    bool is_forced = false;
};

// GET /journal/summary
struct JournalTable {
    std::string table, side, state;
    std::uint64_t entries = 0;
    std::int64_t oldest_us = 0;
};
struct JournalSummary {
    std::uint64_t entries = 0;
    std::vector<JournalTable> tables;
};

// GET /journal
struct JournalRow {
    std::uint64_t id = 0;
    std::int64_t time_us = 0;
    std::string table, key, cause, side, state, statement, note;
};
struct JournalPage {
    std::vector<JournalRow> rows;
    std::optional<std::uint64_t> next;  // what to give as `after`; none: that was all
};

// GET /journal/repair
struct RepairState {
    struct Blocked {
        std::uint64_t id = 0;
        std::string table, note;
    };
    bool is_running = false;
    std::uint64_t done = 0, left = 0;
    std::vector<Blocked> blocked;
    std::string error;  // why the last repair ended before its end; empty: it did not
};

// net::http_request, or a stand-in. Called from several threads at once.
using Fetch = std::function<base::Result<net::HttpResponse>(
    const std::string& method, const std::string& url, const std::string& body, std::chrono::milliseconds timeout)>;

// One proxy. Blocking; any thread, several at once. Errors begin with the URL: connection and timeout as of the
// request, protocol where the answer is not what the contract says, server where the proxy refused (with its reason).
class AdminClient {
public:
    AdminClient(std::string url, Fetch fetch, std::chrono::milliseconds timeout)
        : url_(std::move(url)), fetch_(std::move(fetch)), timeout_(timeout) {}

    const std::string& url() const { return url_; }

    base::Result<PhaseState> phase() const;
    // The same with who still comes, from phase 5 on.
    base::Result<PhaseState> phase_and_clients() const;
    base::Result<ProxyStatus> status() const;
    // A no is an answer, no error.
    base::Result<PrepareAnswer> prepare(const PhaseChange& change) const;
    base::Result<void> commit(const PhaseChange& change) const;
    base::Result<void> abort(const std::string& id) const;

    base::Result<JournalSummary> journal_summary() const;
    base::Result<JournalPage> journal_page(std::uint64_t after, std::size_t limit) const;
    // `retries_blocked`: entries that a cluster refused for good, too. `includes_counters`: the application is at rest.
    base::Result<void> start_repair(bool retries_blocked = false, bool includes_counters = false) const;
    base::Result<RepairState> repair() const;

private:
    base::Result<net::HttpResponse> ask(const std::string& method, const std::string& target,
                                        const std::string& body) const;
    base::Result<net::HttpResponse> ask_for_success(const std::string& method, const std::string& target,
                                                    const std::string& body) const;

    std::string url_;
    Fetch fetch_;
    std::chrono::milliseconds timeout_;
};

// Calls `ask(client)` for all at the same time and gives the results in order.
template <class Ask>
auto ask_all(const std::vector<AdminClient>& clients, Ask ask) {
    using Answer = std::invoke_result_t<Ask, const AdminClient&>;
    std::vector<std::future<Answer>> running;
    for (const AdminClient& client : clients) running.push_back(std::async(std::launch::async, ask, std::cref(client)));
    std::vector<Answer> answers;
    for (auto& one : running) answers.push_back(one.get());
    return answers;
}

}  // namespace crossfade::cli
