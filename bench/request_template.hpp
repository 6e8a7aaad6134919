// A request frame that is written once and then only patched: its stream id and its key.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "load_options.hpp"

namespace crossfade::bench {

class RequestTemplate {
public:
    static constexpr std::size_t key_size = 32;

    // An EXECUTE of `id`, or, when that is empty, a QUERY.
    RequestTemplate(const LoadOptions& options, bool is_write, base::ByteView id, base::ByteView result_metadata_id);
    RequestTemplate() = default;

    void append(base::Bytes& out, std::uint16_t stream_id, std::uint64_t key) const;

    static std::string text(const LoadOptions& options, bool is_write);
    // Writes the figures of `key` to key_size bytes.
    static void write_key(std::uint8_t* at, std::uint64_t key);

private:
    base::Bytes frame_;
    std::size_t key_offset_ = 0;
};

}  // namespace crossfade::bench
