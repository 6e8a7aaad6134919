// Small files that are there whole, or as they were before, also after the machine's end.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crossfade::base {

// Writes a new file beside `path` (mode 0600), syncs it, renames it over `path`, and syncs the directory: ok only when
// all of that is on disk. Blocks. One writer for a path at a time. Errors: internal, with the path and the system's
// reason; then the old content or the new one is there.
Result<void> write_durably(const std::string& path, std::string_view text);

}  // namespace crossfade::base
