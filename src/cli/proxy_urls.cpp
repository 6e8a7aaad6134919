#include "cli/proxy_urls.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <set>

#include "cli/admin_url.hpp"

namespace crossfade::cli {
namespace {

constexpr int longest_timeout_ms = 3600000;

int number_in(const std::string& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

void ProxyUrls::add_to(CLI::App& app) {
    app.add_option("--proxy", given_,
                   "admin URLs of the proxies, all of them: after one another, with commas, or the flag again")
        ->type_name("URL …")
        ->delimiter(',')
        ->required();
    app.add_option("--timeout-ms", timeout_text_,
                   "how long a proxy has for each answer; longer than its request_timeout_ms")
        ->type_name("MILLISECONDS")
        ->capture_default_str();
}

std::vector<std::string> ProxyUrls::problems() const {
    std::vector<std::string> problems;
    for (const std::string& one : given_)
        if (auto url = admin_url(one); !url) problems.push_back("--proxy: " + url.error().message);
    const int timeout_ms = number_in(timeout_text_);
    if (timeout_ms < 1 || timeout_ms > longest_timeout_ms)
        problems.push_back("--timeout-ms: '" + timeout_text_.substr(0, 60) + "' is no whole number from 1 to " +
                           std::to_string(longest_timeout_ms));
    return problems;
}

std::vector<AdminClient> ProxyUrls::clients(const Fetch& fetch) const {
    std::vector<AdminClient> clients;
    std::set<std::string> seen;
    for (const std::string& one : given_) {
        const auto url = admin_url(one);
        if (url && seen.insert(*url).second)
            clients.emplace_back(*url, fetch, std::chrono::milliseconds(number_in(timeout_text_)));
    }
    return clients;
}

}  // namespace crossfade::cli
