#include "driver/frame_edit.hpp"

#include <algorithm>

#include "cql/request.hpp"

namespace crossfade::driver {
namespace {

base::Bytes with_new_execute_ids(cql::ProtocolVersion version, base::ByteView body, base::ByteView old_id,
                                 base::ByteView id, base::ByteView result_metadata_id) {
    base::Bytes edited;
    const auto execute = cql::parse_execute(version, body);
    if (!execute || !std::ranges::equal(execute->prepared_id, old_id)) return {body.begin(), body.end()};
    cql::Writer out(edited);
    out.short_bytes(id);
    if (cql::has_result_metadata_id(version)) out.short_bytes(result_metadata_id);
    out.raw(body.subspan(execute->parameters.consistency_offset));
    return edited;
}

base::Bytes with_new_batch_ids(cql::ProtocolVersion version, base::ByteView body, base::ByteView old_id,
                               base::ByteView id) {
    base::Bytes edited;
    const auto batch = cql::parse_batch(version, body);
    if (!batch) return {body.begin(), body.end()};
    cql::Writer out(edited);
    std::size_t copied = 0;
    cql::for_each_child(*batch, [&](const cql::BatchChild& child) {
        if (!child.is_prepared || !std::ranges::equal(child.prepared_id, old_id)) return;
        out.raw(body.subspan(copied, child.id_offset - copied));
        out.short_bytes(id);
        copied = child.id_offset + 2 + old_id.size();
    });
    out.raw(body.subspan(copied));
    return edited;
}

}  // namespace

void replace_prepared_id(base::Bytes& frame, cql::ProtocolVersion version, base::ByteView old_id, base::ByteView id,
                         base::ByteView result_metadata_id) {
    const cql::FrameHeader header = cql::read_frame_header(frame.data());
    const base::ByteView whole = base::ByteView(frame).subspan(cql::frame_header_size);
    const auto prefix = cql::read_body_prefix(header, whole);
    if (!prefix) return;
    const base::ByteView body = whole.subspan(prefix->size);
    base::Bytes edited;
    if (header.opcode == cql::Opcode::execute)
        edited = with_new_execute_ids(version, body, old_id, id, result_metadata_id);
    else if (header.opcode == cql::Opcode::batch)
        edited = with_new_batch_ids(version, body, old_id, id);
    else
        return;
    frame.resize(cql::frame_header_size + prefix->size);
    base::append(frame, edited);
    cql::patch_body_length(frame.data(), static_cast<std::uint32_t>(frame.size() - cql::frame_header_size));
}

}  // namespace crossfade::driver
