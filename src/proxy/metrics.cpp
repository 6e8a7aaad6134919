#include "proxy/metrics.hpp"

#include <spdlog/fmt/fmt.h>

#include "proxy/written_tables.hpp"

namespace crossfade::proxy {
namespace {

struct Line {
    const char* name;
    const char* help;
    Counter Counters::*counter;
};

constexpr Line lines[] = {
    {"crossfade_reads_total", "Reads taken from clients", &Counters::reads},
    {"crossfade_writes_total", "Writes taken from clients", &Counters::writes},
    {"crossfade_prepares_total", "PREPARE requests taken from clients", &Counters::prepares},
    {"crossfade_local_answers_total", "Reads of system tables that the proxy answered itself",
     &Counters::local_answers},
    {"crossfade_read_errors_total", "Reads answered with an error", &Counters::read_errors},
    {"crossfade_write_errors_total", "Writes answered with an error", &Counters::write_errors},
    {"crossfade_unprepared_total", "Requests with a prepared id that the proxy did not know",
     &Counters::unprepared_to_client},
    {"crossfade_refused_unsent_total", "Requests answered without being sent to any cluster",
     &Counters::refused_unsent},
    {"crossfade_retried_total", "Requests sent again by the proxy after a lost connection", &Counters::retried},
    {"crossfade_conditional_writes_total", "Lightweight transactions", &Counters::conditional_writes},
    {"crossfade_not_repeatable_writes_total",
     "Writes that must not be repeated: conditional, counters, list places, now() and uuid()",
     &Counters::not_repeatable_writes},
    {"crossfade_journaled_total", "Writes that were entered into the journal", &Counters::journaled},
    {"crossfade_late_settled_total", "Journal entries withdrawn because the late answer came", &Counters::late_settled},
    {"crossfade_rehearsed_total", "Phase 3: reads that also went to the target", &Counters::rehearsed},
    {"crossfade_rehearsal_equal_total", "Phase 3: answers that were equal", &Counters::rehearsal_equal},
    {"crossfade_rehearsal_different_total", "Phase 3: answers that differed twice, one second apart",
     &Counters::rehearsal_different},
    {"crossfade_rehearsal_failed_total", "Phase 3: reads that failed on a side", &Counters::rehearsal_failed},
    {"crossfade_rehearsal_skipped_total", "Phase 3: reads that were not rehearsed, the bound being reached",
     &Counters::rehearsal_skipped},
};

void add(std::string& text, const char* name, const char* type, const char* help, std::string_view labels,
         std::int64_t value) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0}{3} {4}\n", name, help, type, labels, value);
}

// A label's value, as the text format wants it.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

}  // namespace

std::string metrics_text(const std::vector<const Counters*>& loops, const MetricsExtra& extra) {
    std::string text;
    for (const Line& line : lines) {
        std::uint64_t sum = 0;
        for (const Counters* counters : loops) sum += (counters->*line.counter).value();
        add(text, line.name, "counter", line.help, "", static_cast<std::int64_t>(sum));
    }
    const WrittenTables& tables = *loops.front()->written_tables;
    text +=
        "# HELP crossfade_unstamped_writes_total Writes that went out without a timestamp (write_timestamps: pass), by "
        "table\n"
        "# TYPE crossfade_unstamped_writes_total counter\n";
    for (const auto& [table, count] : tables.unstamped())
        text += fmt::format("crossfade_unstamped_writes_total{{table=\"{}\"}} {}\n", escaped(table), count);
    add(text, "crossfade_tables_with_plain_and_conditional_writes", "gauge",
        "Tables that got both plain writes and lightweight transactions", "",
        static_cast<std::int64_t>(tables.with_both().size()));
    add(text, "crossfade_phase", "gauge", "The migration's phase, 1 to 5", "", extra.state.phase);
    add(text, "crossfade_epoch", "gauge", "Counts phase switches", "", static_cast<std::int64_t>(extra.state.epoch));
    add(text, "crossfade_journal_entries", "gauge", "Entries in the journal", "",
        static_cast<std::int64_t>(extra.journal_entries));
    add(text, "crossfade_unrepaired_origin", "gauge", "Journal entries that name the origin", "",
        static_cast<std::int64_t>(extra.unrepaired_origin));
    add(text, "crossfade_unrepaired_target", "gauge", "Journal entries that name the target", "",
        static_cast<std::int64_t>(extra.unrepaired_target));
    text +=
        "# HELP crossfade_clock_offset_microseconds A cluster's clock less this machine's\n# TYPE "
        "crossfade_clock_offset_microseconds gauge\n";
    for (std::size_t i = 0; i < 2; ++i)
        text += fmt::format("crossfade_clock_offset_microseconds{{cluster=\"{}\"}} {}\n", cluster_names[i],
                            extra.facts->clusters[i].clock_offset_us);
    return text;
}

}  // namespace crossfade::proxy
