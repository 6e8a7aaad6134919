#include "gateway/session_fixture.hpp"

namespace crossfade::gateway {
namespace {

constexpr std::uint16_t own_id = 32767;  // the gateway's questions: the highest stream id

// A client that sees two nodes as one, and the node that it is connected to.
class AgreeingTest : public SessionFixture, public testing::WithParamInterface<cql::ProtocolVersion> {
protected:
    AgreeingTest() { start_node(); }

    void begin(bool other_is_up = true) {
        add_other_node(7, other_is_up);
        log_in({}, GetParam(), cql::has_segments(GetParam()) ? cql::Compression::lz4 : cql::Compression::none);
    }
    std::uint8_t version() const { return static_cast<std::uint8_t>(GetParam()); }
    bool node_has(const std::vector<std::uint16_t>& stream_ids) {
        return loop_.run_until([&] { return node_->waiting == stream_ids; });
    }
    void creates_a_table(std::uint16_t stream_id) {
        sends_query(stream_id, "CREATE TABLE b.c (k int PRIMARY KEY)");
        ASSERT_TRUE(node_has({stream_id}));
        base::Bytes answer;
        cql::append_schema_change(answer, version(), 0, {"CREATED", "TABLE", "b", "c", {}});
        node_->reply(stream_id, answer);
    }
    void node_has_schema(std::uint8_t schema) {
        ASSERT_TRUE(node_has({own_id}));
        base::Bytes answer;
        cql::append_rows(answer, GetParam(), 0, {uuid_column("schema_version")}, {{base::Bytes(16, schema)}});
        node_->reply(own_id, answer);
    }
    void other_has_schema(std::uint8_t schema) {
        ASSERT_TRUE(node_has({own_id}));
        base::Bytes answer, host_id(16, 0);
        host_id.back() = 7;
        cql::append_rows(answer, GetParam(), 0, {uuid_column("host_id"), uuid_column("schema_version")},
                         {{host_id, base::Bytes(16, schema)}});
        node_->reply(own_id, answer);
    }
    // What the client gets, once it gets something.
    std::vector<std::string> gets() {
        EXPECT_TRUE(loop_.run_until([this] { return !client_.out.empty(); }));
        return got();
    }
    static cql::OwnedColumn uuid_column(const char* name) {
        return {"system", "local", name, cql::simple_type(cql::TypeCode::uuid)};
    }
};

TEST_P(AgreeingTest, ASchemaChangeIsAnsweredWhenTheNodesAgree) {
    begin();
    creates_a_table(5);
    node_has_schema(2);
    other_has_schema(1);
    // Others are answered meanwhile.
    sends_query(6);
    ASSERT_TRUE(loop_.run_until([this] { return !node_->waiting.empty(); }));
    node_->answer(6, 10);
    EXPECT_EQ(gets(), std::vector{"RESULT of 6"s});
    node_has_schema(2);
    other_has_schema(2);
    EXPECT_EQ(gets(), std::vector{"RESULT of 5"s});
}

TEST_P(AgreeingTest, ASecondChangeIsNotTakenForAgreedWithTheFirst) {
    begin();
    creates_a_table(5);
    node_has_schema(2);
    ASSERT_TRUE(node_has({own_id}));
    sends_query(6, "CREATE TABLE b.d (k int PRIMARY KEY)");
    ASSERT_TRUE(node_has({own_id, 6}));
    base::Bytes answer;
    cql::append_schema_change(answer, version(), 0, {"CREATED", "TABLE", "b", "d", {}});
    node_->reply(6, answer);
    loop_.run_until([this] { return node_->waiting == std::vector{own_id}; });
    other_has_schema(2);  // as of the first
    node_has_schema(3);
    EXPECT_TRUE(client_.out.empty());
    other_has_schema(3);
    EXPECT_EQ(gets(), (std::vector{"RESULT of 5"s, "RESULT of 6"s}));
}

TEST_P(AgreeingTest, ANodeThatIsDownNeedNotAgree) {
    begin(false);
    creates_a_table(5);
    node_has_schema(2);
    other_has_schema(1);
    EXPECT_EQ(gets(), std::vector{"RESULT of 5"s});
}

TEST_P(AgreeingTest, WhoStopsDoesNotWaitForIt) {
    begin();
    creates_a_table(5);
    node_has_schema(2);
    ASSERT_TRUE(node_has({own_id}));
    session_->drain();
    EXPECT_EQ(gets(), std::vector{"RESULT of 5"s});
}

TEST_P(AgreeingTest, ANodeThatGoesMeanwhileTakesNoAnswerWithIt) {
    begin();
    creates_a_table(5);
    node_has_schema(2);
    ASSERT_TRUE(node_has({own_id}));
    EXPECT_TRUE(client_.out.empty());
    node_->forget();
    EXPECT_EQ(gets(), std::vector{"RESULT of 5"s});
    EXPECT_TRUE(loop_.run_until([this] { return client_.is_closed; }));
}

TEST_P(AgreeingTest, AClientThatNamesItsNodeDoesThatByItself) {
    name_the_node();
    begin();
    creates_a_table(5);
    EXPECT_EQ(gets(), std::vector{"RESULT of 5"s});
}

INSTANTIATE_TEST_SUITE_P(Versions, AgreeingTest, testing::Values(cql::ProtocolVersion::v4, cql::ProtocolVersion::v5),
                         [](const auto& one) { return std::string(cql::name_of(one.param)); });

}  // namespace
}  // namespace crossfade::gateway
