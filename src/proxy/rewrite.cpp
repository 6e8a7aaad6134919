#include "proxy/rewrite.hpp"

#include <array>

namespace crossfade::proxy {
namespace {

constexpr std::array<std::uint8_t, 3> mark_lead = {0xC5, 0xFA, 0xDE};

// The places of a body that edits touch, all counted from the body's start and in this order.
struct Places {
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

void append_edited(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame, std::size_t body_offset,
                   const Places& places, const Edits& edits) {
    const std::size_t start = out.size();
    const base::ByteView body = frame.subspan(body_offset);
    const bool adds_timestamp = edits.timestamp && !places.has_timestamp;
    const bool adds_keyspace = !edits.keyspace.empty() && !places.has_keyspace && cql::has_request_keyspace(version);
    const bool strips_mark = edits.strips_paging_mark && places.paging_state_offset != 0;
    if (!adds_timestamp && !adds_keyspace && !strips_mark) {
        base::append(out, frame);
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
    if (strips_mark) {
        base::append(out, body.subspan(copied, places.paging_state_offset - copied));
        const std::size_t size = places.paging_state_size - paging_mark_size;
        writer.bytes(body.subspan(places.paging_state_offset + 4, size));
        copied = places.paging_state_offset + 4 + places.paging_state_size;
    }
    const std::size_t behind_timestamp = places.timestamp_offset + (places.has_timestamp ? 8 : 0);
    base::append(out, body.subspan(copied, behind_timestamp - copied));
    if (adds_timestamp) writer.long_number(*edits.timestamp);
    if (adds_keyspace) writer.string(edits.keyspace);
    base::append(out, body.subspan(behind_timestamp));
    set_length(out, start);
}

}  // namespace

void append_edited_query(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame, std::size_t body_offset,
                         const cql::QueryParameters& parameters, const Edits& edits) {
    const Places places{parameters.flags_offset,
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
    const Places places{batch.flags_offset,
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

std::optional<std::size_t> marked_cluster(base::ByteView paging_state) {
    if (paging_state.size() <= paging_mark_size) return std::nullopt;
    const base::ByteView mark = paging_state.last(paging_mark_size);
    if (!std::equal(mark_lead.begin(), mark_lead.end(), mark.begin()) || mark[3] >= relay::clusters)
        return std::nullopt;
    return mark[3];
}

void append_marked_rows(base::Bytes& out, base::ByteView frame, std::size_t message_offset, const cql::RowsResult& head,
                        std::size_t cluster) {
    const std::size_t start = out.size();
    const std::size_t at = message_offset + head.metadata.paging_state_offset;
    const std::size_t size = head.metadata.paging_state.size();
    cql::Writer writer(out);
    base::append(out, frame.first(at));
    writer.int_number(static_cast<std::int32_t>(size + paging_mark_size));
    base::append(out, frame.subspan(at + 4, size));
    base::append(out, mark_lead);
    writer.byte(static_cast<std::uint8_t>(cluster));
    base::append(out, frame.subspan(at + 4 + size));
    set_length(out, start);
}

void append_own_prepared(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame,
                         std::size_t message_offset, const cql::PreparedResult& prepared, const relay::PreparedId& id,
                         const relay::PreparedId& metadata_id) {
    const std::size_t start = out.size();
    cql::Writer writer(out);
    std::size_t copied = message_offset + prepared.id_offset;
    base::append(out, frame.first(copied));
    writer.short_bytes(id);
    copied += 2 + prepared.id.size();
    if (cql::has_result_metadata_id(version)) {
        const std::size_t at = message_offset + prepared.result_metadata_id_offset;
        base::append(out, frame.subspan(copied, at - copied));
        writer.short_bytes(metadata_id);
        copied = at + 2 + prepared.result_metadata_id.size();
    }
    base::append(out, frame.subspan(copied));
    set_length(out, start);
}

void append_own_metadata_id(base::Bytes& out, base::ByteView frame, base::ByteView new_metadata_id,
                            const relay::PreparedId& own) {
    const std::size_t start = out.size();
    const auto at = static_cast<std::size_t>(new_metadata_id.data() - frame.data());
    cql::Writer writer(out);
    base::append(out, frame.first(at - 2));
    writer.short_bytes(own);
    base::append(out, frame.subspan(at + new_metadata_id.size()));
    set_length(out, start);
}

}  // namespace crossfade::proxy
