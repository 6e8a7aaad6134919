// The endpoint's own list of users.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "nodes/cluster_options.hpp"

namespace crossfade::connect {

using ClientUsers = std::map<std::string, base::Secret<std::string>>;

// One user a line, `name:password`; empty lines and those that begin with # are left out. Errors: bad_input, with
// `where` and the line's number, never its text.
base::Result<ClientUsers> parse_client_users(const std::string& where, std::string_view text);

// Errors: authentication, the same words for a wrong name as for a wrong password, after the same time.
base::Result<void> check_user(const ClientUsers& users, const nodes::Credentials& credentials);

}  // namespace crossfade::connect
