// Past its bound, entries of a table collapse into "this table since T", and nothing is dropped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "proxy/journal.hpp"
#include "proxy/journal_store.hpp"
#include "proxy/journal_test_entries.hpp"
#include "proxy/verdict.hpp"

namespace crossfade::proxy {
namespace {

class JournalCollapse : public testing::Test {
protected:
    void open(std::uint64_t bound) {
        options_.bound = bound;
        auto journal = Journal::open(options_);
        ASSERT_TRUE(journal) << journal.error().message;
        journal_ = std::move(*journal);
    }
    void append(int count, const std::string& table, std::int64_t first_stamp) {
        for (int i = 0; i < count; ++i) ASSERT_NE(append_durably(*journal_, mutation(table, first_stamp + i)), 0U);
        journal_->wait_until_written();
    }
    std::vector<JournalEntry> of(const std::string& table, JournalEntry::Kind kind) {
        journal_->wait_until_written();
        std::vector<JournalEntry> found;
        auto all = journal_->list(0, 1'000'000);
        EXPECT_TRUE(all);
        for (JournalEntry& entry : *all) {
            if (entry.kind == kind && entry.tables.front().table == table) found.push_back(std::move(entry));
        }
        return found;
    }

    TemporaryDirectory directory_;
    Journal::Options options_ = options_in(directory_.path());
    std::unique_ptr<Journal> journal_;
};

TEST_F(JournalCollapse, TheFullestTableBecomesOneEntryAndTheOthersStay) {
    open(100);
    append(20, "small", 5000);
    append(81, "full", 7000);

    EXPECT_EQ(of("small", JournalEntry::Kind::mutation).size(), 20U);
    EXPECT_TRUE(of("full", JournalEntry::Kind::mutation).empty());
    const auto collapsed = of("full", JournalEntry::Kind::table);
    ASSERT_EQ(collapsed.size(), 1U);
    EXPECT_EQ(collapsed[0].time_us, 7000);
    EXPECT_EQ(collapsed[0].until_us, 7080);
    EXPECT_EQ(collapsed[0].timestamp, 7000);
    EXPECT_EQ(collapsed[0].sides, target_side);
    EXPECT_EQ(collapsed[0].state, JournalEntry::State::pending);
    EXPECT_THAT(collapsed[0].cause, testing::HasSubstr("81 entries"));
    EXPECT_EQ(journal_->entries(), 21U);
    EXPECT_EQ(journal_->unrepaired(target_side), 21U);
    EXPECT_EQ(journal_->unrepaired(origin_side), 0U);
}

TEST_F(JournalCollapse, TheBoundItselfIsAllowed) {
    open(100);
    append(100, "t", 1);
    EXPECT_EQ(of("t", JournalEntry::Kind::mutation).size(), 100U);
}

TEST_F(JournalCollapse, CollapsingAgainCoversBothAndTakesANewId) {
    open(10);
    append(11, "t", 5000);
    const auto first = of("t", JournalEntry::Kind::table);
    ASSERT_EQ(first.size(), 1U);
    JournalEntry at_origin = mutation("t", 2000);
    at_origin.sides = origin_side;
    append_durably(*journal_, at_origin);
    append(10, "t", 9000);
    const auto second = of("t", JournalEntry::Kind::table);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_GT(second[0].id, first[0].id);
    EXPECT_EQ(second[0].time_us, 2000);
    EXPECT_EQ(second[0].until_us, 9009);
    EXPECT_EQ(second[0].sides, origin_side | target_side);
    EXPECT_EQ(journal_->entries(), 1U);
    EXPECT_EQ(journal_->unrepaired(origin_side), 1U);
}

TEST_F(JournalCollapse, ABatchBecomesAnEntryOfEachOfItsTables) {
    open(5);
    for (int i = 0; i < 6; ++i) {
        JournalEntry entry = mutation("a", 100 + i);
        entry.tables.push_back({"ks", "b"});
        append_durably(*journal_, entry);
    }
    EXPECT_EQ(of("a", JournalEntry::Kind::table).size(), 1U);
    EXPECT_EQ(of("b", JournalEntry::Kind::table).size(), 1U);
    EXPECT_EQ(journal_->entries(), 2U);
}

TEST_F(JournalCollapse, SchemaChangesAndTruncatesNeverCollapse) {
    open(5);
    for (int i = 0; i < 10; ++i) {
        JournalEntry entry = mutation("t", 1);
        entry.kind = i % 2 ? JournalEntry::Kind::ddl : JournalEntry::Kind::truncate;
        append_durably(*journal_, entry);
    }
    append(6, "t", 1);
    EXPECT_EQ(of("t", JournalEntry::Kind::ddl).size(), 5U);
    EXPECT_EQ(of("t", JournalEntry::Kind::truncate).size(), 5U);
    EXPECT_EQ(of("t", JournalEntry::Kind::table).size(), 1U);
}

TEST_F(JournalCollapse, MoreThanOnePortionIsDeletedAndCounted) {
    open(12'000);
    std::promise<void> last;
    for (int i = 0; i < 12'001; ++i) {
        journal_->append(mutation("t", 1000 + i), [&, i](const base::Result<void>& done) {
            EXPECT_TRUE(done);
            if (i == 12'000) last.set_value();
        });
    }
    last.get_future().wait();
    // Each portion is a transaction of its own: a barrier for each lets the next one through.
    for (int i = 0; i < 5; ++i) journal_->wait_until_written();
    EXPECT_EQ(journal_->entries(), 1U);
    EXPECT_EQ(journal_->unrepaired(target_side), 1U);
    const auto collapsed = of("t", JournalEntry::Kind::table);
    ASSERT_EQ(collapsed.size(), 1U);
    EXPECT_EQ(collapsed[0].until_us, 13'000);
    journal_.reset();
    open(12'000);
    EXPECT_EQ(journal_->entries(), 1U);
}

TEST_F(JournalCollapse, AnUnknownStampMakesItAnyStamp) {
    open(2);
    append(2, "t", 5000);
    JournalEntry own = mutation("t", 6000);
    own.body = query_body("INSERT INTO ks.t (k) VALUES (1) USING TIMESTAMP 17", 6000);
    append_durably(*journal_, own);
    ASSERT_EQ(of("t", JournalEntry::Kind::table).size(), 1U);
    EXPECT_EQ(of("t", JournalEntry::Kind::table)[0].timestamp, 0);
    EXPECT_EQ(of("t", JournalEntry::Kind::table)[0].time_us, 5000);
}

TEST(LeastStamp, IsTheTimestampOnlyWhereNothingElseCanBe) {
    EXPECT_EQ(least_stamp(mutation("t", 42)), 42);
    JournalEntry compare = mutation("t", 42);
    compare.kind = JournalEntry::Kind::compare;
    EXPECT_EQ(least_stamp(compare), 0);

    JournalEntry executed = mutation("t", 42);
    executed.opcode = cql::Opcode::execute;
    executed.prepared = {{"UPDATE ks.t SET v = ? WHERE k = ?", ""}};
    EXPECT_EQ(least_stamp(executed), 42);
    executed.prepared = {{"UPDATE ks.t USING TIMESTAMP ? SET v = ? WHERE k = ?", ""}};
    EXPECT_EQ(least_stamp(executed), 0);

    const auto batch_of = [](std::string_view child) {
        JournalEntry entry = mutation("t", 42);
        entry.opcode = cql::Opcode::batch;
        cql::QueryOptions options;
        options.timestamp = 42;
        base::Bytes frame;
        cql::append_batch(frame, cql::ProtocolVersion::v4, 1, cql::BatchType::logged,
                          {{"DELETE FROM ks.t WHERE k = 1", {}, {}}, {child, {}, {}}}, options);
        entry.body.assign(frame.begin() + cql::frame_header_size, frame.end());
        return entry;
    };
    EXPECT_EQ(least_stamp(batch_of("DELETE FROM ks.t WHERE k = 2")), 42);
    EXPECT_EQ(least_stamp(batch_of("DELETE FROM ks.t USING TIMESTAMP 3 WHERE k = 2")), 0);
    JournalEntry damaged = mutation("t", 42);
    damaged.body.resize(3);
    EXPECT_EQ(least_stamp(damaged), 0);
}

}  // namespace
}  // namespace crossfade::proxy
