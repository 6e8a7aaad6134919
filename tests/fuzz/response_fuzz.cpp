// Responses of every kind. Input: [kind][version][message body].
#include "cql/response.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

namespace {

cql::ByteView body_of(const cql::Bytes& frame) {
    return cql::ByteView(frame).subspan(cql::frame_header_size);
}

// An error that is read can be sent on in every version, without losing what all of them have.
void error(cql::ProtocolVersion version, cql::ByteView body) {
    const auto error = cql::parse_error(version, body);
    if (!error) return;
    for (const auto to : {cql::ProtocolVersion::v3, cql::ProtocolVersion::v5, cql::ProtocolVersion::dse_v1, version}) {
        cql::Bytes frame;
        cql::append_error(frame, static_cast<std::uint8_t>(to), 0, *error);
        const auto again = cql::parse_error(to, body_of(frame));
        CROSSFADE_REQUIRE(again && again->code == error->code && again->text == error->text &&
                          again->consistency == error->consistency);
        CROSSFADE_REQUIRE(again->received == error->received && again->required == error->required);
        CROSSFADE_REQUIRE(again->write_type == error->write_type &&
                          fuzz::same(again->unprepared_id, error->unprepared_id));
        if (to == version)
            CROSSFADE_REQUIRE(again->failures == error->failures &&
                              fuzz::same(again->failure_reasons, error->failure_reasons));
    }
}

void check(const cql::RowsMetadata& metadata, cql::ByteView body) {
    CROSSFADE_REQUIRE(fuzz::is_within(metadata.paging_state, body) && fuzz::is_within(metadata.new_metadata_id, body) &&
                      fuzz::is_within(metadata.specs, body));
    for (const cql::ColumnSpec& column : metadata.columns)
        CROSSFADE_REQUIRE(column.type != nullptr && fuzz::is_within(column.keyspace, body) &&
                          fuzz::is_within(column.name, body));
    for (const std::uint16_t index : metadata.key_indices) CROSSFADE_REQUIRE(index < metadata.column_count);
}

void rows(cql::ProtocolVersion version, cql::ByteView body) {
    const auto head = cql::parse_rows_head(version, body);
    const auto result = cql::parse_rows(version, body);
    if (!result) return;
    CROSSFADE_REQUIRE(head && head->metadata.flags == result->metadata.flags &&
                      head->metadata.column_count == result->metadata.column_count);
    CROSSFADE_REQUIRE(fuzz::same(head->metadata.paging_state, result->metadata.paging_state));
    check(result->metadata, body);
    cql::Reader cells(result->rows);
    for (std::int32_t row = 0; row < result->row_count; ++row)
        for (std::int32_t column = 0; column < result->metadata.column_count; ++column) cells.bytes();
    CROSSFADE_REQUIRE(cells.ok() && cells.remaining() == 0);
}

void prepared(cql::ProtocolVersion version, cql::ByteView body) {
    const auto result = cql::parse_prepared(version, body);
    if (!result) return;
    check(result->variables, body);
    check(result->result, body);
    CROSSFADE_REQUIRE(cql::load_short(body.data() + result->id_offset) == result->id.size());
    if (cql::has_result_metadata_id(version))
        CROSSFADE_REQUIRE(cql::load_short(body.data() + result->result_metadata_id_offset) ==
                          result->result_metadata_id.size());
}

bool same(const cql::SchemaChange& a, const cql::SchemaChange& b) {
    return a.change == b.change && a.target == b.target && a.keyspace == b.keyspace && a.name == b.name &&
           a.arguments == b.arguments;
}

void event(cql::ProtocolVersion version, cql::ByteView body) {
    const auto event = cql::parse_event(body);
    if (!event) return;
    cql::Bytes frame;
    cql::append_event(frame, static_cast<std::uint8_t>(version), *event);
    const auto again = cql::parse_event(body_of(frame));
    CROSSFADE_REQUIRE(again && again->kind == event->kind && again->change == event->change);
    CROSSFADE_REQUIRE(again->address == event->address && again->port == event->port &&
                      same(again->schema, event->schema));
}

void schema_change(cql::ProtocolVersion version, cql::ByteView body) {
    cql::Reader in(body);
    const auto change = cql::parse_schema_change(in);
    if (!change) return;
    cql::Bytes frame;
    cql::append_schema_change(frame, static_cast<std::uint8_t>(version), 0, *change);
    cql::Reader again_in(body_of(frame).subspan(4));
    const auto again = cql::parse_schema_change(again_in);
    CROSSFADE_REQUIRE(again && same(*again, *change) && again_in.remaining() == 0);
}

void supported(cql::ProtocolVersion version, cql::ByteView body) {
    const auto options = cql::parse_supported(body);
    if (!options) return;
    cql::Bytes frame;
    cql::append_supported(frame, static_cast<std::uint8_t>(version), 0, *options);
    const auto again = cql::parse_supported(body_of(frame));
    CROSSFADE_REQUIRE(again && *again == *options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::size_t kind = input.choice(9);
    const cql::ProtocolVersion version = input.version();
    const cql::ByteView body = input.rest();
    switch (kind) {
        case 0:
            error(version, body);
            break;
        case 1:
            rows(version, body);
            break;
        case 2:
            prepared(version, body);
            break;
        case 3:
            event(version, body);
            break;
        case 4:
            schema_change(version, body);
            break;
        case 5:
            supported(version, body);
            break;
        case 6:
            if (const auto keyspace = cql::parse_set_keyspace(body))
                CROSSFADE_REQUIRE(fuzz::is_within(*keyspace, body));
            break;
        case 7:
            if (const auto name = cql::parse_authenticate(body)) CROSSFADE_REQUIRE(fuzz::is_within(*name, body));
            break;
        default:
            if (const auto token = cql::parse_auth_token(body)) CROSSFADE_REQUIRE(fuzz::is_within(*token, body));
    }
    return 0;
}
