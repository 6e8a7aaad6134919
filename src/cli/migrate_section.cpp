#include "cli/migrate_section.hpp"

#include "cli/admin_url.hpp"
#include "cli/keys.hpp"
#include "cli/state_folder.hpp"

namespace crossfade::cli {

void add_migrate_keys(Keys& keys, MigrateSection& section) {
    keys.folder("migrate.state_dir", section.state_dir,
                "where the ledger of copied and compared ranges is kept, in a folder for each pair of clusters")
        .shown_default(default_state_folder_text);
    using cql::Consistency;
    keys.choice("migrate.consistency", section.consistency,
                {{"LOCAL_QUORUM", Consistency::local_quorum},
                 {"LOCAL_ONE", Consistency::local_one},
                 {"ONE", Consistency::one},
                 {"TWO", Consistency::two},
                 {"THREE", Consistency::three},
                 {"QUORUM", Consistency::quorum},
                 {"EACH_QUORUM", Consistency::each_quorum},
                 {"ALL", Consistency::all}},
                "the consistency of reads and writes on both clusters");
    // Past the year 2100 it could only be a mistake: the cells would win over every live write.
    keys.number("migrate.default_timestamp", section.default_timestamp, std::int64_t{1}, std::int64_t{4102444800000000},
                "the writetime, in microseconds, of cells whose own CQL cannot tell; it must be older than every live "
                "write, so it is never 'now'");
    keys.boolean("migrate.row_markers", section.row_markers,
                 "whether a row with cells gets a marker, as INSERT gives it, though it cannot be known whether the "
                 "origin's has one");
    keys.number("migrate.writes_in_flight", section.writes_in_flight, 1U, 20000U,
                "the most writes that are under way to the target at once");
    keys.list(
            "migrate.proxy", section.proxies, "URL,…",
            [](const std::string& item) -> Complaint {
                if (auto url = admin_url(item); !url) return url.error().message;
                return std::nullopt;
            },
            "admin URLs of the proxies that write to these clusters: they are asked at the start for the tables whose "
            "stamps cannot be trusted alone")
        .shown_default("none");
}

void finish_migrate_section(Keys& keys, MigrateSection& section) {
    resolve_state_folder(keys, "migrate.state_dir", section.state_dir);
    for (std::string& proxy : section.proxies)
        if (auto url = admin_url(proxy)) proxy = *url;
}

}  // namespace crossfade::cli
