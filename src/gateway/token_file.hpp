// The tokens of a gateway's folder on disk: commands change them, a running gateway reads them.
#pragma once

#include <string>

#include "base/result.hpp"
#include "gateway/folder.hpp"
#include "gateway/tokens.hpp"

namespace crossfade::gateway {

// No file: no tokens. Errors: bad_configuration, with the path.
base::Result<std::vector<Token>> read_tokens(const Folder& folder);
// Both change the file at once or not at all, and leave commands that run at the same time their turn. Errors: as
// read_tokens(); of remove_token not_found, when there is none of that client id.
base::Result<void> add_token(const Folder& folder, const Token& token);
base::Result<Token> remove_token(const Folder& folder, const std::string& client_id);

}  // namespace crossfade::gateway
