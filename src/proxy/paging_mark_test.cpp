#include "proxy/paging_mark.hpp"

#include <gtest/gtest.h>

#include "relay/edits.hpp"
#include "relay/test_queries.hpp"

namespace crossfade::proxy {
namespace {

using relay::all_options;
using relay::message;
using relay::tested_versions;

TEST(PagingMark, APagingStateComesBackAsTheClusterGaveIt) {
    base::Bytes rows_frame;
    for (const std::size_t cluster : {std::size_t{0}, std::size_t{1}}) {
        // Rows with a paging state, written by hand: kind, flags, columns, state, global table, one column, no rows.
        rows_frame.clear();
        cql::append_frame(rows_frame, 4, true, 0, 9, cql::Opcode::result, [](cql::Writer& writer) {
            writer.int_number(2);
            writer.int_number(
                static_cast<std::int32_t>(cql::rows_flag::global_tables_spec | cql::rows_flag::has_more_pages));
            writer.int_number(1);
            writer.bytes(base::bytes_of("state-of-the-cluster"));
            writer.string("ks");
            writer.string("t");
            writer.string("c");
            writer.short_number(0x000D);
            writer.int_number(0);
        });
        const auto head = cql::parse_rows_head(cql::ProtocolVersion::v4, message(rows_frame));
        ASSERT_TRUE(head);
        base::Bytes marked;
        append_marked_rows(marked, rows_frame, cql::frame_header_size, *head, cluster);
        const auto seen = cql::parse_rows(cql::ProtocolVersion::v4, message(marked));
        ASSERT_TRUE(seen);
        ASSERT_EQ(marked_cluster(seen->metadata.paging_state), cluster);
        EXPECT_EQ(cql::read_frame_header(marked.data()).body_length, marked.size() - cql::frame_header_size);

        for (const cql::ProtocolVersion version : tested_versions) {
            cql::QueryOptions options = all_options();
            options.paging_state = seen->metadata.paging_state;
            base::Bytes plain, wanted, edited;
            cql::append_query(plain, version, 7, "SELECT …", options);
            options.paging_state = base::bytes_of("state-of-the-cluster");
            cql::append_query(wanted, version, 7, "SELECT …", options);
            const auto query = cql::parse_query(version, message(plain));
            ASSERT_TRUE(query);
            relay::Edits edits;
            edits.strips_paging_state = paging_mark_size;
            relay::append_edited_query(edited, version, plain, cql::frame_header_size, query->parameters, edits);
            EXPECT_EQ(edited, wanted) << cql::name_of(version);
        }
    }
}

TEST(PagingMark, AStateWithoutOurMarkNamesNoCluster) {
    EXPECT_FALSE(marked_cluster({}));
    EXPECT_FALSE(marked_cluster(base::bytes_of("state-of-the-cluster")));
    const base::Bytes only_mark = {0xC5, 0xFA, 0xDE, 0x00};
    EXPECT_FALSE(marked_cluster(only_mark));
    const base::Bytes unknown_cluster = {1, 0xC5, 0xFA, 0xDE, 0x02};
    EXPECT_FALSE(marked_cluster(unknown_cluster));
}

}  // namespace
}  // namespace crossfade::proxy
