#include "request_template.hpp"

#include <algorithm>
#include <cstring>

#include "base/clock.hpp"
#include "cql/request.hpp"

namespace crossfade::bench {

std::string RequestTemplate::text(const LoadOptions& options, bool is_write) {
    return is_write ? "INSERT INTO " + options.table + " (k, v) VALUES (?, ?)"
                    : "SELECT k, v FROM " + options.table + " WHERE k = ?";
}

void RequestTemplate::write_key(std::uint8_t* at, std::uint64_t key) {
    for (std::size_t i = key_size; i-- > 4; key /= 10) at[i] = static_cast<std::uint8_t>('0' + key % 10);
    std::memcpy(at, "key-", 4);
}

RequestTemplate::RequestTemplate(const LoadOptions& options, bool is_write, base::ByteView id,
                                 base::ByteView result_metadata_id) {
    // Header, id, consistency, flags, count, and the two values' lengths, as v4 has them.
    constexpr std::uint32_t rest_of_frame = 9 + 18 + 2 + 1 + 2 + 4 + key_size + 4;
    const base::Bytes value(options.frame_bytes > rest_of_frame ? options.frame_bytes - rest_of_frame : 1, 'v');
    base::Bytes key(key_size);
    write_key(key.data(), 987'654'321);

    cql::QueryOptions query;
    query.consistency = cql::Consistency::local_quorum;
    query.values.push_back({cql::ValueView::State::bytes, key});
    if (is_write) query.values.push_back({cql::ValueView::State::bytes, value});
    if (is_write && options.has_timestamps) query.timestamp = base::system_clock().wall_microseconds();
    query.skip_metadata = !is_write && options.is_prepared;
    if (id.empty())
        cql::append_query(frame_, options.version, 0, text(options, is_write), query);
    else
        cql::append_execute(frame_, options.version, 0, id, result_metadata_id, query);
    key_offset_ =
        static_cast<std::size_t>(std::search(frame_.begin(), frame_.end(), key.begin(), key.end()) - frame_.begin());
}

void RequestTemplate::append(base::Bytes& out, std::uint16_t stream_id, std::uint64_t key) const {
    const std::size_t start = out.size();
    base::append(out, frame_);
    cql::patch_stream_id(out.data() + start, stream_id);
    write_key(out.data() + start + key_offset_, key);
}

}  // namespace crossfade::bench
