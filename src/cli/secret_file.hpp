// Passwords and tokens from where others cannot read them.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace crossfade::cli {

// The secret in a file: its first line, or, of the JSON file that Astra gives with a token, its "token". Errors:
// bad_input, with the path.
base::Result<base::Secret<std::string>> read_secret_file(const std::string& path);
// The value of an environment variable. Errors: bad_input, with its name.
base::Result<base::Secret<std::string>> read_secret_variable(const std::string& variable);

}  // namespace crossfade::cli
