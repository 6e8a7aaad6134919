#include "proxy/paging_mark.hpp"

#include <algorithm>
#include <array>

#include "relay/prepared.hpp"

namespace crossfade::proxy {
namespace {

constexpr std::array<std::uint8_t, 3> mark_lead = {0xC5, 0xFA, 0xDE};

}  // namespace

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
    cql::patch_body_length(out.data() + start, static_cast<std::uint32_t>(out.size() - start - cql::frame_header_size));
}

}  // namespace crossfade::proxy
