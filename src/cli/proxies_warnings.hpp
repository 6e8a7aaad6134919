// What running proxies know of tables that are about to be copied or compared: where stamps alone do not tell which
// value is right.
#pragma once

#include <iosfwd>
#include <vector>

#include "cli/admin_client.hpp"
#include "cql/statement.hpp"

namespace crossfade::cli {

class Configuration;

// A client for each of migrate.proxy.
std::vector<AdminClient> proxies_of(const Configuration& configuration);
// Asks all, and prints a paragraph for each kind of write that matters, with those of `tables` (as typed: "*" is all of
// a keyspace) that got it, and what it means. A proxy that does not answer is named: it only informs.
void print_proxies_warnings(const std::vector<AdminClient>& proxies, const std::vector<cql::TableName>& tables,
                            std::ostream& error);

}  // namespace crossfade::cli
