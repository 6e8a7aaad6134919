#include "proxy/verdict.hpp"

#include <gtest/gtest.h>

namespace crossfade::proxy {
namespace {

using Kind = Verdict::Kind;

constexpr Outcome all_outcomes[] = {Outcome::pending, Outcome::not_sent, Outcome::ok,
                                    Outcome::refused, Outcome::failed,   Outcome::unknown};

WriteState strict(Outcome origin, Outcome target) {
    WriteState state;
    state.outcomes = {origin, target};
    state.codes = {cql::ErrorCode::invalid, cql::ErrorCode::invalid};
    return state;
}

WriteState best_effort(Outcome origin, Outcome target) {
    WriteState state = strict(origin, target);
    state.is_best_effort = true;
    return state;
}

TEST(Verdict, StrictSucceedsOnlyWhenBothDid) {
    for (const Outcome origin : all_outcomes) {
        for (const Outcome target : all_outcomes) {
            WriteState state = strict(origin, target);
            state.is_over_time = true;
            const bool both = origin == Outcome::ok && target == Outcome::ok;
            EXPECT_EQ(judge(state).kind == Kind::success, both)
                << static_cast<int>(origin) << "," << static_cast<int>(target);
        }
    }
}

TEST(Verdict, StrictWaitsForBothUntilTheTimeIsOver) {
    EXPECT_EQ(judge(strict(Outcome::ok, Outcome::pending)).kind, Kind::wait);
    EXPECT_EQ(judge(strict(Outcome::pending, Outcome::refused)).kind, Kind::wait);
    WriteState late = strict(Outcome::ok, Outcome::pending);
    late.is_over_time = true;
    const Verdict verdict = judge(late);
    EXPECT_EQ(verdict.kind, Kind::timeout);
    EXPECT_EQ(verdict.cluster, 1U);
    EXPECT_EQ(verdict.journal_sides, target_side);
}

TEST(Verdict, AnythingTakenOnOneSideAloneIsJournaled) {
    for (const Outcome other : {Outcome::not_sent, Outcome::refused, Outcome::failed, Outcome::unknown}) {
        EXPECT_EQ(sides_to_repair({Outcome::ok, other}), target_side);
        EXPECT_EQ(sides_to_repair({other, Outcome::ok}), origin_side);
    }
}

TEST(Verdict, WhatMayBeAnywhereIsToBeRepairedOnBothSides) {
    EXPECT_EQ(sides_to_repair({Outcome::unknown, Outcome::unknown}), origin_side | target_side);
    EXPECT_EQ(sides_to_repair({Outcome::unknown, Outcome::refused}), origin_side | target_side);
    EXPECT_EQ(sides_to_repair({Outcome::not_sent, Outcome::failed}), origin_side | target_side);
}

TEST(Verdict, NothingIsJournaledWhenNeitherSideCanHaveIt) {
    EXPECT_EQ(sides_to_repair({Outcome::ok, Outcome::ok}), 0);
    EXPECT_EQ(sides_to_repair({Outcome::refused, Outcome::refused}), 0);
    EXPECT_EQ(sides_to_repair({Outcome::not_sent, Outcome::refused}), 0);
    EXPECT_EQ(sides_to_repair({Outcome::not_sent, Outcome::not_sent}), 0);
}

TEST(Verdict, NotExecutedIsSaidOnlyWhenNothingWasSent) {
    EXPECT_EQ(judge(strict(Outcome::not_sent, Outcome::not_sent)).kind, Kind::not_executed);
    EXPECT_EQ(judge(strict(Outcome::not_sent, Outcome::ok)).kind, Kind::timeout);
    EXPECT_EQ(judge(strict(Outcome::ok, Outcome::not_sent)).kind, Kind::timeout);
    EXPECT_EQ(judge(strict(Outcome::unknown, Outcome::not_sent)).kind, Kind::timeout);
}

TEST(Verdict, WhenBothFailedTheClientSeesThePrimarysError) {
    WriteState state = strict(Outcome::refused, Outcome::refused);
    state.primary = 1;
    EXPECT_EQ(judge(state).kind, Kind::error_of);
    EXPECT_EQ(judge(state).cluster, 1U);
}

TEST(Verdict, AnErrorThatDriversRetryBecomesATimeoutOnceTheOtherSideMayHaveIt) {
    for (const cql::ErrorCode code :
         {cql::ErrorCode::overloaded, cql::ErrorCode::is_bootstrapping, cql::ErrorCode::server_error,
          cql::ErrorCode::truncate_error, cql::ErrorCode::unavailable, cql::ErrorCode::unprepared}) {
        for (const Outcome other : {Outcome::ok, Outcome::failed, Outcome::unknown}) {
            WriteState state = strict(other, means_not_executed(code) ? Outcome::refused : Outcome::failed);
            state.codes = {cql::ErrorCode::write_timeout, code};
            state.primary = 1;
            EXPECT_EQ(judge(state).kind, Kind::error_of_as_timeout) << cql::name_of(code);
        }
        WriteState alone = strict(Outcome::refused, means_not_executed(code) ? Outcome::refused : Outcome::failed);
        alone.codes[1] = code;
        alone.primary = 1;
        EXPECT_EQ(judge(alone).kind, Kind::error_of) << cql::name_of(code);
    }
}

TEST(Verdict, AnErrorThatDriversDoNotRetryGoesAsItIs) {
    WriteState state = strict(Outcome::ok, Outcome::refused);
    state.codes[1] = cql::ErrorCode::invalid;
    const Verdict verdict = judge(state);
    EXPECT_EQ(verdict.kind, Kind::error_of);
    EXPECT_EQ(verdict.cluster, 1U);
    EXPECT_EQ(verdict.journal_sides, target_side);
}

TEST(Verdict, BestEffortWaitsALittleAndThenSucceedsWithAnEntry) {
    EXPECT_EQ(judge(best_effort(Outcome::ok, Outcome::pending)).kind, Kind::wait_best_effort);
    WriteState over = best_effort(Outcome::ok, Outcome::pending);
    over.is_over_best_effort_wait = true;
    EXPECT_EQ(judge(over).kind, Kind::success);
    EXPECT_EQ(judge(over).journal_sides, target_side);
    EXPECT_EQ(judge(best_effort(Outcome::ok, Outcome::not_sent)).kind, Kind::success);
    EXPECT_EQ(judge(best_effort(Outcome::ok, Outcome::refused)).journal_sides, target_side);
}

TEST(Verdict, BestEffortNeverExcusesThePrimary) {
    for (const Outcome primary : {Outcome::not_sent, Outcome::refused, Outcome::failed, Outcome::unknown})
        for (const Outcome other :
             {Outcome::not_sent, Outcome::ok, Outcome::refused, Outcome::failed, Outcome::unknown})
            EXPECT_NE(judge(best_effort(primary, other)).kind, Kind::success);
}

TEST(Verdict, OnlyCertainErrorsMeanNotExecuted) {
    for (const cql::ErrorCode code :
         {cql::ErrorCode::write_timeout, cql::ErrorCode::write_failure, cql::ErrorCode::cas_write_unknown,
          cql::ErrorCode::server_error, cql::ErrorCode::overloaded, cql::ErrorCode::cdc_write_failure,
          cql::ErrorCode::truncate_error, cql::ErrorCode::read_timeout})
        EXPECT_FALSE(means_not_executed(code)) << cql::name_of(code);
    for (const cql::ErrorCode code : {cql::ErrorCode::syntax_error, cql::ErrorCode::invalid,
                                      cql::ErrorCode::unauthorized, cql::ErrorCode::unavailable})
        EXPECT_TRUE(means_not_executed(code)) << cql::name_of(code);
}

}  // namespace
}  // namespace crossfade::proxy
