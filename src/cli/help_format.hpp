// How `--help` looks: every flag with what it takes, what it means and its default.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace crossfade::cli {

class HelpFormat : public CLI::Formatter {
public:
    std::string make_option(const CLI::Option* option, bool is_positional) const override;
    std::string make_usage(const CLI::App* app, std::string name) const override;
};

// Words of `text` in lines of at most `width` columns, each after the first indented by `indent`.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t width);

}  // namespace crossfade::cli
