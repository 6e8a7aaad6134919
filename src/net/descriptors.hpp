// How many sockets and files a process may have open.
#pragma once

namespace crossfade::net {

// As many as the system allows at all: the limit that counts, often 1024, is raised to the one that only root may raise
// further. For programs that serve, before they do: whoever opens connections and says nothing is to keep nobody out.
void allow_all_descriptors();

}  // namespace crossfade::net
