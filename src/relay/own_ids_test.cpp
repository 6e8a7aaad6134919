#include "relay/own_ids.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace crossfade::relay {
namespace {

constexpr cql::ProtocolVersion versions[] = {cql::ProtocolVersion::v3, cql::ProtocolVersion::v4,
                                             cql::ProtocolVersion::v5, cql::ProtocolVersion::dse_v2};

base::ByteView message(const base::Bytes& frame) {
    return base::ByteView(frame).subspan(cql::frame_header_size);
}

TEST(OwnIds, TakeThePlaceOfIdsOfAnyLength) {
    for (const cql::ProtocolVersion version : versions) {
        const std::vector<cql::OwnedColumn> columns = {{"ks", "t", "k", cql::simple_type(cql::TypeCode::varchar)}};
        base::Bytes frame, own;
        cql::append_prepared(frame, version, 1, base::bytes_of("odd id"), base::bytes_of("metadata-id"), columns, {0},
                             columns);
        const auto prepared = cql::parse_prepared(version, message(frame));
        ASSERT_TRUE(prepared);
        const PreparedId id = digest_of("text", "ks");
        const PreparedId metadata_id = digest_of_columns(prepared->result);
        append_own_prepared(own, version, frame, cql::frame_header_size, *prepared, id, metadata_id);
        const auto seen = cql::parse_prepared(version, message(own));
        ASSERT_TRUE(seen);
        EXPECT_TRUE(std::ranges::equal(seen->id, id));
        if (cql::has_result_metadata_id(version)) {
            EXPECT_TRUE(std::ranges::equal(seen->result_metadata_id, metadata_id));
        }
        EXPECT_EQ(seen->variables.columns.size(), 1U);
        EXPECT_EQ(seen->result.columns.at(0).name, "k");
    }
}

}  // namespace
}  // namespace crossfade::relay
