// One proxy's part in a switch of phases (SEMANTICS, Switching): says whether it can, holds, takes, or lets go. Keeps
// what it took.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "proxy/dual_policy.hpp"

namespace crossfade::proxy {

// What phase control asks of the loops that serve clients. Control loop's thread; completions come back on it.
class PhaseLoops {
public:
    // Holds new conditional writes on every loop; `quiet` is called once none is in flight on any.
    virtual void hold(bool primary_changes, std::function<void()> quiet) = 0;
    // Takes a state on every loop, then calls `taken`.
    virtual void take(const PhaseState& state, std::function<void()> taken) = 0;
    virtual void release() = 0;

protected:
    ~PhaseLoops() = default;
};

struct PhaseRequest {
    std::string id;
    int phase = 0;
    std::optional<WriteMode> write_mode;  // absent: the present one
    bool force = false;
};
struct PhaseAnswer {
    bool ok = false;
    std::string reason;  // a sentence, when not ok
    PhaseState state;
    std::vector<JournalTableSummary> entries;  // that forbid it, or, with force, that readers will miss
};

// Loads and saves "epoch phase write_mode", durably (base::write_durably): an answer "taken" outlives the machine.
base::Result<std::optional<PhaseState>> load_phase(const std::string& file);
base::Result<void> save_phase(const std::string& file, const PhaseState& state);

// Whether a write mode may hold in a phase: best effort is only for the side that does not answer reads.
bool allows(int phase, WriteMode mode);
std::string_view name_of(WriteMode mode);
std::optional<WriteMode> write_mode_named(std::string_view name);

// Control loop's thread only.
class PhaseControl {
public:
    struct Settings {
        std::string file;
        std::chrono::milliseconds longest_hold;  // the request timeout
        std::vector<std::string> siblings;       // admin URLs
        // Asks every sibling for its state, on another thread; completes on the control loop with those that answered.
        std::function<void(std::function<void(std::vector<PhaseState>)>)> ask_siblings;
    };
    PhaseControl(net::Loop& loop, PhaseLoops& loops, Journal& journal, Settings settings, PhaseState initial);
    ~PhaseControl();

    const PhaseState& state() const { return state_; }
    bool is_holding() const { return prepared_.has_value(); }
    // `answer` is called once, later or at once.
    void prepare(const PhaseRequest& request, std::function<void(PhaseAnswer)> answer);
    void commit(const std::string& id, const PhaseState& state, std::function<void(PhaseAnswer)> answer);
    void abort(const std::string& id);
    // Takes the highest epoch among the siblings when it is above ours. At start, and while a prepared switch hears
    // nothing.
    void catch_up(std::function<void()> done);

private:
    void take(const PhaseState& state, std::function<void(PhaseAnswer)> answer);
    void let_go();
    void wait_for_word();

    net::Loop& loop_;
    PhaseLoops& loops_;
    Journal& journal_;
    const Settings settings_;
    PhaseState state_;
    std::optional<PhaseRequest> prepared_;
    net::Timer timer_;
    net::Loop::Clock::time_point prepared_at_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace crossfade::proxy
