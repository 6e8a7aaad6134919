"""Copying: every kind of column, stamps and TTLs of every cell, live writes that must win, runs that are interrupted; test_copy_killed.py
has kills and an application that races with the copy."""
import datetime
import decimal
import ipaddress
import random
import signal
import uuid

import pytest
from cassandra.util import Date, Duration, Time

from migrating import assert_same_cells, cells, run_all, wait_until


TYPES = {
    "ascii": "plain", "bigint": -2**63, "blob": b"\x00\xff", "boolean": True, "date": Date(7), "decimal": decimal.Decimal("-1.500"), "double": -0.0,
    "duration": Duration(1, -0, 3), "float": 1.5, "inet": ipaddress.ip_address("2001:db8::1"), "int": -5, "smallint": -3, "text": "Zürich \U0001F41F",
    "time": Time(86399999999999), "timestamp": datetime.datetime(1969, 12, 31, 23, 59, 59, 999000), "timeuuid": uuid.UUID("50554d6e-29bb-11e5-b345-feff819cdc9f"),
    "tinyint": -1, "uuid": uuid.UUID(int=7), "varint": -2**100, "frozen<list<int>>": [1, 2], "frozen<set<text>>": {"a", "b"},
    "frozen<map<int, frozen<list<text>>>>": {1: ["x", "y"], 2: []}, "frozen<tuple<int, text>>": (1, None),
    "list<frozen<map<int, text>>>": [{1: "a"}, {}], "set<inet>": {ipaddress.ip_address("10.0.0.1")}, "map<text, frozen<tuple<int, int>>>": {"k": (1, 2)},
}


def test_every_type_keeps_its_bytes(migrating, both, origin, target, keyspace):
    columns = {f"c{i}": (kind, value) for i, (kind, value) in enumerate(TYPES.items())}
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    both(f"CREATE TABLE {{ks}}.t (id int PRIMARY KEY, {declared})")
    insert = origin.session.prepare(f"INSERT INTO {keyspace}.t (id, {', '.join(columns)}) VALUES (?{', ?' * len(columns)})")
    origin.session.execute(insert, [1] + [value for _, value in columns.values()])
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, c0, c12) VALUES (2, '', '')")
    origin.session.execute(f"UPDATE {keyspace}.t SET c2 = 0x WHERE id = 3")
    ran = migrating.migrate(f"{keyspace}.t")
    assert ran.number("rows copied") == 3
    everything = f"SELECT id, {', '.join(columns)} FROM {keyspace}.t"
    assert sorted(target.rows(everything)) == sorted(origin.rows(everything))
    assert len(target.rows(everything)) == 3
    single = [name for name, (kind, _) in columns.items() if not kind.startswith(("list", "set", "map"))]
    assert assert_same_cells(origin, target, f"{keyspace}.t", ["id"], single) == 3
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0


def test_each_cell_keeps_its_own_stamp_and_ttl(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c int, a text, b int, d text, PRIMARY KEY (k, c))")
    chance = random.Random(5)
    statements = []
    for number in range(400):
        k, c = number % 20, number // 20
        statements.append(f"INSERT INTO {keyspace}.t (k, c, a) VALUES ({k}, {c}, 'a{number}') USING TIMESTAMP {1000 + number}")
        ttl = chance.choice(["", " AND TTL 5000", " AND TTL 90000"])
        statements.append(f"UPDATE {keyspace}.t USING TIMESTAMP {chance.randrange(1, 10**15)}{ttl} SET b = {number} WHERE k = {k} AND c = {c}")
        if number % 3:
            statements.append(f"UPDATE {keyspace}.t USING TIMESTAMP {chance.randrange(1, 10**15)} AND TTL {7000 + number} SET d = 'x' WHERE k = {k} AND c = {c}")
    run_all(origin, statements)
    migrating.migrate(f"{keyspace}.t")
    assert assert_same_cells(origin, target, f"{keyspace}.t", ["k", "c"], ["a", "b", "d"]) == 400
    copied = cells(target, f"{keyspace}.t", ["k", "c"], ["a", "b", "d"])
    assert any(row["a"][2] is None and row["b"][2] is not None for row in copied.values()), "no cell without a TTL beside one with"


def test_a_table_default_ttl_is_not_given_to_cells_without_one(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, a text, b text) WITH default_time_to_live = 5000")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, a) VALUES (1, 'kept') USING TTL 0")
    origin.session.execute(f"UPDATE {keyspace}.t SET b = 'goes' WHERE id = 1")
    migrating.migrate(f"{keyspace}.t")
    row = cells(target, f"{keyspace}.t", ["id"], ["a", "b"])[(1,)]
    assert row["a"][2] is None
    assert 4900 < row["b"][2] <= 5000


def test_static_columns_once_for_each_partition_and_alone(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c text, s text static, n int static, tags set<text> static, v int, PRIMARY KEY (k, c))")
    for k in range(30):
        origin.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP {100 + k} SET s = 's{k}' WHERE k = {k}")
        origin.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP 50 AND TTL 4000 SET n = {k}, tags = tags + {{'x'}} WHERE k = {k}")
        for c in range(k % 3):
            origin.session.execute(f"INSERT INTO {keyspace}.t (k, c, v) VALUES ({k}, 'c{c}', 1) USING TIMESTAMP 7 AND TTL 600")
    migrating.migrate(f"{keyspace}.t")
    statics = f"SELECT DISTINCT k, s, WRITETIME(s), TTL(s), n, WRITETIME(n), tags FROM {keyspace}.t"
    assert sorted(target.rows(statics)) == sorted(origin.rows(statics))
    assert len(target.rows(statics)) == 30
    # A row with clustering '' would be a row that nobody wrote.
    rows = f"SELECT k, c, v, WRITETIME(v) FROM {keyspace}.t"
    assert sorted(map(str, target.rows(rows))) == sorted(map(str, origin.rows(rows)))
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0


def test_nulls_and_collections_leave_no_tombstones(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, a text, b text, tags set<text>, names map<text, text>, steps list<int>)")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, a, tags, names, steps) VALUES (1, 'x', {{'new'}}, {{'k': 'v'}}, [1]) USING TIMESTAMP 1000")
    migrating.migrate(f"{keyspace}.t")
    # Older than anything that the copy wrote: only a tombstone could hide it.
    target.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP 0 SET b = 'older', tags = tags + {{'older'}}, names = names + {{'older': 'o'}}, "
                           f"steps = steps + [2] WHERE id = 1")
    row = target.rows(f"SELECT b, tags, names, steps FROM {keyspace}.t")[0]
    assert row.b == "older"
    assert set(row.tags) == {"new", "older"}
    assert dict(row.names) == {"k": "v", "older": "o"}
    assert row.steps == [1, 2]


def test_rows_of_nothing_but_a_key(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.keys (a int, b int, PRIMARY KEY (a, b))", "CREATE TABLE {ks}.emptied (id int PRIMARY KEY, v text)")
    run_all(origin, [f"INSERT INTO {keyspace}.keys (a, b) VALUES ({i % 5}, {i})" for i in range(200)])
    for i in range(10):
        origin.session.execute(f"INSERT INTO {keyspace}.emptied (id, v) VALUES ({i}, 'x')")
        origin.session.execute(f"DELETE v FROM {keyspace}.emptied WHERE id = {i}")
    ran = migrating.migrate(f"{keyspace}.*")
    assert len(target.rows(f"SELECT * FROM {keyspace}.keys")) == 200
    assert sorted(target.rows(f"SELECT id, v FROM {keyspace}.emptied")) == [(i, None) for i in range(10)]
    assert f"{keyspace}.keys: 200 rows have nothing but a key" in ran.out
    assert f"{keyspace}.emptied: 10 rows have nothing but a key" in ran.out
    # They lose to every live deletion.
    target.session.execute(f"DELETE FROM {keyspace}.keys USING TIMESTAMP 2 WHERE a = 1")
    migrating.migrate(f"{keyspace}.keys")
    assert len(target.rows(f"SELECT * FROM {keyspace}.keys WHERE a = 1")) == 0


def test_row_markers_follow_the_rule(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, v text)")
    origin.session.execute(f"UPDATE {keyspace}.t SET v = 'x' WHERE id = 1")
    migrating.migrate("--row-markers=false", f"{keyspace}.t")
    target.session.execute(f"DELETE v FROM {keyspace}.t WHERE id = 1")
    assert target.rows(f"SELECT * FROM {keyspace}.t") == [], "without markers a row goes with its last cell"
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, v) VALUES (2, 'x') USING TTL 5000")
    migrating.migrate(f"{keyspace}.t")
    target.session.execute(f"DELETE v FROM {keyspace}.t WHERE id = 2")
    assert [row.id for row in target.rows(f"SELECT * FROM {keyspace}.t WHERE id = 2")] == [2], "with markers it stays, as an INSERTed one does"


def test_names_that_need_quotes(migrating, both, origin, target, keyspace):
    both('CREATE TYPE {ks}."Place" ("Street" text, "select" int)',
         'CREATE TABLE {ks}."Table" ("Key" int, "order" text, "a b" text, "token" set<text>, "Home" "Place", "Fixed" text static, PRIMARY KEY ("Key", "order"))')
    origin.session.execute(f'INSERT INTO {keyspace}."Table" ("Key", "order", "a b", "token", "Home", "Fixed") '
                           f"""VALUES (1, 'o', 'ab', {{'t'}}, {{"Street": 's', "select": 3}}, 'f')""")
    ran = migrating.migrate(f'{keyspace}."Table"')
    assert ran.number("rows copied") == 1
    read = f'SELECT "Key", "order", "a b", "token", "Home", "Fixed" FROM {keyspace}."Table"'
    assert str(target.rows(read)) == str(origin.rows(read))
    assert migrating.validate(f'{keyspace}."Table"').number("differences") == 0


def test_user_types_field_by_field(migrating, both, origin, target, keyspace):
    both("CREATE TYPE {ks}.point (x int, y int, label text)",
         "CREATE TABLE {ks}.t (id int PRIMARY KEY, free point, fixed frozen<point>, many list<frozen<point>>, byname map<text, frozen<point>>)")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, free, fixed, many, byname) VALUES (1, {{x: 1}}, {{x: 1, y: 2}}, [{{x: 3}}], {{'a': {{y: 4}}}})")
    origin.session.execute(f"UPDATE {keyspace}.t SET free.label = 'only a field' WHERE id = 2")
    migrating.migrate(f"{keyspace}.t")
    read = f"SELECT id, free, fixed, many, byname FROM {keyspace}.t"
    assert sorted(map(str, target.rows(read))) == sorted(map(str, origin.rows(read)))
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0


def test_wide_partitions(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c bigint, v text, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c DESC)")
    insert = origin.session.prepare(f"INSERT INTO {keyspace}.t (k, c, v) VALUES (1, ?, ?)")
    for start in range(0, 20000, 500):
        run_all(origin, [(insert, (start + i, "v" * (i % 50))) for i in range(500)])
    assert migrating.migrate(f"{keyspace}.t").number("rows copied") == 20000
    assert assert_same_cells(origin, target, f"{keyspace}.t", ["k", "c"], ["v"]) == 20000
    assert migrating.validate(f"{keyspace}.t").number("rows compared") == 20000


def test_values_larger_than_a_page(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c int, v blob, PRIMARY KEY (k, c))")
    insert = origin.session.prepare(f"INSERT INTO {keyspace}.t (k, c, v) VALUES (?, ?, ?)")
    for i in range(12):
        origin.session.execute(insert, (i % 3, i, bytes([i]) * 900_000))
    migrating.migrate(f"{keyspace}.t")
    assert sorted(target.rows(f"SELECT k, c, v FROM {keyspace}.t")) == sorted(origin.rows(f"SELECT k, c, v FROM {keyspace}.t"))


def test_small_and_large_rows_side_by_side(migrating, both, origin, target, keyspace):
    # A batch of several partitions over 50 KiB is refused by servers, one of a single partition is not.
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, v blob, tags set<text>, props map<text, text>)")
    insert = origin.session.prepare(f"INSERT INTO {keyspace}.t (id, v, tags, props) VALUES (?, ?, ?, ?)")
    run_all(origin, [(insert, (i, bytes(70000 if i % 3 == 0 else 40), {f"tag {i} {j}" for j in range(i % 5)}, {f"key {i}": "x" * (i % 4 * 900)}))
                     for i in range(240)])
    assert migrating.migrate(f"{keyspace}.t").number("rows copied") == 240
    assert assert_same_cells(origin, target, f"{keyspace}.t", ["id"], ["v"]) == 240
    collections = f"SELECT id, tags, props FROM {keyspace}.t"
    assert sorted(target.rows(collections), key=repr) == sorted(origin.rows(collections), key=repr)


def test_counters_reach_the_origins_counts(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c int, hits counter, misses counter, total counter static, PRIMARY KEY (k, c))")
    for i in range(60):
        origin.session.execute(f"UPDATE {keyspace}.t SET hits = hits + {i} WHERE k = {i % 7} AND c = {i}")
        origin.session.execute(f"UPDATE {keyspace}.t SET total = total + 1 WHERE k = {i % 7}")
    origin.session.execute(f"UPDATE {keyspace}.t SET misses = misses - 5 WHERE k = 0 AND c = 0")
    # The target has counted some of it already, and too much of one.
    target.session.execute(f"UPDATE {keyspace}.t SET hits = hits + 3 WHERE k = 1 AND c = 8")
    target.session.execute(f"UPDATE {keyspace}.t SET hits = hits + 100 WHERE k = 2 AND c = 9")
    read = f"SELECT k, c, hits, misses, total FROM {keyspace}.t"
    for _ in range(2):
        ran = migrating.migrate(f"{keyspace}.t")
        assert sorted(map(str, target.rows(read))) == sorted(map(str, origin.rows(read)))
    assert f"{keyspace}.t: 60 rows of counters" in ran.out
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0
    target.session.execute(f"UPDATE {keyspace}.t SET hits = hits + 1 WHERE k = 1 AND c = 1")
    assert migrating.validate(f"{keyspace}.t", expect=10).number("differences") == 1


def test_a_newer_live_write_wins_and_a_live_deletion_stays(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c int, v text, tags set<text>, PRIMARY KEY (k, c))")
    for c in range(6):
        origin.session.execute(f"INSERT INTO {keyspace}.t (k, c, v, tags) VALUES (1, {c}, 'old', {{'a', 'b'}}) USING TIMESTAMP 1000")
    target.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP 2000 SET v = 'newer' WHERE k = 1 AND c = 0")
    target.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP 500 SET v = 'older' WHERE k = 1 AND c = 1")
    target.session.execute(f"DELETE FROM {keyspace}.t USING TIMESTAMP 2000 WHERE k = 1 AND c = 2")
    target.session.execute(f"DELETE v FROM {keyspace}.t USING TIMESTAMP 2000 WHERE k = 1 AND c = 3")
    target.session.execute(f"UPDATE {keyspace}.t SET tags = tags - {{'a'}} WHERE k = 1 AND c = 4")
    target.session.execute(f"UPDATE {keyspace}.t SET tags = {{'fresh'}} WHERE k = 1 AND c = 5")
    migrating.migrate(f"{keyspace}.t")
    rows = {row.c: (row.v, set(row.tags or ())) for row in target.rows(f"SELECT c, v, tags FROM {keyspace}.t")}
    assert rows == {0: ("newer", {"a", "b"}), 1: ("old", {"a", "b"}), 3: (None, {"a", "b"}), 4: ("old", {"b"}), 5: ("old", {"fresh"})}


def test_lists_are_not_doubled_by_another_run_or_a_live_append(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, steps list<int>, v int)")
    for i in range(20):
        origin.session.execute(f"INSERT INTO {keyspace}.t (id, steps, v) VALUES ({i}, [1, 2, 1], {i})")
    for side in (origin, target):  # dual writes before the copy came by
        side.session.execute(f"UPDATE {keyspace}.t SET steps = steps + [9] WHERE id = 3")
        side.session.execute(f"UPDATE {keyspace}.t SET steps = [8] + steps WHERE id = 4")
    read = f"SELECT id, steps, v FROM {keyspace}.t"
    for _ in range(2):
        migrating.migrate(f"{keyspace}.t")
        assert sorted(target.rows(read)) == sorted(origin.rows(read))
    for side in (origin, target):
        side.session.execute(f"UPDATE {keyspace}.t SET steps = steps + [10] WHERE id = 5")
        side.session.execute(f"UPDATE {keyspace}.t SET steps[1] = 20 WHERE id = 6")
        side.session.execute(f"UPDATE {keyspace}.t SET steps = steps - [1] WHERE id = 7")
    migrating.migrate(f"{keyspace}.t")
    assert sorted(target.rows(read)) == sorted(origin.rows(read))
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0


def fill_many(origin, keyspace, rows, value=60):
    insert = origin.session.prepare(f"INSERT INTO {keyspace}.t (k, c, v, n) VALUES (?, ?, ?, ?)")
    for start in range(0, rows, 2000):
        run_all(origin, [(insert, (i // 10, i % 10, "v" * value, i)) for i in range(start, min(start + 2000, rows))])


def test_interrupted_and_resumed_where_it_was(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c int, v text, n int, PRIMARY KEY (k, c))")
    fill_many(origin, keyspace, 60000)
    process = migrating.start("migrate", f"{keyspace}.t")
    wait_until(lambda: target.rows(f"SELECT k FROM {keyspace}.t LIMIT 1"))
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 75, output
    assert "the same command goes on where it was" in output
    done = migrating.migrate(f"{keyspace}.t")
    assert "going on with the run" in done.out
    assert done.number("rows copied") == 60000
    # A run that ended is not continued: what came since is copied by the next.
    origin.session.execute(f"INSERT INTO {keyspace}.t (k, c, v, n) VALUES (-1, 1, 'late', 1)")
    again = migrating.migrate(f"{keyspace}.t")
    assert "going on with the run" not in again.out
    assert again.number("rows copied") == 60001


def test_runs_that_write_the_same_table_do_not_overlap(migrating, slow, both, origin, target, keyspace):
    """Both would add what the target's counters lack."""
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, v text)", "CREATE TABLE {ks}.counts (id int PRIMARY KEY, n counter)")
    run_all(origin, [f"UPDATE {keyspace}.counts SET n = n + 5 WHERE id = {number}" for number in range(400)])
    running = slow.start("migrate", f"{keyspace}.*")
    try:
        wait_until(lambda: target.rows(f"SELECT id FROM {keyspace}.counts LIMIT 1") or running.poll() is not None)
        for command in (["migrate"], ["validate", "--repair"]):
            refused = migrating.run(*command, f"{keyspace}.counts", expect=30)
            assert f"{keyspace}.counts: " in refused.error and "another run on the same tables is under way" in refused.error
        assert migrating.run("validate", f"{keyspace}.counts").code in (0, 10), "who only looks may look"
        output, _ = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 0, output
    assert {row.n for row in target.rows(f"SELECT n FROM {keyspace}.counts")} == {5}


def test_all_tables_are_looked_at_before_the_first_is_copied(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.a (id int PRIMARY KEY)", "CREATE TABLE {ks}.b (id int PRIMARY KEY) WITH gc_grace_seconds = 3600")
    origin.session.execute(f"INSERT INTO {keyspace}.a (id) VALUES (1)")
    refused = migrating.migrate(f"{keyspace}.*", expect=30)
    assert f"{keyspace}.b" in refused.error and "gc_grace_seconds is 3600" in refused.error
    assert target.rows(f"SELECT * FROM {keyspace}.a") == []


@pytest.mark.parametrize("side", ["origin", "target"])
def test_truncated_during_its_copy(migrating, both, origin, target, keyspace, side):
    both("CREATE TABLE {ks}.t (k int, c int, v text, n int, PRIMARY KEY (k, c))")
    fill_many(origin, keyspace, 40000)
    process = migrating.start("migrate", f"{keyspace}.t")
    wait_until(lambda: target.rows(f"SELECT k FROM {keyspace}.t LIMIT 1"))
    (origin if side == "origin" else target).session.execute(f"TRUNCATE {keyspace}.t", timeout=60)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 20, output
    assert f"{keyspace}.t: it was truncated on the {side} during its copy" in output
    assert f"crossfade migrate --origin {origin.address}" in output and f"'{keyspace}.t'" in output
    migrating.migrate(f"{keyspace}.t")
    migrating.validate("--repair=missing,different,extra", f"{keyspace}.t")
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0


def test_recreated_between_runs_begins_anew(migrating, both, origin, target, keyspace):
    table = f"CREATE TABLE {keyspace}.t (k int, c int, v text, n int, PRIMARY KEY (k, c))"
    both(table)
    fill_many(origin, keyspace, 40000)
    process = migrating.start("migrate", f"{keyspace}.t")
    wait_until(lambda: target.rows(f"SELECT k FROM {keyspace}.t LIMIT 1"))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    target.session.execute(f"DROP TABLE {keyspace}.t", timeout=60)
    target.session.execute(table, timeout=60)
    ran = migrating.migrate(f"{keyspace}.t")
    assert ran.number("rows copied") == 40000
    assert assert_same_cells(origin, target, f"{keyspace}.t", ["k", "c"], ["v", "n"]) == 40000


def test_create_schema(migrating, origin, target, keyspace):
    target.session.execute(f"DROP KEYSPACE {keyspace}", timeout=60)
    origin.session.execute(f'CREATE TYPE {keyspace}."Place" (street text)')
    origin.session.execute(f'CREATE TABLE {keyspace}."T" (k int, c text, s text static, home "Place", tags frozen<set<text>>, PRIMARY KEY (k, c)) '
                           f"WITH CLUSTERING ORDER BY (c DESC) AND default_time_to_live = 900000 AND comment = 'it''s'")
    origin.session.execute(f'CREATE INDEX by_tags ON {keyspace}."T" (full(tags))')
    origin.session.execute(f'INSERT INTO {keyspace}."T" (k, c, s, home) VALUES (1, \'c\', \'s\', {{street: \'x\'}})')
    refused = migrating.migrate(f'{keyspace}."T"', expect=30)
    assert "--create-schema" in refused.error and f'{keyspace}."T"' in refused.error
    ran = migrating.migrate("--create-schema", f'{keyspace}."T"')
    assert f'created table {keyspace}."T"' in ran.out
    read = f'SELECT k, c, s, home FROM {keyspace}."T"'
    assert str(target.rows(read)) == str(origin.rows(read))
    made = target.rows(f"SELECT default_time_to_live, comment FROM system_schema.tables WHERE keyspace_name = '{keyspace}'")[0]
    assert tuple(made) == (900000, "it's")
    assert [row.index_name for row in target.rows(f"SELECT index_name FROM system_schema.indexes WHERE keyspace_name = '{keyspace}'")] == ["by_tags"]


def test_schemas_that_differ_are_named_before_anything_is_copied(migrating, origin, target, keyspace):
    origin.session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, a text, b int, d ascii)")
    target.session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, b text, d text, extra int)")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, a, b, d) VALUES (1, 'a', 1, 'd')")
    ran = migrating.migrate(f"{keyspace}.t", expect=30)
    assert f"{keyspace}.t: the target has no column a" in ran.error
    assert f"{keyspace}.t: column b is int on the origin and text on the target" in ran.error
    assert target.rows(f"SELECT * FROM {keyspace}.t") == []
    target.session.execute(f"ALTER TABLE {keyspace}.t ADD a text")
    target.session.execute(f"ALTER TABLE {keyspace}.t DROP b")
    origin.session.execute(f"ALTER TABLE {keyspace}.t DROP b")
    ran = migrating.migrate(f"{keyspace}.t")
    assert "column d is ascii on the origin and text on the target; its bytes are copied as they are" in ran.out
    assert "only the target has column extra" in ran.out
    assert tuple(target.rows(f"SELECT id, a, d, extra FROM {keyspace}.t")[0]) == (1, "a", "d", None)
    migrating.validate(f"{keyspace}.t")


def test_short_gc_grace_is_refused_unless_told(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, v text) WITH gc_grace_seconds = 3600")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, v) VALUES (1, 'x')")
    refused = migrating.migrate(f"{keyspace}.t", expect=30)
    assert "gc_grace_seconds is 3600" in refused.error and "--allow-short-gc-grace" in refused.error
    assert target.rows(f"SELECT * FROM {keyspace}.t") == []
    migrating.migrate("--allow-short-gc-grace", f"{keyspace}.t")
    assert len(target.rows(f"SELECT * FROM {keyspace}.t")) == 1


@pytest.mark.parametrize("words, said", [
    (["nosuch.t"], "nosuch.t: the origin has no keyspace nosuch"),
    (["{ks}.nosuch"], "{ks}.nosuch: the origin has no such table"),
    (["system.local"], "the server's own"),
    (["justaname"], "'justaname' is no table"),
    ([], "name at least one table"),
    (["--default-timestamp", "now", "{ks}.t"], "'now'"),
    (["--default-timestamp", "1999999999000000", "{ks}.t"], "would win over live writes"),
    (["--consistency", "MANY", "{ks}.t"], "'MANY' is not LOCAL_QUORUM"),
    (["--no-such-flag", "{ks}.t"], "unknown flag --no-such-flag"),
])
def test_bad_input_is_exit_30(migrating, both, keyspace, words, said):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY)")
    ran = migrating.migrate(*[word.replace("{ks}", keyspace) for word in words], expect=30)
    assert said.replace("{ks}", keyspace) in ran.error


def test_progress_is_plain_lines_when_piped(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c int, v text, n int, PRIMARY KEY (k, c))")
    fill_many(origin, keyspace, 60000, value=400)
    ran = migrating.migrate("--writes-in-flight", "2", f"{keyspace}.t")
    progress = [line for line in ran.out.splitlines() if "rows/s" in line and "%" in line]
    assert progress, ran.out
    assert all("\r" not in line for line in progress)
    assert any("left" in line for line in progress)


def test_views_are_skipped_and_named(migrating, both, origin, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, v text)")
    try:
        origin.session.execute(f"CREATE MATERIALIZED VIEW {keyspace}.by_v AS SELECT * FROM {keyspace}.t WHERE v IS NOT NULL AND id IS NOT NULL PRIMARY KEY (v, id)")
    except Exception as refused:
        pytest.skip(f"this server has no materialized views: {refused}")
    ran = migrating.migrate(f"{keyspace}.*")
    assert f"{keyspace}.by_v is a materialized view of t" in ran.out
    refused = migrating.migrate(f"{keyspace}.by_v", expect=30)
    assert f"copy {keyspace}.t" in refused.error
