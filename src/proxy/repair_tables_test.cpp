#include "proxy/repair_tables.hpp"

#include <gtest/gtest.h>

namespace crossfade::proxy {
namespace {

base::Bytes from_hex(std::string_view text) {
    base::Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
}

TEST(Truncations, AreReadAsNodesWriteThem) {
    // system.local.truncated_at of one table: position (segment, place), then 1,732,368,925,123 ms.
    const std::string id = "6ff1d3b66a4c11ef9d6f0d9b2b7a6101";
    const std::string record =
        "0000019359e1a2b3"
        "00001f40"
        "00000193599aca43";
    base::Bytes value;
    cql::Writer out(value);
    out.int_number(2);
    out.bytes(from_hex(id));
    out.bytes(from_hex(record));
    out.bytes(from_hex("00000000000000000000000000000000"));
    out.bytes(from_hex("0000019359e1a2b3"));  // of a version without a time
    const auto found = truncations(value);
    ASSERT_EQ(found.size(), 1U);
    nodes::Uuid uuid{};
    std::ranges::copy(from_hex(id), uuid.begin());
    EXPECT_EQ(found.at(uuid), 0x193599aca43LL * 1000);
}

TEST(Truncations, DamagedOnesAreLeftOut) {
    EXPECT_TRUE(truncations({}).empty());
    EXPECT_TRUE(truncations(from_hex("00000001")).empty());
    EXPECT_TRUE(truncations(from_hex("ffffffff")).empty());
}

TEST(CreatedUs, IsToldByTimeBasedIdsOnly) {
    nodes::Uuid uuid{};
    // 2024-11-23T13:35:25.123Z
    std::ranges::copy(from_hex("d5e6cb30a99f11ef8d8f0d9b2b7a6101"), uuid.begin());
    EXPECT_GT(created_us(uuid), 1'730'000'000'000'000);
    EXPECT_LT(created_us(uuid), 1'735'000'000'000'000);
    uuid[6] = 0x41;
    EXPECT_EQ(created_us(uuid), 0);
    EXPECT_EQ(created_us({}), 0);
}

}  // namespace
}  // namespace crossfade::proxy
