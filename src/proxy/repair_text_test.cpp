#include "proxy/repair_text.hpp"

#include <gtest/gtest.h>

namespace crossfade::proxy {
namespace {

std::string_view cut(std::string_view text, const TextSpan& span) {
    return text.substr(span.begin, span.end - span.begin);
}

// The text with "99" as its time to live, wherever that goes.
std::string with_ttl(std::string text) {
    const auto statements = statements_in(text);
    for (auto one = statements.rbegin(); one != statements.rend(); ++one) {
        if (one->ttl)
            text.replace(one->ttl->begin, one->ttl->end - one->ttl->begin, "99");
        else if (one->ttl_place)
            text.insert(one->ttl_place->begin, std::string(one->ttl_lead) + "99");
    }
    return text;
}

TEST(RepairText, FindsWhereATimeToLiveStandsOrGoes) {
    EXPECT_EQ(with_ttl("INSERT INTO t (k) VALUES (1)"), "INSERT INTO t (k) VALUES (1) USING TTL 99");
    EXPECT_EQ(with_ttl("insert into ks.t (k) values (1);"), "insert into ks.t (k) values (1) USING TTL 99;");
    EXPECT_EQ(with_ttl("INSERT INTO t (k) VALUES (1) USING TTL 5"), "INSERT INTO t (k) VALUES (1) USING TTL 99");
    EXPECT_EQ(with_ttl("INSERT INTO t (k) VALUES (1) USING TIMESTAMP -7 -- new"),
              "INSERT INTO t (k) VALUES (1) USING TIMESTAMP -7 AND TTL 99 -- new");
    EXPECT_EQ(with_ttl("INSERT INTO t (k) VALUES (1) USING TTL ? AND TIMESTAMP ?"),
              "INSERT INTO t (k) VALUES (1) USING TTL 99 AND TIMESTAMP ?");
    EXPECT_EQ(with_ttl("INSERT INTO t (k) VALUES (1) IF NOT EXISTS"),
              "INSERT INTO t (k) VALUES (1) IF NOT EXISTS USING TTL 99");
    EXPECT_EQ(with_ttl("INSERT INTO t JSON '{\"using\": 1}' DEFAULT UNSET"),
              "INSERT INTO t JSON '{\"using\": 1}' DEFAULT UNSET USING TTL 99");
    EXPECT_EQ(with_ttl("UPDATE ks.t SET v = 1 WHERE k = 1"), "UPDATE ks.t USING TTL 99 SET v = 1 WHERE k = 1");
    EXPECT_EQ(with_ttl("UPDATE t USING TIMESTAMP ? SET v = 1 WHERE k = 1"),
              "UPDATE t USING TIMESTAMP ? AND TTL 99 SET v = 1 WHERE k = 1");
    EXPECT_EQ(with_ttl("UPDATE t USING TTL :life SET v = 1 WHERE k = 1"),
              "UPDATE t USING TTL 99 SET v = 1 WHERE k = 1");
    EXPECT_EQ(with_ttl("UPDATE t SET ttl = 4, \"using\" = 3 WHERE k = 1"),
              "UPDATE t USING TTL 99 SET ttl = 4, \"using\" = 3 WHERE k = 1");
    EXPECT_EQ(with_ttl("DELETE v FROM t USING TIMESTAMP 4 WHERE k = 1"),
              "DELETE v FROM t USING TIMESTAMP 4 WHERE k = 1");
    EXPECT_EQ(with_ttl("BEGIN UNLOGGED BATCH USING TIMESTAMP 3 INSERT INTO a (k) VALUES (1) UPDATE b SET v = 1 WHERE k "
                       "= 1; DELETE FROM c WHERE k = 1 APPLY BATCH;"),
              "BEGIN UNLOGGED BATCH USING TIMESTAMP 3 INSERT INTO a (k) VALUES (1) USING TTL 99 UPDATE b USING TTL 99 "
              "SET v = 1 WHERE k = 1; DELETE FROM c WHERE "
              "k = 1 APPLY BATCH;");
}

TEST(RepairText, CountsMarkersBeforeATimeToLive) {
    const auto bound = statements_in("UPDATE t USING TIMESTAMP ? AND TTL ? SET v = ? WHERE k = ?");
    ASSERT_EQ(bound.size(), 1U);
    ASSERT_TRUE(bound[0].ttl);
    EXPECT_EQ(bound[0].ttl->first_marker, 1U);
    EXPECT_EQ(bound[0].ttl->marker_count, 1U);
    EXPECT_TRUE(bound[0].has_using_timestamp);
    EXPECT_EQ(bound[0].text.marker_count, 4U);

    const auto inserted = statements_in("INSERT INTO t (k, v) VALUES (?, ?)");
    ASSERT_TRUE(inserted[0].ttl_place);
    EXPECT_EQ(inserted[0].ttl_place->first_marker, 2U);
    const auto updated = statements_in("UPDATE t SET v = ? WHERE k = ?");
    EXPECT_EQ(updated[0].ttl_place->first_marker, 0U);

    const auto batch = statements_in(
        "BEGIN BATCH INSERT INTO a (k) VALUES (?); INSERT INTO b (k) VALUES (?) USING TTL ?; APPLY BATCH");
    ASSERT_EQ(batch.size(), 2U);
    EXPECT_EQ(batch[0].ttl_place->first_marker, 1U);
    EXPECT_EQ(batch[1].text.first_marker, 1U);
    EXPECT_EQ(batch[1].ttl->first_marker, 2U);
}

TEST(RepairText, AsksForTheKeysThatAStatementWrites) {
    const auto ask = [](std::string_view text, const std::vector<std::string>& key) {
        const auto statements = statements_in(text);
        if (statements.size() != 1) return std::string("no statement");
        const auto query = key_query(text, statements[0], {"ks", "t"}, key);
        if (!query) return std::string("unknown");
        std::string shown = query->text.substr(query->text.find("WHERE ") + 6);
        for (const std::uint32_t marker : query->markers) shown += " #" + std::to_string(marker);
        return shown;
    };
    EXPECT_EQ(ask("INSERT INTO t (v, k) VALUES ({'a': 1}, 'it''s')", {"k"}), "k = 'it''s'");
    EXPECT_EQ(ask("INSERT INTO t (a, v, \"B\") VALUES (?, ?, blobasint(0x01)) IF NOT EXISTS", {"B", "a"}),
              "\"B\" = blobasint(0x01) AND a = ? #0");
    EXPECT_EQ(ask("UPDATE t USING TTL ? SET v = v + ? WHERE a = ? AND c > 3 AND b IN (1, ?) IF v = 1", {"a", "b"}),
              "a = ? AND b IN (1, ?) #2 #3");
    EXPECT_EQ(ask("DELETE l[3] FROM ks.t WHERE k = 7 IF EXISTS", {"k"}), "k = 7");
    EXPECT_EQ(ask("DELETE FROM t WHERE k = 7", {"k", "other"}), "unknown");
    EXPECT_EQ(ask("INSERT INTO t (k) VALUES (uuid())", {"k"}), "unknown");
    EXPECT_EQ(ask("INSERT INTO t JSON '{\"k\": 1}'", {"k"}), "unknown");
    EXPECT_EQ(ask("INSERT INTO t (k, v) VALUES (1)", {"v"}), "unknown");

    const std::string text = "UPDATE t SET v = 1 WHERE \"K\" = 1";
    const auto query = key_query(text, statements_in(text)[0], {"Ks", "t"}, {"K"});
    ASSERT_TRUE(query);
    EXPECT_EQ(query->text, "SELECT DISTINCT \"K\" FROM \"Ks\".t WHERE \"K\" = 1");
}

TEST(RepairText, NamesTheKeyspaceWhereTheTextDoesNot) {
    EXPECT_EQ(with_keyspace("INSERT INTO t (k) VALUES (1)", "ks"), "INSERT INTO ks.t (k) VALUES (1)");
    EXPECT_EQ(with_keyspace("UPDATE other.t SET v = 1 WHERE k = 1", "ks"), "UPDATE other.t SET v = 1 WHERE k = 1");
    EXPECT_EQ(
        with_keyspace("BEGIN BATCH DELETE FROM /* ! */ \"T\" WHERE k = 1 UPDATE u SET v = 1 WHERE k = 1 APPLY BATCH",
                      "Ks"),
        "BEGIN BATCH DELETE FROM /* ! */ \"Ks\".\"T\" WHERE k = 1 UPDATE \"Ks\".u SET v = 1 WHERE k = 1 APPLY BATCH");
}

TEST(RepairText, TextThatMakesNoSenseHasNoStatementsOrHalfOnes) {
    for (const std::string_view text :
         {"", "SELECT * FROM t", "BEGIN", "BEGIN BATCH", "INSERT", "INSERT INTO", "INSERT INTO t (",
          "INSERT INTO t (k) VALUES (", "UPDATE", "UPDATE t USING", "UPDATE t USING TTL", "UPDATE t SET v = ((",
          "DELETE", "DELETE FROM t WHERE", "INSERT INTO t (k) VALUES ('", "UPDATE t. SET",
          "INSERT INTO t (k) VALUES (1) USING TTL 4 AND"}) {
        for (const StatementText& one : statements_in(text)) {
            EXPECT_LE(one.text.end, text.size()) << text;
            EXPECT_LE(one.ttl.value_or(TextSpan()).end, text.size()) << text;
            EXPECT_LE(one.ttl_place.value_or(TextSpan()).end, text.size()) << text;
        }
    }
    EXPECT_TRUE(statements_in("SELECT * FROM t").empty());
    EXPECT_EQ(cut("UPDATE t SET v = 1", statements_in("UPDATE t SET v = 1")[0].text), "UPDATE t SET v = 1");
}

}  // namespace
}  // namespace crossfade::proxy
