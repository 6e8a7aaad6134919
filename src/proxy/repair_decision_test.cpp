#include "proxy/repair_decision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "proxy/journal_test_entries.hpp"

namespace crossfade::proxy {
namespace {

using Course = Decision::Course;

constexpr std::int64_t hour_us = 3600LL * 1'000'000;
constexpr std::int64_t now_us = 1'700'000'000LL * 1'000'000;

std::ostream& show(std::ostream& out, Course course) {
    static constexpr const char* names[] = {"replay", "compare", "compare_table", "truncate",
                                            "schema", "forget",  "block"};
    return out << names[static_cast<int>(course)];
}

class Decide : public testing::Test {
protected:
    Decide() {
        TableOnSide usual;
        usual.exists = true;
        usual.gc_grace_s = 864'000;
        usual.created_us = now_us - 1000 * hour_us;
        tables_["t"] = {usual, usual};
        entry_.body = query_body("INSERT INTO ks.t (k) VALUES (1)", entry_.timestamp);
    }

    Decision decide_now(bool includes_counters = false) {
        const auto replay = read_replay(entry_);
        const FindTable find = [this](const cql::TableName& name) -> const TableOnSides& {
            return tables_[name.table];
        };
        return decide(entry_, replay ? &*replay : nullptr, find, versions_, now_us, includes_counters);
    }
    void expect(Course course) {
        const Decision decision = decide_now();
        std::ostringstream wanted, got;
        show(wanted, course);
        show(got, decision.course);
        EXPECT_EQ(got.str(), wanted.str()) << decision.note;
    }

    std::map<std::string, TableOnSides> tables_;
    JournalEntry entry_ = mutation("t", now_us - hour_us);
    std::array<cql::ProtocolVersion, 2> versions_{cql::ProtocolVersion::v4, cql::ProtocolVersion::v4};
};

TEST_F(Decide, AMutationIsReplayed) {
    expect(Course::replay);
}

TEST_F(Decide, WhatIsNotRepeatableIsCompared) {
    entry_.kind = JournalEntry::Kind::compare;
    expect(Course::compare);
}

TEST_F(Decide, AMutationOfNoFixedStampIsCompared) {
    cql::QueryOptions options;
    base::Bytes frame;
    cql::append_query(frame, entry_.version, 1, "INSERT INTO ks.t (k) VALUES (1)", options);
    entry_.body.assign(frame.begin() + cql::frame_header_size, frame.end());
    entry_.timestamp = 0;
    expect(Course::compare);
}

TEST_F(Decide, ABodyThatCannotBeReadIsCompared) {
    entry_.body.resize(2);
    expect(Course::compare);
}

TEST_F(Decide, AnEntryOlderThanGcGraceOnEitherSideIsCompared) {
    tables_["t"][1].gc_grace_s = 3601;
    expect(Course::replay);
    tables_["t"][1].gc_grace_s = 3599;
    expect(Course::compare);
    tables_["t"][1].gc_grace_s = 864'000;
    tables_["t"][0].gc_grace_s = 3599;
    expect(Course::compare);
}

TEST_F(Decide, ATableThatWasEmptiedSinceIsCompared) {
    tables_["t"][0].truncated_us = now_us - 2 * hour_us;
    expect(Course::replay);
    tables_["t"][0].truncated_us = now_us - hour_us / 2;
    expect(Course::compare);
    tables_["t"][0].truncated_us = 0;
    tables_["t"][1].created_us = now_us - hour_us + 1;
    expect(Course::compare);
}

TEST_F(Decide, AnyTableOfABatchDecides) {
    tables_["u"] = tables_["t"];
    entry_.tables.push_back({"ks", "u"});
    expect(Course::replay);
    tables_["u"][0].gc_grace_s = 0;
    expect(Course::compare);
}

TEST_F(Decide, ATableOfNeitherClusterIsForgotten) {
    tables_["t"] = {};
    expect(Course::forget);
    entry_.kind = JournalEntry::Kind::table;
    expect(Course::forget);
    entry_.kind = JournalEntry::Kind::truncate;
    expect(Course::forget);
}

TEST_F(Decide, ATableOfNoKnownKeyspaceIsNotForgotten) {
    tables_["t"] = {};
    entry_.tables[0].keyspace.clear();
    expect(Course::replay);
}

TEST_F(Decide, ATableOfOneClusterIsReplayedForItsWordsButNotCompared) {
    tables_["t"][1] = {};
    expect(Course::replay);
    entry_.kind = JournalEntry::Kind::compare;
    expect(Course::block);
    EXPECT_THAT(decide_now().note, testing::HasSubstr("ks.t does not exist on the target"));
    tables_["t"] = {TableOnSide(), tables_["t"][0]};
    EXPECT_THAT(decide_now().note, testing::HasSubstr("ks.t does not exist on the origin"));
    entry_.kind = JournalEntry::Kind::table;
    expect(Course::block);
}

TEST_F(Decide, CountersWaitForACommand) {
    tables_["t"][0].is_counter = tables_["t"][1].is_counter = true;
    entry_.kind = JournalEntry::Kind::compare;
    expect(Course::block);
    EXPECT_THAT(decide_now().note, testing::HasSubstr("--counters"));
    EXPECT_EQ(decide_now(true).course, Course::compare);
    entry_.kind = JournalEntry::Kind::mutation;
    expect(Course::block);
    entry_.kind = JournalEntry::Kind::table;
    EXPECT_EQ(decide_now(true).course, Course::compare_table);
}

TEST_F(Decide, TablesTruncatesAndSchemaChangesHaveTheirOwnCourse) {
    entry_.kind = JournalEntry::Kind::table;
    expect(Course::compare_table);
    entry_.kind = JournalEntry::Kind::truncate;
    expect(Course::truncate);
    entry_.kind = JournalEntry::Kind::ddl;
    expect(Course::schema);
    tables_["t"] = {};
    expect(Course::schema);
}

TEST_F(Decide, UnsetValuesAreComparedWhereTheSideToRepairHasNone) {
    cql::QueryOptions options;
    options.values = {cql::ValueView{cql::ValueView::State::unset, {}}};
    options.timestamp = entry_.timestamp;
    base::Bytes frame;
    cql::append_query(frame, entry_.version, 1, "INSERT INTO ks.t (k, v) VALUES (1, ?)", options);
    entry_.body.assign(frame.begin() + cql::frame_header_size, frame.end());
    expect(Course::replay);
    versions_[0] = cql::ProtocolVersion::v3;
    expect(Course::replay);
    versions_[1] = cql::ProtocolVersion::v3;
    expect(Course::compare);
}

TEST(RefusedForGood, IsWhatTimeDoesNotChange) {
    for (const auto code : {cql::ErrorCode::invalid, cql::ErrorCode::syntax_error, cql::ErrorCode::unauthorized,
                            cql::ErrorCode::config_error})
        EXPECT_TRUE(is_refused_for_good(code)) << cql::name_of(code);
    for (const auto code : {cql::ErrorCode::write_timeout, cql::ErrorCode::unavailable, cql::ErrorCode::overloaded,
                            cql::ErrorCode::is_bootstrapping, cql::ErrorCode::server_error,
                            cql::ErrorCode::write_failure, cql::ErrorCode::unprepared})
        EXPECT_FALSE(is_refused_for_good(code)) << cql::name_of(code);
}

}  // namespace
}  // namespace crossfade::proxy
