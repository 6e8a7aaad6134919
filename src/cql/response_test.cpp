#include "cql/response.hpp"

#include <gtest/gtest.h>

#include "cql/test_allocations.hpp"
#include "cql/test_bytes.hpp"

namespace crossfade::cql {
namespace {

Bytes body_of(ByteView frame, Opcode opcode) {
    const FrameScan scan = scan_frame(frame, largest_frame);
    EXPECT_EQ(scan.state, FrameScan::State::whole);
    EXPECT_EQ(scan.frame.bytes.size(), frame.size());
    EXPECT_TRUE(scan.frame.header.is_response);
    EXPECT_EQ(scan.frame.header.opcode, opcode);
    return copy_of(scan.frame.body());
}

std::uint8_t byte_of(ProtocolVersion version) {
    return static_cast<std::uint8_t>(version);
}

std::vector<OwnedColumn> columns_of_one_table() {
    return {{"ks", "t", "k", simple_type(TypeCode::int_number)},
            {"ks", "t", "m", map_type(simple_type(TypeCode::varchar), list_type(simple_type(TypeCode::bigint)))}};
}
std::vector<OwnedColumn> columns_of_two_tables() {
    return {{"ks", "t", "k", simple_type(TypeCode::int_number)}, {"ks", "u", "v", simple_type(TypeCode::blob)}};
}

void expect_columns(const RowsMetadata& metadata, const std::vector<OwnedColumn>& columns) {
    ASSERT_EQ(metadata.columns.size(), columns.size());
    EXPECT_EQ(metadata.column_count, static_cast<int>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        EXPECT_EQ(metadata.columns[i].keyspace, columns[i].keyspace);
        EXPECT_EQ(metadata.columns[i].table, columns[i].table);
        EXPECT_EQ(metadata.columns[i].name, columns[i].name);
        EXPECT_TRUE(equal(*metadata.columns[i].type, *columns[i].type, false));
    }
}

TEST(Rows, ComeBackInEveryVersion) {
    for (const ProtocolVersion version : all_versions) {
        for (const auto& columns : {columns_of_one_table(), columns_of_two_tables()}) {
            Bytes frame;
            append_rows(frame, version, 9, columns, {{hex("00000001"), std::nullopt}, {hex("00000002"), hex("")}});
            const Bytes body = body_of(frame, Opcode::result);
            EXPECT_EQ(result_kind(body), ResultKind::rows);
            const ExactBytes block(body);
            const auto rows = parse_rows(version, block.view());
            ASSERT_TRUE(rows) << rows.error().message;
            expect_columns(rows->metadata, columns);
            EXPECT_EQ(rows->row_count, 2);
            EXPECT_EQ(copy_of(rows->rows), hex("00000004 00000001 ffffffff 00000004 00000002 00000000"));
            for_each_prefix(body, [&](ByteView prefix) { ASSERT_FALSE(parse_rows(version, prefix)) << prefix.size(); });
        }
    }
}

TEST(Rows, OfOneTableNameItOnce) {
    Bytes frame;
    append_rows(frame, ProtocolVersion::v4, 1, columns_of_one_table(), {});
    EXPECT_EQ(body_of(frame, Opcode::result),
              hex("00000002 00000001 00000002 0002 'ks' 0001 't' 0001 'k' 0009 0001 'm' 0021 000d 0020 0002 00000000"));
}

TEST(Rows, WithoutRowsOrColumnsAreRows) {
    Bytes frame;
    append_rows(frame, ProtocolVersion::v4, 1, {}, {});
    const auto rows = parse_rows(ProtocolVersion::v4, body_of(frame, Opcode::result));
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->row_count, 0);
    EXPECT_EQ(rows->metadata.column_count, 0);
}

// Bytes written by hand from native_protocol_v5.spec §4.2.5.2: more pages, metadata changed, one table.
const Bytes v5_rows =
    hex("00000002 0000000b 00000001 00000002 beef 0003 010203 0002 'ks' 0001 't' 0001 'v' 000d 00000001 00000002 'hi'");

TEST(Rows, OfV5AreReadAsSpecified) {
    const auto rows = parse_rows(ProtocolVersion::v5, v5_rows);
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(copy_of(rows->metadata.paging_state), hex("beef"));
    EXPECT_EQ(rows->metadata.paging_state_offset, 12U);
    EXPECT_EQ(copy_of(rows->metadata.new_metadata_id), hex("010203"));
    EXPECT_EQ(copy_of(rows->metadata.specs), hex("0002 'ks' 0001 't' 0001 'v' 000d"));
    EXPECT_EQ(rows->metadata.columns.at(0).name, "v");
    EXPECT_EQ(copy_of(rows->rows), hex("00000002 'hi'"));
    for_each_prefix(v5_rows,
                    [](ByteView prefix) { ASSERT_FALSE(parse_rows(ProtocolVersion::v5, prefix)) << prefix.size(); });
}

TEST(Rows, WithoutMetadataHaveOnlyACount) {
    const Bytes body = hex("00000002 00000004 00000002 00000001 00000001 01 ffffffff");
    const auto rows = parse_rows(ProtocolVersion::v3, body);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->metadata.column_count, 2);
    EXPECT_TRUE(rows->metadata.columns.empty());
    EXPECT_EQ(rows->row_count, 1);
}

TEST(Rows, OfDseSayWhichPageTheyAre) {
    const Bytes body = hex("00000002 c0000004 00000001 00000005 00000000");
    for (const ProtocolVersion version : {ProtocolVersion::dse_v1, ProtocolVersion::dse_v2}) {
        const auto rows = parse_rows(version, body);
        ASSERT_TRUE(rows);
        EXPECT_EQ(rows->metadata.continuous_page, 5);
        EXPECT_TRUE(rows->metadata.has(rows_flag::last_continuous_page));
    }
}

TEST(Rows, RefuseCountsThatLie) {
    const char* const lies[] = {
        "00000002 00000000 7fffffff 00000000",                       // columns
        "00000002 00000000 ffffffff 00000000",                       // negative columns
        "00000002 00000004 00000001 7fffffff 00000000",              // rows
        "00000002 00000004 00000001 ffffffff",                       // negative rows
        "00000002 00000004 00000000 7fffffff",                       // rows of no columns
        "00000002 00000004 7fffffff 7fffffff 00000000",              // both
        "00000002 00000004 00000001 00000002 00000000 00000009 01",  // the last cell is longer than what is there
        "00000002 00000001 00000001 0000 0000 0000 0030 0000 0000 ffff 00"  // a type of 65,535 fields
    };
    for (const char* lie : lies) {
        const auto rows = parse_rows(ProtocolVersion::v4, ExactBytes(hex(lie)).view());
        ASSERT_FALSE(rows) << lie;
        EXPECT_EQ(rows.error().kind, base::ErrorKind::bad_input);
    }
}

TEST(RowsHead, HasWhatAProxyNeedsWithoutAllocation) {
    const auto before = allocation_count();
    const auto head = parse_rows_head(ProtocolVersion::v5, v5_rows);
    const auto after = allocation_count();
    EXPECT_EQ(after, before);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->metadata.column_count, 1);
    EXPECT_TRUE(head->metadata.has(rows_flag::has_more_pages));
    EXPECT_EQ(copy_of(head->metadata.paging_state), hex("beef"));
    EXPECT_EQ(head->metadata.paging_state_offset, 12U);
    EXPECT_EQ(copy_of(head->metadata.new_metadata_id), hex("010203"));
    EXPECT_TRUE(head->rows.empty());
    for_each_prefix(ByteView(v5_rows).first(23),
                    [](ByteView prefix) { ASSERT_FALSE(parse_rows_head(ProtocolVersion::v5, prefix)); });
}

TEST(Prepared, ComesBackInEveryVersion) {
    const Bytes id = hex("0123456789abcdef"), metadata_id = hex("aabb");
    for (const ProtocolVersion version : all_versions) {
        for (const auto& result : {std::vector<OwnedColumn>(), columns_of_one_table()}) {
            Bytes frame;
            append_prepared(frame, version, 2, id, metadata_id, columns_of_two_tables(), {1, 0}, result);
            const Bytes body = body_of(frame, Opcode::result);
            EXPECT_EQ(result_kind(body), ResultKind::prepared);
            const ExactBytes block(body);
            const auto prepared = parse_prepared(version, block.view());
            ASSERT_TRUE(prepared) << prepared.error().message;
            EXPECT_EQ(copy_of(prepared->id), id);
            EXPECT_EQ(load_short(body.data() + prepared->id_offset), id.size());
            if (has_result_metadata_id(version)) {
                EXPECT_EQ(copy_of(prepared->result_metadata_id), metadata_id);
                EXPECT_EQ(load_short(body.data() + prepared->result_metadata_id_offset), metadata_id.size());
            } else {
                EXPECT_TRUE(prepared->result_metadata_id.empty());
            }
            expect_columns(prepared->variables, columns_of_two_tables());
            EXPECT_EQ(prepared->variables.key_indices, version == ProtocolVersion::v3
                                                           ? std::vector<std::uint16_t>()
                                                           : (std::vector<std::uint16_t>{1, 0}));
            expect_columns(prepared->result, result);
            EXPECT_EQ(prepared->result.has(rows_flag::no_metadata), result.empty());
            for_each_prefix(body,
                            [&](ByteView prefix) { ASSERT_FALSE(parse_prepared(version, prefix)) << prefix.size(); });
        }
    }
}

// By hand, v4 §4.2.5.4: one variable of ks.t that is the key, no result metadata.
TEST(Prepared, OfV4IsReadAsSpecified) {
    const auto prepared = parse_prepared(
        ProtocolVersion::v4,
        hex("00000004 0002 cafe 00000001 00000001 00000001 0000 0002 'ks' 0001 't' 0001 'k' 0009 00000004 00000000"));
    ASSERT_TRUE(prepared) << prepared.error().message;
    EXPECT_EQ(prepared->id_offset, 4U);
    EXPECT_EQ(prepared->variables.key_indices, std::vector<std::uint16_t>{0});
    EXPECT_TRUE(prepared->result.has(rows_flag::no_metadata));
}

TEST(Prepared, RefusesKeysThatAreNoVariables) {
    EXPECT_FALSE(parse_prepared(
        ProtocolVersion::v4, hex("00000004 0002 cafe 00000001 00000001 00000001 0001 0002 'ks' 0001 't' 0001 'k' 0009 "
                                 "00000004 00000000")));
    EXPECT_FALSE(
        parse_prepared(ProtocolVersion::v4, hex("00000004 0002 cafe 00000000 00000000 ffffffff 00000004 00000000")));
    EXPECT_FALSE(
        parse_prepared(ProtocolVersion::v4, hex("00000004 0002 cafe 00000000 00000000 7fffffff 00000004 00000000")));
}

TEST(Result, OfAnotherKindIsRefusedByName) {
    const Bytes empty = hex("00000001");
    EXPECT_EQ(result_kind(empty), ResultKind::void_result);
    EXPECT_EQ(parse_rows(ProtocolVersion::v4, empty).error().message,
              "RESULT of kind 1 where RESULT Rows was expected");
    EXPECT_FALSE(parse_rows_head(ProtocolVersion::v4, empty));
    EXPECT_FALSE(parse_prepared(ProtocolVersion::v4, empty));
    EXPECT_FALSE(parse_set_keyspace(empty));
    EXPECT_EQ(result_kind(hex("00000006")), ResultKind::void_result);
    EXPECT_EQ(result_kind(hex("000000")), ResultKind::void_result);
}

TEST(SetKeyspace, ComesBack) {
    Bytes frame;
    append_set_keyspace(frame, 5, 1, "Ks");
    const Bytes body = body_of(frame, Opcode::result);
    EXPECT_EQ(body, hex("00000003 0002 'Ks'"));
    EXPECT_EQ(parse_set_keyspace(body).value(), "Ks");
    for_each_prefix(body, [](ByteView prefix) { ASSERT_FALSE(parse_set_keyspace(prefix)); });
}

TEST(Void, IsItsKind) {
    Bytes frame;
    append_void(frame, 4, 1);
    EXPECT_EQ(body_of(frame, Opcode::result), hex("00000001"));
}

std::vector<SchemaChange> some_changes() {
    return {{"CREATED", "KEYSPACE", "ks", "", {}},
            {"UPDATED", "TABLE", "ks", "t", {}},
            {"DROPPED", "TYPE", "ks", "u", {}},
            {"CREATED", "FUNCTION", "ks", "f", {"int", "text"}},
            {"CREATED", "AGGREGATE", "ks", "a", {}}};
}

TEST(SchemaChange, ComesBackAsResultAndAsEvent) {
    for (const ProtocolVersion version : all_versions) {
        for (const SchemaChange& change : some_changes()) {
            Bytes result;
            append_schema_change(result, byte_of(version), 7, change);
            const Bytes result_body = body_of(result, Opcode::result);
            EXPECT_EQ(result_kind(result_body), ResultKind::schema_change);
            Event event;
            event.kind = Event::Kind::schema_change;
            event.schema = change;
            Bytes pushed;
            append_event(pushed, byte_of(version), event);
            const Bytes event_body = body_of(pushed, Opcode::event);
            EXPECT_EQ(read_frame_header(pushed.data()).stream_id, -1);
            const auto parsed = parse_event(event_body);
            ASSERT_TRUE(parsed);
            Reader in(ByteView(result_body).subspan(4));
            const auto again = parse_schema_change(in);
            ASSERT_TRUE(again);
            for (const SchemaChange* each : {&*again, &parsed->schema}) {
                EXPECT_EQ(each->change, change.change);
                EXPECT_EQ(each->target, change.target);
                EXPECT_EQ(each->keyspace, change.keyspace);
                EXPECT_EQ(each->name, change.name);
                EXPECT_EQ(each->arguments, change.arguments);
            }
            EXPECT_EQ(parsed->change, change.change);
            for_each_prefix(event_body, [](ByteView prefix) { ASSERT_FALSE(parse_event(prefix)); });
        }
    }
}

TEST(Event, OfNodesComesBack) {
    for (const char* address : {"127.0.0.11", "::1", "2001:db8::ff:1"}) {
        for (const auto kind : {Event::Kind::topology_change, Event::Kind::status_change}) {
            Event event;
            event.kind = kind;
            event.change = "UP";
            event.address = address;
            event.port = 9042;
            Bytes frame;
            append_event(frame, 4, event);
            const Bytes body = body_of(frame, Opcode::event);
            const auto parsed = parse_event(body);
            ASSERT_TRUE(parsed);
            EXPECT_EQ(parsed->kind, kind);
            EXPECT_EQ(parsed->change, "UP");
            EXPECT_EQ(parsed->address, address);
            EXPECT_EQ(parsed->port, 9042);
            for_each_prefix(body, [](ByteView prefix) { ASSERT_FALSE(parse_event(prefix)); });
        }
    }
}

TEST(Event, IsReadAsSpecified) {
    const Bytes body = hex("000d 'STATUS_CHANGE' 0004 'DOWN' 04 7f00000b 00002352");
    const auto event = parse_event(body);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, Event::Kind::status_change);
    EXPECT_EQ(event->change, "DOWN");
    EXPECT_EQ(event->address, "127.0.0.11");
    EXPECT_EQ(event->port, 9042);
}

TEST(Event, RefusesUnknownTypesAndAddresses) {
    EXPECT_EQ(parse_event(hex("0003 'NEW' 0000")).error().message, "EVENT of the unknown type 'NEW'");
    EXPECT_FALSE(parse_event(hex("000d 'STATUS_CHANGE' 0002 'UP' 05 0102030405 00000001")));
    EXPECT_FALSE(parse_event(hex("000d 'STATUS_CHANGE' 0002 'UP' 00 00000001")));
}

TEST(HandshakesResponses, ComeBackInEveryVersion) {
    const std::map<std::string, std::vector<std::string>> options{
        {"COMPRESSION", {"snappy", "lz4"}}, {"CQL_VERSION", {"3.4.6"}}, {"NONE", {}}};
    for (const ProtocolVersion version : all_versions) {
        Bytes ready, authenticate, challenge, success, empty_success, supported;
        append_ready(ready, byte_of(version), 1);
        EXPECT_TRUE(body_of(ready, Opcode::ready).empty());
        append_authenticate(authenticate, byte_of(version), 1, "org.apache.cassandra.auth.PasswordAuthenticator");
        const Bytes named = body_of(authenticate, Opcode::authenticate);
        EXPECT_EQ(parse_authenticate(named).value(), "org.apache.cassandra.auth.PasswordAuthenticator");
        for_each_prefix(named, [](ByteView prefix) { ASSERT_FALSE(parse_authenticate(prefix)); });
        append_auth_challenge(challenge, byte_of(version), 1, base::bytes_of("PLAIN-START"));
        const Bytes asked = body_of(challenge, Opcode::auth_challenge);
        EXPECT_EQ(string_of(parse_auth_token(asked).value()), "PLAIN-START");
        for_each_prefix(asked, [](ByteView prefix) { ASSERT_FALSE(parse_auth_token(prefix)); });
        append_auth_success(success, byte_of(version), 1, hex("01"));
        const Bytes token = body_of(success, Opcode::auth_success);
        EXPECT_EQ(copy_of(parse_auth_token(token).value()), hex("01"));
        append_auth_success(empty_success, byte_of(version), 1, {});
        EXPECT_EQ(body_of(empty_success, Opcode::auth_success), hex("ffffffff"));
        EXPECT_TRUE(parse_auth_token(body_of(empty_success, Opcode::auth_success))->empty());
        append_supported(supported, byte_of(version), 1, options);
        const Bytes map = body_of(supported, Opcode::supported);
        EXPECT_EQ(parse_supported(map).value(), options);
        for_each_prefix(map, [](ByteView prefix) { ASSERT_FALSE(parse_supported(prefix)); });
    }
}

}  // namespace
}  // namespace crossfade::cql
