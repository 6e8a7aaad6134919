#include "gateway/inspector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cql/response.hpp"

namespace crossfade::gateway {
namespace {

using cql::Consistency;
using cql::ErrorCode;
using cql::ProtocolVersion;

struct InspectorTest : testing::TestWithParam<ProtocolVersion> {
    Inspector inspector(Rights rights, bool is_single = false, const std::string& whose = "") {
        InspectorOptions options;
        options.version = GetParam();
        options.rights = std::move(rights);
        options.whose = whose;
        if (is_single) options.single_node = GatewayAddress{"192.0.2.7", 29042};
        return {options, statements};
    }
    static Rights astra() {
        Rights rights;
        rights.guardrails = Guardrails::astra;
        return rights;
    }
    static std::optional<Denial> ask(Inspector& inspector, base::Bytes& frame) {
        return inspector.on_request(cql::read_frame_header(frame.data()), frame);
    }
    std::optional<Denial> query(Inspector& inspector, std::string_view text, Consistency consistency) {
        cql::QueryOptions options;
        options.consistency = consistency;
        base::Bytes frame;
        cql::append_query(frame, GetParam(), stream++, text, options);
        return ask(inspector, frame);
    }
    std::optional<Denial> execute(Inspector& inspector, std::string_view id, Consistency consistency) {
        cql::QueryOptions options;
        options.consistency = consistency;
        options.skip_metadata = true;
        executed.clear();
        cql::append_execute(executed, GetParam(), stream++, base::bytes_of(id), base::bytes_of("metadata"), options);
        return ask(inspector, executed);
    }
    base::Bytes prepare_frame(std::string_view text) const {
        base::Bytes frame;
        cql::append_prepare(frame, GetParam(), 0, text);
        return frame;
    }
    base::Bytes prepared_frame(std::string_view id) const {
        base::Bytes answer;
        cql::append_prepared(answer, GetParam(), 0, base::bytes_of(id), base::bytes_of("metadata"), {}, {}, {});
        return answer;
    }
    void prepare(Inspector& inspector, std::string_view text, std::string_view id) {
        base::Bytes frame = prepare_frame(text);
        ASSERT_FALSE(ask(inspector, frame));
        EXPECT_EQ(shown(inspector, prepared_frame(id)), prepared_frame(id));
    }
    static base::Bytes shown(Inspector& inspector, const base::Bytes& frame) {
        base::Bytes out;
        inspector.on_answer_header(cql::read_frame_header(frame.data()));
        inspector.on_answer({cql::read_frame_header(frame.data()), frame}, out);
        return out;
    }
    PreparedStatements statements{100};
    base::Bytes executed;
    std::uint16_t stream = 1;  // of the next query
};

TEST_P(InspectorTest, WritesAtOneAreRefusedWhicheverWayTheyCome) {
    Inspector one = inspector(astra());
    EXPECT_FALSE(query(one, "INSERT INTO t (a) VALUES (1)", Consistency::local_quorum));
    EXPECT_EQ(query(one, "INSERT INTO t (a) VALUES (1)", Consistency::one)->refusal.code, ErrorCode::invalid);
    EXPECT_FALSE(query(one, "SELECT * FROM t", Consistency::one));
    prepare(one, "INSERT INTO t (a) VALUES (?)", "write");
    prepare(one, "SELECT * FROM t", "read");
    EXPECT_EQ(execute(one, "write", Consistency::local_one)->refusal.code, ErrorCode::invalid);
    EXPECT_FALSE(execute(one, "write", Consistency::local_quorum));
    EXPECT_FALSE(execute(one, "read", Consistency::local_one));
    cql::QueryOptions options;
    options.consistency = Consistency::any;
    base::Bytes batch;
    cql::append_batch(batch, GetParam(), 100, cql::BatchType::logged, {{"INSERT INTO t (a) VALUES (1)", {}, {}}},
                      options);
    EXPECT_EQ(ask(one, batch)->refusal.code, ErrorCode::invalid);
}

TEST_P(InspectorTest, AStatementThatIsNotKnownIsPreparedAgain) {
    Inspector limited = inspector(astra()), free = inspector({});
    const auto denial = execute(limited, "unknown", Consistency::local_quorum);
    ASSERT_TRUE(denial);
    EXPECT_EQ(denial->refusal.code, ErrorCode::unprepared);
    EXPECT_EQ(base::text_of(denial->unprepared_id), "unknown");
    EXPECT_FALSE(execute(free, "unknown", Consistency::one));
}

TEST_P(InspectorTest, ATokenOfSomeKeyspacesCannotUseWhatAnotherPrepared) {
    Rights rights;
    rights.keyspaces = {"shop"};
    Inspector other = inspector(astra()), limited = inspector(rights, false, "id");
    prepare(other, "SELECT * FROM t", "elsewhere");
    EXPECT_EQ(execute(limited, "elsewhere", Consistency::one)->refusal.code, ErrorCode::unprepared);
    prepare(limited, "SELECT * FROM t", "here");
    EXPECT_FALSE(execute(limited, "here", Consistency::one));
    EXPECT_EQ(query(limited, "SELECT * FROM other.t", Consistency::one)->refusal.code, ErrorCode::unauthorized);
}

TEST_P(InspectorTest, ARefusedStatementIsRefusedInABatch) {
    Rights rights;
    rights.keyspaces = {"shop"};
    Inspector limited = inspector(rights, false, "id");
    base::Bytes batch;
    cql::append_batch(batch, GetParam(), 1, cql::BatchType::logged,
                      {{"INSERT INTO shop.t (a) VALUES (1)", {}, {}}, {"DELETE FROM other.t WHERE a = 1", {}, {}}}, {});
    EXPECT_EQ(ask(limited, batch)->refusal.code, ErrorCode::unauthorized);
    rights = {};
    rights.is_read_only = true;
    Inspector reader = inspector(rights, false, "id");
    EXPECT_EQ(ask(reader, batch)->refusal.code, ErrorCode::unauthorized);
}

TEST_P(InspectorTest, WhatCannotBeReadIsRefusedWhereThereIsSomethingToRefuse) {
    base::Bytes frame;
    cql::append_query(frame, GetParam(), 1, "INSERT INTO t (a) VALUES (1)", {});
    frame.resize(frame.size() - 3);
    Inspector limited = inspector(astra()), free = inspector({});
    EXPECT_EQ(ask(limited, frame)->refusal.code, ErrorCode::protocol_error);
    EXPECT_FALSE(ask(free, frame));
}

TEST_P(InspectorTest, NoStatementIsTakenForAnotherUnderTheSameStreamId) {
    Inspector writer = inspector(astra()), other = inspector(astra());
    base::Bytes read = prepare_frame("SELECT * FROM t"), write = prepare_frame("INSERT INTO t (a) VALUES (?)");
    EXPECT_FALSE(ask(writer, write));
    EXPECT_EQ(ask(writer, read)->refusal.code, ErrorCode::protocol_error);
    shown(writer, prepared_frame("write"));
    EXPECT_EQ(execute(other, "write", Consistency::one)->refusal.code, ErrorCode::invalid);
    EXPECT_FALSE(ask(writer, read)) << "the stream id is free again";
    read[2] = 0xFF;
    EXPECT_EQ(ask(other, read)->refusal.code, ErrorCode::protocol_error) << "a negative one";
}

TEST_P(InspectorTest, EveryRequestIsOfTheVersionThatWasAgreedOn) {
    Inspector limited = inspector(astra());
    base::Bytes frame;
    cql::append_query(frame, GetParam() == ProtocolVersion::v4 ? ProtocolVersion::v3 : ProtocolVersion::v4, 1,
                      "SELECT * FROM t", {});
    EXPECT_EQ(ask(limited, frame)->refusal.code, ErrorCode::protocol_error);
}

TEST_P(InspectorTest, NobodyLogsInAgain) {
    Inspector any = inspector({}, true);
    base::Bytes credentials, startup;
    cql::append_auth_response(credentials, GetParam(), 1, base::bytes_of(std::string("\0other\0role", 11)));
    cql::append_startup(startup, GetParam(), 1, {{"CQL_VERSION", "3.0.0"}});
    EXPECT_EQ(ask(any, credentials)->refusal.code, ErrorCode::protocol_error);
    EXPECT_EQ(ask(any, startup)->refusal.code, ErrorCode::protocol_error);
}

TEST_P(InspectorTest, OneNodeIsAllThatIsSeen) {
    Inspector one = inspector({}, true);
    const auto type = cql::simple_type(cql::TypeCode::varchar);
    base::Bytes peers;
    cql::append_rows(peers, GetParam(), 1, {{"system", "peers", "rack", type}},
                     {{base::Bytes{'r'}}, {base::Bytes{'s'}}});
    EXPECT_FALSE(query(one, "SELECT * FROM system.peers", Consistency::one));
    const base::Bytes seen = shown(one, peers);
    const auto rows = cql::parse_rows(GetParam(), base::ByteView(seen).subspan(cql::frame_header_size));
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->row_count, 0);
    EXPECT_EQ(rows->metadata.columns.size(), 1U);
    EXPECT_EQ(shown(one, peers), peers);  // of another request
    prepare(one, "SELECT * FROM system.peers_v2", "id");
    EXPECT_FALSE(execute(one, "id", Consistency::one));
    const auto parsed = cql::parse_execute(GetParam(), base::ByteView(executed).subspan(cql::frame_header_size));
    EXPECT_FALSE(parsed->parameters.has(cql::query_flag::skip_metadata));
}

INSTANTIATE_TEST_SUITE_P(Versions, InspectorTest,
                         testing::Values(ProtocolVersion::v3, ProtocolVersion::v4, ProtocolVersion::v5));

}  // namespace
}  // namespace crossfade::gateway
