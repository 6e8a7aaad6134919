#include "stub_node/request_handler.hpp"

#include <gtest/gtest.h>

namespace crossfade::lab {
namespace {

using cql::Opcode;
using cql::ProtocolVersion;

class Handling : public testing::TestWithParam<ProtocolVersion> {
protected:
    // Sends one request frame and gives the answer's frame; the outcome must be `answered`.
    cql::FrameView ask(const base::Bytes& frame) {
        answer_.clear();
        const cql::FrameView request = cql::scan_frame(frame, cql::largest_frame).frame;
        EXPECT_EQ(handler_.handle({GetParam(), static_cast<std::uint16_t>(request.header.stream_id),
                                   request.header.opcode, request.body()},
                                  keyspace_, answer_),
                  Outcome::answered);
        const cql::FrameScan scan = cql::scan_frame(answer_, cql::largest_frame);
        EXPECT_EQ(scan.state, cql::FrameScan::State::whole);
        EXPECT_EQ(scan.frame.bytes.size(), answer_.size());
        EXPECT_EQ(scan.frame.header.stream_id, request.header.stream_id);
        EXPECT_TRUE(scan.frame.header.is_response);
        return scan.frame;
    }
    void prepare(std::string_view text) {
        base::Bytes frame;
        cql::append_prepare(frame, GetParam(), 1, text);
        const auto prepared = cql::parse_prepared(GetParam(), ask(frame).body());
        ASSERT_TRUE(prepared);
        id_.assign(prepared->id.begin(), prepared->id.end());
        metadata_id_.assign(prepared->result_metadata_id.begin(), prepared->result_metadata_id.end());
        variables_ = prepared->variables.columns.size();
        key_indices_ = prepared->variables.key_indices;
    }
    cql::FrameView execute(std::vector<std::string_view> values, bool skip_metadata, base::ByteView metadata_id,
                           std::optional<std::int64_t> timestamp = {}) {
        cql::QueryOptions options;
        for (const std::string_view value : values)
            options.values.push_back({cql::ValueView::State::bytes, base::bytes_of(value)});
        options.skip_metadata = skip_metadata;
        options.timestamp = timestamp;
        base::Bytes frame;
        cql::append_execute(frame, GetParam(), 77, id_, metadata_id, options);
        return ask(frame);
    }
    bool has_metadata_id() const { return cql::has_result_metadata_id(GetParam()); }

    Node node_{NodeOptions()};
    Counts counts_;
    WriteRing records_;
    RequestHandler handler_{node_, counts_, records_};
    std::string keyspace_;
    base::Bytes answer_, id_, metadata_id_;
    std::size_t variables_ = 0;
    std::vector<std::uint16_t> key_indices_;
};

TEST_P(Handling, PreparesWithVariablesAndKey) {
    prepare("INSERT INTO stub.kv (v, k) VALUES (?, ?)");
    EXPECT_EQ(variables_, 2U);
    EXPECT_EQ(key_indices_,
              GetParam() == ProtocolVersion::v3 ? std::vector<std::uint16_t>() : std::vector<std::uint16_t>{1});
}

TEST_P(Handling, ARowHasTheKeyThatWasAskedFor) {
    node_.behaviour.row_bytes = 7;
    prepare("SELECT v, k FROM stub.kv WHERE k = ?");
    const auto rows = cql::parse_rows(GetParam(), execute({"some key"}, false, metadata_id_).body());
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->row_count, 1);
    ASSERT_EQ(rows->metadata.columns.size(), 2U);
    EXPECT_EQ(rows->metadata.columns[1].name, "k");
    cql::Reader cells(rows->rows);
    EXPECT_EQ(base::text_of(cells.bytes()), "abcdefg");
    EXPECT_EQ(base::text_of(cells.bytes()), "some key");
    EXPECT_EQ(cells.remaining(), 0U);
    EXPECT_EQ(counts_.reads, 1U);
}

TEST_P(Handling, SkipsMetadataOnlyForWhoeverHasTheRightOne) {
    prepare("SELECT k FROM stub.kv WHERE k = ?");
    const auto known = cql::parse_rows_head(GetParam(), execute({"x"}, true, metadata_id_).body());
    ASSERT_TRUE(known);
    EXPECT_TRUE(known->metadata.has(cql::rows_flag::no_metadata));
    if (!has_metadata_id()) return;
    const base::Bytes other(16, 9);
    const auto changed = cql::parse_rows(GetParam(), execute({"x"}, true, other).body());
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_TRUE(changed->metadata.has(cql::rows_flag::metadata_changed));
    EXPECT_TRUE(std::equal(metadata_id_.begin(), metadata_id_.end(), changed->metadata.new_metadata_id.begin(),
                           changed->metadata.new_metadata_id.end()));
    ASSERT_EQ(changed->metadata.columns.size(), 1U);
    EXPECT_EQ(cql::Reader(changed->rows).bytes().size(), 1U);
    EXPECT_EQ(counts_.metadata_changed, 1U);
}

TEST_P(Handling, RecordsTheStampAndKeyOfAWrite) {
    prepare("INSERT INTO stub.kv (v, k) VALUES (?, ?)");
    EXPECT_EQ(cql::result_kind(execute({"value", "one"}, false, metadata_id_, 1234567).body()),
              cql::ResultKind::void_result);
    execute({"value", "two"}, false, metadata_id_);
    EXPECT_EQ(counts_.writes, 2U);
    EXPECT_EQ(counts_.writes_without_timestamp, 1U);
    EXPECT_EQ(counts_.least_timestamp, 1234567);
    EXPECT_EQ(counts_.largest_timestamp, 1234567);
    std::vector<std::string> shown;
    records_.for_each([&](const WriteRecord& record) { shown.push_back(record.to_json(cql::TypeCode::varchar)); });
    EXPECT_EQ(shown, (std::vector<std::string>{R"({"table":"stub.kv","verb":"INSERT","key":"one","timestamp":1234567})",
                                               R"({"table":"stub.kv","verb":"INSERT","key":"two","timestamp":null})"}));
}

TEST_P(Handling, AForgottenStatementIsUnpreparedUntilItIsPreparedAgain) {
    prepare("SELECT k FROM stub.kv WHERE k = ?");
    node_.prepared.forget_all();
    const auto error = cql::parse_error(GetParam(), execute({"x"}, false, metadata_id_).body());
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, cql::ErrorCode::unprepared);
    EXPECT_TRUE(std::equal(id_.begin(), id_.end(), error->unprepared_id.begin(), error->unprepared_id.end()));
    prepare("SELECT k FROM stub.kv WHERE k = ?");
    EXPECT_EQ(cql::result_kind(execute({"x"}, false, metadata_id_).body()), cql::ResultKind::rows);
    EXPECT_EQ(counts_.unprepared, 1U);
}

TEST_P(Handling, ABatchIsTakenWholeOrNotAtAll) {
    prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)");
    const cql::ValueView value{cql::ValueView::State::bytes, base::bytes_of("x")};
    const base::Bytes unknown(16, 1);
    base::Bytes frame;
    cql::append_batch(frame, GetParam(), 5, cql::BatchType::logged, {{"", id_, {value, value}}, {"", unknown, {value}}},
                      {});
    EXPECT_EQ(cql::parse_error(GetParam(), ask(frame).body())->code, cql::ErrorCode::unprepared);
    EXPECT_EQ(counts_.writes, 0U);
    frame.clear();
    cql::append_batch(frame, GetParam(), 5, cql::BatchType::logged,
                      {{"", id_, {value, value}}, {"DELETE FROM stub.kv WHERE k = 'y'", {}, {}}}, {});
    EXPECT_EQ(cql::result_kind(ask(frame).body()), cql::ResultKind::void_result);
    EXPECT_EQ(counts_.writes, 1U);
    EXPECT_EQ(counts_.batch_children, 2U);
    EXPECT_EQ(counts_.tables.at("stub.kv").writes, 2U);
}

TEST_P(Handling, EveryErrorThatCanBeAskedForCanBeRead) {
    prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)");
    node_.behaviour.error_every = 1;
    for (const char* name :
         {"SERVER_ERROR", "PROTOCOL_ERROR", "UNAVAILABLE", "OVERLOADED", "IS_BOOTSTRAPPING", "TRUNCATE_ERROR",
          "WRITE_TIMEOUT", "READ_TIMEOUT", "READ_FAILURE", "FUNCTION_FAILURE", "WRITE_FAILURE", "CDC_WRITE_FAILURE",
          "CAS_WRITE_UNKNOWN", "SYNTAX_ERROR", "UNAUTHORIZED", "INVALID", "CONFIG_ERROR", "ALREADY_EXISTS"}) {
        ASSERT_TRUE(set(node_.behaviour, "error_code", name)) << name;
        const auto error = cql::parse_error(GetParam(), execute({"a", "b"}, false, metadata_id_).body());
        ASSERT_TRUE(error) << name;
        EXPECT_EQ(cql::name_of(error->code), name);
    }
    EXPECT_EQ(counts_.writes, 0U);
}

TEST_P(Handling, CutRequestsAreProtocolErrors) {
    prepare("SELECT k FROM stub.kv WHERE k = ?");
    cql::QueryOptions options;
    options.values.push_back({cql::ValueView::State::bytes, base::bytes_of("x")});
    base::Bytes frame;
    cql::append_execute(frame, GetParam(), 3, id_, metadata_id_, options);
    for (std::size_t size = cql::frame_header_size; size < frame.size(); ++size) {
        const base::Bytes body(frame.begin() + cql::frame_header_size,
                               frame.begin() + static_cast<std::ptrdiff_t>(size));
        answer_.clear();
        EXPECT_EQ(handler_.handle({GetParam(), 3, Opcode::execute, body}, keyspace_, answer_), Outcome::answered);
        const auto error = cql::parse_error(GetParam(), cql::scan_frame(answer_, cql::largest_frame).frame.body());
        ASSERT_TRUE(error) << size;
        EXPECT_EQ(error->code, cql::ErrorCode::protocol_error) << size;
    }
}

INSTANTIATE_TEST_SUITE_P(AllVersions, Handling,
                         testing::Values(ProtocolVersion::v3, ProtocolVersion::v4, ProtocolVersion::v5),
                         [](const auto& tested) { return "v" + std::string(cql::name_of(tested.param)); });

TEST(WriteRing, KeepsTheNewestInOrder) {
    WriteRing ring;
    for (std::size_t i = 0; i < WriteRing::capacity + 3; ++i) ring.next().timestamp = static_cast<std::int64_t>(i);
    std::vector<std::int64_t> stamps;
    ring.for_each([&](const WriteRecord& record) { stamps.push_back(*record.timestamp); });
    ASSERT_EQ(stamps.size(), WriteRing::capacity);
    EXPECT_EQ(stamps.front(), 3);
    EXPECT_EQ(stamps.back(), static_cast<std::int64_t>(WriteRing::capacity) + 2);
    EXPECT_EQ(ring.dropped(), 3U);
}

TEST(Counts, ResetKeepsThePlacesThatStatementsPointAt) {
    Counts counts;
    TableCounts* const place = &counts.tables["stub.kv"];
    ++place->writes;
    ++counts.open_connections;
    counts.reset();
    ++place->writes;
    EXPECT_EQ(counts.tables.at("stub.kv").writes, 1U);
    EXPECT_EQ(counts.open_connections, 1U);
}

}  // namespace
}  // namespace crossfade::lab
