#include "cli/journal_repair.hpp"

#include <algorithm>

namespace crossfade::cli {
namespace {

constexpr std::chrono::milliseconds between_looks(500);
constexpr int most_misses = 10;  // looks in a row without an answer

struct Followed {
    AdminClient client;
    RepairOutcome outcome;
    bool is_running = false;
    int misses = 0;
};

void look(std::vector<Followed>& all) {
    std::vector<Followed*> running;
    std::vector<AdminClient> clients;
    for (Followed& one : all) {
        if (!one.is_running) continue;
        running.push_back(&one);
        clients.push_back(one.client);
    }
    const auto states = ask_all(clients, [](const AdminClient& client) { return client.repair(); });
    for (std::size_t i = 0; i < states.size(); ++i) {
        Followed& one = *running[i];
        if (states[i]) {
            one.outcome.last = *states[i];
            one.is_running = states[i]->is_running;
            one.misses = 0;
            continue;
        }
        if (states[i].error().kind != base::ErrorKind::protocol && ++one.misses < most_misses) continue;
        one.is_running = false;
        one.outcome.failure = states[i].error().message;
    }
}

RepairProgress progress_of(const std::vector<Followed>& all) {
    RepairProgress progress;
    for (const Followed& one : all) {
        progress.done += one.outcome.last.done;
        progress.left += one.outcome.last.left;
        progress.blocked += one.outcome.last.blocked.size();
        if (one.is_running) ++progress.running;
    }
    return progress;
}

std::vector<AdminClient> clients_of(const std::vector<Followed>& all) {
    std::vector<AdminClient> clients;
    for (const Followed& one : all) clients.push_back(one.client);
    return clients;
}

}  // namespace

RepairResult repair_journals(const std::vector<AdminClient>& clients, const RepairSurroundings& surroundings) {
    std::vector<Followed> all;
    const auto started = ask_all(clients, [&](const AdminClient& client) {
        return client.start_repair(surroundings.retries_blocked, surroundings.includes_counters);
    });
    for (std::size_t i = 0; i < clients.size(); ++i) {
        Followed& one = all.emplace_back(Followed{clients[i], {}, started[i].has_value(), 0});
        one.outcome.url = clients[i].url();
        if (!started[i]) one.outcome.failure = started[i].error().message;
    }
    RepairResult result;
    while (std::any_of(all.begin(), all.end(), [](const Followed& one) { return one.is_running; })) {
        look(all);
        const RepairProgress progress = progress_of(all);
        surroundings.show_progress(progress);
        if (progress.running == 0) break;
        if (surroundings.is_interrupted()) {
            result.exit = exit_interrupted;
            break;
        }
        surroundings.wait(between_looks);
    }
    // The journals themselves say what is left: writes that failed meanwhile count too.
    const auto summaries = ask_all(clients_of(all), [](const AdminClient& client) { return client.journal_summary(); });
    for (std::size_t i = 0; i < all.size(); ++i) {
        RepairOutcome& outcome = all[i].outcome;
        if (summaries[i])
            outcome.remains = *summaries[i];
        else if (outcome.failure.empty())
            outcome.failure = summaries[i].error().message;
        const bool is_empty = outcome.failure.empty() && outcome.remains.entries == 0;
        if (!is_empty) result.exit = std::max(result.exit, exit_partial);
        result.proxies.push_back(std::move(outcome));
    }
    return result;
}

}  // namespace crossfade::cli
