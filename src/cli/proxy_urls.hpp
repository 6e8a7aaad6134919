// The flag `--proxy URL …` of commands that talk to running proxies, and how they are asked.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/admin_client.hpp"

namespace CLI {
class App;
}

namespace crossfade::cli {

class ProxyUrls {
public:
    // Adds --proxy and --timeout-ms to a command; once for each subcommand that has them.
    void add_to(CLI::App& app);
    // What is wrong with what was given, one sentence each.
    std::vector<std::string> problems() const;
    // A client for each different URL, in the order given. Only after problems() said nothing.
    std::vector<AdminClient> clients(const Fetch& fetch) const;

private:
    std::vector<std::string> given_;
    std::string timeout_text_ = "30000";
};

}  // namespace crossfade::cli
