#include "cli/help_format.hpp"

#include <sstream>

namespace crossfade::cli {
namespace {

constexpr std::size_t help_column = 8, line_width = 110;

std::string usage_of(const CLI::Option* option) {
    std::string text;
    for (const std::string& name : option->get_lnames()) text += (text.empty() ? "--" : ", --") + name;
    for (const std::string& name : option->get_snames()) text += (text.empty() ? "-" : ", -") + name;
    const std::string& value = option->get_type_name();
    if (value.empty()) return text;
    const bool is_optional = option->get_expected_min() == 0;
    return text + (is_optional ? "[=" + value + "]" : " " + value);
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t indent, std::size_t width) {
    std::istringstream words(text);
    std::string result, word;
    std::size_t column = indent;
    while (words >> word) {
        if (column > indent && column + 1 + word.size() > width) {
            result += "\n" + std::string(indent, ' ');
            column = indent;
        }
        if (column > indent) {
            result += ' ';
            ++column;
        }
        result += word;
        column += word.size();
    }
    return result;
}

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
    std::string about = option->get_description();
    if (option->get_required())
        about += " (needed)";
    else if (!option->get_default_str().empty())
        about += " (default: " + option->get_default_str() + ")";
    const std::string head =
        is_positional ? option->get_name(true) + (option->get_items_expected_max() > 1 ? "…" : "") : usage_of(option);
    return "  " + head + "\n" + std::string(help_column, ' ') + wrapped(about, help_column, line_width) + "\n";
}

std::string HelpFormat::make_usage(const CLI::App* app, std::string name) const {
    std::string usage = "Usage: " + (name.empty() ? app->get_name() : name);
    const auto commands = app->get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
    for (std::size_t i = 0; i < commands.size(); ++i) usage += (i == 0 ? " " : "|") + commands[i]->get_name();
    for (const CLI::Option* option : app->get_options([](const CLI::Option* one) { return one->get_positional(); })) {
        const std::string word = option->get_name(true) + (option->get_items_expected_max() > 1 ? "…" : "");
        usage += option->get_required() ? " " + word : " [" + word + "]";
    }
    return usage + " [flags]\n";
}

}  // namespace crossfade::cli
