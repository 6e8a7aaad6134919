#include "nodes/schema_look.hpp"

#include <algorithm>

#include "cql/response.hpp"

namespace crossfade::nodes {
namespace {

base::Result<cql::RowsResult> rows_in(cql::ProtocolVersion version, const cql::FrameView& answer) {
    if (answer.header.opcode != cql::Opcode::result) return base::fail(base::ErrorKind::protocol, "no result");
    const auto prefix = cql::read_body_prefix(answer.header, answer.body());
    if (!prefix) return base::fail(prefix.error());
    return cql::parse_rows(version, answer.body().subspan(prefix->size));
}

bool all_have(const base::Bytes& version, const cql::RowsResult& peers, const Topology* topology) {
    cql::Reader in(peers.rows);
    for (std::int32_t row = 0; row < peers.row_count; ++row) {
        const cql::ValueView host_id = in.value(), of_peer = in.value();
        if (!in.ok()) return false;
        if (topology == nullptr || host_id.is_null() || of_peer.is_null()) continue;
        const auto node = std::ranges::find_if(
            topology->nodes, [&](const Node& one) { return std::ranges::equal(one.host_id, host_id.bytes); });
        const bool counts = node != topology->nodes.end() && node->is_up;
        if (counts && !std::ranges::equal(of_peer.bytes, version)) return false;
    }
    return true;
}

}  // namespace

SchemaLook::Next SchemaLook::on_answer(cql::ProtocolVersion version, const cql::FrameView& answer,
                                       const Topology* topology) {
    const auto rows = rows_in(version, answer);
    if (!rows) return Next::look_again;
    if (!version_.empty()) return all_have(version_, *rows, topology) ? Next::agreed : Next::look_again;
    if (rows->row_count == 0) return Next::look_again;
    const base::ByteView own = cql::Reader(rows->rows).value().bytes;
    version_.assign(own.begin(), own.end());
    return version_.empty() ? Next::look_again : Next::ask_of_others;
}

bool is_schema_change(const cql::FrameHeader& header, base::ByteView body) {
    if (header.opcode != cql::Opcode::result) return false;
    std::size_t at = 0;
    constexpr std::uint8_t prefixes =
        cql::frame_flag::tracing | cql::frame_flag::warning | cql::frame_flag::custom_payload;
    if ((header.flags & prefixes) != 0) {
        const auto prefix = cql::read_body_prefix(header, body);
        if (!prefix) return false;
        at = prefix->size;
    }
    return body.size() >= at + 4 &&
           cql::load_int(body.data() + at) == static_cast<std::uint32_t>(cql::ResultKind::schema_change);
}

}  // namespace crossfade::nodes
