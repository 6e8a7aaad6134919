#include "net/read_buffer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

namespace crossfade::net {
namespace {

void put(ReadBuffer& buffer, std::string_view text) {
    while (!text.empty()) {
        const auto room = buffer.prepare();
        ASSERT_FALSE(room.empty());
        const std::size_t count = std::min(room.size(), text.size());
        std::memcpy(room.data(), text.data(), count);
        buffer.commit(count);
        text.remove_prefix(count);
    }
}
std::string text_in(ReadBuffer& buffer) {
    const auto bytes = buffer.unread();
    return {bytes.begin(), bytes.end()};
}

TEST(ReadBuffer, KeepsOrderAndContentForAnySizes) {
    std::mt19937 random(3);
    ReadBuffer buffer;
    std::string expected;
    char next = 'a';
    for (int round = 0; round < 3000; ++round) {
        std::string more(random() % 20000U, '\0');
        for (char& c : more) c = next = next == 'z' ? 'a' : static_cast<char>(next + 1);
        put(buffer, more);
        expected += more;
        const std::size_t consumed = random() % 3U == 0 ? expected.size() : random() % (expected.size() + 1);
        ASSERT_EQ(text_in(buffer), expected);
        buffer.consume(consumed);
        expected.erase(0, consumed);
        if (round % 50 == 0) buffer.trim();
    }
    EXPECT_EQ(text_in(buffer), expected);
}

TEST(ReadBuffer, StaysInPlaceWhileEverythingIsConsumed) {
    ReadBuffer buffer;
    put(buffer, "x");
    const auto* const place = buffer.unread().data();
    buffer.consume(1);
    for (int i = 0; i < 1000; ++i) {
        put(buffer, std::string(10000, 'y'));
        EXPECT_EQ(buffer.unread().data(), place);
        buffer.consume(10000);
    }
    EXPECT_EQ(buffer.capacity(), ReadBuffer::normal_capacity);
}

TEST(ReadBuffer, SmallTailIsNotMovedUntilRoomIsShort) {
    ReadBuffer buffer;
    put(buffer, std::string(1000, 'x'));
    buffer.consume(990);
    const auto* const place = buffer.unread().data();
    buffer.prepare();
    EXPECT_EQ(buffer.unread().data(), place);
}

TEST(ReadBuffer, GrowsOnlyForWhatIsNotConsumedAndShrinksWhenThatIsOver) {
    ReadBuffer buffer;
    put(buffer, std::string(1U << 20U, 'x'));
    EXPECT_EQ(buffer.unread().size(), 1U << 20U);
    EXPECT_TRUE(buffer.is_grown());
    EXPECT_LE(buffer.capacity(), 4U << 20U);
    buffer.trim();
    EXPECT_EQ(buffer.unread().size(), 1U << 20U);
    buffer.consume(1U << 20U);
    buffer.trim();  // it was needed since the last time
    EXPECT_TRUE(buffer.is_grown());
    put(buffer, "small");
    buffer.trim();
    EXPECT_FALSE(buffer.is_grown());
    EXPECT_EQ(text_in(buffer), "small");
}

TEST(ReadBuffer, PrepareGivesAtLeastAQuarter) {
    ReadBuffer buffer;
    while (buffer.capacity() < (8U << 20U)) {
        const auto room = buffer.prepare();
        EXPECT_GE(room.size(), buffer.capacity() / 4);
        buffer.commit(room.size() / 3);
    }
}

}  // namespace
}  // namespace crossfade::net
