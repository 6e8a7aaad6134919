"""What every application does, with every driver, unmodified: each case is one table, and both clusters must hold the same afterwards."""
import itertools

import pytest

from driver_program import DriverError
from every_driver import EVERY_VERSION, EVERY_WAY
from running_proxy import wait_for

KEYSPACE = "k_drivers"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def keyspace(origin, target):
    """One keyspace for all cases: making and dropping one takes longer than a case."""
    def on_both(text):
        for waiting in [side.session.execute_async(text, timeout=120) for side in (origin, target)]:
            waiting.result()

    on_both(f"DROP KEYSPACE IF EXISTS {KEYSPACE}")
    on_both(f"CREATE KEYSPACE {KEYSPACE} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
    yield
    on_both(f"DROP KEYSPACE IF EXISTS {KEYSPACE}")


@pytest.fixture
def table(keyspace):
    """The name of a table that does not exist yet."""
    return f"{KEYSPACE}.t{next(numbers)}"


def both(origin, target, text):
    """The rows of `text`, which must be the same on both sides."""
    first, second = sorted(origin.rows(text)), sorted(target.rows(text))
    assert first == second
    return first


def test_default_settings_connect_and_see_one_node(driver, proxy):
    session = driver.connect(proxy)
    assert session.nodes == ["127.0.0.1"]
    assert session.protocol in (driver.about.default, None)  # None: this driver does not tell
    assert {client["version"] for client in proxy.get("/status")["connections"]} == {str(driver.about.default)}
    assert session.execute("SELECT cluster_name FROM system.local").rows


@pytest.mark.parametrize("driver,version,compression", EVERY_WAY, indirect=["driver"])
def test_statements_of_every_kind(driver, proxy, origin, target, table, version, compression):
    session = driver.connect(proxy, version=version, compression=compression)
    assert session.protocol in (version, None)
    assert {client["version"] for client in proxy.get("/status")["connections"]} == {str(version)}
    session.execute(f"CREATE TABLE {table} (k int PRIMARY KEY, v text, n int, l list<int>, s set<text>, m map<int, text>)")
    keyspace, name = table.split(".")
    session.set_keyspace(keyspace)
    insert = session.prepare(f"INSERT INTO {name} (k, v, n) VALUES (?, ?, ?)")
    session.execute(insert, (1, "a" * 5000, 1))
    session.execute(insert, (2, "to be updated", None))
    session.execute(f"INSERT INTO {name} (k, v, n) VALUES (?, ?, ?)", (3, "bound text", 3))
    session.execute(f"INSERT INTO {name} (k, v) VALUES (4, 'text alone')")
    session.batch((insert, (5, "in a batch", 5)), (f"INSERT INTO {name} (k, v) VALUES (6, 'text in a batch')", ()), (insert, (7, "to be deleted", 7)))
    session.execute(f"BEGIN BATCH INSERT INTO {name} (k, v) VALUES (8, 'eight') INSERT INTO {name} (k, v) VALUES (9, 'nine') APPLY BATCH")
    session.execute(f"UPDATE {name} SET v = 'updated', n = 22 WHERE k = 2")
    session.execute(session.prepare(f"DELETE FROM {name} WHERE k = ?"), (7,))
    session.execute(f"UPDATE {name} SET l = l + [7], s = s + {{'x'}}, m = m + {{1: 'one'}} WHERE k = 1")
    session.execute(f"UPDATE {name} SET l = l + [8], s = s - {{'y'}}, m[2] = 'two' WHERE k = 1")
    conditional = session.prepare(f"INSERT INTO {name} (k, v, n) VALUES (?, ?, ?) IF NOT EXISTS")
    assert session.execute(conditional, (1, "x", 0)).applied is False
    assert session.execute(conditional, (10, "ten", 10)).applied is True
    assert session.execute(f"UPDATE {name} SET n = 11 WHERE k = 10 IF n = 10").applied is True

    found = session.execute(session.prepare(f"SELECT v, n, l FROM {name} WHERE k = ?"), (1,))
    assert (found.columns, found.rows) == (["v", "n", "l"], [("a" * 5000, 1, [7, 8])])
    assert session.execute(f"SELECT v, n FROM {name} WHERE k = 2").rows == [("updated", 22)]
    assert session.execute(f"SELECT n FROM {name} WHERE k = 4").rows == [(None,)]
    rows = both(origin, target, f"SELECT k, v, n, l FROM {table}")
    assert [row.k for row in rows] == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    both(origin, target, f"SELECT k, s, m FROM {table} WHERE k = 1")
    # One timestamp for both sides, whoever gave it. (That of a conditional write is each cluster's own.)
    stamps = both(origin, target, f"SELECT k, writetime(v) FROM {table} WHERE k IN (1, 2, 3, 4, 5, 6, 8, 9)")
    assert len(stamps) == 8


@pytest.mark.parametrize("driver,version", EVERY_VERSION, indirect=["driver"])
def test_writes_without_a_timestamp_get_the_same_one_on_both_sides(driver, proxy, origin, target, table, version):
    if "client_timestamps" in driver.about.lacks:
        pytest.skip(f"driver {driver.about.name} cannot be told to send no timestamps")
    session = driver.connect(proxy, version=version, client_timestamps=False)
    session.execute(f"CREATE TABLE {table} (k int PRIMARY KEY, v int)")
    insert = session.prepare(f"INSERT INTO {table} (k, v) VALUES (?, ?)")
    session.many(insert, [(i, i) for i in range(300)], in_flight=100)
    session.execute(f"INSERT INTO {table} (k, v) VALUES (1000, 1)")
    session.batch((insert, (1001, 1)))
    rows = both(origin, target, f"SELECT k, writetime(v) FROM {table}")
    assert len(rows) == len({stamp for _, stamp in rows}) == 302
    # That the driver sent none is what a proxy that passes writes as they come counts.
    passing = proxy.sibling("--write-timestamps", "pass")
    driver.connect(passing, version=version, client_timestamps=False).execute(f"INSERT INTO {table} (k, v) VALUES (1, 1)")
    assert passing.metric("crossfade_unstamped_writes_total") > 0


def test_five_thousand_in_flight_on_one_connection(driver, proxy, origin, target, table):
    session = driver.connect(proxy, in_flight=30000)
    session.execute(f"CREATE TABLE {table} (k int PRIMARY KEY, v text)")
    insert = session.prepare(f"INSERT INTO {table} (k, v) VALUES (?, ?)")
    session.many(insert, [(i, str(i)) for i in range(5000)], in_flight=5000)
    select = session.prepare(f"SELECT v FROM {table} WHERE k = ?")
    assert session.many(select, [(i,) for i in range(5000)], in_flight=5000) == [(str(i),) for i in range(5000)]
    assert len(both(origin, target, f"SELECT k, v, writetime(v) FROM {table}")) == 5000


def test_a_paged_read_goes_on_where_it_began_when_the_phase_is_switched(driver, proxy, origin, table):
    session = driver.connect(proxy)
    session.execute(f"CREATE TABLE {table} (k int, c int, PRIMARY KEY (k, c))")
    insert = session.prepare(f"INSERT INTO {table} (k, c) VALUES (?, ?)")
    session.many(insert, [(1, i) for i in range(500)], in_flight=100)
    # A row that only the origin has tells who answered.
    origin.session.execute(f"INSERT INTO {table} (k, c) VALUES (1, 1000)")
    select = session.prepare(f"SELECT c FROM {table} WHERE k = ?")
    for what, values in ((select, (1,)), (f"SELECT c FROM {table} WHERE k = 1", ())):
        assert proxy.command("phase", "set", "1", "--proxy", proxy.url).returncode == 0
        rows, state = session.page(what, values, size=50)
        assert len(rows) == 50
        assert proxy.command("phase", "set", "4", "--proxy", proxy.url).returncode == 0
        while state is not None:
            more, state = session.page(what, values, size=50, state=state)
            rows += more
        assert [c for c, in rows] == [*range(500), 1000]
        assert (1000,) not in session.execute(what, values).rows


def test_errors_come_as_the_cluster_says_them(driver, proxy, origin, table):
    through, straight = driver.connect(proxy), driver.connect(origin.address)
    through.execute(f"CREATE TABLE {table} (k int PRIMARY KEY, v int)")

    def error(session, text):
        with pytest.raises(DriverError) as problem:
            session.execute(text)
        return problem.value.name, problem.value.message

    for text, says in ((f"SELECT * FROM {KEYSPACE}.nothere", "nothere"), (f"SELECT nothere FROM {table}", "nothere"),
                       (f"INSERT INTO {table} (k, nothere) VALUES (1, 1)", "nothere"), (f"INSERT INTO {table} (k) VALUES ('text')", "text"),
                       (f"SELECT * FROM {table} WHERE v = 1", "ALLOW FILTERING"), ("SELEC nothing", "SELEC"),
                       ("SELECT * FROM no_such_keyspace.t", "no_such_keyspace"), (f"CREATE TABLE {table} (k int PRIMARY KEY)", "t")):
        seen = error(through, text)
        assert says in seen[1]
        assert seen == error(straight, text)
    with pytest.raises(DriverError):
        driver.connect(proxy, keyspace="no_such_keyspace")
    assert through.execute(f"SELECT * FROM {table}").rows == []


@pytest.mark.parametrize("driver,version", EVERY_VERSION, indirect=["driver"])
def test_a_column_added_under_a_prepared_statement(driver, proxy, table, version):
    session = driver.connect(proxy, version=version)
    session.execute(f"CREATE TABLE {table} (k int PRIMARY KEY, a int)")
    session.execute(f"INSERT INTO {table} (k, a) VALUES (1, 2)")
    select = session.prepare(f"SELECT * FROM {table} WHERE k = ?")
    assert session.execute(select, (1,)).rows == [(1, 2)]
    session.execute(f"ALTER TABLE {table} ADD b int")
    session.execute(f"INSERT INTO {table} (k, a, b) VALUES (1, 2, 3)")
    seen = session.execute(select, (1,)).rows
    if version >= 5:
        assert seen == [(1, 2, 3)]
    else:  # before v5 a driver may keep the columns that PREPARE told it
        assert seen in ([(1, 2)], [(1, 2, 3)])
    assert session.execute(f"SELECT * FROM {table}").rows == [(1, 2, 3)]
    wait_for(lambda: session.columns(*table.split(".")) == ["a", "b", "k"])  # until the driver has heard of it by an event


def test_statements_prepared_before_the_proxy_was_started_anew(driver, proxy, origin, target, table):
    session = driver.connect(proxy, reprepare=False)
    session.execute(f"CREATE TABLE {table} (k int PRIMARY KEY)")
    insert = session.prepare(f"INSERT INTO {table} (k) VALUES (?)")
    session.execute(insert, (1,))
    assert proxy.terminate() == 0
    proxy.start()

    def answered():
        try:
            session.execute(insert, (2,))
            return True
        except DriverError:
            return False

    wait_for(answered, seconds=40)  # until the driver has connected again; the proxy has never seen the id that comes then
    assert session.execute(f"SELECT k FROM {table}").rows
    assert [row.k for row in both(origin, target, f"SELECT k FROM {table}")] == [1, 2]


def test_a_select_is_never_sent_as_a_write(driver, proxy, table):
    session = driver.connect(proxy)
    session.execute(f"CREATE TABLE {table} (k int PRIMARY KEY, v text)")
    writes = proxy.metric("crossfade_writes_total")
    for text in (f"SELECT JSON * FROM {table}", f"SELECT k, token(k), writetime(v), cast(k AS text) FROM {table}",
                 f"/* INSERT */ SELECT * -- UPDATE\n FROM {table}", f"SELECT min(k) FROM {table} WHERE k IN (1, 2) GROUP BY k"):
        session.execute(text)
        session.execute(session.prepare(text))
    with pytest.raises(DriverError):
        session.execute(f"SELECT * FROM {table} ORDER BY v ANN OF [0.1, 0.2] LIMIT 3")
    assert proxy.metric("crossfade_writes_total") == writes
    session.execute(f"INSERT INTO {table} (k) VALUES (1)")
    assert proxy.metric("crossfade_writes_total") == writes + 1
