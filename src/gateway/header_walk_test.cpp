#include "gateway/header_walk.hpp"

#include <gtest/gtest.h>

#include "cql/request.hpp"

namespace crossfade::gateway {
namespace {

TEST(HeaderWalk, FindsEveryHeaderHoweverTheBytesAreCut) {
    base::Bytes bytes;
    cql::append_query(bytes, cql::ProtocolVersion::v4, 1, "SELECT * FROM t", {});
    cql::append_options(bytes, cql::ProtocolVersion::v4, 2);
    cql::append_prepare(bytes, cql::ProtocolVersion::v4, 3, "SELECT * FROM t");
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        HeaderWalk walk;
        std::vector<std::pair<cql::Opcode, int>> seen;
        const auto see = [&](const cql::FrameHeader& header) {
            seen.emplace_back(header.opcode, header.stream_id);
            return true;
        };
        const base::ByteView all(bytes);
        EXPECT_TRUE(walk.walk(all.first(cut), see) && walk.walk(all.subspan(cut), see));
        EXPECT_EQ(seen, (std::vector<std::pair<cql::Opcode, int>>{
                            {cql::Opcode::query, 1}, {cql::Opcode::options, 2}, {cql::Opcode::prepare, 3}}))
            << cut;
    }
}

TEST(HeaderWalk, StopsWhereItIsTold) {
    base::Bytes bytes;
    cql::append_options(bytes, cql::ProtocolVersion::v4, 1);
    cql::append_options(bytes, cql::ProtocolVersion::v4, 2);
    int seen = 0;
    EXPECT_FALSE(HeaderWalk().walk(bytes, [&](const cql::FrameHeader&) { return ++seen < 1; }));
    EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace crossfade::gateway
