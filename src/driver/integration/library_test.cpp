// The public library against real clusters, as an application uses it: CROSSFADE_TEST_NODES.
#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "crossfade/crossfade.hpp"
#include "driver/integration/real_nodes.hpp"

namespace crossfade {

struct Person {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> email;
    bool operator==(const Person&) const = default;
};
CROSSFADE_MAP(Person, id, name, email)

struct Street {
    std::string name;
    std::int32_t number = 0;
    bool operator==(const Street&) const = default;
};
CROSSFADE_MAP(Street, name, number)

namespace {

using ::testing::HasSubstr;

constexpr const char* keyspace = "library_integration";

class Library : public ::testing::TestWithParam<std::pair<std::string, int>> {
protected:
    void SetUp() override {
        if (GetParam().first.empty()) GTEST_SKIP() << "CROSSFADE_TEST_NODES is not set";
        cluster_.emplace(Cluster::build_new_cluster(options()));
        Session admin = cluster_->connect();
        admin.execute(Statement("CREATE KEYSPACE IF NOT EXISTS library_integration WITH replication = {'class': "
                                "'SimpleStrategy', 'replication_factor': 1}")
                          .timeout(std::chrono::seconds(30)));
        session_.emplace(cluster_->connect(keyspace));
    }
    void TearDown() override {
        if (!session_) return;
        session_->execute(Statement("DROP KEYSPACE library_integration").timeout(std::chrono::seconds(55)));
        session_->close();
        cluster_->close();
    }
    static ClusterOptions options() {
        return ClusterOptions{}
            .contact_points(GetParam().first)
            .protocol_version(static_cast<ProtocolVersion>(GetParam().second))
            .compression(Compression::lz4)
            .timeout(std::chrono::seconds(20))
            .application_name("library_integration");
    }
    ResultSet ok(const std::string& text) {
        return session_->execute(Statement(text).timeout(std::chrono::seconds(30)));
    }
    template <class Call>
    static std::string error_of(ErrorCode code, Call call) {
        try {
            call();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), code) << error.what();
            return error.what();
        }
        ADD_FAILURE() << "no error";
        return {};
    }

    std::optional<Cluster> cluster_;
    std::optional<Session> session_;
};

TEST_P(Library, TellsTheReleaseVersion) {
    const auto result_set = session_->execute("select release_version from system.local");
    EXPECT_THAT(result_set.first_row().get_column<std::string>("release_version"), HasSubstr("."));
    EXPECT_EQ(session_->protocol_version(), GetParam().second);
    EXPECT_EQ(result_set.coordinator(), GetParam().first);
}

TEST_P(Library, AnEmptyResultHasNoFirstRow) {
    const auto none = session_->execute("SELECT key FROM system.local WHERE key = 'nobody'");
    EXPECT_TRUE(none.is_empty());
    EXPECT_THAT(error_of(ErrorCode::no_rows, [&] { none.first_row(); }), HasSubstr("no rows"));
}

TEST_P(Library, EveryTypeIsWrittenAndReadBack) {
    ok("CREATE TYPE street (name text, number int)");
    ok("CREATE TABLE types (k int PRIMARY KEY, a ascii, bi bigint, b blob, bo boolean, d decimal, db double, f float, "
       "i inet, si smallint, ti tinyint, ts timestamp, da date, tm time, tu timeuuid, u uuid, v varint, du duration, "
       "l list<text>, s set<int>, m map<text, bigint>, t frozen<tuple<int, text>>, st frozen<street>, n int)");
    const auto insert = session_->prepare(
        "INSERT INTO types (k, a, bi, b, bo, d, db, f, i, si, ti, ts, da, tm, tu, u, v, du, l, s, m, t, st, n) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const Uuid moment = Uuid::time_based();
    const Uuid chance = Uuid::random();
    const Timestamp when(std::chrono::milliseconds(1709212254234));
    const Date day = std::chrono::year(2024) / std::chrono::February / 29;
    const TimeOfDay time = std::chrono::hours(13) + std::chrono::nanoseconds(1);
    const std::vector<std::string> list{"x", "y", "x"};
    const std::set<std::int32_t> set{3, 1, 2};
    const std::map<std::string, std::int64_t> map{{"a", 1}, {"b", -1}};
    const std::tuple<std::int32_t, std::optional<std::string>> tuple{5, "five"};
    const Street street{"Main", 12};
    session_->execute(insert.bind(1, "plain", std::int64_t{1} << 40, Blob{0, 255}, true, Decimal::parse("-1.50"), 2.5,
                                  1.5F, Inet::parse("10.1.2.3"), std::int16_t{-7}, std::int8_t{7}, when, day, time,
                                  moment, chance, Varint::parse("123456789012345678901234567890"), Duration{1, 2, 3},
                                  list, set, map, tuple, street, nullptr));
    const auto rows = session_->execute(session_->prepare("SELECT * FROM types WHERE k = ?").bind(1));
    const Row row = rows.first_row();
    EXPECT_EQ(row.get_column<std::string_view>("a"), "plain");
    EXPECT_EQ(row.get_column<std::int64_t>("bi"), std::int64_t{1} << 40);
    EXPECT_EQ(row.get_column<Blob>("b"), (Blob{0, 255}));
    EXPECT_TRUE(row.get_column<bool>("bo"));
    EXPECT_EQ(row.get_column<Decimal>("d").to_string(), "-1.50");
    EXPECT_EQ(row.get_column<double>("db"), 2.5);
    EXPECT_EQ(row.get_column<float>("f"), 1.5F);
    EXPECT_EQ(row.get_column<Inet>("i").to_string(), "10.1.2.3");
    EXPECT_EQ(row.get_column<std::int16_t>("si"), -7);
    EXPECT_EQ(row.get_column<int>("ti"), 7);
    EXPECT_EQ(row.get_column<Timestamp>("ts"), when);
    EXPECT_EQ(row.get_column<Date>("da"), day);
    EXPECT_EQ(row.get_column<TimeOfDay>("tm"), time);
    EXPECT_EQ(row.get_column<Uuid>("tu"), moment);
    EXPECT_EQ(row.get_column<Uuid>("u"), chance);
    EXPECT_EQ(row.get_column<Varint>("v").to_string(), "123456789012345678901234567890");
    EXPECT_EQ(row.get_column<Duration>("du"), (Duration{1, 2, 3}));
    EXPECT_EQ(row.get_column<std::vector<std::string>>("l"), list);
    EXPECT_EQ(row.get_column<std::set<std::int32_t>>("s"), set);
    EXPECT_EQ((row.get_column<std::map<std::string, std::int64_t>>("m")), map);
    EXPECT_EQ((row.get_column<std::tuple<std::int32_t, std::optional<std::string>>>("t")), tuple);
    EXPECT_EQ(row.get_column<Street>("st"), street);
    EXPECT_EQ(row.get_column<std::optional<int>>("n"), std::nullopt);
    EXPECT_THAT(error_of(ErrorCode::null_value, [&] { row.get_column<int>("n"); }), HasSubstr("column 'n'"));
    EXPECT_THAT(error_of(ErrorCode::type_mismatch, [&] { row.get_column<int>("a"); }), HasSubstr("column 'a'"));
    EXPECT_THAT(error_of(ErrorCode::no_column, [&] { row.get_column<int>("absent"); }), HasSubstr("absent"));
    EXPECT_EQ(row.to_text(0), "1");
}

TEST_P(Library, VectorsWhereTheClusterHasThem) {
    const auto version = session_->execute("SELECT release_version FROM system.local");
    if (version.first_row().get_column<std::string>(0) < "5") {
        EXPECT_THROW(session_->execute("CREATE TABLE vectors (k int PRIMARY KEY, v vector<float, 3>)"), Error);
        return;
    }
    ok("CREATE TABLE vectors (k int PRIMARY KEY, v vector<float, 3>)");
    const std::vector<float> value{0.5F, -1.0F, 2.0F};
    session_->execute(session_->prepare("INSERT INTO vectors (k, v) VALUES (?, ?)").bind(1, value));
    const auto rows = session_->execute("SELECT v FROM vectors");
    EXPECT_EQ(rows.first_row().get_column<std::vector<float>>("v"), value);
}

TEST_P(Library, ValuesByNameByPositionAndUnset) {
    ok("CREATE TABLE people (id bigint PRIMARY KEY, name text, email text)");
    session_->execute(
        Statement("INSERT INTO people (id, name) VALUES (:id, :name)").set("name", "Ada").set("id", std::int64_t{1}));
    const auto insert = session_->prepare("INSERT INTO people (id, name, email) VALUES (?, ?, ?)");
    BoundStatement bound(insert);
    bound.bind_struct(Person{2, "Grace", "grace@example.org"});
    session_->execute(bound);
    bound.set("name", "Grace H.").set("email", unset);
    if (GetParam().second == 3) {
        EXPECT_THAT(error_of(ErrorCode::bad_configuration, [&] { session_->execute(bound); }), HasSubstr("not set"));
        bound.set("email", "grace@example.org");
    }
    session_->execute(bound);
    const auto rows = session_->execute("SELECT * FROM people WHERE id IN (1, 2)");
    std::map<std::int64_t, Person> people;
    for (const Row row : rows) {
        auto person = row.as<Person>();
        people.emplace(person.id, person);
    }
    EXPECT_EQ(people[1], (Person{1, "Ada", std::nullopt}));
    EXPECT_EQ(people[2], (Person{2, "Grace H.", "grace@example.org"}));
    EXPECT_THAT(error_of(ErrorCode::no_column, [&] { bound.set("surname", "x"); }), HasSubstr("surname"));
    EXPECT_THAT(error_of(ErrorCode::type_mismatch, [&] { bound.set("name", 5); }), HasSubstr("'name'"));
    EXPECT_THAT(error_of(ErrorCode::no_column, [&] { insert.bind(std::int64_t{1}, "a", "b", "c"); }),
                HasSubstr("bind marker 4"));
}

// In v5 the server tells by the id of the result's columns that they have changed; before that every answer has them.
TEST_P(Library, ColumnsThatChangeUnderAPreparedStatementAreReadAsTheyAreNow) {
    ok("CREATE TABLE altered (k int PRIMARY KEY, n int)");
    const auto select = session_->prepare("SELECT * FROM altered WHERE k = ?");
    session_->execute("INSERT INTO altered (k, n) VALUES (1, 7)");
    const auto before = session_->execute(select.bind(1));
    ASSERT_EQ(before.column_count(), 2U);
    // Columns come in the order of their names: what was the second is the third now, and as an int it would be read
    // from four bytes of text.
    const Cluster elsewhere = Cluster::build_new_cluster(options());
    const Session other = elsewhere.connect(keyspace);
    other.execute(Statement("ALTER TABLE altered ADD a text").timeout(std::chrono::seconds(30)));
    other.execute("UPDATE altered SET a = 'four' WHERE k = 1");
    for (int turn = 0; turn < 3; ++turn) {
        const auto after = session_->execute(select.bind(1));
        ASSERT_EQ(after.column_count(), 3U) << "execute " << turn;
        EXPECT_EQ(after.first_row().get_column<std::string>("a"), "four");
        EXPECT_EQ(after.first_row().get_column<int>("n"), 7);
        EXPECT_EQ((after.first_row().as<std::tuple<int, std::string, int>>()), std::tuple(1, "four", 7));
    }
    EXPECT_EQ(before.first_row().get_column<int>("n"), 7) << "a result keeps its own columns";
    other.execute(Statement("ALTER TABLE altered DROP n").timeout(std::chrono::seconds(30)));
    other.execute(Statement("ALTER TABLE altered ADD z blob").timeout(std::chrono::seconds(30)));
    other.execute("UPDATE altered SET z = 0x01 WHERE k = 1");
    const auto last = session_->execute(select.bind(1));
    ASSERT_EQ(last.column_count(), 3U);
    EXPECT_EQ(last.first_row().get_column<std::string>("a"), "four");
    EXPECT_EQ(last.first_row().get_column<Blob>("z"), Blob{1});
    error_of(ErrorCode::no_column, [&] { last.first_row().get_column<int>("n"); });
    elsewhere.close();
}

TEST_P(Library, SnappyWhereTheProtocolHasIt) {
    if (GetParam().second == 5) {
        EXPECT_THAT(error_of(ErrorCode::bad_configuration,
                             [&] { Cluster::build_new_cluster(options().compression(Compression::snappy)); }),
                    HasSubstr("no snappy"));
        return;
    }
    ok("CREATE TABLE compressed (k int PRIMARY KEY, v text)");
    const Cluster cluster = Cluster::build_new_cluster(
        options().compression(Compression::snappy).application_name("library_integration snappy"));
    const Session session = cluster.connect(keyspace);
    const auto insert = session.prepare("INSERT INTO compressed (k, v) VALUES (?, ?)");
    // What compresses well, what hardly does, and nothing.
    const std::vector<std::string> values{std::string(300'000, 'x'),
                                          [] {
                                              std::string text;
                                              std::uint32_t state = 1;
                                              for (int i = 0; i < 70'000; ++i) {
                                                  state = state * 1664525U + 1013904223U;
                                                  text += static_cast<char>(' ' + (state >> 24U) % 95U);
                                              }
                                              return text;
                                          }(),
                                          std::string()};
    for (std::size_t k = 0; k < values.size(); ++k) session.execute(insert.bind(static_cast<int>(k), values[k]));
    for (const Session& reader : {session, *session_})
        for (std::size_t k = 0; k < values.size(); ++k) {
            const auto rows = reader.execute(Statement("SELECT v FROM compressed WHERE k = ?", static_cast<int>(k)));
            EXPECT_EQ(rows.first_row().get_column<std::string>("v"), values[k]);
        }
    const auto version = session.execute("SELECT release_version FROM system.local");
    if (version.first_row().get_column<std::string>(0) >= "5") {  // what its clients asked for it tells since 5.0
        std::set<std::string> asked;
        for (const Row row : session.execute("SELECT client_options FROM system_views.clients")) {
            auto given = row.get_column<std::map<std::string, std::string>>(0);
            if (given["APPLICATION_NAME"] == "library_integration snappy") asked.insert(given["COMPRESSION"]);
        }
        EXPECT_THAT(asked, ::testing::Contains("snappy"));
    }
    cluster.close();
}

TEST_P(Library, AllRowsComeOverPages) {
    ok("CREATE TABLE pages (k int, c int, PRIMARY KEY (k, c))");
    const auto insert = session_->prepare("INSERT INTO pages (k, c) VALUES (1, ?)");
    for (int from = 0; from < 250; from += 50) {
        Batch batch(BatchType::unlogged);
        for (int i = from; i < from + 50; ++i) batch.add(insert.bind(i));
        session_->execute(batch);
    }
    const auto rows = session_->execute(Statement("SELECT c FROM pages WHERE k = 1").page_size(40));
    EXPECT_EQ(rows.row_count(), 40U);
    EXPECT_TRUE(rows.has_more_pages());
    for (int turn = 0; turn < 2; ++turn) {
        int expected = 0;
        for (const Row row : rows) EXPECT_EQ(row.get_column<int>("c"), expected++);
        EXPECT_EQ(expected, 250);
    }
    const auto second =
        session_->execute(Statement("SELECT c FROM pages WHERE k = 1").page_size(40).paging_state(rows.paging_state()));
    EXPECT_EQ(second.first_row().get_column<int>(0), 40);
    EXPECT_EQ(session_->next_page(rows).first_row().get_column<int>(0), 40);
    const auto all = session_->execute(Statement("SELECT c FROM pages WHERE k = 1").page_size(0));
    EXPECT_EQ(all.row_count(), 250U);
    EXPECT_THAT(error_of(ErrorCode::bad_value, [&] { session_->next_page(all); }), HasSubstr("last page"));
}

TEST_P(Library, ConditionalWritesAndBatchesAndTimestamps) {
    ok("CREATE TABLE kv (k int PRIMARY KEY, v text)");
    EXPECT_TRUE(session_->execute("INSERT INTO kv (k, v) VALUES (1, 'a') IF NOT EXISTS").was_applied());
    EXPECT_FALSE(session_->execute("INSERT INTO kv (k, v) VALUES (1, 'b') IF NOT EXISTS").was_applied());
    session_->execute(Batch()
                          .add(Statement("INSERT INTO kv (k, v) VALUES (?, ?)", 2, "two"))
                          .add(session_->prepare("INSERT INTO kv (k, v) VALUES (?, ?)").bind(3, "three"))
                          .timestamp(1234567));
    const auto rows = session_->execute("SELECT v, writetime(v) AS at FROM kv WHERE k = 3");
    EXPECT_EQ(rows.first_row().get_column<std::string>("v"), "three");
    EXPECT_EQ(rows.first_row().get_column<std::int64_t>("at"), 1234567);
    EXPECT_THROW(Batch().add(Statement("INSERT INTO kv (k) VALUES (:k)").set("k", 1)), Error);
}

TEST_P(Library, ServerErrorsHaveTheirCode) {
    try {
        session_->execute("SELEKT nothing");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::server);
        EXPECT_EQ(error.server_code(), 0x2000);
        EXPECT_THAT(error.what(), HasSubstr(GetParam().first));
    }
    EXPECT_THAT(error_of(ErrorCode::bad_configuration, [&] { session_->execute("USE system"); }), HasSubstr("USE"));
    EXPECT_THAT(error_of(ErrorCode::server, [&] { cluster_->connect("no_such_keyspace"); }),
                HasSubstr("no_such_keyspace"));
}

TEST_P(Library, TracesAndWarningsComeWithTheResult) {
    const auto traced = session_->execute(Statement("SELECT * FROM system.local").tracing());
    ASSERT_TRUE(traced.tracing_id());
    const QueryTrace trace = session_->trace(*traced.tracing_id());
    EXPECT_THAT(trace.request, HasSubstr("Execute CQL3 query"));
    EXPECT_FALSE(trace.events.empty());
    ok("CREATE TABLE many (k int PRIMARY KEY)");
    Batch large(BatchType::unlogged);
    for (int i = 0; i < 200; ++i) large.add(Statement("INSERT INTO many (k) VALUES (?)", i));
    const auto warned = session_->execute(large);
    if (GetParam().second >= 4) {
        EXPECT_THAT(warned.warnings(), ::testing::Contains(HasSubstr("partitions")));
    }
}

TEST_P(Library, TheSchemaIsKnownAndFollowsChanges) {
    ok("CREATE TABLE first (k int PRIMARY KEY, v text) WITH comment = 'as told'");
    const auto before = session_->schema();
    const TableMetadata* const table = before->find_table(keyspace, "first");
    ASSERT_NE(table, nullptr);
    EXPECT_EQ(table->partition_key_size, 1U);
    EXPECT_EQ(table->find_column("v")->type.kind(), TypeKind::text);
    EXPECT_THAT(table->create_statement, HasSubstr("as told"));
    EXPECT_EQ(before, session_->schema());
    const auto changed = ok("CREATE TABLE second (k int PRIMARY KEY)");
    EXPECT_TRUE(changed.is_schema_agreed());
    EXPECT_NE(session_->schema()->find_table(keyspace, "second"), nullptr);
}

TEST_P(Library, CallbacksComeOnTheDriversThreadWhereBlockingIsRefused) {
    std::mutex mutex;
    std::condition_variable changed;
    std::string seen, refused;
    session_->execute("SELECT cluster_name FROM system.local", [&](Outcome<ResultSet> outcome) {
        const std::string refusal =
            error_of(ErrorCode::wrong_thread, [&] { session_->execute("SELECT * FROM system.local"); });
        const std::lock_guard lock(mutex);
        refused = refusal;
        seen = outcome ? outcome.value().first_row().get_column<std::string>(0) : outcome.error().what();
        changed.notify_one();
    });
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return !seen.empty(); }));
    EXPECT_THAT(refused, HasSubstr("callback"));
}

Task<int> count_rows(AsyncSession session) {
    const PreparedStatement select = co_await session.prepare("SELECT c FROM pages WHERE k = ?");
    BoundStatement bound = select.bind(1);
    bound.page_size(7);
    int count = 0;
    ResultSet page = co_await session.execute(bound);
    while (true) {
        for (const Row row : page.page()) count += row.get_column<int>(0) >= 0 ? 1 : 0;
        if (!page.has_more_pages()) break;
        page = co_await session.next_page(page);
    }
    co_return count;
}
Task<std::string> outcome_of(AsyncSession session, std::string text) {
    const Outcome<ResultSet> outcome = co_await session.execute(text).outcome();
    co_return outcome ? "fine" : outcome.error().what();
}
Task<void> fails(AsyncSession session) {
    co_await session.execute("SELEKT");
}
Task<std::thread::id> where(AsyncSession session) {
    co_await session.execute("SELECT key FROM system.local");
    co_return std::this_thread::get_id();
}

TEST_P(Library, CoroutinesAwaitRowsPagesAndErrors) {
    ok("CREATE TABLE pages (k int, c int, PRIMARY KEY (k, c))");
    for (int i = 0; i < 20; ++i) session_->execute(Statement("INSERT INTO pages (k, c) VALUES (1, ?)", i));
    EXPECT_EQ(count_rows(session_->async()).get(), 20);
    EXPECT_EQ(outcome_of(session_->async(), "SELECT * FROM pages").get(), "fine");
    EXPECT_THAT(outcome_of(session_->async(), "SELEKT").get(), HasSubstr("SYNTAX_ERROR"));
    EXPECT_THROW(fails(session_->async()).get(), Error);
}

TEST_P(Library, ACoroutineGoesOnWhereItsCallerSays) {
    EventLoop own;
    std::thread runner([&] { own.run(); });
    const std::thread::id there = runner.get_id();
    const Executor executor = [&](std::function<void()> task) { own.post(std::move(task)); };
    EXPECT_EQ(where(session_->async(executor)).get(), there);
    EXPECT_NE(where(session_->async()).get(), there);
    own.stop();
    runner.join();
}

TEST_P(Library, RunsOnTheCallersOwnLoop) {
    EventLoop loop;
    const Cluster cluster = Cluster::build_new_cluster(options().event_loop(loop));
    const Session session = cluster.connect();
    EXPECT_EQ(session.execute("SELECT key FROM system.local").first_row().get_column<std::string>(0), "local");
    bool is_same = false;
    const auto mine = std::this_thread::get_id();
    session.execute("SELECT key FROM system.local", [&](Outcome<ResultSet>) {
        is_same = std::this_thread::get_id() == mine;
        loop.stop();
    });
    loop.run();
    EXPECT_TRUE(is_same);
    session.close();
    cluster.close();
}

TEST_P(Library, ManyThreadsShareOneSession) {
    ok("CREATE TABLE counts (k int PRIMARY KEY, v int)");
    const auto insert = session_->prepare("INSERT INTO counts (k, v) VALUES (?, ?)");
    const auto select = session_->prepare("SELECT v FROM counts WHERE k = ?");
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                session_->execute(insert.bind(t * 100 + i, i));
                const auto rows = session_->execute(select.bind(t * 100 + i));
                if (rows.first_row().get_column<int>(0) != i) ++wrong;
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    const Metrics metrics = session_->metrics();
    EXPECT_GE(metrics.latency_count, 400U);
    EXPECT_EQ(metrics.in_flight, 0U);
    EXPECT_EQ(metrics.errors, 0U);
}

TEST_P(Library, ProfilesGiveStatementsTheirSettings) {
    ExecutionProfile hurried;
    hurried.page_size(1);
    const Cluster cluster = Cluster::build_new_cluster(options().execution_profile("one at a time", hurried));
    const Session session = cluster.connect();
    const std::string all = "SELECT keyspace_name FROM system_schema.keyspaces";
    EXPECT_EQ(session.execute(Statement(all).execution_profile("one at a time")).row_count(), 1U);
    EXPECT_GT(session.execute(Statement(all)).row_count(), 1U);
    EXPECT_THAT(
        error_of(ErrorCode::bad_configuration, [&] { session.execute(Statement(all).execution_profile("unknown")); }),
        HasSubstr("unknown"));
    cluster.close();
    EXPECT_THAT(error_of(ErrorCode::closed, [&] { session.execute(all); }), HasSubstr("closed"));
}

TEST_P(Library, KeyspaceOfARequestNeedsV5) {
    Statement statement("SELECT key FROM local");
    statement.keyspace("system");
    if (GetParam().second < 5) {
        EXPECT_THAT(error_of(ErrorCode::bad_configuration, [&] { session_->execute(statement); }),
                    HasSubstr("no keyspace"));
        return;
    }
    EXPECT_EQ(session_->execute(statement).row_count(), 1U);
    const auto prepared = session_->prepare("SELECT key FROM local", "system");
    EXPECT_EQ(session_->execute(prepared.bind()).row_count(), 1U);
}

std::vector<std::pair<std::string, int>> ways() {
    std::vector<std::pair<std::string, int>> all;
    for (const std::string& address : driver::addresses_in("CROSSFADE_TEST_NODES"))
        for (const int version : {3, 4, 5}) all.emplace_back(address, version);
    if (all.empty()) all.emplace_back("", 4);
    return all;
}

INSTANTIATE_TEST_SUITE_P(Ways, Library, ::testing::ValuesIn(ways()), [](const auto& way) {
    std::string name = way.param.first.empty() ? "no_nodes" : way.param.first + "_v" + std::to_string(way.param.second);
    for (char& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    return name;
});

}  // namespace
}  // namespace crossfade
