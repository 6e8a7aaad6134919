#include "relay/write_type.hpp"

#include <gtest/gtest.h>

#include "cql/statement.hpp"

namespace crossfade::relay {
namespace {

// As a QUERY or EXECUTE of that text is noted: every batch in text is at first taken for a logged one.
std::string_view of_text(std::string_view text) {
    const cql::Statement statement = cql::classify(text);
    Request::PolicyState write;
    write.is_conditional = statement.is_conditional;
    write.is_batch = write.is_logged_batch = statement.verb == cql::Verb::batch;
    return write_type_of(write, text);
}

TEST(WriteType, OfText) {
    EXPECT_EQ(of_text("INSERT INTO ks.t (k) VALUES (1)"), "SIMPLE");
    EXPECT_EQ(of_text("INSERT INTO ks.t (k) VALUES (1) IF NOT EXISTS"), "CAS");
    EXPECT_EQ(of_text("BEGIN BATCH INSERT INTO ks.t (k) VALUES (1) APPLY BATCH"), "BATCH");
    EXPECT_EQ(of_text("BEGIN UNLOGGED BATCH INSERT INTO ks.t (k) VALUES (1) APPLY BATCH"), "UNLOGGED_BATCH");
    EXPECT_EQ(of_text("begin /* not COUNTER */ unlogged batch INSERT INTO ks.t (k) VALUES (1) APPLY BATCH"),
              "UNLOGGED_BATCH");
    EXPECT_EQ(of_text("BEGIN BATCH USING TIMESTAMP 1 UPDATE ks.unlogged SET counter = 1 WHERE k = 1 APPLY BATCH"),
              "BATCH");
    EXPECT_EQ(of_text("BEGIN COUNTER BATCH UPDATE ks.c SET n = n + 1 WHERE k = 1 APPLY BATCH"), "COUNTER");
    EXPECT_EQ(of_text("BEGIN UNLOGGED BATCH INSERT INTO ks.t (k) VALUES (1) IF NOT EXISTS APPLY BATCH"), "CAS");
}

TEST(WriteType, OfABatchMessage) {
    Request::PolicyState write;
    write.is_batch = true;
    EXPECT_EQ(write_type_of(write, ""), "UNLOGGED_BATCH");
    write.is_logged_batch = true;
    EXPECT_EQ(write_type_of(write, ""), "BATCH");
    write.is_counter = true;
    EXPECT_EQ(write_type_of(write, ""), "COUNTER");
}

}  // namespace
}  // namespace crossfade::relay
