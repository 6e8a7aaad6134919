"""Comparing and repairing: each seeded kind of divergence is found, the asked for kinds are repaired, nothing newer is overwritten."""
import json

import pytest

from migrating import Migrating, assert_same_cells, run_all


# Row 1: equal. Each other row differs in the one way that its name says.
SEEDED = {2: "missing row", 3: "extra row", 4: "value, origin newer", 5: "value, target newer", 6: "writetime, origin newer", 7: "TTL, none on the target",
          8: "missing cell", 9: "extra cell", 10: "value under one stamp, the target's greater", 11: "value under one stamp, the origin's greater"}


@pytest.fixture
def seeded(both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, a text, b int)")
    table = f"{keyspace}.t"

    def put(side, row, stamp, value, ttl=None, b=True):
        using = f"USING TIMESTAMP {stamp}" + (f" AND TTL {ttl}" if ttl else "")
        side.session.execute(f"INSERT INTO {table} (id, a) VALUES ({row}, '{value}') {using}")
        if b:
            side.session.execute(f"INSERT INTO {table} (id, b) VALUES ({row}, {row}) USING TIMESTAMP 1000")

    put(origin, 1, 2000, "x"), put(target, 1, 2000, "x")
    put(origin, 2, 2000, "x")
    put(target, 3, 2000, "x")
    put(origin, 4, 3000, "new"), put(target, 4, 2000, "old")
    put(origin, 5, 2000, "old"), put(target, 5, 3000, "new")
    put(origin, 6, 3000, "x"), put(target, 6, 2000, "x")
    put(origin, 7, 3000, "x", ttl=50000), put(target, 7, 3000, "x")
    put(origin, 8, 2000, "x"), put(target, 8, 2000, "x", b=False)
    put(origin, 9, 2000, "x", b=False), put(target, 9, 2000, "x")
    put(origin, 10, 2000, "a"), put(target, 10, 2000, "z")
    put(origin, 11, 2000, "z"), put(target, 11, 2000, "a")
    return table


def by_row(report):
    return {line["key"]["id"]: line for line in report}


def kinds(line):
    return {(cell["column"], cell["kind"]) for cell in line.get("cells", [])}


def test_each_kind_is_found(migrating, seeded):
    ran = migrating.validate(seeded, expect=10)
    assert ran.number("differences") == 10
    found = by_row(ran.report())
    assert set(found) == set(SEEDED)
    assert (found[2]["kind"], found[3]["kind"]) == ("missing", "extra")
    assert all(found[row]["kind"] == "different" for row in range(4, 12))
    assert kinds(found[4]) == {("a", "value")} and kinds(found[5]) == {("a", "value")}
    assert kinds(found[6]) == {("a", "writetime")}
    assert kinds(found[7]) == {("a", "ttl")}
    assert kinds(found[8]) == {("b", "missing")}
    assert kinds(found[9]) == {("b", "extra")}
    assert found[5]["left"] == "newer on the target"
    value = found[4]["cells"][0]
    assert (value["origin"], value["target"], value["origin_writetime"], value["target_writetime"]) == ("new", "old", 3000, 2000)
    assert f"{seeded} WHERE id = 2: missing on the target" in ran.out
    assert "1 missing, 1 only on the target, 8 different" in ran.out


# LIST, and the rows that remain different after it.
REPAIRS = [
    (["--repair"], {3, 5, 9, 10}),
    (["--repair", "missing"], {3, 4, 5, 6, 7, 9, 10, 11}),
    (["--repair=different"], {2, 3, 5, 9, 10}),
    (["--repair", "extra"], {2, 4, 5, 6, 7, 8, 10, 11}),
    (["--repair=missing,different,extra"], {5, 10}),
]


@pytest.mark.parametrize("words, left", REPAIRS, ids=[" ".join(words) for words, _ in REPAIRS])
def test_only_what_is_asked_for_is_repaired(migrating, seeded, origin, target, words, left):
    before = {row.id: tuple(row) for row in target.rows(f"SELECT id, a, b, WRITETIME(a) FROM {seeded}")}
    ran = migrating.validate(*words, seeded, expect=10)
    assert {row for row, line in by_row(ran.report()).items() if not line["repaired"]} == left
    assert ran.number("differences") == len(left)
    assert ran.number("repaired") == len(SEEDED) - len(left)
    after = migrating.validate(seeded, expect=10)
    assert set(by_row(after.report())) == left
    now = {row.id: tuple(row) for row in target.rows(f"SELECT id, a, b, WRITETIME(a) FROM {seeded}")}
    for row in left:
        assert now.get(row) == before.get(row), f"row {row} ({SEEDED[row]}) was to be left as it was"
    assert now[5] == (5, "new", 5, 3000), "what is newer on the target is never overwritten"


def test_a_repair_copies_cells_under_their_own_stamps(migrating, seeded, origin, target):
    migrating.validate("--repair=missing,different,extra", seeded, expect=10)
    assert_same_cells(origin, target, seeded, ["id"], ["a", "b"], "WHERE id IN (1, 2, 4, 6, 7, 8, 9, 11)")


def test_the_word_after_repair_may_be_a_table(migrating, seeded):
    assert migrating.validate("--repair", seeded, expect=10).number("repaired") == 6
    refused = migrating.validate("--repair=missing,rows", seeded, expect=30)
    assert "'missing,rows' is not made of missing, different and extra" in refused.error


def test_deletions_take_exactly_what_was_seen(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, a text)")
    target.session.execute(f"INSERT INTO {keyspace}.t (id, a) VALUES (1, 'x') USING TIMESTAMP 2000")
    assert migrating.validate("--repair=extra", f"{keyspace}.t").number("repaired") == 1
    assert target.rows(f"SELECT * FROM {keyspace}.t") == []
    # One microsecond later is not deleted.
    target.session.execute(f"INSERT INTO {keyspace}.t (id, a) VALUES (1, 'y') USING TIMESTAMP 2001")
    assert len(target.rows(f"SELECT * FROM {keyspace}.t")) == 1


def test_an_extra_row_without_a_readable_stamp_is_reported_not_deleted(migrating, both, target, keyspace):
    both("CREATE TABLE {ks}.t (a int, b int, PRIMARY KEY (a, b))")
    target.session.execute(f"INSERT INTO {keyspace}.t (a, b) VALUES (1, 2)")
    ran = migrating.validate("--repair=missing,different,extra", f"{keyspace}.t", expect=10)
    assert ran.report()[0]["left"] == "its stamp cannot be read"
    assert len(target.rows(f"SELECT * FROM {keyspace}.t")) == 1


def test_static_columns_are_compared_and_repaired(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c int, s text static, n int static, v int, PRIMARY KEY (k, c))")
    for side in (origin, target):
        side.session.execute(f"INSERT INTO {keyspace}.t (k, c, s, v) VALUES (1, 1, 'same', 1) USING TIMESTAMP 1000")
    origin.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP 1000 SET s = 'alone' WHERE k = 2")
    origin.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP 1000 SET n = 5 WHERE k = 1")
    target.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP 1000 SET s = 'too many' WHERE k = 3")
    ran = migrating.validate(f"{keyspace}.t", expect=10)
    assert {(line["key"]["k"], line["kind"], line["statics"]) for line in ran.report()} == {(2, "missing", True), (1, "different", True), (3, "extra", True)}
    assert migrating.validate("--repair=missing,different,extra", f"{keyspace}.t").number("repaired") == 3
    read = f"SELECT DISTINCT k, s, n, WRITETIME(s), WRITETIME(n) FROM {keyspace}.t"
    assert sorted(map(str, target.rows(read))) == sorted(map(str, origin.rows(read)))


def test_collections_element_by_element(migrating, both, origin, target, keyspace):
    both("CREATE TYPE {ks}.point (x int, y int)", "CREATE TABLE {ks}.t (id int PRIMARY KEY, v int, tags set<text>, names map<text, int>, steps list<int>, p point)")
    for side in (origin, target):
        side.session.execute(f"INSERT INTO {keyspace}.t (id, v, tags, steps, p) VALUES (1, 1, {{'a', 'b'}}, [1, 2], {{x: 1, y: 2}}) USING TIMESTAMP 1000")
        # Added to, not set: a map that is set hides every older element, also one whose stamp the origin does not tell.
        side.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP 1000 SET names = names + {{'k': 1}} WHERE id = 1")
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0
    # Never copied, so that each changed element has a live writer's stamp on the target.
    target.session.execute(f"UPDATE {keyspace}.t SET tags = tags + {{'c'}}, p.y = 3, steps = [9] + steps WHERE id = 1")
    origin.session.execute(f"UPDATE {keyspace}.t SET names = names + {{'l': 5}} WHERE id = 1")
    ran = migrating.validate(f"{keyspace}.t", expect=10)
    assert kinds(ran.report()[0]) == {("tags", "extra"), ("p", "value"), ("steps", "list"), ("names", "missing")}
    migrating.validate("--repair=missing,different,extra", f"{keyspace}.t", expect=10)
    row = target.rows(f"SELECT tags, names, steps, p FROM {keyspace}.t")[0]
    assert set(row.tags) == {"a", "b"} and dict(row.names) == {"k": 1, "l": 5} and row.steps == [1, 2]
    assert tuple(row.p) == (1, 3), "somebody wrote it on the target, and the origin does not tell when its own was written"


def test_what_was_copied_and_changed_without_a_proxy_is_repaired(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, tags set<text>, names map<text, int>, steps list<int>)")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, tags, names, steps) VALUES (1, {{'a', 'b'}}, {{'k': 9}}, [1, 2, 3])")
    migrating.migrate(f"{keyspace}.t")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, tags, names, steps) VALUES (1, {{'b', 'c'}}, {{'k': 1}}, [3, 1])")
    migrating.validate("--repair=missing,different,extra", f"{keyspace}.t")
    read = f"SELECT id, tags, names, steps FROM {keyspace}.t"
    assert target.rows(read) == origin.rows(read)


def test_many_differences_are_capped_on_the_screen_and_all_in_the_report(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, v text)")
    run_all(origin, [f"INSERT INTO {keyspace}.t (id, v) VALUES ({i}, 'x')" for i in range(3000)])
    ran = migrating.validate(f"{keyspace}.t", expect=10)
    assert ran.number("differences") == 3000
    assert sorted(line["key"]["id"] for line in ran.report()) == list(range(3000))
    assert len([line for line in ran.out.splitlines() if "missing on the target" in line]) == 20
    assert "and 2,980 more rows that differ, all in the report" in ran.out
    assert migrating.validate("--repair", f"{keyspace}.t").number("repaired") == 3000
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0


def test_a_table_that_is_missing_on_the_target_is_bad_input(migrating, origin, keyspace):
    origin.session.execute(f"CREATE TABLE {keyspace}.only (id int PRIMARY KEY)")
    ran = migrating.validate(f"{keyspace}.only", expect=30)
    assert "the target has no such table" in ran.error


def test_a_cluster_that_does_not_answer(crossfade, origin, tmp_path, keyspace):
    nobody = Migrating(crossfade, origin.address, "127.0.0.99", tmp_path)
    ran = nobody.validate(f"{keyspace}.t", expect=20)
    assert "target" in ran.error and "127.0.0.99" in ran.error


def test_the_report_is_whole_json(migrating, both, origin, keyspace):
    both('CREATE TABLE {ks}.t (id text PRIMARY KEY, b blob)')
    run_all(origin, [(f"INSERT INTO {keyspace}.t (id, b) VALUES (%s, %s)", ("quote \" and \n line", bytes(range(256))))])
    ran = migrating.validate(f"{keyspace}.t", expect=10)
    line = ran.report()[0]
    assert line["key"] == {"id": "quote \" and \n line"}
    assert json.dumps(line)
