#include "cli/proxy_section.hpp"

#include "cli/admin_url.hpp"
#include "cli/state_folder.hpp"
#include "cli/text_table.hpp"
#include "proxy/phase_control.hpp"

namespace crossfade::cli {
namespace {

using std::chrono::milliseconds;

std::vector<std::pair<std::string, proxy::WriteMode>> write_modes() {
    std::vector<std::pair<std::string, proxy::WriteMode>> words;
    for (const auto mode :
         {proxy::WriteMode::strict, proxy::WriteMode::target_best_effort, proxy::WriteMode::origin_best_effort})
        words.emplace_back(proxy::name_of(mode), mode);
    return words;
}

Complaint check_sibling(const std::string& text) {
    auto url = admin_url(text);
    return url ? Complaint() : Complaint(url.error().message);
}

}  // namespace

Complaint write_mode_against_phase(const std::string& word, int phase) {
    const auto mode = proxy::write_mode_named(word);
    if (!mode) return "'" + printable(word.substr(0, 60)) + "' is not strict, target_best_effort or origin_best_effort";
    if (proxy::allows(phase, *mode)) return std::nullopt;
    const bool target_answers = phase >= 4;
    return word + " does not go with phase " + std::to_string(phase) + ", where the " +
           (target_answers ? "target" : "origin") +
           " answers reads: best effort is only for the other side; use strict or " +
           (target_answers ? "origin_best_effort" : "target_best_effort");
}

void add_proxy_keys(Keys& keys, proxy::Options& options) {
    constexpr std::uint32_t least_budget = 64U * 1024U, most_budget = 1024U * 1024U * 1024U;
    keys.address("proxy.listen", options.listen, options.listen.port, "where applications connect");
    keys.address("proxy.admin", options.admin, options.admin.port,
                 "where the admin API and the metrics are served; keep it private");
    keys.list("proxy.siblings", options.siblings, "URL,…", check_sibling,
              "admin URLs of the other proxies of this migration")
        .shown_default("none");
    keys.folder("proxy.state_dir", options.state_dir,
                "where phase and journal are kept, in a folder for each pair of clusters and listen address")
        .shown_default(default_state_folder_text);
    keys.number("proxy.phase", options.phase, 1, 5, "the phase to begin with; counts only where no state exists");
    keys.choice("proxy.write_mode", options.write_mode, write_modes(),
                "which clusters have to take a write before it succeeds");
    keys.choice("proxy.write_timestamps", options.write_timestamps,
                {{"inject", proxy::WriteTimestamps::inject}, {"pass", proxy::WriteTimestamps::pass}},
                "whether writes without a timestamp get one, the same for both clusters");
    keys.choice("proxy.client_credentials", options.client_credentials,
                {{"origin", proxy::ClientCredentials::origin}, {"target", proxy::ClientCredentials::target}},
                "the cluster that owns the credentials which applications send")
        .shown_default("the side without configured credentials, else origin");
    keys.milliseconds("proxy.request_timeout_ms", options.request_timeout, milliseconds(10), milliseconds(3600000),
                      "how long the clusters have for a request");
    keys.milliseconds(
        "proxy.best_effort_wait_ms", options.best_effort_wait, milliseconds(0), milliseconds(3600000),
        "best effort: how much longer the other side is waited for; by schema changes, half the request timeout");
    keys.number("proxy.connections_per_node", options.connections_per_node, 1U, 128U,
                "connections of each loop to a node");
    keys.number("proxy.threads", options.threads, 0U, 1024U, "event loops; 0 is one for each core");
    keys.number("proxy.client_requests_bytes", options.client_requests_bytes, least_budget, most_budget,
                "how much of a client's requests may be without an answer before it is not read on");
    keys.number("proxy.client_answers_bytes", options.client_answers_bytes, least_budget, most_budget,
                "how much of a client's answers may be waiting for it before it is not read on");
    keys.number("proxy.prepared_statements", options.prepared_statements, 1U, 10000000U,
                "how many prepared statements are remembered (in at most 256 MiB)");
    keys.number("proxy.journal_entries", options.journal_entries, std::uint64_t{1}, std::uint64_t{1000000000},
                "how many writes the journal holds one by one; past it they are kept by table");
    keys.number("proxy.async_reads", options.async_reads, 1U, 1000000U,
                "phase 3: how many reads of each loop may be at the target");
}

void finish_proxy_section(Keys& keys, proxy::Options& options) {
    resolve_state_folder(keys, "proxy.state_dir", options.state_dir);
    const bool has_right_modes = !keys.is_wrong("proxy.phase") && !keys.is_wrong("proxy.write_mode");
    if (const Complaint complaint =
            write_mode_against_phase(std::string(proxy::name_of(options.write_mode)), options.phase);
        has_right_modes && complaint)
        keys.problem(keys.is_given("proxy.write_mode") ? "proxy.write_mode" : "proxy.phase", *complaint);
    const bool has_right_times =
        !keys.is_wrong("proxy.best_effort_wait_ms") && !keys.is_wrong("proxy.request_timeout_ms");
    if (has_right_times && options.best_effort_wait >= options.request_timeout)
        keys.problem(
            keys.is_given("proxy.best_effort_wait_ms") ? "proxy.best_effort_wait_ms" : "proxy.request_timeout_ms",
            "best_effort_wait_ms has to be shorter than request_timeout_ms");
    if (options.listen.port != 0 && net::to_text(options.listen) == net::to_text(options.admin))
        keys.problem(keys.is_given("proxy.admin") ? "proxy.admin" : "proxy.listen",
                     "listen and admin are the same address; give each its own port");
    for (std::string& sibling : options.siblings)
        if (auto url = admin_url(sibling)) sibling = *url;
}

}  // namespace crossfade::cli
