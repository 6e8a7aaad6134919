// What the fuzz targets share: choices taken from the input's front, and a check that ends the program.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "cql/protocol.hpp"
#include "cql/wire.hpp"

namespace crossfade::fuzz {

// A property that must hold for every input; libFuzzer keeps the input that breaks it.
#define CROSSFADE_REQUIRE(condition)                                                            \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                       \
        }                                                                                       \
    } while (false)

// Choices are single bytes at the front, so that a seed can be written as (choices, message).
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : bytes_(data, size) {}

    // A number under `count`; 0 at the end.
    std::size_t choice(std::size_t count) {
        if (bytes_.empty()) return 0;
        const std::size_t chosen = bytes_.front() % count;
        bytes_ = bytes_.subspan(1);
        return chosen;
    }
    cql::ProtocolVersion version() {
        static constexpr cql::ProtocolVersion versions[] = {cql::ProtocolVersion::v3, cql::ProtocolVersion::v4,
                                                            cql::ProtocolVersion::v5, cql::ProtocolVersion::dse_v1,
                                                            cql::ProtocolVersion::dse_v2};
        return versions[choice(5)];
    }
    cql::ByteView rest() const { return bytes_; }
    // Up to `count` bytes from the front.
    cql::ByteView take(std::size_t count) {
        const cql::ByteView taken = bytes_.first(std::min(count, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }
    bool empty() const { return bytes_.empty(); }

private:
    cql::ByteView bytes_;
};

inline bool same(cql::ByteView a, cql::ByteView b) {
    return base::text_of(a) == base::text_of(b);
}
// `part` lies in `whole`, or is empty.
inline bool is_within(cql::ByteView part, cql::ByteView whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}
inline bool is_within(std::string_view part, cql::ByteView whole) {
    return is_within(base::bytes_of(part), whole);
}

}  // namespace crossfade::fuzz
