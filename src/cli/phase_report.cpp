#include "cli/phase_report.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/clock.hpp"
#include "base/json_text.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

using base::JsonList;
using base::JsonObject;

using Kind = ProxyOutcome::Kind;

std::string reader_of(int phase) {
    return phase >= 4 ? "target" : "origin";
}

const char* word_of(Kind kind) {
    switch (kind) {
        case Kind::unchanged:
            return "unchanged";
        case Kind::refused:
            return "refused";
        case Kind::unreachable:
            return "unreachable";
        case Kind::switched:
            return "switched";
        case Kind::lost:
            return "lost";
    }
    return "";
}

std::string counts_json(const std::vector<TableCount>& counts) {
    JsonList list;
    for (const TableCount& one : counts)
        list.add(JsonObject().field("table", one.table).field("count", one.count).text());
    return list.text();
}

std::string counts_text(const std::vector<TableCount>& counts) {
    std::string text;
    for (const TableCount& one : counts)
        text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", with_thousands(one.count), printable(one.table));
    return text;
}

std::string still_here_json(const std::vector<StillHere>& clients) {
    JsonList list;
    for (const StillHere& one : clients) {
        JsonObject item;
        item.field("driver", one.driver).field("version", one.version).field("application", one.application);
        item.field("address", one.address).field("connections", one.connections);
        list.add(item.field("since_us", one.since_us).field("last_us", one.last_us).text());
    }
    return list.text();
}

void print_still_here(const std::string& url, const std::vector<StillHere>& clients, std::ostream& out) {
    const std::int64_t now_us = base::system_clock().wall_microseconds();
    for (const StillHere& one : clients) {
        std::string who = one.driver.empty() ? "a driver that does not say its name" : one.driver + " " + one.version;
        if (!one.application.empty()) who += ", application " + one.application;
        who += " from " + (one.address.empty() ? "several addresses" : one.address);
        out << printable(one.connections == 0
                             ? fmt::format("{}: was here: {}: no connection now, the latest came {} ago", url, who,
                                           age_text(now_us - one.last_us))
                             : fmt::format("{}: still here: {}: {} {}, the first came {} ago", url, who,
                                           with_thousands(one.connections),
                                           one.connections == 1 ? "connection" : "connections",
                                           age_text(now_us - one.since_us)))
            << "\n";
    }
}

}  // namespace

void print_phases(const std::vector<AdminClient>& clients, const std::vector<base::Result<PhaseState>>& states,
                  std::ostream& out, std::ostream& error) {
    TextTable table({"PROXY", "LISTENS ON", "PHASE", "READS FROM", "WRITE MODE", "EPOCH", "UNREPAIRED ORIGIN",
                     "UNREPAIRED TARGET", "NOTE"});
    const PhaseState* first = nullptr;
    bool differ = false;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        if (!states[i]) {
            error << states[i].error().message << "\n";
            continue;
        }
        const PhaseState& state = *states[i];
        if (first == nullptr) first = &state;
        differ = differ || state.phase != first->phase || state.write_mode != first->write_mode;
        table.add({clients[i].url(), state.proxy, std::to_string(state.phase), reader_of(state.phase), state.write_mode,
                   std::to_string(state.epoch), with_thousands(state.unrepaired_origin),
                   with_thousands(state.unrepaired_target), state.is_holding ? "holds LWTs for a switch" : "-"});
    }
    if (!table.is_empty()) table.print(out);
    for (std::size_t i = 0; i < clients.size(); ++i)
        if (states[i]) print_still_here(clients[i].url(), states[i]->still_here, out);
    if (differ) error << "The proxies are not in the same phase and write mode; 'crossfade phase set' makes them so.\n";
}

void print_phases_json(const std::vector<AdminClient>& clients, const std::vector<base::Result<PhaseState>>& states,
                       std::ostream& out) {
    JsonList list;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        JsonObject item;
        item.field("url", clients[i].url());
        if (!states[i]) {
            list.add(item.field("error", states[i].error().message).text());
            continue;
        }
        const PhaseState& state = *states[i];
        const std::string unrepaired =
            JsonObject().field("origin", state.unrepaired_origin).field("target", state.unrepaired_target).text();
        item.field("proxy", state.proxy)
            .field("epoch", state.epoch)
            .field("phase", state.phase)
            .field("write_mode", state.write_mode);
        item.field("holding", state.is_holding).raw("unrepaired", unrepaired);
        if (state.phase >= 5) item.raw("still_here", still_here_json(state.still_here));
        list.add(item.text());
    }
    out << JsonObject().raw("proxies", list.text()).text() << "\n";
}

void print_phase_switch_json(const PhaseSwitchResult& result, std::ostream& out) {
    JsonList list;
    for (const ProxyOutcome& one : result.proxies) {
        JsonObject item;
        item.field("url", one.url).field("outcome", word_of(one.kind));
        if (one.before) item.field("phase_before", one.before->phase);
        if (!one.reason.empty()) item.field("reason", one.reason);
        if (!one.entries.empty()) item.raw("entries", counts_json(one.entries));
        if (one.kind == Kind::switched && result.phase >= 5) item.raw("still_here", still_here_json(one.still_here));
        list.add(item.text());
    }
    JsonObject whole;
    whole.field("switched", result.exit == exit_done)
        .field("phase", result.phase)
        .field("write_mode", result.write_mode);
    if (result.epoch > 0) whole.field("epoch", result.epoch);
    if (!result.problem.empty()) whole.field("reason", result.problem);
    whole.raw("missing", counts_json(result.missing)).raw("proxies", list.text());
    out << whole.text() << "\n";
}

void print_phase_switch(const PhaseSwitchResult& result, std::ostream& out, std::ostream& error) {
    if (!result.missing.empty())
        error << "Until 'crossfade journal repair', readers will miss these unrepaired writes: "
              << counts_text(result.missing) << ".\n";
    for (const ProxyOutcome& one : result.proxies) {
        if (one.kind == Kind::switched)
            out << one.url << ": phase " << one.before->phase << " -> " << result.phase << "\n";
        print_still_here(one.url, one.still_here, out);
        if (one.reason.empty()) continue;
        error << one.reason << "\n";
        if (!one.entries.empty()) error << one.url << ": unrepaired: " << counts_text(one.entries) << "\n";
        if (one.kind == Kind::lost)
            error << one.url
                  << ": it may hold LWTs until it has asked its siblings (proxy.siblings), and takes the highest epoch "
                     "among them\n";
    }
    if (!result.problem.empty()) error << result.problem << "\n";
    const std::size_t switched = result.count(Kind::switched);
    if (switched == 0) {
        error << "Nothing was switched.\n";
    } else {
        out << fmt::format("{} of {} {} in phase {} (reads from the {}), write mode {}, epoch {}.\n", switched,
                           result.proxies.size(), result.proxies.size() == 1 ? "proxy is" : "proxies are", result.phase,
                           reader_of(result.phase), result.write_mode, result.epoch);
        if (switched < result.proxies.size())
            error << "The others are where they were, or where their siblings are: until they follow, applications "
                     "connected to them may read from\n"
                     "the other cluster, and a client that uses several proxies may read from both. Run the same "
                     "command again when they answer.\n";
    }
}

}  // namespace crossfade::cli
