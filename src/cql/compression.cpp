#include "cql/compression.hpp"

#include <lz4.h>
#include <snappy.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace crossfade::cql {
namespace {

base::Result<std::size_t> claimed_size(Compression compression, ByteView body) {
    if (compression == Compression::lz4) {
        if (body.size() < 4)
            return base::fail(base::ErrorKind::bad_input, "an lz4 body is shorter than its length field");
        const std::uint32_t size = load_int(body.data());
        if (size > LZ4_MAX_INPUT_SIZE)
            return base::fail(base::ErrorKind::bad_input,
                              "an lz4 body claims to be " + std::to_string(size) + " bytes long");
        return size;
    }
    std::size_t size = 0;
    if (!snappy::GetUncompressedLength(reinterpret_cast<const char*>(body.data()), body.size(), &size))
        return base::fail(base::ErrorKind::bad_input, "a snappy body has no length");
    return size;
}

}  // namespace

base::Result<Compression> compression_named(std::string_view name) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower == "lz4") return Compression::lz4;
    if (lower == "snappy") return Compression::snappy;
    return base::fail(base::ErrorKind::not_found,
                      "unknown compression '" + std::string(name.substr(0, 40)) + "'; lz4 and snappy are supported");
}

std::string_view name_of(Compression compression) {
    switch (compression) {
        case Compression::none:
            return "";
        case Compression::lz4:
            return "lz4";
        case Compression::snappy:
            return "snappy";
    }
    return "";
}

base::Result<void> decompress(Compression compression, ByteView body, std::uint32_t largest, Bytes& out) {
    if (compression == Compression::none)
        return base::fail(base::ErrorKind::bad_input, "a compressed body on a connection without compression");
    const auto size = claimed_size(compression, body);
    if (!size) return base::fail(size.error());
    // Neither format shrinks by more than about 255 times: a larger claim is a lie, and is not allocated.
    if (*size > largest || *size > 256 * body.size() + 64)
        return base::fail(base::ErrorKind::bad_input,
                          "a compressed body claims to be " + std::to_string(*size) + " bytes long");
    if (compression == Compression::lz4 && *size == 0 && body.size() == 4) return {};  // no block for no bytes
    const std::size_t start = out.size();
    out.resize(start + *size);
    auto* const to = reinterpret_cast<char*>(out.data() + start);
    const auto* const from = reinterpret_cast<const char*>(body.data());
    bool is_good = false;
    if (compression == Compression::lz4)
        is_good = LZ4_decompress_safe(from + 4, to, static_cast<int>(body.size() - 4), static_cast<int>(*size)) ==
                  static_cast<int>(*size);
    else
        is_good = snappy::RawUncompress(from, body.size(), to);
    if (is_good) return {};
    out.resize(start);
    return base::fail(base::ErrorKind::bad_input, "a compressed body is damaged");
}

void compress(Compression compression, ByteView body, Bytes& out) {
    const std::size_t start = out.size();
    const auto* const from = reinterpret_cast<const char*>(body.data());
    if (compression == Compression::lz4) {
        const int bound = LZ4_compressBound(static_cast<int>(body.size()));
        out.resize(start + 4 + static_cast<std::size_t>(bound));
        store_int(out.data() + start, static_cast<std::uint32_t>(body.size()));
        const int size = LZ4_compress_default(from, reinterpret_cast<char*>(out.data() + start + 4),
                                              static_cast<int>(body.size()), bound);
        out.resize(start + 4 + static_cast<std::size_t>(size));
    } else if (compression == Compression::snappy) {
        out.resize(start + snappy::MaxCompressedLength(body.size()));
        std::size_t size = 0;
        snappy::RawCompress(from, body.size(), reinterpret_cast<char*>(out.data() + start), &size);
        out.resize(start + size);
    } else {
        base::append(out, body);
    }
}

}  // namespace crossfade::cql
