"""Copying what CQL tells no TTL of: elements of collections on a cluster before 5.0, and rows themselves. The target tells both."""
import time

import pytest

from migrating import plain_rows


def expiries(side, keyspace, column, where=""):
    """{id: {element: TTL or None}} of a set or map, as a 5.0 cluster tells them."""
    rows = plain_rows(side, f"SELECT id, {column}, TTL({column}) AS ttl FROM {keyspace}.t {where}")
    return {row.id: dict(zip(getattr(row, column), row.ttl)) for row in rows if getattr(row, column)}


def about(ttl):
    return pytest.approx(ttl, abs=60)


def test_elements_without_a_ttl_stay_beside_cells_that_expire(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, v text, tags set<text>, names map<text, text>)")
    for key in range(300):
        origin.session.execute(f"UPDATE {keyspace}.t SET tags = {{'kept'}}, names = {{'k': 'v'}} WHERE id = {key}")
        origin.session.execute(f"UPDATE {keyspace}.t USING TTL 5000 SET v = 'goes', tags = tags + {{'goes'}} WHERE id = {key}")
        if key % 10 == 0:
            origin.session.execute(f"UPDATE {keyspace}.t USING TTL 90000 SET tags = tags + {{'goes later'}} WHERE id = {key}")
    ran = migrating.migrate(f"{keyspace}.t")
    assert "keep their expiry" in ran.out
    tags, names = expiries(target, keyspace, "tags"), expiries(target, keyspace, "names")
    assert len(tags) == len(names) == 300
    for key in range(300):
        later = {"goes later": about(90000)} if key % 10 == 0 else {}
        assert tags[key] == {"kept": None, "goes": about(5000), **later}, key
        assert names[key] == {"k": None}, key


def test_elements_that_expire_beside_cells_that_do_not(migrating, both, origin, target, keyspace):
    both("CREATE TYPE {ks}.point (x int, y int)",
         "CREATE TABLE {ks}.t (id int PRIMARY KEY, v text, tags set<text>, steps list<text>, place point)")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, v, tags, steps, place) VALUES (1, 'stays', {{'a'}}, ['x', 'x'], {{x: 1}})")
    origin.session.execute(f"UPDATE {keyspace}.t USING TTL 4000 SET tags = tags + {{'b'}}, steps = steps + ['y'], place.y = 2 WHERE id = 1")
    migrating.migrate(f"{keyspace}.t")
    assert expiries(target, keyspace, "tags")[1] == {"a": None, "b": about(4000)}
    row = plain_rows(target, f"SELECT steps, TTL(steps) AS steps_ttl, place, TTL(place) AS place_ttl FROM {keyspace}.t")[0]
    assert row.steps == ["x", "x", "y"] and row.steps_ttl == [None, None, about(4000)]
    assert tuple(row.place) == (1, 2) and row.place_ttl == [None, about(4000)]


def test_static_elements_and_rows_of_wide_partitions(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int, a int, b text, tags set<text>, shared set<text> static, PRIMARY KEY (id, a, b))")
    insert = origin.session.prepare(f"INSERT INTO {keyspace}.t (id, a, b, tags) VALUES (?, ?, ?, ?) USING TTL ?")
    for number in range(700):
        origin.session.execute(insert, (number % 2, number, f"b{number}", {"t"}, 3000 + number))
    for key in (0, 1, 2):
        origin.session.execute(f"UPDATE {keyspace}.t SET shared = {{'s'}} WHERE id = {key}")
        origin.session.execute(f"UPDATE {keyspace}.t USING TTL 7000 SET shared = shared + {{'t'}} WHERE id = {key}")
    migrating.migrate(f"{keyspace}.t")
    rows = plain_rows(target, f"SELECT a, TTL(tags) AS ttl FROM {keyspace}.t WHERE id IN (0, 1)")
    assert len(rows) == 700
    for row in rows:
        assert row.ttl == [about(3000 + row.a)], row
    shared = plain_rows(target, f"SELECT DISTINCT id, shared, TTL(shared) AS ttl FROM {keyspace}.t")
    assert {row.id: dict(zip(row.shared, row.ttl)) for row in shared} == {key: {"s": None, "t": about(7000)} for key in (0, 1, 2)}


@pytest.mark.long
def test_rows_end_when_the_origins_do(migrating, both, origin, target, keyspace):
    """Rows of keys alone, with and without TTL; a row without TTL whose cells all have one; rows that end with their cells."""
    both("CREATE TABLE {ks}.t (id int, c int, v text, PRIMARY KEY (id, c))")
    soon = 40
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, c) VALUES (1, 1)")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, c) VALUES (1, 2) USING TTL {soon}")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, c) VALUES (1, 3) USING TTL 9000")
    for c in (4, 5, 6, 7):
        origin.session.execute(f"INSERT INTO {keyspace}.t (id, c) VALUES (1, {c}) USING TTL {0 if c == 4 else soon if c == 5 else 9000}")
        origin.session.execute(f"UPDATE {keyspace}.t USING TTL {soon} SET v = 'goes' WHERE id = 1 AND c = {c}")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, c, v) VALUES (2, 1, 'goes') USING TTL {soon}")
    began = time.monotonic()
    migrating.migrate(f"{keyspace}.t")
    assert len(target.rows(f"SELECT id FROM {keyspace}.t")) == 8
    left = {(1, 1), (1, 3), (1, 4), (1, 6), (1, 7)}
    until = began + soon + 60
    while {(row.id, row.c) for row in target.rows(f"SELECT id, c FROM {keyspace}.t")} != left:
        assert time.monotonic() < until, target.rows(f"SELECT id, c, v, TTL(v) FROM {keyspace}.t")
        time.sleep(0.5)
    assert time.monotonic() > began + soon - 10, "something went before its time"
    assert {(row.id, row.c) for row in origin.rows(f"SELECT id, c FROM {keyspace}.t")} == left
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0


def test_repaired_rows_keep_what_is_not_told(migrating, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (id int PRIMARY KEY, v text, tags set<text>)")
    origin.session.execute(f"INSERT INTO {keyspace}.t (id, v, tags) VALUES (1, 'goes', {{'goes'}}) USING TTL 5000")
    origin.session.execute(f"UPDATE {keyspace}.t SET tags = tags + {{'kept'}} WHERE id = 1")
    assert migrating.validate("--repair", f"{keyspace}.t").number("differences") == 0
    assert expiries(target, keyspace, "tags")[1] == {"goes": about(5000), "kept": None}
