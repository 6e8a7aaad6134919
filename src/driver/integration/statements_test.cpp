// Statements against real Cassandra: every type, prepared statements, pages, batches, errors.
#include <algorithm>

#include "driver/integration/real_nodes.hpp"

namespace crossfade::driver {
namespace {

using base::Bytes;

Bytes text(std::string_view value) {
    return {value.begin(), value.end()};
}
Bytes int_of(std::int32_t value) {
    Bytes bytes(4);
    cql::store_int(bytes.data(), static_cast<std::uint32_t>(value));
    return bytes;
}
std::int32_t int_in(const cql::ValueView& cell) {
    return static_cast<std::int32_t>(cql::load_int(cell.bytes.data()));
}
cql::ValueView value(const Bytes& bytes) {
    return {cql::ValueView::State::bytes, bytes};
}
cql::ValueView unset() {
    return {cql::ValueView::State::unset, {}};
}

// A type, and a value of it as the protocol has it.
struct Sample {
    const char* type;
    Bytes bytes;
};
std::vector<Sample> samples(bool has_vectors) {
    std::vector<Sample> all = {
        {"ascii", text("plain")},
        {"bigint", {0, 0, 0, 0, 0, 0, 1, 2}},
        {"blob", {0, 255, 7}},
        {"boolean", {1}},
        {"date", {128, 0, 0, 1}},
        {"decimal", {0, 0, 0, 2, 1, 0}},
        {"double", {0x40, 9, 0x21, 0xFB, 0x54, 0x44, 0x2D, 0x18}},
        {"duration", {2, 4, 6}},
        {"float", {0x3F, 0x80, 0, 0}},
        {"inet", {127, 0, 0, 1}},
        {"int", {0xFF, 0xFF, 0xFF, 0xFE}},
        {"smallint", {1, 2}},
        {"text", text("žluťoučký")},
        {"time", {0, 0, 0, 0, 0, 0, 0, 9}},
        {"timestamp", {0, 0, 1, 2, 3, 4, 5, 6}},
        {"timeuuid", {0x50, 0x55, 0x4D, 0x6E, 0x29, 0xBB, 0x11, 0xE5, 0xB3, 0x45, 0xFE, 0xFF, 0x81, 0x9C, 0xDC, 0x9F}},
        {"tinyint", {0x80}},
        {"uuid", {1, 2, 3, 4, 5, 6, 0x47, 8, 0x89, 10, 11, 12, 13, 14, 15, 16}},
        {"varint", {1, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
        {"list<int>", {0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1}},
        {"set<int>", {0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1}},
        {"map<int, int>", {0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 2}},
        {"frozen<list<frozen<set<int>>>>", {0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1}},
        {"tuple<int, int>", {0, 0, 0, 4, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF}},
        {"frozen<pair>", {0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 'x'}},
        {"pair", {0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 'x'}},
    };
    if (has_vectors) all.push_back({"vector<float, 2>", {0x3F, 0x80, 0, 0, 0x40, 0, 0, 0}});
    return all;
}

class Statements : public RealCluster {};

TEST_P(Statements, AValueOfEveryTypeComesBackAsItWas) {
    ok("CREATE TYPE IF NOT EXISTS " + keyspace_ + ".pair (a int, b text)");
    const auto all = samples(has_vectors());
    std::string columns, names, markers;
    for (std::size_t i = 0; i < all.size(); ++i) {
        columns += ", c" + std::to_string(i) + " " + all[i].type;
        names += ", c" + std::to_string(i);
        markers += ", ?";
    }
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY" + columns + ")");
    const auto insert =
        run(loop_, session_->prepare("INSERT INTO " + table_ + " (k" + names + ") VALUES (?" + markers + ")"));
    ASSERT_TRUE(insert && *insert) << insert->error().message;
    const Bytes key = int_of(7);
    std::vector<cql::ValueView> values{value(key)};
    for (const Sample& sample : all) values.push_back(value(sample.bytes));
    const auto written = run(loop_, session_->execute(**insert, values));
    ASSERT_TRUE(written && *written) << written->error().message;

    const Rows rows = ok("SELECT k" + names + " FROM " + table_);
    ASSERT_EQ(rows.row_count(), 1U);
    const RowCursor row = rows.first();
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_TRUE(std::ranges::equal(row.cell(i + 1).bytes, all[i].bytes)) << all[i].type;
}

TEST_P(Statements, NullAndUnsetAreTwoThings) {
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY, v int, w int)");
    ok("INSERT INTO " + table_ + " (k, v, w) VALUES (1, 2, 3)");
    const auto insert = run(loop_, session_->prepare("INSERT INTO " + table_ + " (k, v, w) VALUES (?, ?, ?)"));
    ASSERT_TRUE(insert && *insert);
    const Bytes key = int_of(1);
    const bool has_unset = cql::has_unset(session_->version());
    const std::vector<cql::ValueView> values{value(key), cql::ValueView(), has_unset ? unset() : cql::ValueView()};
    const auto written = run(loop_, session_->execute(**insert, values));
    ASSERT_TRUE(written && *written) << written->error().message;
    const Rows rows = ok("SELECT v, w FROM " + table_);
    const RowCursor row = rows.first();
    EXPECT_TRUE(row.cell(0).is_null());
    EXPECT_EQ(row.cell(1).is_null(), !has_unset);
}

TEST_P(Statements, PagesFollowOneAnother) {
    ok("CREATE TABLE " + table_ + " (k int, c int, PRIMARY KEY (k, c))");
    for (int i = 0; i < 25; ++i) ok("INSERT INTO " + table_ + " (k, c) VALUES (1, " + std::to_string(i) + ")");
    const auto select = run(loop_, session_->prepare("SELECT c FROM " + table_ + " WHERE k = ?"));
    ASSERT_TRUE(select && *select);
    const Bytes key = int_of(1);
    const std::vector<cql::ValueView> values{value(key)};
    ExecuteOptions options;
    options.page_size = 10;
    std::vector<std::int32_t> seen;
    std::vector<std::size_t> pages;
    while (true) {
        const auto rows = run(loop_, session_->execute(**select, values, options));
        ASSERT_TRUE(rows && *rows) << rows->error().message;
        for (RowCursor row = (*rows)->first(); row; row.next()) seen.push_back(int_in(row.cell(0)));
        pages.push_back((*rows)->row_count());
        if (!(*rows)->has_more_pages()) break;
        options.paging_state.assign((*rows)->paging_state().begin(), (*rows)->paging_state().end());
    }
    EXPECT_EQ(pages, (std::vector<std::size_t>{10, 10, 5}));
    ASSERT_EQ(seen.size(), 25U);
    for (int i = 0; i < 25; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST_P(Statements, ABatchOfPreparedAndPlainStatementsIsOneWrite) {
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY, v int)");
    const auto insert = run(loop_, session_->prepare("INSERT INTO " + table_ + " (k, v) VALUES (?, ?)"));
    ASSERT_TRUE(insert && *insert);
    const Bytes one = int_of(1), two = int_of(2);
    std::vector<BatchStatement> statements;
    statements.emplace_back(**insert, std::vector<cql::ValueView>{value(one), value(two)});
    statements.emplace_back("INSERT INTO " + table_ + " (k, v) VALUES (2, 5)", std::vector<cql::ValueView>());
    ExecuteOptions options;
    options.timestamp = 123456;
    const auto written = run(loop_, session_->batch(cql::BatchType::logged, std::move(statements), options));
    ASSERT_TRUE(written && *written) << written->error().message;
    const Rows rows = ok("SELECT k, v, writetime(v) FROM " + table_);
    EXPECT_EQ(rows.row_count(), 2U);
    for (RowCursor row = rows.first(); row; row.next())
        EXPECT_TRUE(std::ranges::equal(row.cell(2).bytes, Bytes{0, 0, 0, 0, 0, 1, 0xE2, 0x40}));
}

TEST_P(Statements, AConditionalWriteTellsWhetherItWasApplied) {
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY, v int)");
    const auto insert = run(loop_, session_->prepare("INSERT INTO " + table_ + " (k, v) VALUES (?, ?) IF NOT EXISTS"));
    ASSERT_TRUE(insert && *insert);
    const Bytes one = int_of(1), two = int_of(2);
    for (const bool is_first : {true, false}) {
        const auto written = run(loop_, session_->execute(**insert, {value(one), value(two)}));
        ASSERT_TRUE(written && *written) << written->error().message;
        EXPECT_EQ((*written)->was_applied(), is_first);
    }
}

TEST_P(Statements, ErrorsCarryTheServersCodeAndWords) {
    const auto code = [](cql::ErrorCode of) { return static_cast<std::int32_t>(of); };
    auto wrong = run(loop_, session_->query("SELEKT 1"));
    ASSERT_TRUE(wrong && !*wrong);
    EXPECT_EQ(wrong->error().kind, base::ErrorKind::server);
    EXPECT_EQ(wrong->error().server_code, code(cql::ErrorCode::syntax_error));
    EXPECT_NE(wrong->error().message.find("SELEKT"), std::string::npos);

    wrong = run(loop_, session_->query("SELECT * FROM " + keyspace_ + ".nowhere"));
    ASSERT_TRUE(wrong && !*wrong);
    EXPECT_EQ(wrong->error().server_code, code(cql::ErrorCode::invalid));

    wrong = run(loop_, session_->query("CREATE KEYSPACE " + keyspace_ +
                                       " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"));
    ASSERT_TRUE(wrong && !*wrong);
    EXPECT_EQ(wrong->error().server_code, code(cql::ErrorCode::already_exists));

    const auto unprepared = run(loop_, session_->prepare("SELECT * FROM " + keyspace_ + ".nowhere"));
    ASSERT_TRUE(unprepared && !*unprepared);
    EXPECT_EQ(unprepared->error().server_code, code(cql::ErrorCode::invalid));

    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY)");
    ExecuteOptions three;
    three.consistency = cql::Consistency::three;
    wrong = run(loop_, session_->query("SELECT * FROM " + table_, {}, three));
    ASSERT_TRUE(wrong && !*wrong);
    EXPECT_EQ(wrong->error().server_code, code(cql::ErrorCode::unavailable));
}

TEST_P(Statements, AStatementIsPreparedAgainWhenItsTableWasMadeAnew) {
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY, v int)");
    const auto insert = run(loop_, session_->prepare("INSERT INTO " + table_ + " (k, v) VALUES (?, ?)"));
    const auto select = run(loop_, session_->prepare("SELECT * FROM " + table_ + " WHERE k = ?"));
    ASSERT_TRUE(insert && *insert && select && *select);
    const Bytes one = int_of(1), two = int_of(2);
    ASSERT_TRUE(*run(loop_, session_->execute(**insert, {value(one), value(two)})));

    ok("DROP TABLE " + table_);
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY, before text, v int)");
    const auto written = run(loop_, session_->execute(**insert, {value(one), value(two)}));
    ASSERT_TRUE(written && *written) << written->error().message;
    const auto rows = run(loop_, session_->execute(**select, {value(one)}));
    ASSERT_TRUE(rows && *rows) << rows->error().message;
    ASSERT_EQ((*rows)->row_count(), 1U);
    EXPECT_EQ((*rows)->column_count(), 3U);
    EXPECT_EQ((*rows)->columns()[1].name, "before");
    EXPECT_EQ(int_in((*rows)->first().cell(2)), 2);
    EXPECT_GT(session_->statistics().reprepares, 0U);
}

TEST_P(Statements, AColumnAddedLaterIsSeenInItsPlace) {
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY, v int)");
    ok("INSERT INTO " + table_ + " (k, v) VALUES (1, 2)");
    const auto select = run(loop_, session_->prepare("SELECT * FROM " + table_ + " WHERE k = ?"));
    ASSERT_TRUE(select && *select);
    const Bytes one = int_of(1);
    ASSERT_TRUE(*run(loop_, session_->execute(**select, {value(one)})));
    ok("ALTER TABLE " + table_ + " ADD a text");
    ok("UPDATE " + table_ + " SET a = 'x' WHERE k = 1");
    for (int i = 0; i < 3; ++i) {
        const auto rows = run(loop_, session_->execute(**select, {value(one)}));
        ASSERT_TRUE(rows && *rows) << rows->error().message;
        const auto at = (*rows)->column_index("v");
        ASSERT_TRUE(at);
        EXPECT_EQ(int_in((*rows)->first().cell(*at)), 2);
    }
}

TEST_P(Statements, LargeValuesGoBothWays) {
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY, v blob)");
    const auto insert = run(loop_, session_->prepare("INSERT INTO " + table_ + " (k, v) VALUES (?, ?)"));
    ASSERT_TRUE(insert && *insert);
    Bytes large(3'000'000);
    std::uint32_t state = 1;
    for (auto& byte : large) byte = static_cast<std::uint8_t>((state = state * 1664525U + 1013904223U) >> 24U);
    for (const std::size_t size : {std::size_t{131'000}, std::size_t{131'071}, std::size_t{140'000}, large.size()}) {
        const Bytes key = int_of(static_cast<std::int32_t>(size)),
                    part(large.begin(), large.begin() + static_cast<std::ptrdiff_t>(size));
        const auto written = run(loop_, session_->execute(**insert, {value(key), value(part)}));
        ASSERT_TRUE(written && *written) << written->error().message;
        const Rows rows = ok("SELECT v FROM " + table_ + " WHERE k = " + std::to_string(size));
        ASSERT_EQ(rows.row_count(), 1U);
        EXPECT_TRUE(std::ranges::equal(rows.first().cell(0).bytes, part)) << size;
    }
}

TEST_P(Statements, ARawRequestBodyRunsAsItIs) {
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY)");
    Bytes frame;
    cql::QueryOptions query;
    query.consistency = cql::Consistency::one;
    cql::append_query(frame, session_->version(), 0, "INSERT INTO " + table_ + " (k) VALUES (9)", query);
    const auto written =
        run(loop_, session_->raw(cql::Opcode::query, Bytes(frame.begin() + cql::frame_header_size, frame.end())));
    ASSERT_TRUE(written && *written) << written->error().message;
    EXPECT_EQ(ok("SELECT * FROM " + table_).row_count(), 1U);
}

// One of several that write row after row, as a copy does.
base::Task<void> write_rows(Session& session, PreparedPtr statement, std::int32_t from, std::int32_t until, int& left,
                            int& failed, net::Loop& loop) {
    ExecuteOptions options;
    options.idempotent = true;
    for (std::int32_t key = from; key < until; ++key) {
        const Bytes bytes = int_of(key);
        const std::vector<cql::ValueView> values{value(bytes), value(bytes)};
        const base::Result<Rows> written = co_await session.execute(statement, values, options);
        failed += written ? 0 : 1;
    }
    if (--left == 0) loop.stop();
}

class Bulk : public RealCluster {};

TEST_P(Bulk, ManyWritesAtATimeAllArrive) {
    ok("CREATE TABLE " + table_ + " (k int PRIMARY KEY, v int)");
    const auto insert = run(loop_, session_->prepare("INSERT INTO " + table_ + " (k, v) VALUES (?, ?)"));
    ASSERT_TRUE(insert && *insert);
    constexpr int writers = 256, each = 100, count = writers * each;
    int left = writers, failed = 0;
    for (int i = 0; i < writers; ++i)
        write_rows(*session_, **insert, i * each, (i + 1) * each, left, failed, loop_).detach();
    EXPECT_EQ(session_->statistics().in_flight, static_cast<std::uint32_t>(writers));
    loop_.run();
    EXPECT_EQ(left, 0);
    EXPECT_EQ(failed, 0);
    // By pages: counting them all at once takes a busy node longer than it allows itself.
    ExecuteOptions options;
    options.page_size = 5000;
    std::size_t found = 0;
    while (true) {
        const Rows rows = ok("SELECT k FROM " + table_, options);
        found += rows.row_count();
        if (!rows.has_more_pages()) break;
        options.paging_state.assign(rows.paging_state().begin(), rows.paging_state().end());
    }
    EXPECT_EQ(found, static_cast<std::size_t>(count));
}

// Over two ways for each cluster: with and without segments.
std::vector<Way> two_ways_each() {
    std::vector<Way> ways = all_ways();
    std::erase_if(ways, [](const Way& way) {
        const bool is_plain_v5 = way.version == cql::ProtocolVersion::v5 && way.compression == cql::Compression::none;
        const bool is_lz4_v4 = way.version == cql::ProtocolVersion::v4 && way.compression == cql::Compression::lz4;
        return !way.address.empty() && !is_plain_v5 && !is_lz4_v4;
    });
    return ways;
}

INSTANTIATE_TEST_SUITE_P(RealCassandra, Bulk, ::testing::ValuesIn(two_ways_each()),
                         [](const auto& way) { return way.param.name(); });

INSTANTIATE_TEST_SUITE_P(RealCassandra, Statements, ::testing::ValuesIn(all_ways()),
                         [](const auto& way) { return way.param.name(); });

}  // namespace
}  // namespace crossfade::driver
