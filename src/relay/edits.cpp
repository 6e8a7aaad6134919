#include "relay/edits.hpp"

namespace crossfade::relay {
namespace {

// The places of a body that edits touch, all counted from the body's start and in this order.
struct Places {
    std::size_t consistency_offset;
    std::size_t flags_offset;
    std::uint32_t flags;
    std::size_t paging_state_offset;  // 0: none
    std::size_t paging_state_size;
    std::size_t timestamp_offset;
    bool has_timestamp;
    bool has_keyspace;
};

void set_length(base::Bytes& out, std::size_t start) {
    cql::patch_body_length(out.data() + start, static_cast<std::uint32_t>(out.size() - start - cql::frame_header_size));
}

void set_consistency(base::Bytes& out, std::size_t at, const Edits& edits) {
    if (edits.consistency) cql::store_short(out.data() + at, static_cast<std::uint16_t>(*edits.consistency));
}

void append_edited(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame, std::size_t body_offset,
                   const Places& places, const Edits& edits) {
    const std::size_t start = out.size();
    const base::ByteView body = frame.subspan(body_offset);
    const bool adds_timestamp = edits.timestamp && !places.has_timestamp;
    const bool adds_keyspace = !edits.keyspace.empty() && !places.has_keyspace && cql::has_request_keyspace(version);
    const bool strips = edits.strips_paging_state > 0 && places.paging_state_offset != 0;
    if (!adds_timestamp && !adds_keyspace && !strips) {
        base::append(out, frame);
        set_consistency(out, start + body_offset + places.consistency_offset, edits);
        return;
    }
    const std::uint32_t flags = places.flags | (adds_timestamp ? cql::query_flag::default_timestamp : 0) |
                                (adds_keyspace ? cql::query_flag::keyspace : 0);
    cql::Writer writer(out);
    base::append(out, frame.first(body_offset));
    base::append(out, body.first(places.flags_offset));
    std::size_t copied = places.flags_offset;
    if (cql::has_wide_flags(version)) {
        writer.int_number(static_cast<std::int32_t>(flags));
        copied += 4;
    } else {
        writer.byte(static_cast<std::uint8_t>(flags));
        copied += 1;
    }
    if (strips) {
        base::append(out, body.subspan(copied, places.paging_state_offset - copied));
        const std::size_t size = places.paging_state_size - edits.strips_paging_state;
        writer.bytes(body.subspan(places.paging_state_offset + 4, size));
        copied = places.paging_state_offset + 4 + places.paging_state_size;
    }
    const std::size_t behind_timestamp = places.timestamp_offset + (places.has_timestamp ? 8 : 0);
    base::append(out, body.subspan(copied, behind_timestamp - copied));
    if (adds_timestamp) writer.long_number(*edits.timestamp);
    if (adds_keyspace) writer.string(edits.keyspace);
    base::append(out, body.subspan(behind_timestamp));
    // It stands before the flags, and a batch's behind its children: in both cases before all that was put in.
    set_consistency(out, start + body_offset + places.consistency_offset, edits);
    set_length(out, start);
}

}  // namespace

void append_edited_query(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame, std::size_t body_offset,
                         const cql::QueryParameters& parameters, const Edits& edits) {
    const Places places{parameters.consistency_offset,
                        parameters.flags_offset,
                        parameters.flags,
                        parameters.paging_state_offset,
                        parameters.paging_state.size(),
                        parameters.timestamp_offset,
                        parameters.timestamp.has_value(),
                        parameters.has(cql::query_flag::keyspace) && cql::has_request_keyspace(version)};
    append_edited(out, version, frame, body_offset, places, edits);
}

void append_edited_batch(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame, std::size_t body_offset,
                         const cql::BatchRequest& batch, const Edits& edits) {
    const Places places{batch.consistency_offset,
                        batch.flags_offset,
                        batch.flags,
                        0,
                        0,
                        batch.timestamp_offset,
                        batch.timestamp.has_value(),
                        batch.has(cql::query_flag::keyspace) && cql::has_request_keyspace(version)};
    append_edited(out, version, frame, body_offset, places, edits);
}

void append_edited_prepare(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame,
                           std::size_t body_offset, const cql::PrepareRequest& prepare, std::string_view keyspace) {
    if (keyspace.empty() || !prepare.keyspace.empty() || !cql::has_request_keyspace(version)) {
        base::append(out, frame);
        return;
    }
    const std::size_t start = out.size();
    cql::Writer writer(out);
    base::append(out, frame.first(body_offset));
    writer.long_string(prepare.text);
    writer.int_number(0x01);
    writer.string(keyspace);
    set_length(out, start);
}

}  // namespace crossfade::relay
