#include "cql/request.hpp"

#include <gtest/gtest.h>

#include "cql/test_allocations.hpp"
#include "cql/test_bytes.hpp"

namespace crossfade::cql {
namespace {

const Bytes first_value = hex("00000007"), paging_state = hex("0102030405"), prepared_id = hex("00112233"),
            metadata_id = hex("aabbcc");

// The options that the lowest eight bits of `mask` choose.
QueryOptions options_of(unsigned mask) {
    QueryOptions options;
    options.consistency = Consistency::quorum;
    if ((mask & 0x01U) != 0)
        options.values = {
            {ValueView::State::bytes, first_value}, {ValueView::State::null, {}}, {ValueView::State::bytes, {}}};
    options.skip_metadata = (mask & 0x02U) != 0;
    if ((mask & 0x04U) != 0) options.page_size = 5000;
    if ((mask & 0x08U) != 0) options.paging_state = paging_state;
    if ((mask & 0x10U) != 0) options.serial_consistency = Consistency::local_serial;
    if ((mask & 0x20U) != 0) options.timestamp = 1'700'000'000'000'001;
    if ((mask & 0x40U) != 0) options.keyspace = "ks";
    if ((mask & 0x80U) != 0) options.now_in_seconds = 1'700'000'000;
    return options;
}
constexpr unsigned all_options = 0xFF, timestamp_option = 0x20;

Bytes body_of(ByteView frame) {
    const FrameScan scan = scan_frame(frame, largest_frame);
    EXPECT_EQ(scan.state, FrameScan::State::whole);
    EXPECT_EQ(scan.frame.bytes.size(), frame.size());
    return copy_of(scan.frame.body());
}

void expect_parameters(const QueryParameters& parsed, const QueryOptions& sent, ProtocolVersion version) {
    EXPECT_EQ(parsed.consistency, sent.consistency);
    EXPECT_EQ(parsed.value_count, sent.values.size());
    EXPECT_EQ(parsed.has(query_flag::values), !sent.values.empty());
    EXPECT_EQ(parsed.has(query_flag::skip_metadata), sent.skip_metadata);
    EXPECT_EQ(parsed.page_size, sent.page_size);
    EXPECT_EQ(string_of(parsed.paging_state), string_of(sent.paging_state));
    EXPECT_EQ(parsed.serial_consistency, sent.serial_consistency);
    EXPECT_EQ(parsed.timestamp, sent.timestamp);
    EXPECT_EQ(parsed.keyspace, has_request_keyspace(version) ? sent.keyspace : "");
    EXPECT_EQ(parsed.now_in_seconds, version == ProtocolVersion::v5 ? sent.now_in_seconds : std::nullopt);
    Reader values(parsed.values);
    for (const ValueView& value : sent.values) {
        const ValueView read = values.value();
        EXPECT_EQ(read.state, value.state);
        EXPECT_EQ(string_of(read.bytes), string_of(value.bytes));
    }
    EXPECT_TRUE(values.ok());
    EXPECT_EQ(values.remaining(), 0U);
}

// What a proxy does with a body that has no timestamp: sets its flag and puts 8 bytes where the parser said.
Bytes stamped(ProtocolVersion version, ByteView body, std::size_t flags_offset, std::size_t timestamp_offset,
              std::int64_t timestamp) {
    Bytes out = copy_of(body.first(timestamp_offset));
    Writer(out).long_number(timestamp);
    base::append(out, body.subspan(timestamp_offset));
    out[flags_offset + (has_wide_flags(version) ? 3 : 0)] |= static_cast<std::uint8_t>(query_flag::default_timestamp);
    return out;
}

class EveryVersion : public testing::TestWithParam<ProtocolVersion> {};
INSTANTIATE_TEST_SUITE_P(Request, EveryVersion, testing::ValuesIn(all_versions), [](const auto& each) {
    return is_dse(each.param) ? std::string(name_of(each.param)) : "V" + std::string(name_of(each.param));
});

TEST_P(EveryVersion, QueryComesBackWithAnyOptions) {
    for (unsigned mask = 0; mask <= all_options; ++mask) {
        const QueryOptions options = options_of(mask);
        Bytes frame;
        append_query(frame, GetParam(), 513, "SELECT * FROM ks.t WHERE k = ?", options);
        const FrameHeader header = read_frame_header(frame.data());
        EXPECT_EQ(header.opcode, Opcode::query);
        EXPECT_EQ(header.stream_id, 513);
        EXPECT_EQ(header.version, static_cast<std::uint8_t>(GetParam()));
        const Bytes body = body_of(frame);
        const ExactBytes block(body);
        const auto parsed = parse_query(GetParam(), block.view());
        ASSERT_TRUE(parsed) << parsed.error().message;
        EXPECT_EQ(parsed->text, "SELECT * FROM ks.t WHERE k = ?");
        expect_parameters(parsed->parameters, options, GetParam());
        for_each_prefix(body, [&](ByteView prefix) {
            ASSERT_FALSE(parse_query(GetParam(), prefix)) << mask << " cut at " << prefix.size();
        });
    }
}

TEST_P(EveryVersion, ExecuteComesBackWithAnyOptions) {
    for (unsigned mask = 0; mask <= all_options; ++mask) {
        const QueryOptions options = options_of(mask);
        Bytes frame;
        append_execute(frame, GetParam(), 1, prepared_id, metadata_id, options);
        const Bytes body = body_of(frame);
        const ExactBytes block(body);
        const auto parsed = parse_execute(GetParam(), block.view());
        ASSERT_TRUE(parsed) << parsed.error().message;
        EXPECT_EQ(copy_of(parsed->prepared_id), prepared_id);
        EXPECT_EQ(copy_of(parsed->result_metadata_id), has_result_metadata_id(GetParam()) ? metadata_id : Bytes());
        expect_parameters(parsed->parameters, options, GetParam());
        for_each_prefix(body, [&](ByteView prefix) {
            ASSERT_FALSE(parse_execute(GetParam(), prefix)) << mask << " cut at " << prefix.size();
        });
    }
}

std::vector<BatchItem> some_items() {
    std::vector<BatchItem> items(3);
    items[0].text = "INSERT INTO ks.t (k) VALUES (?)";
    items[0].values = {{ValueView::State::bytes, first_value}};
    items[1].prepared_id = prepared_id;
    items[1].values = {{ValueView::State::null, {}}, {ValueView::State::bytes, {}}};
    items[2].text = "DELETE FROM ks.t WHERE k = 1";
    return items;
}

TEST_P(EveryVersion, BatchComesBackWithAnyOptions) {
    const std::vector<BatchItem> items = some_items();
    for (unsigned mask = 0; mask <= all_options; mask += 0x10) {
        const QueryOptions options = options_of(mask);
        Bytes frame;
        append_batch(frame, GetParam(), 1, BatchType::unlogged, items, options);
        const Bytes body = body_of(frame);
        const ExactBytes block(body);
        const auto parsed = parse_batch(GetParam(), block.view());
        ASSERT_TRUE(parsed) << parsed.error().message;
        EXPECT_EQ(parsed->type, BatchType::unlogged);
        EXPECT_EQ(parsed->consistency, options.consistency);
        EXPECT_EQ(load_short(block.view().data() + parsed->consistency_offset), static_cast<int>(options.consistency));
        EXPECT_EQ(parsed->serial_consistency, options.serial_consistency);
        EXPECT_EQ(parsed->timestamp, options.timestamp);
        EXPECT_EQ(parsed->keyspace, has_request_keyspace(GetParam()) ? options.keyspace : "");
        EXPECT_EQ(parsed->now_in_seconds, GetParam() == ProtocolVersion::v5 ? options.now_in_seconds : std::nullopt);
        std::size_t index = 0;
        for_each_child(*parsed, [&](const BatchChild& child) {
            ASSERT_LT(index, items.size());
            const BatchItem& item = items[index++];
            EXPECT_EQ(child.is_prepared, !item.prepared_id.empty());
            EXPECT_EQ(child.text, item.text);
            EXPECT_EQ(string_of(child.prepared_id), string_of(item.prepared_id));
            if (child.is_prepared) {
                EXPECT_EQ(load_short(block.view().data() + child.id_offset), item.prepared_id.size());
            }
            EXPECT_EQ(child.value_count, item.values.size());
            Reader values(child.values);
            for (const ValueView& value : item.values) EXPECT_EQ(values.value().state, value.state);
            EXPECT_EQ(values.remaining(), 0U);
        });
        EXPECT_EQ(index, items.size());
        for_each_prefix(body, [&](ByteView prefix) {
            ASSERT_FALSE(parse_batch(GetParam(), prefix)) << mask << " cut at " << prefix.size();
        });
    }
}

TEST_P(EveryVersion, AMissingTimestampGoesWhereTheParserSays) {
    for (unsigned mask = 0; mask <= all_options; ++mask) {
        if ((mask & timestamp_option) != 0) continue;
        const QueryOptions without = options_of(mask), with = options_of(mask | timestamp_option);
        Bytes before, after;
        append_query(before, GetParam(), 1, "UPDATE", without);
        append_query(after, GetParam(), 1, "UPDATE", with);
        const Bytes query = body_of(before);
        const auto parsed_query = parse_query(GetParam(), query);
        EXPECT_EQ(stamped(GetParam(), query, parsed_query->parameters.flags_offset,
                          parsed_query->parameters.timestamp_offset, *with.timestamp),
                  body_of(after));

        before.clear();
        after.clear();
        append_execute(before, GetParam(), 1, prepared_id, metadata_id, without);
        append_execute(after, GetParam(), 1, prepared_id, metadata_id, with);
        const Bytes execute = body_of(before);
        const auto parsed_execute = parse_execute(GetParam(), execute);
        EXPECT_EQ(stamped(GetParam(), execute, parsed_execute->parameters.flags_offset,
                          parsed_execute->parameters.timestamp_offset, *with.timestamp),
                  body_of(after));

        before.clear();
        after.clear();
        append_batch(before, GetParam(), 1, BatchType::logged, some_items(), without);
        append_batch(after, GetParam(), 1, BatchType::logged, some_items(), with);
        const Bytes batch = body_of(before);
        const auto parsed_batch = parse_batch(GetParam(), batch);
        EXPECT_EQ(
            stamped(GetParam(), batch, parsed_batch->flags_offset, parsed_batch->timestamp_offset, *with.timestamp),
            body_of(after));
    }
}

TEST_P(EveryVersion, TheTimestampThatIsThereIsFound) {
    Bytes frame;
    append_query(frame, GetParam(), 1, "UPDATE", options_of(all_options));
    const Bytes body = body_of(frame);
    const auto parsed = parse_query(GetParam(), body);
    Reader in(ByteView(body).subspan(parsed->parameters.timestamp_offset));
    EXPECT_EQ(in.long_number(), *options_of(all_options).timestamp);
    EXPECT_EQ(load_int(body.data() + parsed->parameters.paging_state_offset), paging_state.size());
    EXPECT_EQ(load_short(body.data() + parsed->parameters.consistency_offset), static_cast<int>(Consistency::quorum));
}

TEST_P(EveryVersion, PrepareComesBack) {
    for (const std::string_view keyspace : {"", "ks"}) {
        Bytes frame;
        append_prepare(frame, GetParam(), 1, "SELECT 1", keyspace);
        const Bytes body = body_of(frame);
        const auto parsed = parse_prepare(GetParam(), ExactBytes(body).view());
        ASSERT_TRUE(parsed);
        const ExactBytes block(body);
        EXPECT_EQ(parse_prepare(GetParam(), block.view())->text, "SELECT 1");
        EXPECT_EQ(parse_prepare(GetParam(), block.view())->keyspace, has_request_keyspace(GetParam()) ? keyspace : "");
        for_each_prefix(body, [&](ByteView prefix) { ASSERT_FALSE(parse_prepare(GetParam(), prefix)); });
    }
}

TEST_P(EveryVersion, TheHandshakesRequestsComeBack) {
    const std::vector<std::pair<std::string, std::string>> options{{"CQL_VERSION", "3.0.0"}, {"COMPRESSION", "lz4"}};
    Bytes startup;
    append_startup(startup, GetParam(), 1, options);
    EXPECT_EQ(parse_startup(body_of(startup)).value(), options);
    for_each_prefix(body_of(startup), [&](ByteView prefix) { ASSERT_FALSE(parse_startup(prefix)); });

    const std::vector<std::string> events{"STATUS_CHANGE", "SCHEMA_CHANGE"};
    Bytes registration;
    append_register(registration, GetParam(), 1, events);
    EXPECT_EQ(parse_register(body_of(registration)).value(), events);
    for_each_prefix(body_of(registration), [&](ByteView prefix) { ASSERT_FALSE(parse_register(prefix)); });

    Bytes login;
    append_auth_response(login, GetParam(), 1, hex("00 'u' 00 'p'"));
    const Bytes body = body_of(login);
    EXPECT_EQ(copy_of(parse_auth_response(body).value()), hex("00 'u' 00 'p'"));
    for_each_prefix(body, [&](ByteView prefix) { ASSERT_FALSE(parse_auth_response(prefix)); });

    Bytes ask;
    append_options(ask, GetParam(), 1);
    EXPECT_EQ(read_frame_header(ask.data()).opcode, Opcode::options);
    EXPECT_EQ(ask.size(), frame_header_size);
}

TEST(AuthResponse, NullIsEmptyAndUnsetIsNoToken) {
    EXPECT_TRUE(parse_auth_response(hex("ffffffff"))->empty());
    EXPECT_FALSE(parse_auth_response(hex("fffffffe")));
}

// Bytes written by hand from the specifications.
TEST(Query, OfV4IsReadAsSpecified) {
    const Bytes body = hex("00000006 'SELECT' 0006 35 0002 00000001 ff fffffffe 00000064 0008 0005eb5a4d2b1234");
    const auto query = parse_query(ProtocolVersion::v4, body);
    ASSERT_TRUE(query) << query.error().message;
    EXPECT_EQ(query->text, "SELECT");
    EXPECT_EQ(query->parameters.consistency, Consistency::local_quorum);
    EXPECT_EQ(query->parameters.consistency_offset, 10U);
    EXPECT_EQ(query->parameters.flags_offset, 12U);
    EXPECT_EQ(query->parameters.value_count, 2);
    EXPECT_EQ(copy_of(query->parameters.values), hex("00000001 ff fffffffe"));
    EXPECT_EQ(query->parameters.page_size, 100);
    EXPECT_EQ(query->parameters.serial_consistency, Consistency::serial);
    EXPECT_EQ(query->parameters.timestamp, 0x0005eb5a4d2b1234);
    EXPECT_EQ(query->parameters.timestamp_offset, 30U);
}

TEST(Query, OfV5IsReadAsSpecified) {
    const Bytes body = hex("00000001 'S' 000a 00000180 0002 'ks' 65000000");
    const auto query = parse_query(ProtocolVersion::v5, body);
    ASSERT_TRUE(query);
    EXPECT_EQ(query->parameters.keyspace, "ks");
    EXPECT_EQ(query->parameters.now_in_seconds, 0x65000000);
    EXPECT_FALSE(query->parameters.timestamp);
    EXPECT_EQ(query->parameters.timestamp_offset, 11U) << "before the keyspace";
}

TEST(Query, HasNamedValues) {
    const Bytes body = hex("00000001 'S' 0001 41 0002 0001 'a' 00000001 01 0002 'bb' ffffffff");
    const auto query = parse_query(ProtocolVersion::v3, body);
    ASSERT_TRUE(query);
    EXPECT_EQ(query->parameters.value_count, 2);
    EXPECT_EQ(copy_of(query->parameters.values), hex("0001 'a' 00000001 01 0002 'bb' ffffffff"));
    for_each_prefix(body, [](ByteView prefix) { ASSERT_FALSE(parse_query(ProtocolVersion::v3, prefix)); });
}

TEST(Query, FlagsOfLaterVersionsCarryNothingInEarlierOnes) {
    // 0x80 is the keyspace from v5 on; v4 has no such flag.
    const auto query = parse_query(ProtocolVersion::v4, hex("00000001 'S' 0001 80"));
    ASSERT_TRUE(query);
    EXPECT_EQ(query->parameters.keyspace, "");
    EXPECT_TRUE(parse_query(ProtocolVersion::dse_v1, hex("00000001 'S' 0001 00000180")));
    EXPECT_FALSE(parse_query(ProtocolVersion::dse_v2, hex("00000001 'S' 0001 00000080")));
}

TEST(Query, OfDseIsReadPastItsContinuousPaging) {
    // page size in bytes, continuous paging: at most 3 pages, 4 a second and, in v2, 5 ahead; before it timestamp and
    // keyspace.
    const Bytes v1 = hex("00000001 'S' 0001 c0000024 00001000 0000000000000009 00000003 00000004");
    const Bytes v2 = hex("00000001 'S' 0001 c00000a4 00001000 0000000000000009 0002 'ks' 00000003 00000004 00000005");
    const auto first = parse_query(ProtocolVersion::dse_v1, v1), second = parse_query(ProtocolVersion::dse_v2, v2);
    ASSERT_TRUE(first);
    ASSERT_TRUE(second);
    EXPECT_EQ(first->parameters.timestamp, 9);
    EXPECT_EQ(first->parameters.page_size, 4096);
    EXPECT_TRUE(first->parameters.has(query_flag::page_size_in_bytes));
    EXPECT_EQ(second->parameters.keyspace, "ks");
    for_each_prefix(
        v1, [](ByteView prefix) { ASSERT_FALSE(parse_query(ProtocolVersion::dse_v1, prefix)) << prefix.size(); });
    for_each_prefix(
        v2, [](ByteView prefix) { ASSERT_FALSE(parse_query(ProtocolVersion::dse_v2, prefix)) << prefix.size(); });
}

TEST(Query, IgnoresBytesBehindIt) {
    const auto query = parse_query(ProtocolVersion::v4, hex("00000001 'S' 0001 00 ffffffff"));
    ASSERT_TRUE(query);
    EXPECT_EQ(query->parameters.timestamp_offset, 8U);
}

TEST(Query, ErrorsNameTheByte) {
    const auto cut = parse_query(ProtocolVersion::v4, hex("00000001 'S' 0001 01 0001 00000009 ff"));
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().kind, base::ErrorKind::bad_input);
    EXPECT_EQ(cut.error().message, "QUERY ends too early or has a wrong length at byte 14 of its body");
}

TEST(Execute, OfV5IsReadAsSpecified) {
    const Bytes body = hex("0002 0102 0003 aabbcc 0001 00000003 0001 00000000");
    const auto execute = parse_execute(ProtocolVersion::v5, body);
    ASSERT_TRUE(execute);
    EXPECT_EQ(copy_of(execute->prepared_id), hex("0102"));
    EXPECT_EQ(copy_of(execute->result_metadata_id), hex("aabbcc"));
    EXPECT_EQ(execute->parameters.value_count, 1);
    EXPECT_TRUE(execute->parameters.has(query_flag::skip_metadata));
}

TEST(Prepare, HasFlagsFromV5On) {
    EXPECT_EQ(parse_prepare(ProtocolVersion::v4, hex("00000001 'S'"))->text, "S");
    EXPECT_EQ(parse_prepare(ProtocolVersion::dse_v1, hex("00000001 'S'"))->text, "S");
    EXPECT_EQ(parse_prepare(ProtocolVersion::v5, hex("00000001 'S' 00000001 0002 'ks'"))->keyspace, "ks");
    EXPECT_EQ(parse_prepare(ProtocolVersion::dse_v2, hex("00000001 'S' 00000000"))->keyspace, "");
    EXPECT_FALSE(parse_prepare(ProtocolVersion::v5, hex("00000001 'S'")));
}

TEST(Batch, OfV3IsReadAsSpecified) {
    const Bytes body =
        hex("01 0002 00 00000001 'I' 0001 00000001 05  01 0002 beef 0000  0001 30 0009 0000000000000007");
    const auto batch = parse_batch(ProtocolVersion::v3, body);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->type, BatchType::unlogged);
    EXPECT_EQ(batch->child_count, 2);
    EXPECT_EQ(batch->serial_consistency, Consistency::local_serial);
    EXPECT_EQ(batch->timestamp, 7);
    EXPECT_EQ(batch->flags_offset, 25U);
    EXPECT_EQ(batch->timestamp_offset, 28U);
    std::vector<std::size_t> id_offsets;
    for_each_child(*batch,
                   [&](const BatchChild& child) { id_offsets.push_back(child.is_prepared ? child.id_offset : 0); });
    EXPECT_EQ(id_offsets, (std::vector<std::size_t>{0, 17}));
}

TEST(Batch, WithoutChildrenIsOne) {
    const auto batch = parse_batch(ProtocolVersion::v4, hex("00 0000 0001 00"));
    ASSERT_TRUE(batch);
    for_each_child(*batch, [](const BatchChild&) { FAIL(); });
}

// Cassandra reads the tail of a batch as that of a query: these flags have no meaning in a batch, their bytes still lie
// before the timestamp.
TEST(Batch, TailIsReadLikeAQuerys) {
    const Bytes body = hex("00 0000 0001 6d 0001 0001 'a' 00000001 ff 00000064 00000002 abcd 0000000000000007");
    const auto batch = parse_batch(ProtocolVersion::v4, body);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->timestamp, 7);
    EXPECT_EQ(batch->timestamp_offset, body.size() - 8);
}

TEST(Batch, ValuesHaveNoNamesWhateverTheFlagSays) {
    const Bytes body = hex("00 0001 00 00000001 'I' 0001 00000001 05 0001 40");
    const auto batch = parse_batch(ProtocolVersion::v4, body);
    ASSERT_TRUE(batch) << batch.error().message;
    for_each_child(*batch, [](const BatchChild& child) { EXPECT_EQ(copy_of(child.values), hex("00000001 05")); });
}

TEST(Batch, RefusesUnknownKinds) {
    EXPECT_EQ(parse_batch(ProtocolVersion::v4, hex("03 0000 0001 00")).error().message,
              "BATCH has the unknown type 3 at byte 0 of its body");
    EXPECT_EQ(parse_batch(ProtocolVersion::v4, hex("00 0001 02 00000000 0000 0001 00")).error().message,
              "BATCH has a statement of the unknown kind 2 at byte 3 of its body");
}

TEST(Revise, IsReadInBothKinds) {
    const Bytes cancel = hex("00000001 00000102"), more = hex("00000002 00000102 00000004");
    for (const ProtocolVersion version : {ProtocolVersion::dse_v1, ProtocolVersion::dse_v2}) {
        const auto request = parse_revise(version, cancel);
        ASSERT_TRUE(request);
        EXPECT_EQ(request->kind, ReviseRequest::Kind::cancel_continuous_paging);
        EXPECT_EQ(request->stream_id, 0x102);
        EXPECT_EQ(request->stream_id_offset, 4U);
    }
    EXPECT_EQ(parse_revise(ProtocolVersion::dse_v2, more)->more_pages, 4);
    for_each_prefix(cancel, [](ByteView prefix) { ASSERT_FALSE(parse_revise(ProtocolVersion::dse_v2, prefix)); });
    for_each_prefix(more, [](ByteView prefix) { ASSERT_FALSE(parse_revise(ProtocolVersion::dse_v2, prefix)); });
    EXPECT_FALSE(parse_revise(ProtocolVersion::dse_v2, hex("00000003 00000102")));
}

TEST(Requests, ParseWithoutAllocation) {
    Bytes query, execute, batch, prepare;
    append_query(query, ProtocolVersion::v5, 1, "UPDATE ks.t SET v = ? WHERE k = ?", options_of(all_options));
    append_execute(execute, ProtocolVersion::v5, 1, prepared_id, metadata_id, options_of(all_options));
    append_batch(batch, ProtocolVersion::v5, 1, BatchType::logged, some_items(), options_of(all_options));
    append_prepare(prepare, ProtocolVersion::v5, 1, "SELECT", "ks");
    const auto before = allocation_count();
    if (!before) GTEST_SKIP() << "allocations are not counted in sanitizer builds";
    bool is_good = true;
    std::size_t children = 0;
    is_good = is_good && parse_query(ProtocolVersion::v5, scan_frame(query, largest_frame).frame.body()).has_value();
    is_good =
        is_good && parse_execute(ProtocolVersion::v5, scan_frame(execute, largest_frame).frame.body()).has_value();
    is_good =
        is_good && parse_prepare(ProtocolVersion::v5, scan_frame(prepare, largest_frame).frame.body()).has_value();
    const auto parsed = parse_batch(ProtocolVersion::v5, scan_frame(batch, largest_frame).frame.body());
    for_each_child(*parsed, [&](const BatchChild&) { ++children; });
    const auto after = allocation_count();
    EXPECT_EQ(*after, *before);
    EXPECT_TRUE(is_good);
    EXPECT_EQ(children, 3U);
    const auto one_more = std::make_unique<int>(1);
    EXPECT_EQ(*allocation_count(), *after + 1) << "the count counts";
}

TEST(AppendQuery, NamesStandBeforeTheirValues) {
    QueryOptions options;
    const Bytes value{7};
    options.values = {{ValueView::State::bytes, value}, {ValueView::State::null, {}}};
    options.names = {"k", "v"};
    Bytes frame;
    append_query(frame, ProtocolVersion::v4, 1, "UPDATE", options);
    const auto query = parse_query(ProtocolVersion::v4, ByteView(frame).subspan(frame_header_size));
    ASSERT_TRUE(query);
    EXPECT_TRUE(query->parameters.has(query_flag::names_for_values));
    EXPECT_EQ(Bytes(query->parameters.values.begin(), query->parameters.values.end()),
              (Bytes{0, 1, 'k', 0, 0, 0, 1, 7, 0, 1, 'v', 0xFF, 0xFF, 0xFF, 0xFF}));
}

}  // namespace
}  // namespace crossfade::cql
