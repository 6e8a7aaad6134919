#include "cli/journal_report.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/json_text.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

using base::JsonList;
using base::JsonObject;

constexpr std::size_t most_blocked_shown = 20;

std::string tables_json(const std::vector<JournalTable>& tables) {
    JsonList list;
    for (const JournalTable& one : tables)
        list.add(JsonObject()
                     .field("table", one.table)
                     .field("side", one.side)
                     .field("entries", one.entries)
                     .field("oldest_us", one.oldest_us)
                     .field("state", one.state)
                     .text());
    return list.text();
}

void add_rows(TextTable& table, const std::string& url, const JournalSummary& summary, std::int64_t now_us) {
    for (const JournalTable& one : summary.tables)
        table.add({url, one.table, one.side, with_thousands(one.entries), age_text(now_us - one.oldest_us), one.state});
}

TextTable summary_table() {
    return TextTable({"PROXY", "TABLE", "TO REPAIR", "ENTRIES", "OLDEST", "STATE"});
}

}  // namespace

void print_journal_summary(const std::vector<AdminClient>& clients,
                           const std::vector<base::Result<JournalSummary>>& summaries, std::int64_t now_us,
                           std::ostream& out, std::ostream& error) {
    TextTable table = summary_table();
    std::uint64_t total = 0;
    std::size_t answered = 0;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        if (!summaries[i]) {
            error << summaries[i].error().message << "\n";
            continue;
        }
        ++answered;
        total += summaries[i]->entries;
        add_rows(table, clients[i].url(), *summaries[i], now_us);
    }
    if (!table.is_empty()) table.print(out);
    if (answered > 0)
        out << fmt::format("{} {} in the {} of {} {}.\n", with_thousands(total), total == 1 ? "entry" : "entries",
                           answered == 1 ? "journal" : "journals", answered, answered == 1 ? "proxy" : "proxies");
}

void print_journal_summary_json(const std::vector<AdminClient>& clients,
                                const std::vector<base::Result<JournalSummary>>& summaries, std::ostream& out) {
    JsonList list;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        JsonObject item;
        item.field("url", clients[i].url());
        if (summaries[i])
            item.field("entries", summaries[i]->entries).raw("tables", tables_json(summaries[i]->tables));
        else
            item.field("error", summaries[i].error().message);
        list.add(item.text());
    }
    out << JsonObject().raw("proxies", list.text()).text() << "\n";
}

void print_journal_list(const std::vector<JournalListing>& listings, std::int64_t now_us, std::ostream& out,
                        std::ostream& error) {
    for (const JournalListing& listing : listings) {
        if (!listing.failure.empty()) error << listing.failure << "\n";
        if (listing.rows.empty()) {
            if (listing.failure.empty()) out << listing.url << ": the journal is empty\n";
            continue;
        }
        out << listing.url << ":\n";
        TextTable table({"ID", "TABLE", "KEY", "TO REPAIR", "AGE", "STATE", "CAUSE"});
        for (const JournalRow& row : listing.rows)
            table.add({std::to_string(row.id), row.table, row.key.empty() ? "-" : row.key, row.side,
                       age_text(now_us - row.time_us), row.state,
                       row.note.empty() ? row.cause : row.cause + "; " + row.note});
        table.print(out);
        if (listing.has_more) out << listing.url << ": there are more; --limit says how many are shown\n";
    }
}

void print_journal_list_json(const std::vector<JournalListing>& listings, std::ostream& out) {
    JsonList proxies;
    for (const JournalListing& listing : listings) {
        JsonList rows;
        for (const JournalRow& row : listing.rows)
            rows.add(JsonObject()
                         .field("id", row.id)
                         .field("time_us", row.time_us)
                         .field("table", row.table)
                         .field("key", row.key)
                         .field("cause", row.cause)
                         .field("side", row.side)
                         .field("state", row.state)
                         .field("statement", row.statement)
                         .field("note", row.note)
                         .text());
        JsonObject item;
        item.field("url", listing.url);
        if (!listing.failure.empty()) item.field("error", listing.failure);
        proxies.add(item.field("more", listing.has_more).raw("entries", rows.text()).text());
    }
    out << JsonObject().raw("proxies", proxies.text()).text() << "\n";
}

void print_repair(const RepairResult& result, std::int64_t now_us, std::ostream& out, std::ostream& error) {
    TextTable table = summary_table();
    for (const RepairOutcome& one : result.proxies) {
        if (!one.failure.empty()) error << one.failure << "\n";
        if (!one.last.error.empty())
            error << one.url << ": the repair ended before its end: " << one.last.error << "\n";
        add_rows(table, one.url, one.remains, now_us);
        std::size_t shown = 0;
        for (const RepairState::Blocked& blocked : one.last.blocked) {
            if (++shown > most_blocked_shown) break;
            error << fmt::format("{}: entry {} of {} is blocked: {}\n", one.url, blocked.id, printable(blocked.table),
                                 printable(blocked.note));
        }
        if (one.last.blocked.size() > most_blocked_shown)
            error << fmt::format("{}: {} more are blocked; 'crossfade journal list' shows all\n", one.url,
                                 one.last.blocked.size() - most_blocked_shown);
    }
    if (result.exit == exit_done) {
        out << (result.proxies.size() == 1 ? "The journal is empty.\n" : "All journals are empty.\n");
        return;
    }
    if (!table.is_empty()) {
        out << "What is left:\n";
        table.print(out);
    }
    if (result.exit == exit_interrupted)
        out << "The proxies go on with the repair; the same command follows it again.\n";
}

void print_repair_json(const RepairResult& result, std::ostream& out) {
    JsonList list;
    for (const RepairOutcome& one : result.proxies) {
        JsonList blocked;
        for (const RepairState::Blocked& entry : one.last.blocked)
            blocked.add(
                JsonObject().field("id", entry.id).field("table", entry.table).field("note", entry.note).text());
        JsonObject item;
        item.field("url", one.url).field("repaired", one.last.done);
        if (one.failure.empty())
            item.field("entries", one.remains.entries).raw("tables", tables_json(one.remains.tables));
        else
            item.field("error", one.failure);
        if (!one.last.error.empty()) item.field("repair_error", one.last.error);
        list.add(item.raw("blocked", blocked.text()).text());
    }
    out << JsonObject().field("empty", result.exit == exit_done).raw("proxies", list.text()).text() << "\n";
}

}  // namespace crossfade::cli
