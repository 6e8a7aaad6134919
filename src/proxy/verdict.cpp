#include "proxy/verdict.hpp"

#include "relay/write_type.hpp"

namespace crossfade::proxy {
namespace {

bool took_or_may_have(Outcome outcome) {
    return outcome == Outcome::ok || outcome == Outcome::failed || outcome == Outcome::unknown ||
           outcome == Outcome::pending;
}

bool is_error(Outcome outcome) {
    return outcome == Outcome::refused || outcome == Outcome::failed;
}

// The answer that tells of `cluster`'s failure, given what became of the other side.
Verdict failure_of(std::size_t cluster, const WriteState& state) {
    const Outcome mine = state.outcomes[cluster];
    const Outcome other = state.outcomes[1 - cluster];
    Verdict verdict;
    verdict.cluster = cluster;
    if (mine == Outcome::not_sent) {
        // Its own "not executed" would be a lie where the other side has it.
        verdict.kind = took_or_may_have(other) ? Verdict::Kind::timeout : Verdict::Kind::not_executed;
    } else if (!is_error(mine)) {
        verdict.kind = Verdict::Kind::timeout;
    } else if (relay::is_retried_by_drivers(state.codes[cluster]) && took_or_may_have(other)) {
        verdict.kind = Verdict::Kind::error_of_as_timeout;
    } else {
        verdict.kind = Verdict::Kind::error_of;
    }
    return verdict;
}

}  // namespace

bool means_not_executed(cql::ErrorCode code) {
    switch (code) {
        case cql::ErrorCode::protocol_error:
        case cql::ErrorCode::bad_credentials:
        case cql::ErrorCode::unavailable:
        case cql::ErrorCode::is_bootstrapping:
        case cql::ErrorCode::function_failure:  // raised while the values are computed, before anything is written
        case cql::ErrorCode::syntax_error:
        case cql::ErrorCode::unauthorized:
        case cql::ErrorCode::invalid:
        case cql::ErrorCode::config_error:
        case cql::ErrorCode::already_exists:
        case cql::ErrorCode::unprepared:
            return true;
        default:
            return false;
    }
}

std::uint8_t sides_to_repair(const std::array<Outcome, 2>& outcomes) {
    if (!took_or_may_have(outcomes[0]) && !took_or_may_have(outcomes[1])) return 0;
    const bool any_took = outcomes[0] == Outcome::ok || outcomes[1] == Outcome::ok;
    // One certainly has it: the other is to get it. Neither certainly: both are, so that they end alike.
    std::uint8_t sides = 0;
    if (!any_took) return origin_side | target_side;
    if (outcomes[0] != Outcome::ok) sides |= origin_side;
    if (outcomes[1] != Outcome::ok) sides |= target_side;
    return sides;
}

Verdict judge(const WriteState& given) {
    WriteState state = given;
    const std::size_t primary = state.primary;
    const std::size_t secondary = 1 - primary;
    if (state.is_over_time) {
        for (Outcome& outcome : state.outcomes)
            if (outcome == Outcome::pending) outcome = Outcome::unknown;
    }
    Verdict verdict;
    const Outcome first = state.outcomes[primary];
    const Outcome second = state.outcomes[secondary];
    if (first == Outcome::pending || (second == Outcome::pending && !state.is_best_effort)) return verdict;
    if (second == Outcome::pending && !state.is_over_best_effort_wait) {
        verdict.kind = Verdict::Kind::wait_best_effort;
        return verdict;
    }
    if (first == Outcome::ok && (second == Outcome::ok || state.is_best_effort)) {
        verdict.kind = Verdict::Kind::success;
        verdict.cluster = primary;
    } else {
        verdict = failure_of(first == Outcome::ok ? secondary : primary, state);
    }
    verdict.journal_sides = sides_to_repair(state.outcomes);
    return verdict;
}

}  // namespace crossfade::proxy
