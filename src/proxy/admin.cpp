#include "proxy/admin.hpp"

#include <simdjson.h>

#include <charconv>

#include "base/json_text.hpp"
#include "proxy/connected_clients.hpp"
#include "proxy/metrics.hpp"
#include "proxy/secrets.hpp"
#include "proxy/written_tables.hpp"

namespace crossfade::proxy {
namespace {

using base::JsonList;
using base::JsonObject;

// Applications move away from the proxy: who is still there matters from here on.
constexpr int last_phase = 5;

std::string_view side_name(std::uint8_t sides) {
    if (sides == (origin_side | target_side)) return "both";
    return sides == origin_side ? "origin" : "target";
}

void send(const net::HttpReply& reply, int status, std::string json) {
    reply(net::HttpResponse{status, "application/json", std::move(json) + "\n"});
}

void refuse(const net::HttpReply& reply, int status, std::string_view reason) {
    send(reply, status, JsonObject().field("ok", false).field("reason", reason).text());
}

std::string hex(base::ByteView bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xFU];
    }
    return text;
}

std::uint64_t number_of(const std::map<std::string, std::string>& query, const std::string& name,
                        std::uint64_t otherwise) {
    const auto found = query.find(name);
    if (found == query.end()) return otherwise;
    std::uint64_t number = otherwise;
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
    return number;
}

// The text that a person would recognise the mutation by, without passwords.
std::string statement_of(const JournalEntry& entry) {
    if (entry.opcode == cql::Opcode::query) {
        cql::Reader in(entry.body);
        return without_secrets(in.long_string());
    }
    std::string text;
    for (const JournaledStatement& statement : entry.prepared)
        text += (text.empty() ? "" : "; ") + without_secrets(statement.text);
    if (entry.opcode == cql::Opcode::batch) return "BATCH " + (text.empty() ? "of statements" : text);
    return text;
}

std::string tables_of(const JournalEntry& entry) {
    std::string text;
    for (const cql::TableName& table : entry.tables) text += (text.empty() ? "" : ", ") + cql::to_cql(table);
    return text;
}

std::string names_json(const std::vector<std::string>& names) {
    JsonList list;
    for (const std::string& name : names) list.add(base::json_quoted(name));
    return list.text();
}

std::string counts_json(const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
    JsonList list;
    for (const auto& [table, count] : counts) list.add(JsonObject().field("table", table).field("count", count).text());
    return list.text();
}

std::string groups_json(const std::vector<ConnectedClients::Group>& groups) {
    JsonList list;
    for (const ConnectedClients::Group& group : groups) {
        JsonObject line;
        line.field("driver", group.kind.driver)
            .field("version", group.kind.version)
            .field("application", group.kind.application);
        line.field("address", group.kind.address)
            .field("connections", group.connections)
            .field("since_us", group.since_us);
        list.add(line.field("last_us", group.last_us).text());
    }
    return list.text();
}

}  // namespace

Admin::Admin(const Options& options, PhaseControl& phase, Journal& journal, Repair& repair, AdminSource& source)
    : options_(options), phase_(phase), journal_(journal), repair_(repair), source_(source) {}

void Admin::handle(const net::HttpRequest& request, net::HttpReply reply) {
    const bool is_get = request.method == "GET";
    const bool is_post = request.method == "POST";
    if (is_get && request.path == "/phase")
        show_phase(reply);
    else if (is_post && request.path == "/phase/prepare")
        prepare(request, std::move(reply));
    else if (is_post && request.path == "/phase/commit")
        commit(request, std::move(reply));
    else if (is_post && request.path == "/phase/abort")
        abort(request, reply);
    else if (is_get && request.path == "/journal")
        list_journal(request, reply);
    else if (is_get && request.path == "/journal/summary")
        summarise_journal(reply);
    else if (is_post && request.path == "/journal/repair") {
        repair_.start(RepairRequest{number_of(request.query, "retry_blocked", 0) != 0,
                                    number_of(request.query, "counters", 0) != 0});
        send(reply, 202, JsonObject().field("ok", true).text());
    } else if (is_get && request.path == "/journal/repair")
        show_repair(reply);
    else if (is_get && request.path == "/status")
        show_status(std::move(reply));
    else if (is_get && request.path == "/metrics")
        reply(net::HttpResponse{200, "text/plain; version=0.0.4", metrics()});
    else if (is_get && request.path == "/health/liveness")
        reply(net::HttpResponse{200, "text/plain", "OK\n"});
    else if (is_get && request.path == "/health/readiness") {
        // Ready as long as it can answer from the side that answers reads; the other side's absence is the journal's
        // matter.
        const std::string problem = source_.problem(phase_.state().primary());
        reply(net::HttpResponse{problem.empty() ? 200 : 503, "text/plain", problem.empty() ? "OK\n" : problem + "\n"});
    } else
        refuse(reply, 404, "no such endpoint: " + request.method + " " + request.path);
}

void Admin::show_phase(const net::HttpReply& reply) const {
    const PhaseState& state = phase_.state();
    const std::string unrepaired = JsonObject()
                                       .field("origin", journal_.unrepaired(origin_side))
                                       .field("target", journal_.unrepaired(target_side))
                                       .text();
    send(reply, 200,
         JsonObject()
             .field("proxy", net::to_text(options_.listen))
             .field("epoch", state.epoch)
             .field("phase", state.phase)
             .field("write_mode", name_of(state.write_mode))
             .field("holding", phase_.is_holding())
             .raw("unrepaired", unrepaired)
             .text());
}

void Admin::prepare(const net::HttpRequest& request, net::HttpReply reply) {
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    PhaseRequest wanted;
    std::string_view id;
    std::int64_t phase = 0;
    if (parser.parse(request.body).get(json) != simdjson::SUCCESS || json["id"].get(id) != simdjson::SUCCESS ||
        json["phase"].get(phase) != simdjson::SUCCESS) {
        refuse(reply, 400, "expected a JSON object with \"id\" and \"phase\"");
        return;
    }
    wanted.id = id;
    wanted.phase = static_cast<int>(phase);
    if (json["force"].get(wanted.force) != simdjson::SUCCESS) wanted.force = false;
    std::string_view mode;
    if (json["write_mode"].get(mode) == simdjson::SUCCESS) {
        wanted.write_mode = write_mode_named(mode);
        if (!wanted.write_mode) {
            refuse(reply, 400, "unknown write mode; it is strict, target_best_effort or origin_best_effort");
            return;
        }
    }
    phase_.prepare(wanted, [reply = std::move(reply)](const PhaseAnswer& answer) {
        JsonList entries;
        for (const JournalTableSummary& table : answer.entries)
            entries.add(JsonObject().field("table", table.table).field("count", table.entries).text());
        JsonObject json_answer;
        json_answer.field("ok", answer.ok)
            .field("epoch", answer.state.epoch)
            .field("phase", answer.state.phase)
            .field("write_mode", name_of(answer.state.write_mode));
        if (!answer.ok) json_answer.field("reason", answer.reason);
        send(reply, answer.ok ? 200 : 409, json_answer.raw("entries", entries.text()).text());
    });
}

void Admin::commit(const net::HttpRequest& request, net::HttpReply reply) {
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    std::string_view id, mode;
    std::int64_t phase = 0, epoch = 0;
    if (parser.parse(request.body).get(json) != simdjson::SUCCESS || json["id"].get(id) != simdjson::SUCCESS ||
        json["phase"].get(phase) != simdjson::SUCCESS || json["epoch"].get(epoch) != simdjson::SUCCESS ||
        json["write_mode"].get(mode) != simdjson::SUCCESS || !write_mode_named(mode) || phase < 1 || phase > 5 ||
        epoch < 0 || !allows(static_cast<int>(phase), *write_mode_named(mode))) {
        refuse(reply, 400,
               "expected a JSON object with \"id\", \"epoch\", \"phase\" and a \"write_mode\" that the phase allows");
        return;
    }
    const PhaseState state{static_cast<std::uint64_t>(epoch), static_cast<int>(phase), *write_mode_named(mode)};
    phase_.commit(std::string(id), state, [reply = std::move(reply)](const PhaseAnswer& answer) {
        JsonObject json_answer;
        json_answer.field("ok", answer.ok)
            .field("epoch", answer.state.epoch)
            .field("phase", answer.state.phase)
            .field("write_mode", name_of(answer.state.write_mode));
        if (!answer.ok) json_answer.field("reason", answer.reason);
        send(reply, answer.ok ? 200 : 409, json_answer.text());
    });
}

void Admin::abort(const net::HttpRequest& request, const net::HttpReply& reply) {
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    std::string_view id;
    if (parser.parse(request.body).get(json) != simdjson::SUCCESS || json["id"].get(id) != simdjson::SUCCESS) {
        refuse(reply, 400, "expected a JSON object with \"id\"");
        return;
    }
    phase_.abort(std::string(id));
    send(reply, 200, JsonObject().field("ok", true).text());
}

void Admin::list_journal(const net::HttpRequest& request, const net::HttpReply& reply) const {
    const std::uint64_t limit = std::clamp<std::uint64_t>(number_of(request.query, "limit", 100), 1, 10000);
    const auto entries = journal_.list(number_of(request.query, "after", 0), limit);
    if (!entries) {
        refuse(reply, 500, entries.error().message);
        return;
    }
    JsonList list;
    for (const JournalEntry& entry : *entries) {
        JsonObject line;
        line.field("id", entry.id).field("time_us", entry.time_us).field("table", tables_of(entry));
        line.field("key", entry.partition_key.empty() ? "" : "0x" + hex(entry.partition_key))
            .field("cause", entry.cause)
            .field("side", side_name(entry.sides));
        line.field("state", entry.state == JournalEntry::State::blocked ? "blocked" : "pending")
            .field("statement", statement_of(entry))
            .field("note", entry.note);
        list.add(line.text());
    }
    JsonObject answer;
    answer.raw("entries", list.text());
    // A list may be short of the limit because its entries are large.
    const auto has_more = [&] {
        const auto behind = journal_.list(entries->back().id, 1);
        return !behind || !behind->empty();
    };
    answer.raw("next", !entries->empty() && (entries->size() == limit || has_more())
                           ? std::to_string(entries->back().id)
                           : "null");
    send(reply, 200, answer.text());
}

void Admin::summarise_journal(const net::HttpReply& reply) const {
    const auto summary = journal_.summary();
    if (!summary) {
        refuse(reply, 500, summary.error().message);
        return;
    }
    JsonList tables;
    for (const JournalTableSummary& table : *summary) {
        JsonObject line;
        line.field("table", table.table)
            .field("side", side_name(table.sides))
            .field("entries", table.entries)
            .field("oldest_us", table.oldest_us);
        line.field("state", table.is_blocked ? "blocked" : "pending");
        tables.add(line.text());
    }
    send(reply, 200, JsonObject().field("entries", journal_.entries()).raw("tables", tables.text()).text());
}

void Admin::show_repair(const net::HttpReply& reply) const {
    const RepairStatus status = repair_.status();
    JsonList blocked;
    for (const RepairStatus::Blocked& one : status.blocked)
        blocked.add(JsonObject().field("id", one.id).field("table", one.table).field("note", one.note).text());
    JsonObject answer;
    answer.field("running", status.is_running)
        .field("done", status.done)
        .field("left", status.left)
        .raw("blocked", blocked.text());
    answer.raw("error", status.error.empty() ? "null" : base::json_quoted(status.error));
    send(reply, 200, answer.text());
}

void Admin::show_status(net::HttpReply reply) const {
    const FactsPtr facts = source_.facts();
    JsonList clusters;
    for (std::size_t i = 0; i < 2; ++i) {
        const ClusterFacts& cluster = facts->clusters[i];
        JsonObject line;
        line.field("side", cluster_names[i])
            .field("name", cluster.topology == nullptr ? "" : cluster.topology->cluster_name);
        line.field("release_version", cluster.topology == nullptr ? "" : cluster.topology->release_version)
            .field("nodes", cluster.topology == nullptr ? 0 : cluster.topology->nodes.size());
        line.field("clock_offset_us", cluster.clock_offset_us)
            .field("clock_error_us", cluster.clock_error_us)
            .field("problem", source_.problem(i));
        clusters.add(line.text());
    }
    const int phase = phase_.state().phase;
    JsonObject answer;
    answer.field("phase", phase).raw("clusters", clusters.text());
    const Counters& counters = *source_.counters().front();
    answer.raw("tables_with_plain_and_conditional_writes", names_json(counters.written_tables->with_both()));
    answer.raw("unstamped_writes", counts_json(counters.written_tables->unstamped()));
    if (phase == last_phase) answer.raw("still_here", groups_json(counters.connected_clients->groups()));
    source_.sessions(
        [reply = std::move(reply), answer = std::move(answer)](const std::vector<SessionLine>& sessions) mutable {
            JsonList lines;
            for (const SessionLine& session : sessions) {
                JsonObject line;
                line.field("peer", session.peer)
                    .field("driver", session.driver)
                    .field("application", session.application)
                    .field("version", session.version);
                lines.add(line.field("username", session.username).field("in_flight", session.in_flight).text());
            }
            send(reply, 200, answer.raw("connections", lines.text()).text());
        });
}

std::string Admin::metrics() const {
    return metrics_text(source_.counters(),
                        MetricsExtra{phase_.state(), journal_.unrepaired(origin_side), journal_.unrepaired(target_side),
                                     journal_.entries(), source_.facts()});
}

}  // namespace crossfade::proxy
