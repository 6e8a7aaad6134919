// A stream's user that remembers what it was told. For net's tests only.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/stream.hpp"

namespace crossfade::net {

class RecordingUser final : public StreamUser {
public:
    std::size_t on_bytes(std::span<std::uint8_t> bytes) override {
        ++calls;
        EXPECT_FALSE(closed) << "bytes came after the end";
        // Copies are called: these may destroy this object.
        if (const auto call = take) return call(bytes);
        received.append(bytes.begin(), bytes.end());
        return bytes.size();
    }
    void on_closed(const base::Error& why) override {
        EXPECT_FALSE(closed) << "the end was told twice";
        closed = why;
        if (const auto call = when_closed) call();
    }
    void on_drained() override {
        ++drained;
        if (const auto call = when_drained) call();
    }

    std::string received;
    int calls = 0, drained = 0;
    std::optional<base::Error> closed;
    std::function<std::size_t(std::span<std::uint8_t>)> take;  // instead of keeping all
    std::function<void()> when_closed, when_drained;
};

// `size` bytes without a period that a buffer's size could hide.
inline std::string pattern(std::size_t size, std::uint32_t seed = 1) {
    std::string text(size, '\0');
    for (char& c : text) {
        seed = seed * 1664525U + 1013904223U;
        c = static_cast<char>(seed >> 24U);
    }
    return text;
}

inline void append_text(Stream& stream, std::string_view text) {
    base::append(stream.out(), base::bytes_of(text));
    stream.send_soon();
}

}  // namespace crossfade::net
