#include "cli/configuration.hpp"

#include <algorithm>

#include "cli/proxy_section.hpp"

namespace crossfade::cli {
namespace {

void add_log_keys(Keys& keys, LogSection& section) {
    keys.choice("log.level", section.level,
                {{"debug", base::LogLevel::debug},
                 {"info", base::LogLevel::info},
                 {"warning", base::LogLevel::warning},
                 {"error", base::LogLevel::error}},
                "the least severe messages that are shown");
    keys.choice("log.format", section.is_json, {{"text", false}, {"json", true}},
                "how: lines of text, or one JSON object a line");
}

}  // namespace

Configuration::Configuration() {
    add_cluster_keys(keys_, "origin", origin_section_);
    add_cluster_keys(keys_, "target", target_section_);
    add_proxy_keys(keys_, proxy);
    add_migrate_keys(keys_, migrate);
    add_log_keys(keys_, log);
}

std::vector<std::string> Configuration::load(const std::string& file, const std::vector<Flag>& flags,
                                             const std::vector<std::string>& needed_sections) {
    const bool is_readable = file.empty() || keys_.read_file(file);
    for (const Flag& flag : flags) keys_.apply_flag(flag.key, flag.text);
    // What an unreadable file leaves out is no news.
    if (!is_readable) return keys_.problems();
    const auto needs = [&](const char* section) {
        return std::find(needed_sections.begin(), needed_sections.end(), section) != needed_sections.end();
    };
    if (needs("origin")) origin = finish_cluster(keys_, "origin", origin_section_);
    if (needs("target")) target = finish_cluster(keys_, "target", target_section_);
    if (needs("migrate")) finish_migrate_section(keys_, migrate);
    if (needs("proxy")) finish_proxy_section(keys_, proxy);
    proxy.origin = origin;
    proxy.target = target;
    return keys_.problems();
}

}  // namespace crossfade::cli
