#include "cql/protocol.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "cql/test_bytes.hpp"

namespace crossfade::cql {
namespace {

TEST(ProtocolVersion, OnlyFiveAreSpoken) {
    std::set<int> spoken;
    for (int byte = 0; byte < 256; ++byte)
        if (is_supported(static_cast<std::uint8_t>(byte))) spoken.insert(byte);
    EXPECT_EQ(spoken, (std::set<int>{3, 4, 5, 0x41, 0x42}));
}

// What each version has beyond v3: wide flags, failure reasons, segments, keyspace, metadata id, now, unset.
std::string features(ProtocolVersion v) {
    std::string text;
    for (const bool has : {has_wide_flags(v), has_failure_reasons(v), has_segments(v), has_request_keyspace(v),
                           has_result_metadata_id(v), has_now_in_seconds(v), has_unset(v)})
        text += has ? '1' : '0';
    return text;
}

TEST(ProtocolVersion, HasItsFeatures) {
    EXPECT_EQ(features(ProtocolVersion::v3), "0000000");
    EXPECT_EQ(features(ProtocolVersion::v4), "0000001");
    EXPECT_EQ(features(ProtocolVersion::v5), "1111111");
    EXPECT_EQ(features(ProtocolVersion::dse_v1), "1100001");
    EXPECT_EQ(features(ProtocolVersion::dse_v2), "1101101");
}

TEST(Names, AreThoseOfTheSpecification) {
    EXPECT_EQ(name_of(ProtocolVersion::v5), "5");
    EXPECT_EQ(name_of(ProtocolVersion::dse_v1), "DSE_V1");
    EXPECT_EQ(name_of(Opcode::register_events), "REGISTER");
    EXPECT_EQ(name_of(static_cast<Opcode>(0x04)), "UNKNOWN");
    EXPECT_EQ(name_of(Consistency::local_quorum), "LOCAL_QUORUM");
    EXPECT_EQ(name_of(Consistency::local_one), "LOCAL_ONE");
    EXPECT_EQ(name_of(static_cast<Consistency>(0x0B)), "UNKNOWN");
    EXPECT_EQ(name_of(ErrorCode::write_timeout), "WRITE_TIMEOUT");
    EXPECT_EQ(name_of(static_cast<ErrorCode>(0x1234)), "UNKNOWN");
}

TEST(Names, AreDistinct) {
    std::set<std::string_view> opcodes, codes;
    int known_opcodes = 0, known_codes = 0;
    for (int byte = 0; byte < 256; ++byte) {
        if (name_of(static_cast<Opcode>(byte)) == "UNKNOWN") continue;
        ++known_opcodes;
        opcodes.insert(name_of(static_cast<Opcode>(byte)));
    }
    for (int code = 0; code <= 0x8000; ++code) {
        if (name_of(static_cast<ErrorCode>(code)) == "UNKNOWN") continue;
        ++known_codes;
        codes.insert(name_of(static_cast<ErrorCode>(code)));
    }
    EXPECT_EQ(known_opcodes, 17);
    EXPECT_EQ(opcodes.size(), 17U);
    EXPECT_EQ(known_codes, 21);
    EXPECT_EQ(codes.size(), 21U);
}

}  // namespace
}  // namespace crossfade::cql
