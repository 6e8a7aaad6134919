// crossfade.yaml's `proxy` section: proxy::Options by their names in the file.
#pragma once

#include <string>

#include "cli/keys.hpp"
#include "proxy/options.hpp"

namespace crossfade::cli {

void add_proxy_keys(Keys& keys, proxy::Options& options);
// Checks what belongs together and fills what depends on the environment. Problems go to the keys.
void finish_proxy_section(Keys& keys, proxy::Options& options);

// What speaks against the write mode `word` in `phase`: it is no word for one, or it is best effort for the side that
// answers reads (SEMANTICS, Write modes). The complaint begins with the word.
Complaint write_mode_against_phase(const std::string& word, int phase);

}  // namespace crossfade::cli
