#include "cli/configuration_reference.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <ostream>
#include <sstream>

#include "cli/commands.hpp"

namespace crossfade::cli {
namespace {

std::string escaped(std::string text) {
    for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
    return text;
}

class ConfigurationReferenceCommand : public Command {
public:
    void add_arguments(CLI::App& app) override {
        app.add_option("--into", page_, "write the tables into this page, below its marker")
            ->type_name("FILE")
            ->default_str("print them");
    }

    int run(const Configuration& configuration, std::ostream& out, std::ostream& error) override {
        const std::string reference = configuration_reference(configuration.keys());
        if (page_.empty()) {
            out << reference;
            return exit_done;
        }
        std::stringstream text;
        text << std::ifstream(page_).rdbuf();
        std::string page = text.str();
        const std::size_t marker = page.find(reference_begins);
        if (marker == std::string::npos) {
            error << page_ << ": there is no line '" << reference_begins << "'\n";
            return exit_bad_input;
        }
        page.resize(marker);
        std::ofstream file(page_, std::ios::trunc);
        file << page << reference_begins << "\n\n" << reference << std::flush;
        if (file) return exit_done;
        error << page_ << ": cannot be written\n";
        return exit_partial;
    }

private:
    std::string page_;
};

}  // namespace

std::string configuration_reference(const Keys& keys) {
    std::string page, section;
    for (const Key& key : keys.all()) {
        const std::string its_section = key.name.substr(0, key.name.find('.'));
        if (its_section != section) {
            section = its_section;
            page += (page.empty() ? "## " : "\n## ") + section +
                    "\n\n| key | flag | value | default | meaning |\n|---|---|---|---|---|\n";
        }
        const std::string flags = (key.has_bare_flag ? "`--" + section + "`, `" : "`") + Keys::flag_of(key.name) + "`";
        const std::string value = key.shape == Key::Shape::list
                                      ? "list of `" + key.value_name.substr(0, key.value_name.find(',')) + "`"
                                      : "`" + escaped(key.value_name) + "`";
        page += "| `" + key.name.substr(section.size() + 1) + "` | " + flags + " | " + value + " | " +
                escaped(key.default_text.empty() ? "none" : key.default_text) + " | " + escaped(key.help) + " |\n";
    }
    return page;
}

std::unique_ptr<Command> make_configuration_reference_command() {
    return std::make_unique<ConfigurationReferenceCommand>();
}

}  // namespace crossfade::cli
