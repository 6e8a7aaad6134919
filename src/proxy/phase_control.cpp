#include "proxy/phase_control.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/durable_file.hpp"
#include "base/log.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::chrono::seconds without_word{1};
// With no sibling to ask, a switch whose command has vanished is given up after this: nobody else can have taken it.
constexpr std::chrono::seconds alone_patience{30};

}  // namespace

bool allows(int phase, WriteMode mode) {
    const bool target_answers = phase >= 4;
    return mode == WriteMode::strict || (mode == WriteMode::target_best_effort) != target_answers;
}

std::string_view name_of(WriteMode mode) {
    switch (mode) {
        case WriteMode::strict:
            return "strict";
        case WriteMode::target_best_effort:
            return "target_best_effort";
        case WriteMode::origin_best_effort:
            return "origin_best_effort";
    }
    return "strict";
}

std::optional<WriteMode> write_mode_named(std::string_view name) {
    for (const WriteMode mode : {WriteMode::strict, WriteMode::target_best_effort, WriteMode::origin_best_effort})
        if (name == name_of(mode)) return mode;
    return std::nullopt;
}

base::Result<std::optional<PhaseState>> load_phase(const std::string& file) {
    std::ifstream in(file);
    if (!in) return std::optional<PhaseState>();
    PhaseState state;
    std::string mode;
    in >> state.epoch >> state.phase >> mode;
    const auto named = write_mode_named(mode);
    if (!in || !named || state.phase < 1 || state.phase > 5)
        return base::fail(
            base::ErrorKind::bad_configuration,
            file +
                ": this is no phase as a proxy writes it; move the file away if the configuration's phase is to count");
    state.write_mode = *named;
    return std::optional<PhaseState>(state);
}

base::Result<void> save_phase(const std::string& file, const PhaseState& state) {
    const std::string text = std::to_string(state.epoch) + " " + std::to_string(state.phase) + " " +
                             std::string(name_of(state.write_mode)) + "\n";
    return base::write_durably(file, text);
}

PhaseControl::PhaseControl(net::Loop& loop, PhaseLoops& loops, Journal& journal, Settings settings, PhaseState initial)
    : loop_(loop), loops_(loops), journal_(journal), settings_(std::move(settings)), state_(initial), timer_(loop) {}

PhaseControl::~PhaseControl() {
    *alive_ = false;
}

void PhaseControl::prepare(const PhaseRequest& request, std::function<void(PhaseAnswer)> answer) {
    PhaseAnswer no;
    no.state = state_;
    if (prepared_ && prepared_->id != request.id) {
        no.reason = "another switch is under way on this proxy";
        answer(std::move(no));
        return;
    }
    const WriteMode mode = request.write_mode.value_or(state_.write_mode);
    if (request.phase < 1 || request.phase > 5) {
        no.reason = "there is no phase " + std::to_string(request.phase) + "; phases are 1 to 5";
        answer(std::move(no));
        return;
    }
    if (!allows(request.phase, mode)) {
        no.reason =
            "phase " + std::to_string(request.phase) + " does not allow the write mode " + std::string(name_of(mode)) +
            ", because the side it does not wait for answers the reads; add --write-mode strict or --write-mode " +
            (request.phase >= 4 ? "origin_best_effort" : "target_best_effort");
        answer(std::move(no));
        return;
    }
    PhaseState next = state_;
    next.phase = request.phase;
    const std::uint8_t side = next.primary() == origin_cluster ? origin_side : target_side;
    const bool primary_changes = next.primary() != state_.primary();
    const auto is_refused = [this, side, primary_changes, force = request.force,
                             primary = next.primary()](PhaseAnswer& of) {
        of.entries.clear();
        if (!primary_changes || journal_.unrepaired(side) == 0) return false;
        if (const auto summary = journal_.summary())
            std::ranges::copy_if(*summary, std::back_inserter(of.entries),
                                 [&](const auto& table) { return (table.sides & side) != 0; });
        if (force) return false;
        of.reason = "the journal holds " + std::to_string(journal_.unrepaired(side)) + " unrepaired entries for the " +
                    cluster_names[primary] +
                    ", which would answer the reads; run 'crossfade journal repair' first, or add --force to accept "
                    "what readers will miss";
        return true;
    };
    if (is_refused(no)) {
        answer(std::move(no));
        return;
    }
    prepared_ = request;
    prepared_at_ = loop_.now();
    auto is_answered = std::make_shared<bool>(false);
    loops_.hold(primary_changes,
                [this, alive = alive_, is_answered, id = request.id, answer, is_refused, after = no]() mutable {
                    if (!*alive || *is_answered) return;
                    *is_answered = true;
                    if (!prepared_ || prepared_->id != id) return;
                    // What best effort answered before it was held may have left an entry since.
                    if (is_refused(after)) {
                        let_go();
                        answer(std::move(after));
                        return;
                    }
                    wait_for_word();
                    after.ok = true;
                    answer(std::move(after));
                });
    if (*is_answered) return;
    timer_.start(settings_.longest_hold, [this, is_answered, answer, no] {
        if (*is_answered) return;
        *is_answered = true;
        PhaseAnswer late = no;
        late.reason = "conditional writes in flight did not end within the request timeout";
        let_go();
        answer(std::move(late));
    });
}

void PhaseControl::commit(const std::string& id, const PhaseState& state, std::function<void(PhaseAnswer)> answer) {
    if (state.epoch == state_.epoch && state == state_) {
        // The command asks again because our first answer was lost.
        answer(PhaseAnswer{true, "", state_, {}});
        return;
    }
    if (!prepared_ || prepared_->id != id || state.epoch <= state_.epoch) {
        answer(PhaseAnswer{false, "this proxy did not prepare that switch", state_, {}});
        return;
    }
    take(state, std::move(answer));
}

void PhaseControl::take(const PhaseState& state, std::function<void(PhaseAnswer)> answer) {
    if (const auto saved = save_phase(settings_.file, state); !saved) {
        answer(PhaseAnswer{false, saved.error().message, state_, {}});
        return;
    }
    base::log_info("phase {} (was {}), write mode {}, epoch {}", state.phase, state_.phase, name_of(state.write_mode),
                   state.epoch);
    state_ = state;
    loops_.take(state, [this, alive = alive_, answer = std::move(answer)] {
        if (!*alive) return;
        let_go();
        answer(PhaseAnswer{true, "", state_, {}});
    });
}

void PhaseControl::let_go() {
    prepared_.reset();
    timer_.cancel();
    loops_.release();
}

void PhaseControl::abort(const std::string& id) {
    if (prepared_ && prepared_->id == id) let_go();
}

void PhaseControl::wait_for_word() {
    timer_.start(without_word, [this] {
        if (!prepared_) return;
        if (settings_.siblings.empty()) {
            if (loop_.now() - prepared_at_ > alone_patience) {
                base::log_warning(
                    "a phase switch was prepared and never decided; this proxy has no siblings and stays in phase {}",
                    state_.phase);
                let_go();
                return;
            }
            wait_for_word();
            return;
        }
        catch_up([this] {
            if (prepared_) wait_for_word();
        });
    });
}

void PhaseControl::catch_up(std::function<void()> done) {
    if (settings_.siblings.empty()) {
        done();
        return;
    }
    settings_.ask_siblings([this, alive = alive_, done = std::move(done)](const std::vector<PhaseState>& states) {
        if (!*alive) return;
        const auto highest = std::ranges::max_element(states, {}, &PhaseState::epoch);
        if (highest == states.end() || highest->epoch <= state_.epoch) {
            done();
            return;
        }
        base::log_info("a sibling is at epoch {}, this proxy at {}: following it", highest->epoch, state_.epoch);
        take(*highest, [done](const PhaseAnswer&) { done(); });
    });
}

}  // namespace crossfade::proxy
