// The address of a proxy's admin API, as users write it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crossfade::cli {

// "http://host:port", "host:port" or "host" (port 14001) → "http://host:port". Everything else (https, a path, no host)
// is bad_input.
base::Result<std::string> admin_url(std::string_view text);

}  // namespace crossfade::cli
