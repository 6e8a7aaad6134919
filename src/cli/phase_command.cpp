// `crossfade phase show|set`.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <random>
#include <thread>

#include "cli/commands.hpp"
#include "cli/phase_report.hpp"
#include "cli/phase_switch.hpp"
#include "cli/proxy_section.hpp"
#include "cli/proxy_urls.hpp"
#include "cli/stop_signal.hpp"
#include "cli/text_table.hpp"

namespace crossfade::cli {
namespace {

// A random UUID (RFC 4122, version 4).
std::string random_uuid() {
    std::random_device random;
    std::string hexadecimal;
    for (int i = 0; i < 4; ++i) hexadecimal += fmt::format("{:08x}", random());
    hexadecimal[12] = '4';
    hexadecimal[16] = "89ab"[random() % 4];
    for (const std::size_t at : {8U, 13U, 18U, 23U}) hexadecimal.insert(at, "-");
    return hexadecimal;
}

class PhaseCommand : public Command {
public:
    void add_arguments(CLI::App& app) override {
        app.require_subcommand(1);
        show_ = app.add_subcommand("show", "prints the phase of every proxy");
        proxies_.add_to(*show_);
        show_->add_flag("--json", is_json_, "print one JSON object instead")->default_str("false");
        set_ = app.add_subcommand(
            "set", "switches every proxy to a phase, all or none, without a restart or a dropped connection");
        set_->add_option("N", phase_text_, "the phase: 1 to 3, reads from the origin; 4 and 5, reads from the target")
            ->required();
        proxies_.add_to(*set_);
        set_->add_option("--write-mode", write_mode_,
                         "the write mode that all have from then on: strict, target_best_effort or origin_best_effort")
            ->type_name("MODE")
            ->default_str("the one they have");
        set_->add_flag(
                "--force", request_.is_forced,
                "also with unrepaired writes for the cluster that begins to answer reads; lists what readers will miss")
            ->default_str("false");
        set_->add_flag("--partial", request_.is_partial,
                       "switch those that can when others cannot, and say what that means")
            ->default_str("false");
        set_->add_flag("--json", is_json_, "print one JSON object instead")->default_str("false");
    }

    std::vector<std::string> check(const Configuration&) const override {
        std::vector<std::string> problems = proxies_.problems();
        if (!set_->parsed()) return problems;
        if (phase() == 0)
            problems.push_back("crossfade phase set: '" + printable(phase_text_.substr(0, 60)) +
                               "' is no phase; it goes from 1 to 5");
        if (set_->get_option("--write-mode")->count() == 0) return problems;
        if (phase() == 0) return problems;
        if (const Complaint complaint = write_mode_against_phase(write_mode_, phase()))
            problems.push_back("--write-mode: " + *complaint);
        return problems;
    }

    int run(const Configuration&, std::ostream& out, std::ostream& error) override {
        const std::vector<AdminClient> clients = proxies_.clients(net::http_request);
        return show_->parsed() ? show(clients, out, error) : set(clients, out, error);
    }

private:
    // 0: none.
    int phase() const {
        return phase_text_.size() == 1 && phase_text_[0] >= '1' && phase_text_[0] <= '5' ? phase_text_[0] - '0' : 0;
    }

    int show(const std::vector<AdminClient>& clients, std::ostream& out, std::ostream& error) const {
        const auto states = ask_all(clients, [](const AdminClient& client) { return client.phase_and_clients(); });
        if (is_json_)
            print_phases_json(clients, states, out);
        else
            print_phases(clients, states, out, error);
        return std::all_of(states.begin(), states.end(), [](const auto& state) { return state.has_value(); })
                   ? exit_done
                   : exit_partial;
    }

    int set(const std::vector<AdminClient>& clients, std::ostream& out, std::ostream& error) {
        const StopSignal stop;
        request_.id = random_uuid();
        request_.phase = phase();
        if (set_->get_option("--write-mode")->count() > 0) request_.write_mode = write_mode_;
        PhaseSwitchSurroundings surroundings;
        surroundings.wait = [](std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); };
        surroundings.is_interrupted = StopSignal::has_come;
        const PhaseSwitchResult result = switch_phase(clients, request_, surroundings);
        if (is_json_)
            print_phase_switch_json(result, out);
        else
            print_phase_switch(result, out, error);
        return result.exit;
    }

    ProxyUrls proxies_;
    CLI::App* show_ = nullptr;
    CLI::App* set_ = nullptr;
    std::string phase_text_, write_mode_;
    bool is_json_ = false;
    PhaseSwitchRequest request_;
};

}  // namespace

std::unique_ptr<Command> make_phase_command() {
    return std::make_unique<PhaseCommand>();
}

}  // namespace crossfade::cli
