// `crossfade migrate`.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/proxies_warnings.hpp"
#include "cli/stop_signal.hpp"
#include "cli/table_arguments.hpp"
#include "migrate/run.hpp"

namespace crossfade::cli {
namespace {

bool ask_on_terminal(const std::string& question) {
    std::cout << question << " [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

class MigrateCommand : public Command {
public:
    void add_arguments(CLI::App& app) override {
        tables_.add_to(app);
        app.add_flag("--create-schema", creates_schema_,
                     "create keyspaces, types and tables that the target lacks; without it, a terminal is asked")
            ->default_str("false");
        app.add_flag("--allow-short-gc-grace", allows_short_gc_grace_,
                     "copy also into tables whose gc_grace_seconds is shorter than the run and a day")
            ->default_str("false");
    }

    std::vector<std::string> rewrite(std::vector<std::string> words) const override {
        words_ = words;
        return words;
    }

    std::vector<std::string> check(const Configuration&) const override { return tables_.problems(); }

    int run(const Configuration& configuration, std::ostream& out, std::ostream& error) override {
        const StopSignal stop;
        migrate::RunOptions options = tables_.run_options(configuration, words_);
        options.creates_schema = creates_schema_;
        options.allows_short_gc_grace = allows_short_gc_grace_;
        options.should_stop = StopSignal::has_come;
        if (isatty(STDIN_FILENO) != 0 && options.is_terminal) options.ask = ask_on_terminal;
        print_proxies_warnings(proxies_of(configuration), options.tables, error);
        return migrate::migrate(std::move(options), out, error);
    }

private:
    TableArguments tables_;
    bool creates_schema_ = false, allows_short_gc_grace_ = false;
    mutable std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> make_migrate_command() {
    return std::make_unique<MigrateCommand>();
}

}  // namespace crossfade::cli
