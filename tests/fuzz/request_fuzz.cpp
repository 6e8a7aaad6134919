// Requests of every kind. Input: [kind][version][message body].
#include "cql/request.hpp"
#include "fuzz_input.hpp"

using namespace crossfade;

namespace {

constexpr std::int64_t stamp = 0x0102030405060708;

// The body as a proxy sends it on when it adds a timestamp.
cql::Bytes stamped(cql::ProtocolVersion version, cql::ByteView body, std::size_t flags_offset,
                   std::size_t timestamp_offset) {
    CROSSFADE_REQUIRE(flags_offset < timestamp_offset && timestamp_offset <= body.size());
    cql::Bytes out(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(timestamp_offset));
    cql::Writer(out).long_number(stamp);
    base::append(out, body.subspan(timestamp_offset));
    out[flags_offset + (cql::has_wide_flags(version) ? 3 : 0)] |=
        static_cast<std::uint8_t>(cql::query_flag::default_timestamp);
    return out;
}

void check(const cql::QueryParameters& p, cql::ByteView body) {
    CROSSFADE_REQUIRE(fuzz::is_within(p.values, body) && fuzz::is_within(p.paging_state, body) &&
                      fuzz::is_within(p.keyspace, body));
    CROSSFADE_REQUIRE(p.consistency_offset + 2 == p.flags_offset);
    cql::Reader values(p.values);
    for (std::uint16_t i = 0; i < p.value_count; ++i) {
        if (p.has(cql::query_flag::names_for_values)) values.string();
        values.value();
    }
    CROSSFADE_REQUIRE(values.ok() && values.remaining() == 0);
}

// All but the timestamp stays as it was.
void check_stamped(const cql::QueryParameters& before, const cql::QueryParameters& after) {
    CROSSFADE_REQUIRE(after.timestamp == stamp);
    CROSSFADE_REQUIRE(after.flags == (before.flags | cql::query_flag::default_timestamp));
    CROSSFADE_REQUIRE(after.value_count == before.value_count && fuzz::same(after.values, before.values));
    CROSSFADE_REQUIRE(fuzz::same(after.paging_state, before.paging_state) && after.page_size == before.page_size);
    CROSSFADE_REQUIRE(after.keyspace == before.keyspace && after.now_in_seconds == before.now_in_seconds);
    CROSSFADE_REQUIRE(after.serial_consistency == before.serial_consistency);
}

void query(cql::ProtocolVersion version, cql::ByteView body) {
    const auto request = cql::parse_query(version, body);
    if (!request) return;
    CROSSFADE_REQUIRE(fuzz::is_within(request->text, body));
    check(request->parameters, body);
    if (request->parameters.timestamp) return;
    const cql::Bytes out =
        stamped(version, body, request->parameters.flags_offset, request->parameters.timestamp_offset);
    const auto again = cql::parse_query(version, out);
    CROSSFADE_REQUIRE(again && again->text == request->text);
    check_stamped(request->parameters, again->parameters);
}

void execute(cql::ProtocolVersion version, cql::ByteView body) {
    const auto request = cql::parse_execute(version, body);
    if (!request) return;
    CROSSFADE_REQUIRE(fuzz::is_within(request->prepared_id, body) &&
                      fuzz::is_within(request->result_metadata_id, body));
    check(request->parameters, body);
    if (request->parameters.timestamp) return;
    const cql::Bytes out =
        stamped(version, body, request->parameters.flags_offset, request->parameters.timestamp_offset);
    const auto again = cql::parse_execute(version, out);
    CROSSFADE_REQUIRE(again && fuzz::same(again->prepared_id, request->prepared_id));
    check_stamped(request->parameters, again->parameters);
}

void batch(cql::ProtocolVersion version, cql::ByteView body) {
    const auto request = cql::parse_batch(version, body);
    if (!request) return;
    std::size_t children = 0;
    cql::for_each_child(*request, [&](const cql::BatchChild& child) {
        ++children;
        CROSSFADE_REQUIRE(fuzz::is_within(child.text, body) && fuzz::is_within(child.prepared_id, body) &&
                          fuzz::is_within(child.values, body));
        if (child.is_prepared)
            CROSSFADE_REQUIRE(cql::load_short(body.data() + child.id_offset) == child.prepared_id.size());
    });
    CROSSFADE_REQUIRE(children == request->child_count);
    if (request->timestamp) return;
    const cql::Bytes out = stamped(version, body, request->flags_offset, request->timestamp_offset);
    const auto again = cql::parse_batch(version, out);
    CROSSFADE_REQUIRE(again && again->timestamp == stamp && fuzz::same(again->children, request->children));
    CROSSFADE_REQUIRE(again->keyspace == request->keyspace && again->now_in_seconds == request->now_in_seconds);
    CROSSFADE_REQUIRE(again->serial_consistency == request->serial_consistency);
}

// What is read can be written, and reads the same.
void startup(cql::ProtocolVersion version, cql::ByteView body) {
    const auto options = cql::parse_startup(body);
    if (!options) return;
    cql::Bytes frame;
    cql::append_startup(frame, version, 0, *options);
    const auto again = cql::parse_startup(cql::ByteView(frame).subspan(cql::frame_header_size));
    CROSSFADE_REQUIRE(again && *again == *options);
}

void registration(cql::ProtocolVersion version, cql::ByteView body) {
    const auto events = cql::parse_register(body);
    if (!events) return;
    cql::Bytes frame;
    cql::append_register(frame, version, 0, *events);
    const auto again = cql::parse_register(cql::ByteView(frame).subspan(cql::frame_header_size));
    CROSSFADE_REQUIRE(again && *again == *events);
}

void prepare(cql::ProtocolVersion version, cql::ByteView body) {
    const auto request = cql::parse_prepare(version, body);
    if (!request) return;
    cql::Bytes frame;
    cql::append_prepare(frame, version, 0, request->text, request->keyspace);
    const auto again = cql::parse_prepare(version, cql::ByteView(frame).subspan(cql::frame_header_size));
    CROSSFADE_REQUIRE(again && again->text == request->text && again->keyspace == request->keyspace);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::size_t kind = input.choice(8);
    const cql::ProtocolVersion version = input.version();
    const cql::ByteView body = input.rest();
    switch (kind) {
        case 0:
            query(version, body);
            break;
        case 1:
            prepare(version, body);
            break;
        case 2:
            execute(version, body);
            break;
        case 3:
            batch(version, body);
            break;
        case 4:
            startup(version, body);
            break;
        case 5:
            registration(version, body);
            break;
        case 6:
            if (const auto token = cql::parse_auth_response(body)) CROSSFADE_REQUIRE(fuzz::is_within(*token, body));
            break;
        default:
            if (const auto revise = cql::parse_revise(version, body))
                CROSSFADE_REQUIRE(revise->stream_id_offset + 4 <= body.size());
    }
    return 0;
}
