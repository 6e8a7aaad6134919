#include "cql/statement.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace crossfade::cql {
namespace {

// What classify() says, in one line: VERB table, then the flags that are set, in this order:
// needs-keyspace conditional timestamp ttl chance list counter json ?N (markers) key columns as "name:marker" ('-' for
// no marker) and, of a batch, [its tables].
std::string described(const Statement& statement) {
    std::string text(name_of(statement.verb));
    if (!statement.table.table.empty()) {
        text += " " + to_cql(statement.table);
    } else if (!statement.table.keyspace.empty()) {
        text += " " + quoted(statement.table.keyspace) + ".";
    }
    const auto flag = [&](bool is_set, std::string_view name) {
        if (is_set) text += " " + std::string(name);
    };
    flag(statement.needs_keyspace, "needs-keyspace");
    flag(statement.is_conditional, "conditional");
    flag(statement.has_using_timestamp, "timestamp");
    flag(statement.has_using_ttl, "ttl");
    flag(statement.calls_time_or_chance, "chance");
    flag(statement.places_list, "list");
    flag(statement.may_be_counter, "counter");
    flag(statement.is_json, "json");
    flag(statement.marker_count > 0, "?" + std::to_string(statement.marker_count));
    EXPECT_EQ(statement.key_columns.size(), statement.key_markers.size());
    for (std::size_t i = 0; i < statement.key_columns.size(); ++i)
        text += " " + quoted(statement.key_columns[i]) + ":" +
                (statement.key_markers[i] < 0 ? "-" : std::to_string(statement.key_markers[i]));
    if (!statement.tables.empty()) {
        text += " [";
        for (const TableName& table : statement.tables) text += (text.back() == '[' ? "" : " ") + to_cql(table);
        text += "]";
    }
    return text;
}

struct Case {
    const char* text;
    const char* expected;
};

void check(const std::vector<Case>& cases) {
    for (const Case& each : cases) EXPECT_EQ(described(classify(each.text)), each.expected) << each.text;
}

TEST(Classify, Select) {
    check({
        {"SELECT * FROM ks.t", "SELECT ks.t"},
        {"select * from t", "SELECT t needs-keyspace"},
        {"SELECT * FROM ks.t;", "SELECT ks.t"},
        {"  \t\r\n SELECT a FROM ks.t ; ; ", "SELECT ks.t"},
        {"SELECT * FROM \"Ks\".\"T\"", "SELECT \"Ks\".\"T\""},
        {"SELECT * FROM KS.\"a\"\"b\" WHERE \"K\"=?", "SELECT ks.\"a\"\"b\" ?1 \"K\":0"},
        {"SELECT * FROM Ks . T WHERE K = ?", "SELECT ks.t ?1 k:0"},
        {"SELECT v FROM ks.t WHERE k = ? AND c = ?", "SELECT ks.t ?2 k:0 c:1"},
        {"SELECT v FROM ks.t WHERE k = :k AND c > :c", "SELECT ks.t ?2 k:0"},
        {"SELECT v FROM ks.t WHERE k=:\"K k\" AND c IN (?, ?)", "SELECT ks.t ?3 k:0"},
        {"SELECT v FROM ks.t WHERE k = 5 AND c = 'x'", "SELECT ks.t k:- c:-"},
        {"SELECT v FROM ks.t WHERE k = 'a = b AND c = ?' AND c = ?", "SELECT ks.t ?1 k:- c:0"},
        {"SELECT ? AS x, f(?) FROM ks.t WHERE k = ?", "SELECT ks.t ?3 k:2"},
        {"SELECT v FROM ks.t WHERE token(k) > ? AND token(k) <= ?", "SELECT ks.t ?2"},
        {"SELECT v FROM ks.t WHERE token(k) = ?", "SELECT ks.t ?1"},
        {"SELECT v FROM ks.t WHERE (c, d) = (?, ?) AND k = ?", "SELECT ks.t ?3 k:2"},
        {"SELECT v FROM ks.t WHERE k = (int) ?", "SELECT ks.t ?1 k:-"},
        {"SELECT v FROM ks.t WHERE k = ? + 1", "SELECT ks.t ?1 k:-"},
        {"SELECT v FROM ks.t WHERE k = -1", "SELECT ks.t k:-"},
        {"SELECT v FROM ks.t WHERE m['a'] = ? AND k = ?", "SELECT ks.t ?2 k:1"},
        {"SELECT v FROM ks.t WHERE tags CONTAINS ? AND m CONTAINS KEY ? AND k = ? ALLOW FILTERING",
         "SELECT ks.t ?3 k:2"},
        {"SELECT v FROM ks.t WHERE k = ? LIMIT ?", "SELECT ks.t ?2 k:0"},
        {"SELECT v FROM ks.t WHERE k = ? PER PARTITION LIMIT ? LIMIT ? ALLOW FILTERING", "SELECT ks.t ?3 k:0"},
        {"SELECT k, count(*) FROM ks.t WHERE k = ? GROUP BY k ORDER BY c DESC", "SELECT ks.t ?1 k:0"},
        {"SELECT v FROM ks.t WHERE \"group\" = ? AND group = ? AND per = ? GROUP BY group",
         "SELECT ks.t ?3 group:0 group:1 per:2"},
        {"SELECT v FROM ks.t WHERE c BETWEEN ? AND ? AND k = ?", "SELECT ks.t ?3 k:2"},
        {"SELECT v FROM ks.t WHERE a = ? OR b = ?", "SELECT ks.t ?2"},
        {"SELECT v FROM ks.t WHERE v : 'term' AND k = ?", "SELECT ks.t ?1 k:0"},
        {"SELECT v FROM ks.t WHERE v : :term AND k = :k", "SELECT ks.t ?2 k:1"},
        {"SELECT v FROM ks.t WHERE expr(idx, 'k = 5') AND k = ?", "SELECT ks.t ?1 k:0"},
        {"SELECT id, similarity_cosine(e, ?) FROM ks.v ORDER BY e ANN OF ? LIMIT 10", "SELECT ks.v ?2"},
        {"SELECT id FROM ks.v WHERE t = 'x' ORDER BY e ANN OF [0.1, -0.2, 3e-5] LIMIT 10 WITH ann_options = "
         "{'rerank_k': 10}",
         "SELECT ks.v t:-"},
        {"SELECT JSON * FROM ks.t", "SELECT ks.t json"},
        {"SELECT JSON DISTINCT k FROM ks.t", "SELECT ks.t json"},
        {"SELECT json \"A\", b FROM ks.t", "SELECT ks.t json"},
        {"SELECT json FROM ks.t", "SELECT ks.t"},
        {"SELECT json, a FROM ks.t", "SELECT ks.t"},
        {"SELECT json AS j FROM ks.t", "SELECT ks.t"},
        {"SELECT CAST(a AS text), ttl(v), writetime(v), toJson(m) FROM ks.t", "SELECT ks.t"},
        {"SELECT now(), uuid() FROM system.local", "SELECT system.local"},  // chance matters in writes only
        {"SELECT release_version FROM system.local WHERE key='local'", "SELECT system.local key:-"},
        {"SELECT u.street, m['k'], l[0], m[?..?] FROM ks.t", "SELECT ks.t ?2"},
        {"SELECT \"from\" FROM ks.t", "SELECT ks.t"},
        {"SELECT 'INSERT INTO x' FROM ks.t -- DELETE FROM y", "SELECT ks.t"},
        {"SELECT $$it's FROM a$$ FROM ks.t", "SELECT ks.t"},
        {"SELECT fails", "SELECT needs-keyspace"},
        {"SELECT", "SELECT needs-keyspace"},
        {"SELECT * FROM ks.t WHERE", "SELECT ks.t"},
        {"SELECT * FROM ks.t WHERE k =", "SELECT ks.t k:-"},
    });
}

TEST(Classify, CommentsBeforeAndInside) {
    check({
        {"-- INSERT\nSELECT * FROM ks.t", "SELECT ks.t"},
        {"-- INSERT\rSELECT * FROM ks.t", "SELECT ks.t"},
        {"// INSERT\n/* DELETE */ -- x\n SELECT * FROM ks.t", "SELECT ks.t"},
        {"/* a * / ** */SELECT/**/k/**/FROM/* x */ks/*.*/./**/t", "SELECT ks.t"},
        {"SELECT k FROM ks.t WHERE k = ? -- AND c = ?", "SELECT ks.t ?1 k:0"},
        {"SELECT k FROM ks.t WHERE k = /* ? */ : /* name */ v", "SELECT ks.t ?1 k:0"},
        {"SELECT '-- no comment', '/* nor */', \"// nor\" FROM ks.t WHERE k=?", "SELECT ks.t ?1 k:0"},
        {"/* never ends SELECT", "OTHER needs-keyspace"},
        {"-- only a comment", "OTHER needs-keyspace"},
        {"INSERT INTO ks.t (k) VALUES (/* ?, */ ?) -- IF NOT EXISTS", "INSERT ks.t ?1 k:0"},
    });
}

TEST(Classify, Insert) {
    check({
        {"INSERT INTO ks.t (k, v) VALUES (?, ?)", "INSERT ks.t ?2 k:0 v:1"},
        {"insert into T(K,V)values(?,?)", "INSERT t needs-keyspace ?2 k:0 v:1"},
        {"INSERT INTO ks.t (k, \"V w\") VALUES (:k, :\"V w\")", "INSERT ks.t ?2 k:0 \"V w\":1"},
        {"INSERT INTO ks.t (k, v, w) VALUES (1, ?, 'x')", "INSERT ks.t ?1 k:- v:0 w:-"},
        {"INSERT INTO ks.t (k, v) VALUES (?, f(?, ?))", "INSERT ks.t ?3 k:0 v:-"},
        {"INSERT INTO ks.t (m, k) VALUES ({'a': ?, ?: 'b'}, ?)", "INSERT ks.t ?3 m:- k:2"},
        {"INSERT INTO ks.t (u, k) VALUES ({street: :s, zip::z, n: 1}, :k)", "INSERT ks.t ?3 u:- k:2"},
        {"INSERT INTO ks.t (u, k) VALUES ({street:name(), zip:null}, ?)", "INSERT ks.t ?1 u:- k:0"},
        {"INSERT INTO ks.t (l, s, tup, k) VALUES ([?, 2], {?, 3}, (?, ?), ?)", "INSERT ks.t ?5 l:- s:- tup:- k:4"},
        {"INSERT INTO ks.t (k, v) VALUES (?, ?) IF NOT EXISTS", "INSERT ks.t conditional ?2 k:0 v:1"},
        {"INSERT INTO ks.t (k, v) VALUES ('IF NOT EXISTS', 'it''s IF')", "INSERT ks.t k:- v:-"},
        {"INSERT INTO ks.t (\"if\", v) VALUES (1, $$IF$$)", "INSERT ks.t \"if\":- v:-"},
        {"INSERT INTO ks.t (k) VALUES (?) USING TTL 60", "INSERT ks.t ttl ?1 k:0"},
        {"INSERT INTO ks.t (k) VALUES (?) USING TIMESTAMP ? AND TTL ?", "INSERT ks.t timestamp ttl ?3 k:0"},
        {"INSERT INTO ks.t (k) VALUES (?) IF NOT EXISTS USING TTL :ttl AND TIMESTAMP 5",
         "INSERT ks.t conditional timestamp ttl ?2 k:0"},
        {"INSERT INTO ks.t (timestamp, ttl, json) VALUES (?, ?, ?)", "INSERT ks.t ?3 timestamp:0 ttl:1 json:2"},
        {"INSERT INTO ks.t JSON '{\"k\": 1}'", "INSERT ks.t json"},
        {"INSERT INTO ks.t JSON ? DEFAULT UNSET", "INSERT ks.t json ?1"},
        {"INSERT INTO ks.t JSON :j IF NOT EXISTS USING TTL 5", "INSERT ks.t conditional ttl json ?1"},
        {"INSERT INTO ks.t (k, v) VALUES (now(), ?)", "INSERT ks.t chance ?1 k:- v:0"},
        {"INSERT INTO ks.t (k) VALUES (UUID ( ))", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (system.now())", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (toTimestamp(now()))", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (currentTimeUUID())", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (current_timestamp())", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (currentTimestamp())", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (current_date())", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (currentDate())", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (current_time())", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (current_timeuuid())", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (\"now\"())", "INSERT ks.t chance k:-"},
        {"INSERT INTO ks.t (k) VALUES (unow())", "INSERT ks.t k:-"},
        {"INSERT INTO ks.t (k) VALUES ('now()') -- uuid()", "INSERT ks.t k:-"},
        {"INSERT INTO uuid (now) VALUES (?)", "INSERT uuid needs-keyspace ?1 now:0"},
        {"INSERT INTO now.uuid(uuid) VALUES (?)", "INSERT now.uuid ?1 uuid:0"},
        {"INSERT INTO ks.t (k, v) VALUES (?)", "INSERT ks.t ?1 k:0 v:-"},
        {"INSERT INTO ks.t (k) VALUES (?, ?, ?)", "INSERT ks.t ?3 k:0"},
        {"INSERT INTO ks.t (k, v) VALUES (?, ", "INSERT ks.t ?1 k:0 v:-"},
        {"INSERT INTO ks.t (k, v", "INSERT ks.t k:- v:-"},
        {"INSERT INTO ks.t (k) VALUES ('never ends)", "INSERT ks.t k:-"},
        {"INSERT INTO", "INSERT needs-keyspace"},
        {"INSERT INTO ks.t (k, d, b, u) VALUES (?, 1h30m, 0xcafe, 123e4567-e89b-12d3-a456-426614174000)",
         "INSERT ks.t ?1 k:0 d:- b:- u:-"},
    });
}

TEST(Classify, Update) {
    check({
        {"UPDATE ks.t SET v = ? WHERE k = ?", "UPDATE ks.t ?2 k:1"},
        {"UPDATE t USING TTL ? AND TIMESTAMP ? SET v = ?, w = :w WHERE k = ? AND c = 5",
         "UPDATE t needs-keyspace timestamp ttl ?5 k:4 c:-"},
        {"UPDATE ks.t USING TIMESTAMP -5 SET v = 1 WHERE k = 2", "UPDATE ks.t timestamp k:-"},
        {"UPDATE ks.t SET v = ? WHERE k = ? IF v = ?", "UPDATE ks.t conditional ?3 k:1"},
        {"UPDATE ks.t SET v = ? WHERE k = ? IF EXISTS;", "UPDATE ks.t conditional ?2 k:1"},
        {"UPDATE ks.t SET v = ' IF EXISTS' WHERE k = 'x IF y'", "UPDATE ks.t k:-"},
        {"UPDATE ks.t SET v = uuid() WHERE k = ?", "UPDATE ks.t chance ?1 k:0"},
        {"UPDATE ks.t SET v = 1 WHERE k = now()", "UPDATE ks.t chance k:-"},
        {"UPDATE ks.t SET uuid = ?, now = ? WHERE uuid = ?", "UPDATE ks.t ?3 uuid:2"},
        {"UPDATE ks.t SET l = l + ? WHERE k = ?", "UPDATE ks.t list counter ?2 k:1"},
        {"UPDATE ks.t SET l = l + [?, 2] WHERE k = ?", "UPDATE ks.t list ?2 k:1"},
        {"UPDATE ks.t SET l = [1] + l WHERE k = ?", "UPDATE ks.t list ?1 k:0"},
        {"UPDATE ks.t SET l = ? + l, v = 1 WHERE k = ?", "UPDATE ks.t list ?2 k:1"},
        {"UPDATE ks.t SET v = 1, \"l\" = :x + L WHERE k = ?", "UPDATE ks.t list ?2 k:1"},
        {"UPDATE ks.t SET l += [?] WHERE k = ?", "UPDATE ks.t list ?2 k:1"},
        {"UPDATE ks.t SET l -= ? WHERE k = ?", "UPDATE ks.t list counter ?2 k:1"},
        {"UPDATE ks.t SET l[?] = ? WHERE k = ?", "UPDATE ks.t list ?3 k:2"},
        {"UPDATE ks.t SET l[2] = 'x' WHERE k = ?", "UPDATE ks.t list ?1 k:0"},
        {"UPDATE ks.t SET m['a'] = ? WHERE k = ?", "UPDATE ks.t ?2 k:1"},
        {"UPDATE ks.t SET m = m + {'a': 1}, s = s - {2} WHERE k = ?", "UPDATE ks.t ?1 k:0"},
        {"UPDATE ks.t SET s += {?} WHERE k = ?", "UPDATE ks.t ?2 k:1"},
        {"UPDATE ks.t SET u.street = ? WHERE k = ?", "UPDATE ks.t ?2 k:1"},
        {"UPDATE ks.t SET c = c + 1 WHERE k = ?", "UPDATE ks.t counter ?1 k:0"},
        {"UPDATE ks.t SET c = c -1 WHERE k = ?", "UPDATE ks.t counter ?1 k:0"},
        {"UPDATE ks.t SET C = \"c\" - 10 WHERE k = ?", "UPDATE ks.t counter ?1 k:0"},
        {"UPDATE ks.t SET c += 1 WHERE k = ?", "UPDATE ks.t counter ?1 k:0"},
        {"UPDATE ks.t SET c = c + -1 WHERE k = ?", "UPDATE ks.t counter ?1 k:0"},
        {"UPDATE ks.t SET v = w WHERE k = ?", "UPDATE ks.t ?1 k:0"},
        {"UPDATE ks.t SET v = [1, 2], w = {1: [2]} WHERE k = ?", "UPDATE ks.t ?1 k:0"},
        {"UPDATE ks.t SET v = 'l = l + [1]' WHERE k = ?", "UPDATE ks.t ?1 k:0"},
        {"UPDATE ks.t SET v = ? WHERE k IN (?, ?) AND c = ?", "UPDATE ks.t ?4 c:3"},
        {"UPDATE ks.t SET v = ? WHERE k = ? IF v IN (?, ?) AND l[0] = ? AND u.f = ?", "UPDATE ks.t conditional ?6 k:1"},
        {"UPDATE ks.t SET", "UPDATE ks.t"},
        {"UPDATE", "UPDATE needs-keyspace"},
    });
}

TEST(Classify, Delete) {
    check({
        {"DELETE FROM ks.t WHERE k = ?", "DELETE ks.t ?1 k:0"},
        {"DELETE v, w FROM t WHERE k = ? AND c = ?", "DELETE t needs-keyspace ?2 k:0 c:1"},
        {"DELETE FROM ks.t USING TIMESTAMP ? WHERE k = ? AND c > ?", "DELETE ks.t timestamp ?3 k:1"},
        {"DELETE FROM ks.t WHERE k = ? IF EXISTS", "DELETE ks.t conditional ?1 k:0"},
        {"DELETE v FROM ks.t WHERE k = ? IF v = 'x'", "DELETE ks.t conditional ?1 k:0"},
        {"DELETE l[?] FROM ks.t WHERE k = ?", "DELETE ks.t list ?2 k:1"},
        {"DELETE l[0], v FROM ks.t WHERE k = 1", "DELETE ks.t list k:-"},
        {"DELETE m['x'] FROM ks.t WHERE k = 1", "DELETE ks.t k:-"},
        {"DELETE u.f FROM ks.t WHERE k = ?", "DELETE ks.t ?1 k:0"},
        {"DELETE FROM ks.t WHERE k = uuid()", "DELETE ks.t chance k:-"},
        {"DELETE v", "DELETE needs-keyspace"},
    });
}

TEST(Classify, Batch) {
    check({
        {"BEGIN BATCH INSERT INTO ks.a (k) VALUES (?); UPDATE ks.b SET v = ? WHERE k = ?; APPLY BATCH;",
         "BATCH ks.a ?3 k:0 [ks.a ks.b]"},
        {"BEGIN UNLOGGED BATCH INSERT INTO a (k) VALUES (?) INSERT INTO a (k) VALUES (?) APPLY BATCH",
         "BATCH a needs-keyspace ?2 k:0 [a]"},
        {"begin batch delete from ks.a where k = ? update ks.b set v = 1 where k = ? if v = 2 apply batch",
         "BATCH ks.a conditional ?2 k:0 [ks.a ks.b]"},
        {"BEGIN COUNTER BATCH UPDATE ks.c SET n = n + ? WHERE k = ? APPLY BATCH",
         "BATCH ks.c list counter ?2 k:1 [ks.c]"},
        {"BEGIN BATCH USING TIMESTAMP 5 INSERT INTO ks.a (k) VALUES (1); DELETE FROM ks.a WHERE k = 2; APPLY BATCH",
         "BATCH ks.a timestamp k:- [ks.a]"},
        {"BEGIN BATCH USING TIMESTAMP ? INSERT INTO ks.a (k) VALUES (?) APPLY BATCH",
         "BATCH ks.a timestamp ?2 k:1 [ks.a]"},
        {"BEGIN BATCH INSERT INTO ks.a (k) VALUES (1) USING TIMESTAMP 1; DELETE FROM ks.a USING TIMESTAMP 2 WHERE k = "
         "2; APPLY BATCH",
         "BATCH ks.a timestamp k:- [ks.a]"},
        {"BEGIN BATCH INSERT INTO ks.a (k) VALUES (1) USING TIMESTAMP 1; DELETE FROM ks.a WHERE k = 2; APPLY BATCH",
         "BATCH ks.a k:- [ks.a]"},
        {"BEGIN BATCH DELETE FROM ks.a WHERE k = 2; INSERT INTO ks.a (k) VALUES (1) USING TIMESTAMP 1 AND TTL 5; APPLY "
         "BATCH",
         "BATCH ks.a ttl k:- [ks.a]"},
        {"BEGIN BATCH INSERT INTO ks.a (k) VALUES (1); INSERT INTO ks.b (k) VALUES (now()) IF NOT EXISTS; APPLY BATCH",
         "BATCH ks.a conditional chance k:- [ks.a ks.b]"},
        {"BEGIN BATCH INSERT INTO ks.a (k) VALUES ('INSERT INTO x'); INSERT INTO \"Ks\".\"B\" JSON ?; APPLY BATCH",
         "BATCH ks.a json ?1 k:- [ks.a \"Ks\".\"B\"]"},
        {"BEGIN BATCH INSERT INTO ks.a (k) VALUES (:insert); DELETE FROM ks.a WHERE k = :update APPLY BATCH",
         "BATCH ks.a ?2 k:0 [ks.a]"},
        {"/* x */ BEGIN /* y */ BATCH -- z\n APPLY BATCH", "BATCH"},
        {"BEGIN BATCH INSERT INTO ks.a (k) VALUES (1)", "BATCH ks.a k:- [ks.a]"},
        {"BEGIN TRANSACTION UPDATE ks.a SET v = 1 WHERE k = 1; COMMIT TRANSACTION", "OTHER needs-keyspace"},
    });
}

TEST(Classify, Definitions) {
    check({
        {"CREATE KEYSPACE ks WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}", "SCHEMA ks."},
        {"CREATE SCHEMA IF NOT EXISTS \"Ks\" WITH replication = {'class':'SimpleStrategy'}", "SCHEMA \"Ks\"."},
        {"ALTER KEYSPACE ks WITH durable_writes = false", "SCHEMA ks."},
        {"DROP KEYSPACE IF EXISTS ks", "SCHEMA ks."},
        {"CREATE TABLE ks.t (k int PRIMARY KEY, v frozen<list<text>>) WITH comment = 'IF ?'", "SCHEMA ks.t"},
        {"CREATE TABLE IF NOT EXISTS t (k int PRIMARY KEY)", "SCHEMA t needs-keyspace"},
        {"CREATE COLUMNFAMILY ks.t (k int PRIMARY KEY)", "SCHEMA ks.t"},
        {"ALTER TABLE IF EXISTS ks.t ADD v int", "SCHEMA ks.t"},
        {"DROP TABLE ks.t;", "SCHEMA ks.t"},
        {"CREATE TYPE IF NOT EXISTS address (street text)", "SCHEMA address needs-keyspace"},
        {"ALTER TYPE ks.address ADD zip int", "SCHEMA ks.address"},
        {"DROP TYPE ks.address", "SCHEMA ks.address"},
        {"CREATE INDEX ON ks.t (v)", "SCHEMA ks.t"},
        {"CREATE INDEX IF NOT EXISTS i ON t (values(v))", "SCHEMA t needs-keyspace"},
        {"CREATE CUSTOM INDEX i ON ks.t (v) USING 'StorageAttachedIndex' WITH OPTIONS = {'a': 'b'}", "SCHEMA ks.t"},
        {"DROP INDEX IF EXISTS ks.i", "SCHEMA ks."},
        {"DROP INDEX i", "SCHEMA needs-keyspace"},
        {"CREATE MATERIALIZED VIEW ks.mv AS SELECT * FROM ks.t WHERE k IS NOT NULL PRIMARY KEY (k)", "SCHEMA ks.mv"},
        {"DROP MATERIALIZED VIEW mv", "SCHEMA mv needs-keyspace"},
        {"CREATE OR REPLACE FUNCTION ks.f (a int) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS $$ return a; ? $$",
         "SCHEMA ks.f"},
        {"CREATE AGGREGATE IF NOT EXISTS ks.a (int) SFUNC f STYPE int", "SCHEMA ks.a"},
        {"DROP FUNCTION f(int)", "SCHEMA f needs-keyspace"},
        {"CREATE TRIGGER tr ON ks.t USING 'x'", "SCHEMA ks.t"},
        {"DROP TRIGGER tr ON t", "SCHEMA t needs-keyspace"},
        {"CREATE ROLE IF NOT EXISTS r WITH PASSWORD = 'x' AND LOGIN = true", "SCHEMA"},
        {"ALTER ROLE r WITH SUPERUSER = true", "SCHEMA"},
        {"DROP ROLE r", "SCHEMA"},
        {"CREATE USER u WITH PASSWORD 'x' NOSUPERUSER", "SCHEMA"},
        {"ADD IDENTITY 'spiffe://x' TO ROLE r", "SCHEMA"},
        {"CREATE SEARCH INDEX IF NOT EXISTS ON ks.t", "SCHEMA ks.t"},
        {"CREATE", "SCHEMA needs-keyspace"},
    });
}

TEST(Classify, PermissionsAndTheRest) {
    check({
        {"GRANT SELECT ON TABLE ks.t TO r", "GRANT"},
        {"GRANT MODIFY ON t TO r", "GRANT needs-keyspace"},
        {"GRANT ALL PERMISSIONS ON ALL KEYSPACES TO r", "GRANT"},
        {"GRANT ALL ON KEYSPACE ks TO r", "GRANT"},
        {"GRANT EXECUTE ON FUNCTION f(int) TO r", "GRANT needs-keyspace"},
        {"GRANT a TO b", "GRANT"},
        {"REVOKE SELECT ON ks.t FROM r", "GRANT"},
        {"REVOKE SELECT ON role FROM r", "GRANT needs-keyspace"},
        {"LIST ROLES", "LIST"},
        {"LIST ALL PERMISSIONS ON t OF r", "LIST needs-keyspace"},
        {"list users;", "LIST"},
        {"DESCRIBE TABLES", "DESCRIBE needs-keyspace"},
        {"DESC KEYSPACE ks", "DESCRIBE needs-keyspace"},
        {"CALL InsightsRpc.reportInsight(?)", "CALL needs-keyspace ?1"},
        {"USE ks", "USE ks."},
        {"use \"Ks a\";", "USE \"Ks a\"."},
        {"USE Ks", "USE ks."},
        {"USE", "USE"},
        {"TRUNCATE ks.t", "TRUNCATE ks.t"},
        {"TRUNCATE TABLE t;", "TRUNCATE t needs-keyspace"},
        {"truncate columnfamily \"T\"", "TRUNCATE \"T\" needs-keyspace"},
        {"", "OTHER needs-keyspace"},
        {";", "OTHER needs-keyspace"},
        {"   \n", "OTHER needs-keyspace"},
        {"SELECTED * FROM ks.t", "OTHER needs-keyspace"},
        {"\"SELECT\" * FROM ks.t", "OTHER needs-keyspace"},
        {"'SELECT' * FROM ks.t", "OTHER needs-keyspace"},
        {"g.V().has('name', ?)", "OTHER needs-keyspace ?1"},
        {"\xff\xfe\x01 ? :a", "OTHER needs-keyspace ?2"},
        {"((((((((((", "OTHER needs-keyspace"},
    });
}

TEST(Classify, EveryTruncationOfAStatementEnds) {
    const std::string text =
        "BEGIN BATCH USING TIMESTAMP 1 INSERT INTO \"K\".t (a, b) VALUES ({'x': :y}, [?, $$s$$]) IF NOT EXISTS USING "
        "TTL ?; "
        "UPDATE ks.t SET l[?] = 'it''s', c = c + 1 WHERE k = ? AND (a, b) = (1, 2) IF EXISTS; APPLY BATCH;";
    for (std::size_t length = 0; length <= text.size(); ++length) {
        // An exact-size block: a read past its end is seen by the address sanitizer.
        const std::vector<char> block(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
        const Statement statement = classify({block.data(), block.size()});
        EXPECT_EQ(statement.verb, length < 11 ? Verb::other : Verb::batch) << length;
    }
}

TEST(Classify, IsLinearInTheText) {
    // Each of these shapes, a hundred times longer, must not take ten thousand times longer. A quadratic reader needs
    // minutes for it.
    const auto repeated = [](std::string_view begin, std::string_view piece, std::size_t count) {
        std::string text(begin);
        for (std::size_t i = 0; i < count; ++i) text += piece;
        return text;
    };
    std::string many_tables = "BEGIN BATCH ";
    for (int i = 0; i < 100'000; ++i) many_tables += "DELETE FROM ks.t" + std::to_string(i) + " WHERE k=1;";
    const Statement statement = classify(many_tables);
    EXPECT_EQ(statement.tables.size(), 100'000U);
    EXPECT_EQ(statement.table.table, "t0");
    EXPECT_EQ(classify(repeated("INSERT INTO ks.t (k) VALUES (", "?,", 1'000'000)).marker_count, 1'000'000U);
    EXPECT_EQ(classify(repeated("SELECT ", "((((", 1'000'000)).verb, Verb::select);
    EXPECT_EQ(classify(repeated("", "/* */ ", 1'000'000)).verb, Verb::other);
    EXPECT_EQ(classify(repeated("UPDATE ks.t SET a=", "[{", 1'000'000)).verb, Verb::update);
    EXPECT_EQ(classify(repeated("SELECT ", "/* ", 1'000'000)).verb, Verb::select);
    EXPECT_EQ(classify(repeated("SELECT ", ": /* */ ", 500'000)).verb, Verb::select);
}

TEST(SystemKeyspaces, AreTheServersOwn) {
    for (const char* name : {"system", "system_schema", "system_auth", "system_traces", "system_distributed",
                             "system_views", "system_virtual_schema", "dse_system", "dse_security"})
        EXPECT_TRUE(is_system_keyspace(name)) << name;
    for (const char* name : {"", "ks", "System", "systems", "system_x", "dse_mine"})
        EXPECT_FALSE(is_system_keyspace(name)) << name;
}

TEST(Names, AreQuotedWhereTheyNeedIt) {
    EXPECT_EQ(quoted("users_2"), "users_2");
    EXPECT_EQ(quoted("Users"), "\"Users\"");
    EXPECT_EQ(quoted("a b"), "\"a b\"");
    EXPECT_EQ(quoted("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(quoted(""), "\"\"");
    EXPECT_EQ(quoted("1a"), "\"1a\"");
    EXPECT_EQ(quoted("_a"), "\"_a\"");
    EXPECT_EQ(quoted("select"), "\"select\"");
    EXPECT_EQ(quoted("key"), "key");  // not reserved
    EXPECT_EQ(quoted("p1d"), "\"p1d\"");
    EXPECT_EQ(quoted("p"), "p");
    EXPECT_EQ(to_cql(TableName{"Ks", "t"}), "\"Ks\".t");
    EXPECT_EQ(to_cql(TableName{"", "t"}), "t");
}

TEST(Names, OfTablesAreParsedAsTyped) {
    const auto parsed = [](std::string_view text) {
        const auto table = parse_table_name(text);
        return table ? table->keyspace + "|" + table->table : std::string("bad");
    };
    EXPECT_EQ(parsed("ks.t"), "ks|t");
    EXPECT_EQ(parsed("Ks.T"), "ks|t");
    EXPECT_EQ(parsed("ks.*"), "ks|*");
    EXPECT_EQ(parsed("\"Ks\".*"), "Ks|*");
    EXPECT_EQ(parsed("\"Ks\".\"T\""), "Ks|T");
    EXPECT_EQ(parsed("\"a.b\".\"c\"\"d\""), "a.b|c\"d");
    EXPECT_EQ(parsed("ks.\"*\""), "ks|*");
    for (const char* text :
         {"", ".", "ks", "ks.", ".t", "ks.t.u", "ks.t ", "ks t", "\"ks", "\"\".t", "ks.\"t", "ks.**", "*.t", "k-s.t"})
        EXPECT_EQ(parsed(text), "bad") << text;
    EXPECT_EQ(parse_table_name("ks").error().kind, base::ErrorKind::bad_input);
}

}  // namespace
}  // namespace crossfade::cql
