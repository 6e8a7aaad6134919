// `crossfade connect`: a plain CQL endpoint in front of a cluster that is reached by a bundle or by TLS.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <deque>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/connect_options.hpp"
#include "cli/connect_settings.hpp"
#include "cli/text_table.hpp"
#include "connect/run.hpp"

namespace crossfade::cli {
namespace {

class ConnectCommand final : public Command {
public:
    void add_arguments(CLI::App& app) override {
        app.add_option("--config,-f", file_, "a YAML file with settings by the names of these flags, and peers")
            ->type_name("FILE")
            ->default_str("none; the variable CONFIG_FILE");
        for (const ConnectSetting& setting : table_.all()) {
            Flag& flag = flags_.emplace_back();
            flag.setting = &setting;
            std::string names = "--" + setting.name;
            if (setting.short_name != '\0') names += std::string(",-") + setting.short_name;
            const std::string help =
                setting.help + (setting.variable.empty() ? "" : "; the variable " + setting.variable);
            flag.option =
                setting.is_switch ? app.add_flag(names, flag.text, help) : app.add_option(names, flag.texts, help);
            flag.option->type_name(setting.is_switch ? "true|false" : setting.value_name)
                ->default_str(setting.default_text);
            if (setting.is_switch)
                flag.option->expected(0, 1);
            else
                flag.option->allow_extra_args(false);  // one value each time it is given
        }
    }

    // "-p=secret", as cql-proxy takes it.
    std::vector<std::string> rewrite(std::vector<std::string> words) const override {
        std::vector<std::string> rewritten;
        for (std::string& word : words) {
            if (word.size() > 2 && word[0] == '-' && word[1] != '-' && word[2] == '=') {
                rewritten.push_back(word.substr(0, 2));
                rewritten.push_back(word.substr(3));
            } else {
                rewritten.push_back(std::move(word));
            }
        }
        return rewritten;
    }

    int run(const Configuration&, std::ostream&, std::ostream& error) override {
        read_settings();
        if (settings_.debug) base::configure_log(base::LogLevel::debug, false);
        if (!table_.problems().empty()) return refuse(error);
        const ConnectOptionsResult made = make_connect_options(settings_, table_);
        if (!table_.problems().empty()) return refuse(error);
        if (!made.fetched) {
            error << "crossfade connect: " << printable(made.fetched.error().message) << "\n";
            return exit_code_of(made.fetched.error());
        }
        std::string used;
        for (const std::string& variable : table_.variables_used()) used += (used.empty() ? "" : ", ") + variable;
        base::log_info("crossfade connect starts; environment variables used: {}", used.empty() ? "none" : used);
        for (const std::string& warning : made.warnings) base::log_warning("{}", warning);
        for (const Flag& flag : flags_) {
            if (flag.setting->is_secret && flag.option->count() > 0)
                base::log_warning(
                    "--{}: arguments can be read by every user of this machine (it has been overwritten by now); put "
                    "it "
                    "into a file and give --{}-file",
                    flag.setting->name, flag.setting->name);
        }
        return connect::run(made.options);
    }

private:
    struct Flag {
        const ConnectSetting* setting = nullptr;
        CLI::Option* option = nullptr;
        std::string text;                // of a switch
        std::vector<std::string> texts;  // of any other: lists may be given several times
    };

    // The file, then the environment, then flags.
    void read_settings() {
        const char* const variable = std::getenv("CONFIG_FILE");
        if (!file_.empty())
            table_.read_file(file_);
        else if (variable != nullptr && variable[0] != '\0')
            table_.read_file(variable);
        table_.read_environment([](const char* name) { return std::getenv(name); });
        for (const Flag& flag : flags_) {
            if (flag.option->count() == 0) continue;
            std::string text = flag.setting->is_switch ? flag.text : "";
            for (const std::string& one : flag.texts) text += (text.empty() ? "" : ",") + one;
            table_.apply_flag(flag.setting->name, text);
        }
    }

    int refuse(std::ostream& error) const {
        for (const std::string& problem : table_.problems()) error << "crossfade connect: " << problem << "\n";
        return exit_bad_input;
    }

    std::string file_;
    ConnectSettings settings_;
    ConnectSettingTable table_{settings_};
    std::deque<Flag> flags_;
};

}  // namespace

std::unique_ptr<Command> make_connect_command() {
    return std::make_unique<ConnectCommand>();
}

}  // namespace crossfade::cli
