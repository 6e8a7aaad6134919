#include "cli/proxies_warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "cli/configuration.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

constexpr std::chrono::seconds patience{10};

bool is_among(const std::string& name, const std::vector<cql::TableName>& tables) {
    const auto table = cql::parse_table_name(name);
    return table && std::ranges::any_of(tables, [&](const cql::TableName& one) {
               return one.keyspace == table->keyspace && (one.table == "*" || one.table == table->table);
           });
}

}  // namespace

std::vector<AdminClient> proxies_of(const Configuration& configuration) {
    std::vector<AdminClient> clients;
    for (const std::string& url : configuration.migrate.proxies) clients.emplace_back(url, net::http_request, patience);
    return clients;
}

void print_proxies_warnings(const std::vector<AdminClient>& proxies, const std::vector<cql::TableName>& tables,
                            std::ostream& error) {
    std::set<std::string> with_both;
    std::map<std::string, std::uint64_t> unstamped;
    std::uint64_t unnamed = 0;
    for (const auto& status : ask_all(proxies, [](const AdminClient& proxy) { return proxy.status(); })) {
        if (!status) {
            error << status.error().message << "\n";
            continue;
        }
        for (const std::string& name : status->tables_with_both)
            if (is_among(name, tables)) with_both.insert(name);
        for (const TableCount& one : status->unstamped_writes) {
            if (one.table.empty())
                unnamed += one.count;
            else if (is_among(one.table, tables))
                unstamped[one.table] += one.count;
        }
    }
    if (!with_both.empty())
        error << printable(fmt::format("Tables that get both plain writes and conditional ones (LWT): {}.",
                                       fmt::join(with_both, ", ")))
              << "\nEach cluster stamps LWT by its own clock, so equal values differ in their stamps, and a plain "
                 "write that was stamped ahead of a "
                 "clock hides an LWT after it.\n";
    std::vector<std::string> counts;
    for (const auto& [name, count] : unstamped) counts.push_back(fmt::format("{} ({})", name, with_thousands(count)));
    if (unnamed > 0) counts.push_back(fmt::format("further tables, not told apart ({})", with_thousands(unnamed)));
    if (!counts.empty())
        error << printable(fmt::format("Tables written without a timestamp (write_timestamps: pass): {}.",
                                       fmt::join(counts, ", ")))
              << "\nEach cluster stamped these writes by its own clock: of two that came close together the clusters "
                 "may have kept different "
                 "ones, and of a live write and a copied cell the newer stamp wins, whichever cluster gave it. Compare "
                 "them with 'crossfade "
                 "validate' while the application rests.\n";
}

}  // namespace crossfade::cli
