// `crossfade validate`.
#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/proxies_warnings.hpp"
#include "cli/repair_list.hpp"
#include "cli/stop_signal.hpp"
#include "cli/table_arguments.hpp"
#include "cli/text_table.hpp"
#include "migrate/run.hpp"

namespace crossfade::cli {
namespace {

class ValidateCommand : public Command {
public:
    void add_arguments(CLI::App& app) override {
        tables_.add_to(app);
        repair_ = app.add_option("--repair", list_,
                                 "repair what differs: missing, different, extra, with commas between; without a list "
                                 "missing,different. extra deletes "
                                 "what only the target has, at exactly the stamps seen")
                      ->type_name("[LIST]")
                      ->default_str("nothing is repaired");
    }

    std::vector<std::string> rewrite(std::vector<std::string> words) const override {
        words_ = words;
        return with_repair_list(std::move(words));
    }

    std::vector<std::string> check(const Configuration&) const override {
        std::vector<std::string> problems = tables_.problems();
        if (repair_->count() > 0 && !repair_kinds(list_))
            problems.push_back("--repair: '" + printable(list_.substr(0, 60)) +
                               "' is not made of missing, different and extra with commas between");
        return problems;
    }

    int run(const Configuration& configuration, std::ostream& out, std::ostream& error) override {
        const StopSignal stop;
        migrate::RunOptions options = tables_.run_options(configuration, words_);
        if (repair_->count() > 0) options.repair = repair_kinds(list_);
        options.should_stop = StopSignal::has_come;
        print_proxies_warnings(proxies_of(configuration), options.tables, error);
        return migrate::validate(std::move(options), out, error);
    }

private:
    TableArguments tables_;
    CLI::Option* repair_ = nullptr;
    std::string list_;
    mutable std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> make_validate_command() {
    return std::make_unique<ValidateCommand>();
}

}  // namespace crossfade::cli
