#include "cli/program.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <ostream>

#include "cli/help_format.hpp"

namespace crossfade::cli {
namespace {

// A key's flag on the command line of one command, and what it was given.
struct KeyFlag {
    std::string key, text;
    CLI::Option* option = nullptr;
};

bool is_in(const std::string& key, const std::vector<std::string>& sections) {
    return std::find(sections.begin(), sections.end(), key.substr(0, key.find('.'))) != sections.end();
}

// The flags of the keys of `sections`, in the order of the table.
void add_key_flags(CLI::App& app, const Keys& keys, const std::vector<std::string>& sections,
                   std::deque<KeyFlag>& flags) {
    for (const Key& key : keys.all()) {
        if (!is_in(key.name, sections)) continue;
        const std::string section = key.name.substr(0, key.name.find('.'));
        KeyFlag& flag = flags.emplace_back();
        flag.key = key.name;
        const std::string names = (key.has_bare_flag ? "--" + section + "," : "") + Keys::flag_of(key.name);
        flag.option = key.shape == Key::Shape::boolean ? app.add_flag(names, flag.text, key.help)
                                                       : app.add_option(names, flag.text, key.help);
        flag.option->type_name(key.value_name)
            ->default_str(key.default_text.empty() ? "none" : key.default_text)
            ->group(section);
        if (key.shape == Key::Shape::boolean) flag.option->expected(0, 1);
    }
    // Taken only to say what to use instead, without repeating what was typed.
    for (const auto& [name, why] : keys.refused()) {
        if (!is_in(name, sections)) continue;
        KeyFlag& flag = flags.emplace_back();
        flag.key = name;
        flag.option = app.add_option(Keys::flag_of(name), flag.text)->group("");
    }
}

const CLI::App* deepest(const CLI::App* app) {
    const auto parsed = app->get_subcommands();
    return parsed.empty() ? app : deepest(parsed.front());
}

// What nobody asked for. The part after '=' is left out: it may be a secret under a misspelt name.
std::string about_leftovers(const std::vector<std::string>& leftovers, const std::string& name) {
    for (const std::string& word : leftovers)
        if (word.starts_with('-'))
            return name + ": unknown flag " + word.substr(0, word.find('=')) + "; '" + name + " --help' lists all";
    return name + ": unexpected argument '" + leftovers.front().substr(0, 100) + "'; '" + name +
           " --help' shows what it takes";
}

std::string first_line(std::string text) {
    text.resize(std::min(text.size(), text.find('\n')));
    return text;
}

int print_overview(const std::vector<CommandEntry>& commands, std::ostream& out) {
    out << "crossfade moves live applications from one Cassandra-compatible cluster to another.\n\n"
           "Usage: crossfade COMMAND [arguments]\n\nCommands:\n";
    std::size_t widest = 0;
    for (const CommandEntry& entry : commands)
        if (!entry.is_hidden) widest = std::max(widest, std::string(entry.name).size());
    for (const CommandEntry& entry : commands) {
        if (entry.is_hidden) continue;
        const std::string name = entry.name;
        out << "  " << name << std::string(widest + 2 - name.size(), ' ') << entry.summary << "\n";
    }
    out << "\nFlags:\n  --help     this text; 'crossfade COMMAND --help' shows every flag of a command with its "
           "default\n"
           "  --version  the version of this program\n\n"
           "Exit codes: 0 done, 10 differences remain, 20 parts failed or could not be compared, 30 bad configuration "
           "or input,\n"
           "75 interrupted and resumable.\n";
    return exit_done;
}

class Invocation {
public:
    Invocation(const CommandEntry& entry, std::ostream& out, std::ostream& error)
        : entry_(entry),
          out_(out),
          error_(error),
          command_(entry.make()),
          app_(std::string("crossfade ") + entry.name + ": " + entry.summary) {
        app_.name(std::string("crossfade ") + entry.name);
        app_.formatter(std::make_shared<HelpFormat>());
        app_.set_help_flag("--help,-h", "this text");
        app_.allow_extras();
        command_->add_arguments(app_);
        if (entry.sections.empty()) return;
        app_.add_option("--config", file_, "the configuration file; a flag beats what it says")
            ->type_name("FILE")
            ->default_str("none");
        add_key_flags(app_, configuration_.keys(), entry.sections, flags_);
    }

    int run(std::vector<std::string> words) {
        const std::optional<int> ended = parse(command_->rewrite(std::move(words)));
        if (ended) return *ended;
        std::vector<std::string> problems = load();
        if (problems.empty()) problems = command_->check(configuration_);
        for (const std::string& problem : problems) error_ << problem << "\n";
        if (!problems.empty()) return exit_bad_input;
        base::configure_log(configuration_.log.level, configuration_.log.is_json);
        for (const std::string& warning : configuration_.keys().warnings()) base::log_warning("{}", warning);
        return command_->run(configuration_, out_, error_);
    }

private:
    std::optional<int> parse(std::vector<std::string> words) {
        std::reverse(words.begin(), words.end());  // as CLI11 takes them
        std::string complaint;
        try {
            app_.parse(std::move(words));
        } catch (const CLI::CallForHelp&) {
            const CLI::App* const asked = deepest(&app_);
            out_ << asked->help(asked == &app_ ? "" : app_.get_name(), CLI::AppFormatMode::Normal);
            if (asked == &app_)
                for (const CLI::App* part : app_.get_subcommands([](const CLI::App*) { return true; }))
                    out_ << "\n" << part->help(app_.get_name(), CLI::AppFormatMode::Normal);
            return exit_done;
        } catch (const CLI::ParseError& problem) {
            complaint = app_.get_name() + ": " + first_line(problem.what()) + "; '" + app_.get_name() +
                        " --help' shows what it takes";
        }
        // A misspelt flag is the better explanation of whatever else went wrong.
        if (const auto leftovers = app_.remaining(true); !leftovers.empty())
            complaint = about_leftovers(leftovers, app_.get_name());
        if (complaint.empty()) return std::nullopt;
        error_ << complaint << "\n";
        return exit_bad_input;
    }

    std::vector<std::string> load() {
        if (entry_.sections.empty()) return {};
        std::vector<Configuration::Flag> given;
        for (const KeyFlag& flag : flags_)
            if (flag.option->count() > 0) given.push_back({flag.key, flag.text});
        return configuration_.load(file_, given, entry_.sections);
    }

    const CommandEntry& entry_;
    std::ostream& out_;
    std::ostream& error_;
    Configuration configuration_;
    std::unique_ptr<Command> command_;
    std::string file_;
    std::deque<KeyFlag> flags_;
    CLI::App app_;
};

}  // namespace

int run_program(const std::vector<CommandEntry>& commands, const std::vector<std::string>& words, std::ostream& out,
                std::ostream& error) {
    const std::string first = words.empty() ? "" : words.front();
    if (first == "--help" || first == "-h") return print_overview(commands, out);
    if (first == "--version") {
        out << "crossfade " << CROSSFADE_VERSION << "\n";
        return exit_done;
    }
    const auto entry =
        std::find_if(commands.begin(), commands.end(), [&](const CommandEntry& one) { return one.name == first; });
    if (entry != commands.end()) return Invocation(*entry, out, error).run({words.begin() + 1, words.end()});
    if (words.empty())
        error << "crossfade: name a command; 'crossfade --help' lists them\n";
    else if (first.starts_with('-'))
        error << "crossfade: unknown flag " << first.substr(0, first.find('='))
              << "; a command comes first, 'crossfade --help' lists them\n";
    else
        error << "crossfade: unknown command '" << first.substr(0, 100) << "'; 'crossfade --help' lists them\n";
    return exit_bad_input;
}

}  // namespace crossfade::cli
