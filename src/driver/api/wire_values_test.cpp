// What a public enum says is what goes over the wire: the numbers of native_protocol_v5.spec §3 and §4.1.7.
#include "driver/api/wire_values.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace crossfade::driver {
namespace {

TEST(WireValues, ConsistenciesHaveTheNumbersOfTheSpecification) {
    const std::vector<std::pair<Consistency, int>> all{
        {Consistency::any, 0x0},          {Consistency::one, 0x1},         {Consistency::two, 0x2},
        {Consistency::three, 0x3},        {Consistency::quorum, 0x4},      {Consistency::all, 0x5},
        {Consistency::local_quorum, 0x6}, {Consistency::each_quorum, 0x7}, {Consistency::serial, 0x8},
        {Consistency::local_serial, 0x9}, {Consistency::local_one, 0xA},
    };
    for (const auto& [level, number] : all) EXPECT_EQ(static_cast<int>(wire_value(level)), number);
}

TEST(WireValues, BatchTypesVersionsAndCompressions) {
    EXPECT_EQ(static_cast<int>(wire_value(BatchType::logged)), 0);
    EXPECT_EQ(static_cast<int>(wire_value(BatchType::unlogged)), 1);
    EXPECT_EQ(static_cast<int>(wire_value(BatchType::counter)), 2);
    EXPECT_EQ(static_cast<int>(wire_value(ProtocolVersion::v3)), 3);
    EXPECT_EQ(static_cast<int>(wire_value(ProtocolVersion::v4)), 4);
    EXPECT_EQ(static_cast<int>(wire_value(ProtocolVersion::v5)), 5);
    EXPECT_EQ(wire_value(Compression::none), cql::Compression::none);
    EXPECT_EQ(wire_value(Compression::lz4), cql::Compression::lz4);
    EXPECT_EQ(wire_value(Compression::snappy), cql::Compression::snappy);
}

}  // namespace
}  // namespace crossfade::driver
