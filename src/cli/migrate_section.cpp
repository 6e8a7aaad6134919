#include "cli/migrate_section.hpp"

#include "cli/keys.hpp"
#include "cli/state_folder.hpp"

namespace crossfade::cli {

void add_migrate_keys(Keys& keys, MigrateSection& section) {
    keys.folder("migrate.state_dir", section.state_dir, "where the ledger of copied and compared ranges is kept, in a folder for each pair of clusters")
        .shown_default(default_state_folder_text);
}

void finish_migrate_section(Keys& keys, MigrateSection& section) { resolve_state_folder(keys, "migrate.state_dir", section.state_dir); }

}  // namespace crossfade::cli
