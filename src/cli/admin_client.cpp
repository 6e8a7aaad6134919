#include "cli/admin_client.hpp"

#include <fmt/format.h>

#include "base/json_text.hpp"
#include "cli/answer_reader.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

using base::JsonObject;

template <class T>
base::Result<T> unless_wrong(const AnswerReader& reader, T value) {
    if (reader.problem()) return base::fail(*reader.problem());
    return value;
}

// The sentence in an answer that is no success, or its status.
std::string reason_in(const std::string& where, const net::HttpResponse& response) {
    const AnswerReader reader(where, response.body);
    if (!reader.problem() && reader.root().has("reason")) return printable(reader.root().text("reason"));
    return fmt::format("it answered with HTTP status {}", response.status);
}

std::string change_body(const PhaseChange& change, bool is_commit) {
    JsonObject body;
    body.field("id", change.id);
    if (is_commit) body.field("epoch", change.epoch);
    body.field("phase", change.phase).field("write_mode", change.write_mode);
    if (!is_commit) body.field("force", change.is_forced);
    return body.text();
}

}  // namespace

base::Result<net::HttpResponse> AdminClient::ask(const std::string& method, const std::string& target,
                                                 const std::string& body) const {
    auto response = fetch_(method, url_ + target, body, timeout_);
    if (!response)
        return base::fail(response.error().kind, url_ + ": " + response.error().message, response.error().server_code);
    return response;
}

base::Result<net::HttpResponse> AdminClient::ask_for_success(const std::string& method, const std::string& target,
                                                             const std::string& body) const {
    auto response = ask(method, target, body);
    if (response && (response->status < 200 || response->status > 299))
        return base::fail(base::ErrorKind::server, url_ + ": " + reason_in(url_, *response), response->status);
    return response;
}

base::Result<PhaseState> AdminClient::phase() const {
    auto response = ask_for_success("GET", "/phase", "");
    if (!response) return base::fail(response.error());
    const AnswerReader reader(url_, response->body);
    const AnswerObject& root = reader.root();
    PhaseState state;
    state.proxy = root.text("proxy");
    state.epoch = root.number("epoch");
    state.phase = static_cast<int>(root.number("phase"));
    state.write_mode = root.text("write_mode");
    state.is_holding = root.boolean("holding");
    root.object("unrepaired", [&](const AnswerObject& unrepaired) {
        state.unrepaired_origin = unrepaired.count("origin");
        state.unrepaired_target = unrepaired.count("target");
    });
    return unless_wrong(reader, std::move(state));
}

base::Result<PhaseState> AdminClient::phase_and_clients() const {
    auto state = phase();
    if (!state || state->phase < 5) return state;
    auto now = status();
    if (!now) return base::fail(now.error());
    state->still_here = std::move(now->still_here);
    return state;
}

base::Result<ProxyStatus> AdminClient::status() const {
    auto response = ask_for_success("GET", "/status", "");
    if (!response) return base::fail(response.error());
    const AnswerReader reader(url_, response->body);
    const AnswerObject& root = reader.root();
    ProxyStatus status;
    status.tables_with_both = root.texts("tables_with_plain_and_conditional_writes");
    root.list("unstamped_writes", [&](const AnswerObject& item) {
        status.unstamped_writes.push_back({item.text("table"), item.count("count")});
    });
    if (root.has("still_here"))
        root.list("still_here", [&](const AnswerObject& item) {
            StillHere one;
            one.driver = item.text("driver");
            one.version = item.text("version");
            one.application = item.text("application");
            one.address = item.text("address");
            one.connections = item.count("connections");
            one.since_us = item.number("since_us");
            one.last_us = item.number("last_us");
            status.still_here.push_back(std::move(one));
        });
    return unless_wrong(reader, std::move(status));
}

base::Result<PrepareAnswer> AdminClient::prepare(const PhaseChange& change) const {
    auto response = ask("POST", "/phase/prepare", change_body(change, false));
    if (!response) return base::fail(response.error());
    PrepareAnswer answer;
    const AnswerReader reader(url_, response->body);
    const AnswerObject& root = reader.root();
    if (response->status == 200) {
        answer.is_yes = root.boolean("ok");
        answer.epoch = root.number("epoch");
        if (!reader.problem() && !answer.is_yes)
            return base::fail(base::ErrorKind::protocol, url_ + ": it says neither yes nor no");
        return unless_wrong(reader, std::move(answer));
    }
    if (response->status != 409 && response->status != 400)
        return base::fail(base::ErrorKind::server, url_ + ": " + reason_in(url_, *response), response->status);
    answer.reason = reason_in(url_, *response);
    answer.is_about_arguments = response->status == 400 || (root.has("kind") && root.text("kind") == "arguments");
    if (root.has("entries"))
        root.list("entries", [&](const AnswerObject& entry) {
            answer.entries.push_back({entry.text("table"), entry.count("count")});
        });
    return answer;
}

base::Result<void> AdminClient::commit(const PhaseChange& change) const {
    auto response = ask_for_success("POST", "/phase/commit", change_body(change, true));
    if (!response) return base::fail(response.error());
    const AnswerReader reader(url_, response->body);
    const std::int64_t epoch = reader.root().number("epoch");
    if (reader.problem()) return base::fail(*reader.problem());
    if (epoch != change.epoch)
        return base::fail(base::ErrorKind::protocol,
                          fmt::format("{}: it is at epoch {}, not {}", url_, epoch, change.epoch));
    return {};
}

base::Result<void> AdminClient::abort(const std::string& id) const {
    auto response = ask_for_success("POST", "/phase/abort", JsonObject().field("id", id).text());
    if (!response) return base::fail(response.error());
    return {};
}

base::Result<JournalSummary> AdminClient::journal_summary() const {
    auto response = ask_for_success("GET", "/journal/summary", "");
    if (!response) return base::fail(response.error());
    const AnswerReader reader(url_, response->body);
    JournalSummary summary;
    summary.entries = reader.root().count("entries");
    reader.root().list("tables", [&](const AnswerObject& item) {
        JournalTable table;
        table.table = item.text("table");
        table.side = item.text("side");
        table.state = item.text("state");
        table.entries = item.count("entries");
        table.oldest_us = item.number("oldest_us");
        summary.tables.push_back(std::move(table));
    });
    return unless_wrong(reader, std::move(summary));
}

base::Result<JournalPage> AdminClient::journal_page(std::uint64_t after, std::size_t limit) const {
    auto response = ask_for_success("GET", fmt::format("/journal?limit={}&after={}", limit, after), "");
    if (!response) return base::fail(response.error());
    const AnswerReader reader(url_, response->body);
    JournalPage page;
    reader.root().list("entries", [&](const AnswerObject& item) {
        JournalRow row;
        row.id = item.count("id");
        row.time_us = item.number("time_us");
        row.table = item.text("table");
        row.key = item.text("key");
        row.cause = item.text("cause");
        row.side = item.text("side");
        row.state = item.text("state");
        row.statement = item.text("statement");
        row.note = item.text("note");
        page.rows.push_back(std::move(row));
    });
    if (reader.root().has("next")) page.next = reader.root().count("next");
    if (!reader.problem() && page.next && *page.next <= after)
        return base::fail(base::ErrorKind::protocol, url_ + ": its journal's pages do not go on");
    return unless_wrong(reader, std::move(page));
}

base::Result<void> AdminClient::start_repair(bool retries_blocked, bool includes_counters) const {
    std::string target = "/journal/repair";
    if (retries_blocked) target += "?retry_blocked=1";
    if (includes_counters) target += retries_blocked ? "&counters=1" : "?counters=1";
    auto response = ask_for_success("POST", target, "{}");
    if (!response) return base::fail(response.error());
    return {};
}

base::Result<RepairState> AdminClient::repair() const {
    auto response = ask_for_success("GET", "/journal/repair", "");
    if (!response) return base::fail(response.error());
    const AnswerReader reader(url_, response->body);
    const AnswerObject& root = reader.root();
    RepairState state;
    state.is_running = root.boolean("running");
    state.done = root.count("done");
    state.left = root.count("left");
    root.list("blocked", [&](const AnswerObject& item) {
        state.blocked.push_back({item.count("id"), item.text("table"), item.text("note")});
    });
    if (root.has("error")) state.error = printable(root.text("error"));
    return unless_wrong(reader, std::move(state));
}

}  // namespace crossfade::cli
