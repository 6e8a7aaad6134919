#include "cli/table_arguments.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cql/statement.hpp"

namespace crossfade::cli {
namespace {

std::string for_shell(const std::string& word) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=.,:/@%+";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace

std::string lasting_flags(const std::vector<std::string>& words, const std::vector<std::string>& tables) {
    std::string text;
    for (const std::string& word : words) {
        const bool is_own = word.starts_with("--repair") || word == "--create-schema" || word == "--restart" ||
                            word == "--allow-short-gc-grace";
        if (is_own || std::find(tables.begin(), tables.end(), word) != tables.end()) continue;
        text += (text.empty() ? "" : " ") + for_shell(word);
    }
    return text;
}

void TableArguments::add_to(CLI::App& app) {
    app.add_option("TABLE", names_,
                   "KEYSPACE.TABLE, or KEYSPACE.* for all of a keyspace; names in double quotes where CQL needs them")
        ->type_name("KS.TABLE|KS.*")
        ->default_str("none; at least one is needed");
    app.add_flag("--restart", restarts_, "begin anew, also where an earlier run of the same command was interrupted")
        ->default_str("false");
}

std::vector<std::string> TableArguments::problems() const {
    std::vector<std::string> problems;
    if (names_.empty())
        problems.push_back("name at least one table: KEYSPACE.TABLE, or KEYSPACE.* for all of a keyspace");
    for (const std::string& name : names_)
        if (auto table = cql::parse_table_name(name); !table) problems.push_back(std::move(table.error().message));
    return problems;
}

migrate::RunOptions TableArguments::run_options(const Configuration& configuration,
                                                const std::vector<std::string>& words) const {
    migrate::RunOptions options;
    options.origin = configuration.origin;
    options.target = configuration.target;
    for (const std::string& name : names_) options.tables.push_back(*cql::parse_table_name(name));
    options.state_dir = configuration.migrate.state_dir;
    options.consistency = configuration.migrate.consistency;
    options.default_timestamp = configuration.migrate.default_timestamp;
    options.writes_row_markers = configuration.migrate.row_markers;
    options.most_in_flight = configuration.migrate.writes_in_flight;
    options.restarts = restarts_;
    options.is_terminal = isatty(STDOUT_FILENO) != 0;
    options.flags = lasting_flags(words, names_);
    return options;
}

}  // namespace crossfade::cli
