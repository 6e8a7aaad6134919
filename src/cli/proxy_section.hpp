// crossfade.yaml's `proxy` section: proxy::Options by their names in the file.
#pragma once

#include <string>

#include "cli/keys.hpp"
#include "proxy/options.hpp"

namespace crossfade::cli {

void add_proxy_keys(Keys& keys, proxy::Options& options);
// Checks what belongs together and fills what depends on the environment. Problems go to the keys.
void finish_proxy_section(Keys& keys, proxy::Options& options);

// "strict", "target_best_effort", "origin_best_effort"; bad_input otherwise.
base::Result<proxy::WriteMode> write_mode_named(const std::string& word);
// What speaks against `mode` in `phase`: best effort is only for the side that does not answer reads (SEMANTICS, Write modes).
Complaint write_mode_against_phase(const std::string& mode, int phase);

}  // namespace crossfade::cli
