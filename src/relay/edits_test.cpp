#include "relay/edits.hpp"

#include <gtest/gtest.h>

#include "relay/test_queries.hpp"

namespace crossfade::relay {
namespace {

TEST(Edits, AStampGoesInBehindTheValuesAndNothingElseChanges) {
    for (const cql::ProtocolVersion version : tested_versions) {
        cql::QueryOptions options = all_options();
        if (cql::has_now_in_seconds(version)) options.now_in_seconds = 12345;
        base::Bytes plain, stamped, edited;
        cql::append_query(plain, version, 7, "INSERT …", options);
        options.timestamp = 1234567890123456;
        cql::append_query(stamped, version, 7, "INSERT …", options);
        const auto query = cql::parse_query(version, message(plain));
        ASSERT_TRUE(query);
        Edits edits;
        edits.timestamp = 1234567890123456;
        append_edited_query(edited, version, plain, cql::frame_header_size, query->parameters, edits);
        EXPECT_EQ(edited, stamped) << cql::name_of(version);
    }
}

TEST(Edits, AClientsOwnStampIsNeverTouched) {
    for (const cql::ProtocolVersion version : tested_versions) {
        cql::QueryOptions options = all_options();
        options.timestamp = 42;
        base::Bytes plain, edited;
        cql::append_query(plain, version, 7, "INSERT …", options);
        const auto query = cql::parse_query(version, message(plain));
        ASSERT_TRUE(query);
        Edits edits;
        edits.timestamp = 99;
        append_edited_query(edited, version, plain, cql::frame_header_size, query->parameters, edits);
        EXPECT_EQ(edited, plain);
    }
}

TEST(Edits, TheKeyspaceOfTheConnectionGoesIntoV5Requests) {
    for (const cql::ProtocolVersion version : tested_versions) {
        cql::QueryOptions options = all_options();
        base::Bytes plain, wanted, edited;
        cql::append_query(plain, version, 7, "SELECT …", options);
        options.keyspace = "ks";
        options.timestamp = 5;
        cql::append_query(wanted, version, 7, "SELECT …", options);
        const auto query = cql::parse_query(version, message(plain));
        ASSERT_TRUE(query);
        Edits edits;
        edits.keyspace = "ks";
        edits.timestamp = 5;
        append_edited_query(edited, version, plain, cql::frame_header_size, query->parameters, edits);
        EXPECT_EQ(edited, wanted) << cql::name_of(version);
    }
}

TEST(Edits, ABatchIsStampedLikeAQuery) {
    for (const cql::ProtocolVersion version : tested_versions) {
        const std::vector<cql::BatchItem> items = {
            {"INSERT …", {}, {value("a")}}, {"", base::bytes_of("id-0123456789abc"), {value("b"), cql::ValueView{}}}};
        cql::QueryOptions options;
        options.serial_consistency = cql::Consistency::serial;
        base::Bytes plain, wanted, edited;
        cql::append_batch(plain, version, 3, cql::BatchType::logged, items, options);
        options.timestamp = 77;
        cql::append_batch(wanted, version, 3, cql::BatchType::logged, items, options);
        const auto batch = cql::parse_batch(version, message(plain));
        ASSERT_TRUE(batch);
        Edits edits;
        edits.timestamp = 77;
        append_edited_batch(edited, version, plain, cql::frame_header_size, *batch, edits);
        EXPECT_EQ(edited, wanted) << cql::name_of(version);
    }
}

TEST(Edits, AnotherConsistencyTakesTheRequestsPlaceBesideOtherEdits) {
    for (const cql::ProtocolVersion version : tested_versions) {
        for (const bool adds_more : {false, true}) {
            cql::QueryOptions options = all_options();
            options.consistency = cql::Consistency::one;
            base::Bytes plain, wanted, edited;
            cql::append_query(plain, version, 7, "INSERT …", options);
            Edits edits;
            edits.consistency = options.consistency = cql::Consistency::local_quorum;
            if (adds_more) edits.timestamp = options.timestamp = 5;
            if (adds_more) edits.keyspace = options.keyspace = "ks";
            cql::append_query(wanted, version, 7, "INSERT …", options);
            const auto query = cql::parse_query(version, message(plain));
            ASSERT_TRUE(query);
            append_edited_query(edited, version, plain, cql::frame_header_size, query->parameters, edits);
            EXPECT_EQ(edited, wanted) << cql::name_of(version);
        }
        base::Bytes plain, wanted, edited;
        cql::QueryOptions options;
        options.consistency = cql::Consistency::any;
        const std::vector<cql::BatchItem> items = {{"INSERT …", {}, {value("a")}}};
        cql::append_batch(plain, version, 3, cql::BatchType::logged, items, options);
        options.consistency = cql::Consistency::local_quorum;
        cql::append_batch(wanted, version, 3, cql::BatchType::logged, items, options);
        const auto batch = cql::parse_batch(version, message(plain));
        ASSERT_TRUE(batch);
        Edits edits;
        edits.consistency = cql::Consistency::local_quorum;
        append_edited_batch(edited, version, plain, cql::frame_header_size, *batch, edits);
        EXPECT_EQ(edited, wanted) << cql::name_of(version);
    }
}

}  // namespace
}  // namespace crossfade::relay
