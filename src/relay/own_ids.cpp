#include "relay/own_ids.hpp"

namespace crossfade::relay {
namespace {

void set_length(base::Bytes& out, std::size_t start) {
    cql::patch_body_length(out.data() + start, static_cast<std::uint32_t>(out.size() - start - cql::frame_header_size));
}

}  // namespace

void append_own_prepared(base::Bytes& out, cql::ProtocolVersion version, base::ByteView frame,
                         std::size_t message_offset, const cql::PreparedResult& prepared, const PreparedId& id,
                         const PreparedId& metadata_id) {
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
                            const PreparedId& own) {
    const std::size_t start = out.size();
    const auto at = static_cast<std::size_t>(new_metadata_id.data() - frame.data());
    cql::Writer writer(out);
    base::append(out, frame.first(at - 2));
    writer.short_bytes(own);
    base::append(out, frame.subspan(at + new_metadata_id.size()));
    set_length(out, start);
}

void note_prepared(PreparedStatement& statement, std::size_t cluster, const cql::PreparedResult& prepared) {
    auto& on = statement.on[cluster];
    on.id.assign(prepared.id.begin(), prepared.id.end());
    on.result_metadata_id.assign(prepared.result_metadata_id.begin(), prepared.result_metadata_id.end());
    on.metadata_id = digest_of_columns(prepared.result);
    if (statement.key_indices.empty()) statement.key_indices = prepared.variables.key_indices;
}

}  // namespace crossfade::relay
