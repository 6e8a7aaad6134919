#include "cli/phase_switch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/fake_proxies.hpp"
#include "cli/phase_report.hpp"

namespace crossfade::cli {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Kind = ProxyOutcome::Kind;

class PhaseSwitchTest : public testing::Test {
protected:
    PhaseSwitchTest() {
        request.id = "11111111-2222-4333-8444-555555555555";
        request.phase = 4;
        surroundings.wait = [this](milliseconds pause) { waited += pause; };
        surroundings.is_interrupted = [this] { return is_interrupted; };
    }

    PhaseSwitchResult run() {
        const PhaseSwitchResult result = switch_phase(proxies.clients(), request, surroundings);
        std::ostringstream out_stream, error_stream;
        print_phase_switch(result, out_stream, error_stream);
        out = out_stream.str();
        error = error_stream.str();
        return result;
    }
    std::vector<Kind> kinds(const PhaseSwitchResult& result) const {
        std::vector<Kind> all;
        for (const ProxyOutcome& one : result.proxies) all.push_back(one.kind);
        return all;
    }
    std::vector<int> phases() {
        std::vector<int> all;
        for (std::size_t i = 0; i < proxies.size(); ++i) all.push_back(proxies[i].phase);
        return all;
    }
    bool nobody_holds() {
        for (std::size_t i = 0; i < proxies.size(); ++i)
            if (!proxies[i].holding_for.empty()) return false;
        return true;
    }

    FakeProxies proxies{3};
    PhaseSwitchRequest request;
    PhaseSwitchSurroundings surroundings;
    milliseconds waited{0};
    bool is_interrupted = false;
    std::string out, error;
};

TEST_F(PhaseSwitchTest, AllTakeTheSameEpochPhaseAndWriteMode) {
    proxies[0].epoch = 3;
    proxies[1].epoch = 7;
    proxies[2].epoch = 5;
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_done);
    EXPECT_EQ(result.epoch, 8);
    for (std::size_t i = 0; i < proxies.size(); ++i) {
        EXPECT_EQ(proxies[i].epoch, 8);
        EXPECT_EQ(proxies[i].phase, 4);
        EXPECT_EQ(proxies[i].write_mode, "strict");
        EXPECT_EQ(proxies[i].holding_for, "");
        EXPECT_EQ(proxies.times(i, "POST /phase/abort"), 0U);
    }
    EXPECT_THAT(out, HasSubstr("3 of 3 proxies are in phase 4 (reads from the target), write mode strict, epoch 8.\n"));
    EXPECT_EQ(error, "");
}

TEST_F(PhaseSwitchTest, WhatIsSentIsTheContract) {
    FakeProxies one(1);
    request.write_mode = "origin_best_effort";
    switch_phase(one.clients(), request, surroundings);
    EXPECT_THAT(
        one[0].seen,
        ElementsAre(
            "GET /phase ",
            R"(POST /phase/prepare {"id":"11111111-2222-4333-8444-555555555555","phase":4,"write_mode":"origin_best_effort","force":false})",
            R"(POST /phase/commit {"id":"11111111-2222-4333-8444-555555555555","epoch":2,"phase":4,"write_mode":"origin_best_effort"})"));
}

// One fault, once, at each place and of each kind.
struct Place {
    std::size_t proxy;
    const char* request;
    Fault fault;
};
class OneFault : public PhaseSwitchTest, public testing::WithParamInterface<Place> {};

TEST_P(OneFault, LeavesAllOrNoneSwitchedAndNobodyHolding) {
    const Place& place = GetParam();
    proxies[place.proxy].faults[place.request] = place.fault;
    const PhaseSwitchResult result = run();
    EXPECT_TRUE(nobody_holds());
    if (result.exit == exit_done) {
        EXPECT_THAT(phases(), ElementsAre(4, 4, 4));
        // Only a decision may be repeated: it is the same for all by then.
        EXPECT_STREQ(place.request, "POST /phase/commit");
        return;
    }
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
    EXPECT_EQ(result.epoch, 0);
    EXPECT_THAT(error, AllOf(HasSubstr(FakeProxies::url(place.proxy) + ": "), HasSubstr("Nothing was switched.")));
    EXPECT_EQ(out, "");
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, OneFault, testing::ValuesIn([] {
        std::vector<Place> places;
        for (std::size_t proxy = 0; proxy < 3; ++proxy) {
            for (const char* request : {"GET /phase", "POST /phase/prepare"})
                for (const Fault fault : {Fault::unreachable, Fault::answer_lost, Fault::broken, Fault::garbage})
                    places.push_back({proxy, request, fault});
            for (const Fault fault : {Fault::unreachable, Fault::answer_lost, Fault::garbage})
                places.push_back({proxy, "POST /phase/commit", fault});
        }
        return places;
    }()));

// One that is gone for good from some step on, in each position.
class Gone : public PhaseSwitchTest, public testing::WithParamInterface<std::size_t> {
protected:
    void SetUp() override {
        gone().fault_count = 1000000;
        for (const char* step : {"POST /phase/commit", "POST /phase/abort"}) gone().faults[step] = Fault::unreachable;
    }
    FakeProxy& gone() { return proxies[GetParam()]; }
    std::size_t other() const { return (GetParam() + 1) % 3; }
};

TEST_P(Gone, AtTheCommitItIsNamedAndTheOthersSwitch) {
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_EQ(result.proxies[GetParam()].kind, Kind::lost);
    EXPECT_EQ(result.count(Kind::switched), 2U);
    EXPECT_EQ(gone().phase, 1);
    EXPECT_EQ(gone().holding_for, request.id);
    EXPECT_EQ(proxies[other()].phase, 4);
    EXPECT_EQ(result.epoch, 2);
    EXPECT_GE(waited, milliseconds(1000));
    EXPECT_THAT(error, AllOf(HasSubstr(FakeProxies::url(GetParam()) + ": connection refused"),
                             HasSubstr("asked its siblings"), HasSubstr("may read from both")));
    EXPECT_THAT(out, HasSubstr("2 of 3 proxies are in phase 4"));
}

TEST_P(Gone, AtThePrepareTheOthersAreToldToLetGo) {
    gone().faults["POST /phase/prepare"] = Fault::unreachable;
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
    EXPECT_TRUE(nobody_holds());
    EXPECT_EQ(result.proxies[other()].kind, Kind::unchanged);
}

TEST_P(Gone, ThatSaidYesAndDoesNotHearTheAbortIsNamed) {
    proxies[other()].prepare_answer = R"({"ok":false,"reason":"it cannot"})";
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
    EXPECT_EQ(result.proxies[GetParam()].kind, Kind::lost);
    EXPECT_EQ(result.proxies[other()].kind, Kind::refused);
    EXPECT_THAT(error, AllOf(HasSubstr(FakeProxies::url(other()) + ": it cannot"),
                             HasSubstr(FakeProxies::url(GetParam()) + ": it may hold LWTs"),
                             HasSubstr("Nothing was switched.")));
}

TEST_P(Gone, WithPartialTheOthersSwitch) {
    gone().faults["GET /phase"] = Fault::unreachable;
    request.is_partial = true;
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_EQ(result.count(Kind::switched), 2U);
    EXPECT_EQ(result.proxies[GetParam()].kind, Kind::unreachable);
    EXPECT_EQ(proxies.times(GetParam(), "POST"), 0U);
    EXPECT_THAT(error, HasSubstr("may read from both. Run the same command again"));
    EXPECT_EQ(waited, milliseconds(0)) << "who was never asked need not be told";
}

INSTANTIATE_TEST_SUITE_P(EachPosition, Gone, testing::Values(0U, 1U, 2U));

TEST_F(PhaseSwitchTest, ADecisionIsToldAgainUntilItIsHeard) {
    proxies[1].faults["POST /phase/commit"] = Fault::unreachable;
    proxies[1].fault_count = 3;
    EXPECT_EQ(run().exit, exit_done);
    EXPECT_THAT(phases(), ElementsAre(4, 4, 4));
    EXPECT_EQ(proxies.times(0, "POST /phase/commit"), 1U) << "who has heard it is left alone";
}

TEST_F(PhaseSwitchTest, ANoToTheDecisionIsFinalAndNamed) {
    proxies[2].faults["POST /phase/commit"] = Fault::broken;
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_THAT(kinds(result), ElementsAre(Kind::switched, Kind::switched, Kind::refused));
    EXPECT_EQ(proxies.times(2, "POST /phase/commit"), 1U);
    EXPECT_THAT(error, HasSubstr("http://p2:14001: it answered with HTTP status 500"));
}

TEST_F(PhaseSwitchTest, UnrepairedEntriesOfTheNewPrimaryRefuseIt) {
    proxies[1].unrepaired_target = 2;
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_THAT(kinds(result), ElementsAre(Kind::unchanged, Kind::refused, Kind::unchanged));
    EXPECT_THAT(result.proxies[1].entries, ElementsAre(TableCount{"ks.t", 2}));
    EXPECT_TRUE(nobody_holds());
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
    EXPECT_THAT(
        error, AllOf(HasSubstr("http://p1:14001: there are 2 unrepaired entries"), HasSubstr("unrepaired: 2 in ks.t")));
}

TEST_F(PhaseSwitchTest, PartialDoesNotGoPastUnrepairedEntries) {
    proxies[1].unrepaired_target = 2;
    request.is_partial = true;
    EXPECT_EQ(run().exit, exit_partial);
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
    EXPECT_TRUE(nobody_holds());
    EXPECT_THAT(error, HasSubstr("--partial does not go past unrepaired entries"));
}

TEST_F(PhaseSwitchTest, ForcedItGoesOnAndListsWhatReadersWillMiss) {
    proxies[1].unrepaired_target = 2;
    proxies[0].canned["GET /journal/summary"] = R"({"entries":0,"tables":[]})";
    proxies[1].canned["GET /journal/summary"] = R"({"entries":1204,"tables":[
        {"table":"ks.t","side":"target","entries":1200,"oldest_us":1,"state":"pending"},
        {"table":"ks.u","side":"origin","entries":3,"oldest_us":1,"state":"pending"},
        {"table":"ks.t","side":"both","entries":1,"oldest_us":1,"state":"blocked"}]})";
    request.is_forced = true;
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_done);
    EXPECT_THAT(phases(), ElementsAre(4, 4, 4));
    EXPECT_THAT(result.missing, ElementsAre(TableCount{"ks.t", 1201}));
    EXPECT_THAT(error, HasSubstr("readers will miss these unrepaired writes: 1,201 in ks.t."));
}

TEST_F(PhaseSwitchTest, ForcedAndWithoutAJournalAnswerItGoesOn) {
    proxies[0].unrepaired_target = 1;
    request.is_forced = true;
    EXPECT_EQ(run().exit, exit_done);
    EXPECT_THAT(phases(), ElementsAre(4, 4, 4));
}

TEST_F(PhaseSwitchTest, BackToTheOriginMindsTheOriginsEntries) {
    for (std::size_t i = 0; i < 3; ++i) proxies[i].phase = 4;
    proxies[0].unrepaired_target = 5;
    request.phase = 1;
    EXPECT_EQ(run().exit, exit_done);
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
}

TEST_F(PhaseSwitchTest, AWriteModeThatThePhaseDoesNotAllowAsksNobody) {
    request.write_mode = "target_best_effort";
    EXPECT_EQ(run().exit, exit_bad_input);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_THAT(proxies[i].seen, IsEmpty());
    EXPECT_THAT(error, HasSubstr("--write-mode: target_best_effort does not go with phase 4"));
}

TEST_F(PhaseSwitchTest, ThePresentWriteModeThatThePhaseDoesNotAllowNamesTheFlag) {
    for (std::size_t i = 0; i < 3; ++i) proxies[i].write_mode = "target_best_effort";
    EXPECT_EQ(run().exit, exit_bad_input);
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
    EXPECT_EQ(proxies.times(0, "POST"), 0U);
    EXPECT_THAT(error, HasSubstr("the proxies' write mode target_best_effort does not go with phase 4, where the "
                                 "target answers reads: best effort is only for "
                                 "the other side; use strict or origin_best_effort, with --write-mode"));
}

TEST_F(PhaseSwitchTest, WithoutAModeAllKeepTheOneTheyHave) {
    for (std::size_t i = 0; i < 3; ++i) proxies[i].write_mode = "target_best_effort";
    request.phase = 3;
    EXPECT_EQ(run().exit, exit_done);
    EXPECT_EQ(proxies[2].write_mode, "target_best_effort");
}

TEST_F(PhaseSwitchTest, DifferentWriteModesNeedTheFlag) {
    proxies[1].write_mode = "target_best_effort";
    request.phase = 2;
    EXPECT_EQ(run().exit, exit_bad_input);
    EXPECT_EQ(proxies.times(0, "POST"), 0U);
    EXPECT_THAT(
        error,
        HasSubstr(
            "different write modes (strict, target_best_effort); name the one that all are to have with --write-mode"));
    request.write_mode = "strict";
    EXPECT_EQ(run().exit, exit_done);
    EXPECT_EQ(proxies[1].write_mode, "strict");
}

TEST_F(PhaseSwitchTest, ARefusalOfTheArgumentsIsBadInput) {
    proxies[1].prepare_answer = R"({"ok":false,"kind":"arguments","reason":"phase 4 does not allow it"})";
    request.is_partial = true;
    EXPECT_EQ(run().exit, exit_bad_input);
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
    EXPECT_TRUE(nobody_holds());
    EXPECT_THAT(error, HasSubstr("http://p1:14001: phase 4 does not allow it"));
}

TEST_F(PhaseSwitchTest, AnotherSwitchUnderWayRefusesIt) {
    proxies[2].holding_for = "another";
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_THAT(kinds(result), ElementsAre(Kind::unchanged, Kind::unchanged, Kind::refused));
    EXPECT_EQ(proxies[2].holding_for, "another");
    EXPECT_EQ(proxies[0].holding_for, "");
    EXPECT_THAT(error, HasSubstr("http://p2:14001: another switch is under way"));
}

TEST_F(PhaseSwitchTest, PartialLeavesOutTheOneThatRefuses) {
    proxies[2].holding_for = "another";
    request.is_partial = true;
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_partial);
    EXPECT_THAT(kinds(result), ElementsAre(Kind::switched, Kind::switched, Kind::refused));
    EXPECT_THAT(phases(), ElementsAre(4, 4, 1));
}

TEST_F(PhaseSwitchTest, PartialWithNobodyLeftSwitchesNothing) {
    for (std::size_t i = 0; i < 3; ++i) {
        proxies[i].faults["GET /phase"] = Fault::unreachable;
        proxies[i].fault_count = 100;
    }
    request.is_partial = true;
    EXPECT_EQ(run().exit, exit_partial);
    EXPECT_THAT(error, AllOf(HasSubstr("http://p0:14001: connection refused"),
                             HasSubstr("http://p2:14001: connection refused"), HasSubstr("Nothing was switched.")));
}

TEST_F(PhaseSwitchTest, AnInterruptBeforeTheDecisionSwitchesNothing) {
    is_interrupted = true;
    EXPECT_EQ(run().exit, exit_interrupted);
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
    EXPECT_TRUE(nobody_holds());
    EXPECT_EQ(proxies.times(0, "POST /phase/prepare"), 1U);
    EXPECT_THAT(error, HasSubstr("interrupted before the decision"));
}

TEST_F(PhaseSwitchTest, AnotherSwitchBetweenLookingAndAskingIsNoticed) {
    // Looks at epoch 1; by the time it is asked the proxy is at epoch 2.
    proxies[1].canned["GET /phase"] =
        R"({"proxy":"x:1","epoch":1,"phase":1,"write_mode":"strict","holding":false,"unrepaired":{"origin":0,"target":0}})";
    proxies[1].epoch = 2;
    EXPECT_EQ(run().exit, exit_partial);
    EXPECT_THAT(phases(), ElementsAre(1, 1, 1));
    EXPECT_TRUE(nobody_holds());
    EXPECT_THAT(error,
                HasSubstr("http://p1:14001: another switch changed its phase at the same time; run this one again"));
}

TEST_F(PhaseSwitchTest, JsonTellsTheOutcomeOfEach) {
    proxies[1].unrepaired_target = 2;
    std::ostringstream json;
    print_phase_switch_json(switch_phase(proxies.clients(), request, surroundings), json);
    EXPECT_EQ(
        json.str(),
        R"({"switched":false,"phase":4,"write_mode":"strict","missing":[],"proxies":[{"url":"http://p0:14001","outcome":"unchanged","phase_before":1},)"
        R"({"url":"http://p1:14001","outcome":"refused","phase_before":1,"reason":"http://p1:14001: there are 2 unrepaired entries",)"
        R"("entries":[{"table":"ks.t","count":2}]},{"url":"http://p2:14001","outcome":"unchanged","phase_before":1}]})"
        "\n");
}

TEST_F(PhaseSwitchTest, ShowPrintsARowForEachAndWhatIsWrong) {
    proxies[1].phase = 4;
    proxies[1].unrepaired_origin = 1234;
    proxies[1].holding_for = "x";
    proxies[2].faults["GET /phase"] = Fault::unreachable;
    const auto clients = proxies.clients();
    const auto states = ask_all(clients, [](const AdminClient& client) { return client.phase(); });
    std::ostringstream table, wrong, json;
    print_phases(clients, states, table, wrong);
    EXPECT_EQ(table.str(),
              "PROXY            LISTENS ON      PHASE  READS FROM  WRITE MODE  EPOCH  UNREPAIRED ORIGIN  UNREPAIRED "
              "TARGET  NOTE\n"
              "http://p0:14001  127.0.0.1:9042  1      origin      strict      1      0                  0             "
              "     -\n"
              "http://p1:14001  127.0.0.1:9042  4      target      strict      1      1,234              0             "
              "     holds LWTs for a switch\n");
    EXPECT_EQ(wrong.str(),
              "http://p2:14001: connection refused\nThe proxies are not in the same phase and write mode; 'crossfade "
              "phase set' makes them so.\n");
    print_phases_json(clients, states, json);
    EXPECT_THAT(
        json.str(),
        AllOf(
            HasSubstr(
                R"({"url":"http://p1:14001","proxy":"127.0.0.1:9042","epoch":1,"phase":4,"write_mode":"strict","holding":true,)"
                R"("unrepaired":{"origin":1234,"target":0}})"),
            HasSubstr(R"({"url":"http://p2:14001","error":"http://p2:14001: connection refused"})")));
}

constexpr const char* one_still_here =
    R"({"tables_with_plain_and_conditional_writes":[],"unstamped_writes":[],"still_here":[)"
    R"({"driver":"Java","version":"4.19","application":"shop","address":"10.0.0.9","connections":3,"since_us":1000000,"last_us":2000000}]})";

TEST_F(PhaseSwitchTest, InPhase5WhoStillComesIsNamedAndTheSwitchDoesNotDependOnIt) {
    request.phase = 5;
    proxies[0].canned["GET /status"] = one_still_here;
    const PhaseSwitchResult result = run();
    EXPECT_EQ(result.exit, exit_done);
    EXPECT_THAT(kinds(result), ElementsAre(Kind::switched, Kind::switched, Kind::switched));
    EXPECT_THAT(
        out,
        HasSubstr(
            "http://p0:14001: still here: Java 4.19, application shop from 10.0.0.9: 3 connections, the first came "));
    EXPECT_THAT(error, HasSubstr("who still comes is not known: http://p1:14001: "));
    std::ostringstream json;
    print_phase_switch_json(result, json);
    EXPECT_THAT(
        json.str(),
        HasSubstr(
            R"("still_here":[{"driver":"Java","version":"4.19","application":"shop","address":"10.0.0.9","connections":3,)"
            R"("since_us":1000000,"last_us":2000000}])"));
}

TEST_F(PhaseSwitchTest, BeforePhase5NobodyAsksWhoComes) {
    proxies[0].canned["GET /status"] = one_still_here;
    EXPECT_EQ(run().exit, exit_done);
    EXPECT_EQ(proxies.times(0, "GET /status"), 0U);
    EXPECT_THAT(out, Not(HasSubstr("still here")));
}

TEST_F(PhaseSwitchTest, WhoHasGoneIsToldApartFromWhoIsStillHere) {
    request.phase = 5;
    std::string gone = one_still_here;
    gone.replace(gone.find("\"connections\":3"), 15, "\"connections\":0");
    proxies[0].canned["GET /status"] = gone;
    EXPECT_EQ(run().exit, exit_done);
    EXPECT_THAT(out, HasSubstr("http://p0:14001: was here: Java 4.19, application shop from 10.0.0.9: no connection "
                               "now, the latest came "));
    EXPECT_THAT(out, Not(HasSubstr("still here")));
}

TEST_F(PhaseSwitchTest, ShowNamesWhoStillComesInPhase5) {
    proxies[0].phase = proxies[1].phase = 5;
    proxies[0].canned["GET /status"] = proxies[1].canned["GET /status"] = one_still_here;
    const auto clients = proxies.clients();
    const auto states = ask_all(clients, [](const AdminClient& client) { return client.phase_and_clients(); });
    std::ostringstream table, wrong, json;
    print_phases(clients, states, table, wrong);
    EXPECT_THAT(table.str(), AllOf(HasSubstr("http://p0:14001: still here: Java 4.19"),
                                   HasSubstr("http://p1:14001: still here: Java 4.19"),
                                   Not(HasSubstr("http://p2:14001: still here"))));
    EXPECT_EQ(proxies.times(2, "GET /status"), 0U);
    print_phases_json(clients, states, json);
    EXPECT_THAT(json.str(), HasSubstr(R"("still_here":[{"driver":"Java")"));
}

}  // namespace
}  // namespace crossfade::cli
