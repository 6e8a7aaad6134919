#include "migrate/exactness.hpp"

#include <spdlog/fmt/fmt.h>

#include "migrate/progress.hpp"

namespace crossfade::migrate {
namespace {

// "tags, settings": the columns that tell no stamps.
std::string unreadable_columns(const cells::Layout& layout, const cells::Readability& readability) {
    std::string names;
    for (const bool of_statics : {true, false}) {
        const auto& columns = layout.cells(of_statics);
        for (std::size_t i = 0; i < columns.size(); ++i)
            if (!readability.cells(of_statics)[i]) names += (names.empty() ? "" : ", ") + cql::quoted(columns[i].name);
    }
    return names;
}

}  // namespace

std::vector<std::string> foreseen(const cells::Layout& layout, const cells::Readability& readability,
                                  std::int64_t default_timestamp, bool finds_expiry) {
    std::vector<std::string> notes;
    const std::string name = cql::to_cql(layout.table);
    if (layout.is_counter) {
        notes.push_back(fmt::format(
            "{}: counters are copied by adding what the target lacks; nobody may count in it meanwhile", name));
        return notes;
    }
    if (const std::string columns = unreadable_columns(layout, readability); !columns.empty())
        notes.push_back(fmt::format(
            "{}: the origin does not tell writetime and TTL of {}; their elements get timestamp {} and {}", name,
            columns, default_timestamp,
            finds_expiry
                ? "keep their expiry, which is found by reading them as of later instants"
                : "where all other cells of the row expire, the row's TTL (by protocol v5 it could be found)"));
    if (layout.regulars.empty())
        notes.push_back(fmt::format(
            "{}: its rows have nothing but a key, whose writetime and TTL nobody tells; they get timestamp {} "
            "and {}",
            name, default_timestamp,
            finds_expiry ? "keep their expiry, which is found by reading them as of later instants" : "no TTL"));
    return notes;
}

std::vector<std::string> inexact(const cells::Layout& layout, const cells::Readability& readability,
                                 const PartCounts& counts, std::int64_t default_timestamp) {
    std::vector<std::string> notes;
    const std::string name = cql::to_cql(layout.table);
    if (layout.is_counter) {
        notes.push_back(fmt::format("{}: {} rows of counters, brought to the origin's counts while they rested", name,
                                    with_thousands(counts.origin_rows)));
        return notes;
    }
    if (counts.default_stamped_cells > 0)
        notes.push_back(fmt::format("{}: {} elements of {} got timestamp {}, because the origin does not tell theirs",
                                    name, with_thousands(counts.default_stamped_cells),
                                    unreadable_columns(layout, readability), default_timestamp));
    if (counts.key_only_rows > 0)
        notes.push_back(fmt::format("{}: {} rows have nothing but a key; it got timestamp {}", name,
                                    with_thousands(counts.key_only_rows), default_timestamp));
    if (counts.refused_expiries > 0)
        notes.push_back(fmt::format(
            "{}: the origin refused to show when {} rows end; what does not tell its TTL got the latest expiry of its "
            "row, or none where something in the row has none",
            name, with_thousands(counts.refused_expiries)));
    if (counts.future_rows > 0)
        notes.push_back(fmt::format(
            "{}: {} rows have cells stamped more than a minute in the future; they win over live writes until then",
            name, with_thousands(counts.future_rows)));
    if (counts.unsettled_rows > 0)
        notes.push_back(
            fmt::format("{}: the lists of {} rows could not be put in the origin's order, because they changed while "
                        "they were copied",
                        name, with_thousands(counts.unsettled_rows)));
    return notes;
}

}  // namespace crossfade::migrate
