// `crossfade journal list|summary|repair`.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iostream>
#include <thread>

#include "base/clock.hpp"
#include "cli/commands.hpp"
#include "cli/journal_repair.hpp"
#include "cli/journal_report.hpp"
#include "cli/proxy_urls.hpp"
#include "cli/repair_progress_line.hpp"
#include "cli/stop_signal.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

constexpr std::size_t page_size = 500;
constexpr std::size_t largest_limit = 100000000;

// Up to `limit` entries of one journal, page by page.
JournalListing list_journal(const AdminClient& client, std::size_t limit) {
    JournalListing listing;
    listing.url = client.url();
    std::uint64_t after = 0;
    while (listing.rows.size() < limit) {
        auto page = client.journal_page(after, std::min(page_size, limit - listing.rows.size()));
        if (!page) {
            listing.failure = page.error().message;
            return listing;
        }
        std::move(page->rows.begin(), page->rows.end(), std::back_inserter(listing.rows));
        if (!page->next) return listing;
        after = *page->next;
    }
    listing.has_more = true;
    return listing;
}

class JournalCommand : public Command {
public:
    void add_arguments(CLI::App& app) override {
        app.require_subcommand(1);
        list_ = add_part(app, "list",
                         "prints the entries: writes that one cluster took, or may have, and the other may not");
        list_->add_option("--limit", limit_text_, "how many entries of each proxy to print at most")
            ->type_name("N")
            ->capture_default_str();
        summary_ = add_part(app, "summary", "prints how many entries there are, by table");
        repair_ = add_part(
            app, "repair",
            "makes both clusters equal where entries say that they may differ; exits 0 when every journal is empty");
        repair_
            ->add_flag("--retry-blocked", retries_blocked_,
                       "also entries that a cluster refused for good: what was in their way is gone")
            ->default_str("false");
        repair_->add_flag("--counters", includes_counters_, "also counter tables: only with the application at rest")
            ->default_str("false");
    }

    std::vector<std::string> check(const Configuration&) const override {
        std::vector<std::string> problems = proxies_.problems();
        if (limit() == 0)
            problems.push_back("--limit: '" + printable(limit_text_.substr(0, 60)) + "' is no whole number from 1 to " +
                               std::to_string(largest_limit));
        return problems;
    }

    int run(const Configuration&, std::ostream& out, std::ostream& error) override {
        const std::vector<AdminClient> clients = proxies_.clients(net::http_request);
        if (list_->parsed()) return list(clients, out, error);
        return summary_->parsed() ? summary(clients, out, error) : repair(clients, out, error);
    }

private:
    CLI::App* add_part(CLI::App& app, const std::string& name, const std::string& about) {
        CLI::App* const part = app.add_subcommand(name, about);
        proxies_.add_to(*part);
        part->add_flag("--json", is_json_, "print one JSON object instead")->default_str("false");
        return part;
    }

    // 0: none.
    std::size_t limit() const {
        std::size_t number = 0;
        const auto [end, problem] =
            std::from_chars(limit_text_.data(), limit_text_.data() + limit_text_.size(), number);
        return problem == std::errc() && end == limit_text_.data() + limit_text_.size() && number <= largest_limit
                   ? number
                   : 0;
    }

    int list(const std::vector<AdminClient>& clients, std::ostream& out, std::ostream& error) const {
        const std::size_t most = limit();
        const auto listings =
            ask_all(clients, [most](const AdminClient& client) { return list_journal(client, most); });
        if (is_json_)
            print_journal_list_json(listings, out);
        else
            print_journal_list(listings, base::system_clock().wall_microseconds(), out, error);
        const bool is_whole = std::all_of(listings.begin(), listings.end(),
                                          [](const JournalListing& one) { return one.failure.empty(); });
        return is_whole ? exit_done : exit_partial;
    }

    int summary(const std::vector<AdminClient>& clients, std::ostream& out, std::ostream& error) const {
        const auto summaries = ask_all(clients, [](const AdminClient& client) { return client.journal_summary(); });
        if (is_json_)
            print_journal_summary_json(clients, summaries, out);
        else
            print_journal_summary(clients, summaries, base::system_clock().wall_microseconds(), out, error);
        const bool is_whole =
            std::all_of(summaries.begin(), summaries.end(), [](const auto& one) { return one.has_value(); });
        return is_whole ? exit_done : exit_partial;
    }

    int repair(const std::vector<AdminClient>& clients, std::ostream& out, std::ostream& error) const {
        const StopSignal stop;
        RepairProgressLine line(error, &error == &std::cerr && isatty(STDERR_FILENO) != 0, base::system_clock());
        RepairSurroundings surroundings;
        surroundings.wait = [](std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); };
        surroundings.is_interrupted = StopSignal::has_come;
        surroundings.retries_blocked = retries_blocked_;
        surroundings.includes_counters = includes_counters_;
        surroundings.show_progress = [&line](const RepairProgress& progress) { line.show(progress); };
        const RepairResult result = repair_journals(clients, surroundings);
        line.finish();
        if (is_json_)
            print_repair_json(result, out);
        else
            print_repair(result, base::system_clock().wall_microseconds(), out, error);
        return result.exit;
    }

    ProxyUrls proxies_;
    CLI::App* list_ = nullptr;
    CLI::App* summary_ = nullptr;
    CLI::App* repair_ = nullptr;
    std::string limit_text_ = "1000";
    bool is_json_ = false;
    bool retries_blocked_ = false, includes_counters_ = false;  // repair
};

}  // namespace

std::unique_ptr<Command> make_journal_command() {
    return std::make_unique<JournalCommand>();
}

}  // namespace crossfade::cli
