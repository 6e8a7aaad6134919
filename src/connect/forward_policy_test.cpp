#include "connect/forward_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/fake_stream.hpp"
#include "net/testing_loop.hpp"

namespace crossfade::connect {
namespace {

constexpr cql::ProtocolVersion v4 = cql::ProtocolVersion::v4;

// A client and two nodes that are buffers, and the endpoint between them. Nothing runs: all that happens follows at
// once from what is received.
class ForwardPolicyTest : public testing::Test {
protected:
    ForwardPolicyTest() : registry_(100), policy_(options_, engine_) {
        options_.unsupported_write_consistencies = {cql::Consistency::one};
        engine_.set_policy(policy_);
        auto topology = std::make_shared<nodes::Topology>();
        for (const char* host : {"127.0.0.1", "127.0.0.2"}) {
            nodes::Node& node = topology->nodes.emplace_back();
            node.address = {host, 1};
            node.host_id.back() = static_cast<std::uint8_t>(topology->nodes.size());
            node.datacenter = "dc1";
        }
        topology_ = topology;
        engine_.set_topology(0, topology, "dc1");
        relay::Pool& pool = engine_.pool_for({0, {}, v4, cql::Compression::none});
        for (std::size_t i = 0; i < 2; ++i) {
            nodes::OpenedConnection opened;
            opened.stream = std::make_unique<net::FakeStream>(nodes_[i]);
            opened.version = v4;
            opened.peer = nodes::to_text(topology->nodes[i].endpoint());
            pool.adopt(std::move(opened));
        }
        engine_.accept(std::make_unique<net::FakeStream>(client_));
        base::Bytes startup;
        cql::append_startup(startup, v4, 1, {{"CQL_VERSION", "3.0.0"}});
        client_sends(startup);
        EXPECT_EQ(opcode_to_client(), cql::Opcode::ready);
    }

    void client_sends(base::Bytes frame) { EXPECT_EQ(client_.user->on_bytes(frame), frame.size()); }
    // The next frame that the client got; empty when there is none.
    base::Bytes to_client() { return take(client_.out); }
    cql::Opcode opcode_to_client() {
        const base::Bytes frame = to_client();
        return frame.empty() ? cql::Opcode::options : cql::read_frame_header(frame.data()).opcode;
    }
    // The one request that is at a node now, and which node.
    base::Bytes to_node() {
        at_ = nodes_[0].out.empty() ? 1 : 0;
        EXPECT_TRUE(nodes_[1 - at_].out.empty());
        return take(nodes_[at_].out);
    }
    // The node that to_node() found answers that request.
    void node_answers(const base::Bytes& request, base::Bytes answer) {
        cql::patch_stream_id(answer.data(), stream_of(request));
        EXPECT_EQ(nodes_[at_].user->on_bytes(answer), answer.size());
    }
    void node_refuses(const base::Bytes& request, cql::ErrorCode code) {
        base::Bytes frame;
        cql::ErrorMessage error;
        error.code = code;
        error.text = "as told";
        cql::append_error(frame, 4, 0, error);
        node_answers(request, frame);
    }
    static std::uint16_t stream_of(const base::Bytes& frame) {
        return static_cast<std::uint16_t>(cql::read_frame_header(frame.data()).stream_id);
    }
    static base::ByteView body_of(const base::Bytes& frame) {
        return base::ByteView(frame).subspan(cql::frame_header_size);
    }

    static base::Bytes query(std::uint16_t stream, const std::string& text,
                             cql::Consistency consistency = cql::Consistency::local_quorum) {
        base::Bytes frame;
        cql::QueryOptions options;
        options.consistency = consistency;
        cql::append_query(frame, v4, stream, text, options);
        return frame;
    }
    cql::ErrorCode error_to_client() {
        const base::Bytes frame = to_client();
        const auto error = frame.empty()
                               ? base::Result<cql::ErrorMessage>(base::fail(base::ErrorKind::internal, "none"))
                               : cql::parse_error(v4, body_of(frame));
        EXPECT_TRUE(error);
        return error ? error->code : cql::ErrorCode::protocol_error;
    }
    // PREPARE through the endpoint; gives the id that the client was told.
    base::Bytes prepared(const std::string& text) {
        base::Bytes frame;
        cql::append_prepare(frame, v4, 2, text);
        client_sends(frame);
        const base::Bytes request = to_node();
        base::Bytes answer;
        cql::append_prepared(answer, v4, 0, base::bytes_of("the node's own id"), {}, {}, {}, {});
        node_answers(request, answer);
        const base::Bytes told = to_client();
        const auto result = cql::parse_prepared(v4, body_of(told));
        EXPECT_TRUE(result);
        return result ? base::Bytes(result->id.begin(), result->id.end()) : base::Bytes();
    }
    static base::Bytes execute(std::uint16_t stream, const base::Bytes& id, cql::Consistency consistency) {
        base::Bytes frame;
        cql::QueryOptions options;
        options.consistency = consistency;
        cql::append_execute(frame, v4, stream, id, {}, options);
        return frame;
    }

    // The node that changed the schema is asked what it and the others have.
    void node_has_schema(std::uint8_t version) {
        const base::Bytes request = to_node();
        ASSERT_EQ(text_of(request), "SELECT schema_version FROM system.local WHERE key='local'");
        base::Bytes answer;
        cql::append_rows(answer, v4, 0, {uuid_column("schema_version")}, {{base::Bytes(16, version)}});
        node_answers(request, answer);
    }
    void other_has_schema(std::uint8_t version) {
        const base::Bytes request = to_node();
        ASSERT_EQ(text_of(request), "SELECT host_id, schema_version FROM system.peers");
        base::Bytes answer, host_id(16, 0);
        host_id.back() = static_cast<std::uint8_t>(2 - at_);
        cql::append_rows(answer, v4, 0, {uuid_column("host_id"), uuid_column("schema_version")},
                         {{host_id, base::Bytes(16, version)}});
        node_answers(request, answer);
    }
    // Gives the answer, which the client does not have yet.
    base::Bytes creates_a_table() {
        client_sends(query(1, "CREATE TABLE ks.t (k int PRIMARY KEY)"));
        const base::Bytes request = to_node();
        base::Bytes answer;
        cql::append_schema_change(answer, 4, 0, {"CREATED", "TABLE", "ks", "t", {}});
        node_answers(request, answer);
        cql::patch_stream_id(answer.data(), 1);
        return answer;
    }
    static std::string text_of(const base::Bytes& request) {
        const auto query = cql::parse_query(v4, body_of(request));
        return query ? std::string(query->text) : "no query";
    }
    static cql::OwnedColumn uuid_column(const char* name) {
        return {"system", "local", name, cql::simple_type(cql::TypeCode::uuid)};
    }

    Options options_;
    std::shared_ptr<const nodes::Topology> topology_;
    net::TestingLoop loop_;
    relay::PreparedRegistry registry_;
    net::FakeStream::Seen client_;
    std::array<net::FakeStream::Seen, 2> nodes_;
    relay::Engine engine_{loop_, {}, registry_};
    ForwardPolicy policy_;
    std::size_t at_ = 0;

private:
    static base::Bytes take(base::Bytes& from) {
        const auto scan = cql::scan_frame(from, 1 << 20);
        if (scan.state != cql::FrameScan::State::whole) return {};
        base::Bytes frame(scan.frame.bytes.begin(), scan.frame.bytes.end());
        from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(frame.size()));
        return frame;
    }
};

TEST_F(ForwardPolicyTest, ARequestGoesOnAsItCameUnderAnotherStreamId) {
    client_sends(query(77, "SELECT * FROM ks.t"));
    const base::Bytes request = to_node();
    EXPECT_EQ(request, query(stream_of(request), "SELECT * FROM ks.t"));
    base::Bytes answer;
    cql::append_void(answer, 4, 0);
    node_answers(request, answer);
    const base::Bytes told = to_client();
    cql::patch_stream_id(answer.data(), 77);
    EXPECT_EQ(told, answer);
}

TEST_F(ForwardPolicyTest, APreparedStatementHasAnIdOfTheEndpoint) {
    const base::Bytes id = prepared("SELECT v FROM ks.t WHERE k = 1");
    EXPECT_EQ(id.size(), 16U);
    client_sends(execute(9, id, cql::Consistency::one));
    const base::Bytes request = to_node();
    const base::Bytes own = {'t', 'h', 'e', ' ', 'n', 'o', 'd', 'e', '\'', 's', ' ', 'o', 'w', 'n', ' ', 'i', 'd'};
    EXPECT_EQ(request, execute(stream_of(request), own, cql::Consistency::one)) << "a read keeps its consistency";
}

TEST_F(ForwardPolicyTest, AnUnknownIdIsToldToTheClient) {
    client_sends(execute(9, base::Bytes(16, 1), cql::Consistency::one));
    EXPECT_EQ(error_to_client(), cql::ErrorCode::unprepared);
}

TEST_F(ForwardPolicyTest, WritesAreNotSentAtAnUnsupportedConsistency) {
    const base::Bytes id = prepared("INSERT INTO ks.t (k) VALUES (1)");
    client_sends(execute(9, id, cql::Consistency::one));
    base::Bytes request = to_node();
    EXPECT_EQ(cql::parse_execute(v4, body_of(request))->parameters.consistency, cql::Consistency::local_quorum);
    client_sends(execute(10, id, cql::Consistency::two));
    request = to_node();
    EXPECT_EQ(cql::parse_execute(v4, body_of(request))->parameters.consistency, cql::Consistency::two);
    for (const auto& [text, expected] : {std::pair{"DELETE FROM ks.t WHERE k = 1", cql::Consistency::local_quorum},
                                         {"SELECT * FROM ks.t", cql::Consistency::one},
                                         {"TRUNCATE ks.t", cql::Consistency::one}}) {
        client_sends(query(11, text, cql::Consistency::one));
        request = to_node();
        EXPECT_EQ(cql::parse_query(v4, body_of(request))->parameters.consistency, expected) << text;
        node_refuses(request, cql::ErrorCode::invalid);
        to_client();
    }
}

TEST_F(ForwardPolicyTest, WhatMayBeRepeatedGoesToAnotherNodeWhenOneIsOverloaded) {
    client_sends(query(5, "INSERT INTO ks.t (k) VALUES (1)"));
    const base::Bytes first = to_node();
    const std::size_t first_node = at_;
    node_refuses(first, cql::ErrorCode::overloaded);
    const base::Bytes second = to_node();
    EXPECT_NE(at_, first_node);
    EXPECT_TRUE(to_client().empty());
    node_refuses(second, cql::ErrorCode::overloaded);
    node_refuses(to_node(), cql::ErrorCode::overloaded);
    EXPECT_EQ(error_to_client(), cql::ErrorCode::overloaded);
}

TEST_F(ForwardPolicyTest, WhatMustNotBeRepeatedGetsTheNodesError) {
    client_sends(query(5, "UPDATE ks.c SET n = n + 1 WHERE k = 1"));
    node_refuses(to_node(), cql::ErrorCode::overloaded);
    EXPECT_EQ(error_to_client(), cql::ErrorCode::overloaded);
}

TEST_F(ForwardPolicyTest, ALostConnectionMeansAgainOrUnknown) {
    client_sends(query(5, "SELECT * FROM ks.t"));
    to_node();
    nodes_[at_].user->on_closed(base::Error(base::ErrorKind::connection, "gone"));
    const base::Bytes again = to_node();
    base::Bytes answer;
    cql::append_void(answer, 4, 0);
    node_answers(again, answer);
    EXPECT_EQ(opcode_to_client(), cql::Opcode::result);
    client_sends(query(6, "INSERT INTO ks.t (k) VALUES (1) IF NOT EXISTS"));
    to_node();
    nodes_[at_].user->on_closed(base::Error(base::ErrorKind::connection, "gone"));
    const base::Bytes told = to_client();
    ASSERT_FALSE(told.empty());
    const auto error = cql::parse_error(v4, body_of(told));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, cql::ErrorCode::write_timeout);
    EXPECT_EQ(error->write_type, "CAS");
}

TEST_F(ForwardPolicyTest, AWriteThatMayHaveBeenExecutedIsNotSaidToBeRefused) {
    client_sends(query(5, "INSERT INTO ks.t (k) VALUES (1)"));
    to_node();
    nodes_[at_].user->on_closed(base::Error(base::ErrorKind::connection, "gone"));
    node_refuses(to_node(), cql::ErrorCode::unavailable);
    EXPECT_EQ(error_to_client(), cql::ErrorCode::write_timeout);
}

TEST_F(ForwardPolicyTest, UseAsksWhetherTheKeyspaceExists) {
    client_sends(query(5, "USE ks"));
    const base::Bytes request = to_node();
    EXPECT_EQ(cql::parse_query(v4, body_of(request))->text,
              "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = 'ks'");
    base::Bytes rows;
    cql::append_rows(rows, v4, 0,
                     {{"system_schema", "keyspaces", "keyspace_name", cql::simple_type(cql::TypeCode::varchar)}}, {});
    node_answers(request, rows);
    EXPECT_EQ(error_to_client(), cql::ErrorCode::invalid);
}

TEST_F(ForwardPolicyTest, WhileItStopsItSaysThatNothingWasExecuted) {
    policy_.drain();
    client_sends(query(5, "SELECT * FROM ks.t"));
    EXPECT_EQ(error_to_client(), cql::ErrorCode::is_bootstrapping);
}

TEST_F(ForwardPolicyTest, ASchemaChangeIsAnsweredWhenTheNodesAgree) {
    const base::Bytes answer = creates_a_table();
    const std::size_t coordinator = at_;
    node_has_schema(2);
    other_has_schema(1);
    EXPECT_TRUE(to_client().empty());
    // Other requests go on meanwhile.
    client_sends(query(9, "SELECT * FROM ks.u"));
    const base::Bytes select = to_node();
    base::Bytes nothing;
    cql::append_void(nothing, 4, 0);
    node_answers(select, nothing);
    EXPECT_EQ(opcode_to_client(), cql::Opcode::result);

    ASSERT_TRUE(loop_.run_until([&] { return !nodes_[coordinator].out.empty(); }));
    node_has_schema(2);
    EXPECT_EQ(at_, coordinator) << "who has changed it knows that it did";
    EXPECT_TRUE(to_client().empty());
    other_has_schema(2);
    EXPECT_EQ(to_client(), answer);
    EXPECT_EQ(engine_.requests_in_flight(), 0U);
}

TEST_F(ForwardPolicyTest, ANodeThatIsDownNeedNotAgree) {
    const base::Bytes answer = creates_a_table();
    auto topology = std::make_shared<nodes::Topology>(*topology_);
    topology->nodes[1 - at_].is_up = false;
    engine_.set_topology(0, topology, "dc1");
    node_has_schema(2);
    other_has_schema(1);
    EXPECT_EQ(to_client(), answer);
}

TEST_F(ForwardPolicyTest, NodesThatNeverAgreeDoNotMakeItATimeout) {
    options_.request_timeout = std::chrono::milliseconds(500);
    const base::Bytes answer = creates_a_table();
    node_has_schema(2);
    other_has_schema(1);
    // Nobody answers the next look.
    ASSERT_TRUE(loop_.run_until([&] { return !client_.out.empty(); }));
    EXPECT_EQ(to_client(), answer);
}

TEST_F(ForwardPolicyTest, AClientThatGoesWhileItWaitsForTheNodesLeavesNothing) {
    creates_a_table();
    client_.user->on_closed({base::ErrorKind::connection, "gone"});
    node_has_schema(2);
    other_has_schema(2);
    EXPECT_EQ(engine_.requests_in_flight(), 0U);
}

}  // namespace
}  // namespace crossfade::connect
