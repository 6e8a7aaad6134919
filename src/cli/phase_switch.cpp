#include "cli/phase_switch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "cli/proxy_section.hpp"

namespace crossfade::cli {
namespace {

using std::chrono::milliseconds;
using Kind = ProxyOutcome::Kind;

// How long to wait before each new try to tell a decision. Together about six seconds: a proxy that restarts asks its
// siblings itself.
constexpr std::array retry_after{milliseconds(200), milliseconds(400), milliseconds(800), milliseconds(1600),
                                 milliseconds(3200)};

bool target_answers_reads(int phase) {
    return phase >= 4;
}

class PhaseSwitch {
public:
    PhaseSwitch(const std::vector<AdminClient>& clients, const PhaseSwitchRequest& request,
                const PhaseSwitchSurroundings& surroundings)
        : clients_(clients), request_(request), surroundings_(surroundings) {
        change_.id = request.id;
        change_.phase = request.phase;
        change_.is_forced = request.is_forced;
        result_.phase = request.phase;
        for (const AdminClient& client : clients) {
            ProxyOutcome& outcome = result_.proxies.emplace_back();
            outcome.url = client.url();
        }
    }

    PhaseSwitchResult run() {
        if (request_.write_mode && !take_write_mode(*request_.write_mode)) return std::move(result_);
        look();
        if (!may_go_on()) return std::move(result_);
        if (!request_.write_mode && !agree_on_write_mode()) return std::move(result_);
        if (request_.is_forced) count_missing();
        prepare();
        if (surroundings_.is_interrupted()) return interrupted();
        if (may_go_on()) commit();
        abort();
        if (request_.phase == 5) look_who_is_here();
        return std::move(result_);
    }

private:
    std::vector<std::size_t> members(std::set<Kind> kinds) const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < clients_.size(); ++i)
            if (kinds.contains(result_.proxies[i].kind)) found.push_back(i);
        return found;
    }

    std::vector<AdminClient> clients_of(const std::vector<std::size_t>& which) const {
        std::vector<AdminClient> chosen;
        for (const std::size_t i : which) chosen.push_back(clients_[i]);
        return chosen;
    }

    void fail(std::size_t which, Kind kind, const std::string& reason) {
        result_.proxies[which].kind = kind;
        result_.proxies[which].reason = reason;
        result_.exit = std::max(result_.exit, exit_partial);
    }

    PhaseSwitchResult stop(ExitCode exit, std::string problem) {
        result_.exit = exit;
        result_.problem = std::move(problem);
        return std::move(result_);
    }

    bool take_write_mode(const std::string& mode) {
        change_.write_mode = result_.write_mode = mode;
        const Complaint complaint = write_mode_against_phase(mode, request_.phase);
        if (!complaint) return true;
        result_.exit = exit_bad_input;
        result_.problem = request_.write_mode ? "--write-mode: " + *complaint
                                              : "the proxies' write mode " + *complaint + ", with --write-mode";
        return false;
    }

    // Nothing is held yet: learns where each stands.
    void look() {
        const auto states = ask_all(clients_, [](const AdminClient& client) { return client.phase(); });
        for (std::size_t i = 0; i < states.size(); ++i) {
            if (states[i])
                result_.proxies[i].before = *states[i];
            else
                fail(i, Kind::unreachable, states[i].error().message);
        }
    }

    // Whether those that can go on may, without those that cannot.
    bool may_go_on() {
        if (result_.exit == exit_done) return true;
        return result_.problem.empty() && result_.exit != exit_bad_input && request_.is_partial &&
               !members({Kind::unchanged}).empty();
    }

    bool agree_on_write_mode() {
        std::set<std::string> modes;
        for (const ProxyOutcome& one : result_.proxies)
            if (one.before) modes.insert(one.before->write_mode);
        if (modes.size() == 1) return take_write_mode(*modes.begin());
        result_.exit = exit_bad_input;
        result_.problem = fmt::format(
            "the proxies have different write modes ({}); name the one that all are to have with --write-mode",
            fmt::join(modes, ", "));
        return false;
    }

    // By table, what the journals have for the cluster whose rows readers are going to see. It only informs: without an
    // answer here the proxy is asked all the same.
    void count_missing() {
        const std::string side = target_answers_reads(request_.phase) ? "target" : "origin";
        std::vector<std::size_t> changing;
        for (const std::size_t i : members({Kind::unchanged}))
            if (target_answers_reads(result_.proxies[i].before->phase) != target_answers_reads(request_.phase))
                changing.push_back(i);
        std::map<std::string, std::uint64_t> counts;
        for (const auto& summary :
             ask_all(clients_of(changing), [](const AdminClient& client) { return client.journal_summary(); })) {
            if (!summary) continue;
            for (const JournalTable& table : summary->tables)
                if (table.side == side || table.side == "both") counts[table.table] += table.entries;
        }
        for (const auto& [table, count] : counts) result_.missing.push_back({table, count});
    }

    void prepare() {
        const std::vector<std::size_t> asked = members({Kind::unchanged});
        const auto answers =
            ask_all(clients_of(asked), [this](const AdminClient& client) { return client.prepare(change_); });
        bool is_about_arguments = false;
        for (std::size_t i = 0; i < asked.size(); ++i) {
            ProxyOutcome& outcome = result_.proxies[asked[i]];
            // Without an answer it may have heard the question all the same.
            if (!answers[i] || answers[i]->is_yes) may_hold_.insert(asked[i]);
            if (!answers[i]) {
                fail(asked[i], Kind::unreachable, answers[i].error().message);
            } else if (!answers[i]->is_yes) {
                fail(asked[i], Kind::refused, outcome.url + ": " + answers[i]->reason);
                outcome.entries = answers[i]->entries;
                is_about_arguments = is_about_arguments || answers[i]->is_about_arguments;
                // Readers at the others would miss these too.
                if (request_.is_partial && !outcome.entries.empty())
                    result_.problem =
                        "--partial does not go past unrepaired entries; run 'crossfade journal repair', or add --force";
            } else if (answers[i]->epoch != outcome.before->epoch) {
                fail(asked[i], Kind::refused,
                     outcome.url + ": another switch changed its phase at the same time; run this one again");
            }
        }
        for (const ProxyOutcome& outcome : result_.proxies)
            if (outcome.before) change_.epoch = std::max(change_.epoch, outcome.before->epoch + 1);
        if (is_about_arguments) result_.exit = exit_bad_input;
    }

    PhaseSwitchResult interrupted() {
        abort();
        return stop(exit_interrupted, "interrupted before the decision: no proxy was switched");
    }

    // Tells those that may hold LWTs that nothing comes of it. Who does not hear it goes on holding, so it is named.
    void abort() {
        const std::vector<std::size_t> told(may_hold_.begin(), may_hold_.end());
        const auto heard = tell(told, [this](const AdminClient& client) { return client.abort(change_.id); });
        for (std::size_t i = 0; i < told.size(); ++i)
            if (!heard[i]) fail(told[i], Kind::lost, heard[i].error().message);
    }

    void commit() {
        const std::vector<std::size_t> told = members({Kind::unchanged});
        const auto heard = tell(told, [this](const AdminClient& client) { return client.commit(change_); });
        for (std::size_t i = 0; i < told.size(); ++i) {
            may_hold_.erase(told[i]);
            if (heard[i])
                result_.proxies[told[i]].kind = Kind::switched;
            else
                fail(told[i], heard[i].error().kind == base::ErrorKind::server ? Kind::refused : Kind::lost,
                     heard[i].error().message);
        }
        if (result_.count(Kind::switched) > 0) result_.epoch = change_.epoch;
    }

    // It only informs: without an answer the switch is done all the same.
    void look_who_is_here() {
        const std::vector<std::size_t> asked = members({Kind::switched});
        const auto statuses = ask_all(clients_of(asked), [](const AdminClient& client) { return client.status(); });
        for (std::size_t i = 0; i < asked.size(); ++i) {
            if (statuses[i])
                result_.proxies[asked[i]].still_here = statuses[i]->still_here;
            else
                result_.proxies[asked[i]].reason = "who still comes is not known: " + statuses[i].error().message;
        }
    }

    // Tries again whoever could not be reached; an answer, even a no, is final.
    template <class Say>
    std::vector<base::Result<void>> tell(const std::vector<std::size_t>& which, Say say) {
        std::vector<base::Result<void>> heard = ask_all(clients_of(which), say);
        for (const milliseconds pause : retry_after) {
            std::vector<std::size_t> again;
            for (std::size_t i = 0; i < which.size(); ++i)
                if (!heard[i] && heard[i].error().kind != base::ErrorKind::server) again.push_back(i);
            if (again.empty()) break;
            surroundings_.wait(pause);
            std::vector<std::size_t> clients;
            for (const std::size_t i : again) clients.push_back(which[i]);
            const auto answers = ask_all(clients_of(clients), say);
            for (std::size_t i = 0; i < again.size(); ++i) heard[again[i]] = answers[i];
        }
        return heard;
    }

    const std::vector<AdminClient>& clients_;
    const PhaseSwitchRequest& request_;
    const PhaseSwitchSurroundings& surroundings_;
    PhaseChange change_;
    std::set<std::size_t> may_hold_;  // indexes of proxies that hold new LWTs because of us, or may
    PhaseSwitchResult result_;
};

}  // namespace

std::size_t PhaseSwitchResult::count(ProxyOutcome::Kind kind) const {
    return static_cast<std::size_t>(
        std::count_if(proxies.begin(), proxies.end(), [&](const ProxyOutcome& one) { return one.kind == kind; }));
}

PhaseSwitchResult switch_phase(const std::vector<AdminClient>& clients, const PhaseSwitchRequest& request,
                               const PhaseSwitchSurroundings& surroundings) {
    return PhaseSwitch(clients, request, surroundings).run();
}

}  // namespace crossfade::cli
