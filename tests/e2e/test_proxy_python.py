"""The official Python driver through the proxy, unmodified."""
import pytest
from cassandra import InvalidRequest
from cassandra.cluster import NoHostAvailable
from cassandra.query import BatchStatement, SimpleStatement

WAYS = [(3, False), (4, False), (4, "lz4"), (4, "snappy"), (5, False), (5, "lz4")]


def both(origin, target, text):
    first, second = origin.rows(text), target.rows(text)
    assert first == second
    return first


def test_default_settings_negotiate_v5_and_see_one_node(proxy):
    session = proxy.connect()
    assert session.cluster.protocol_version == 5
    assert [host.address for host in session.cluster.metadata.all_hosts()] == ["127.0.0.1"]


@pytest.mark.parametrize("version,compression", WAYS)
def test_statements_of_every_kind(proxy, origin, target, keyspace, version, compression):
    session = proxy.connect(protocol_version=version, compression=compression)
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v text, l list<int>)")
    session.set_keyspace(keyspace)
    insert = session.prepare("INSERT INTO t (k, v) VALUES (?, ?)")
    session.execute(insert, (1, "a" * 5000))
    session.execute("INSERT INTO t (k, v) VALUES (2, 'text')")
    batch = BatchStatement()
    batch.add(insert, (3, "in a batch"))
    batch.add(SimpleStatement("INSERT INTO t (k, v) VALUES (4, 'text in a batch')"))
    session.execute(batch)
    session.execute("BEGIN BATCH INSERT INTO t (k, v) VALUES (5, 'five') INSERT INTO t (k, v) VALUES (6, 'six') APPLY BATCH")
    session.execute("UPDATE t SET l = l + [7] WHERE k = 1")
    session.execute("DELETE FROM t WHERE k = 6")
    assert session.execute("INSERT INTO t (k, v) VALUES (1, 'x') IF NOT EXISTS").was_applied is False
    select = session.prepare("SELECT v, l FROM t WHERE k = ?")
    assert session.execute(select, (1,)).one() == ("a" * 5000, [7])
    assert sorted(row.k for row in both(origin, target, f"SELECT k, v FROM {keyspace}.t")) == [1, 2, 3, 4, 5]
    # One timestamp for both, whoever gave it.
    both(origin, target, f"SELECT k, writetime(v) FROM {keyspace}.t WHERE k IN (2, 3, 4, 5)")


@pytest.mark.parametrize("version", [3, 4, 5])
def test_writes_without_a_timestamp_get_the_same_one_on_both_sides(proxy, origin, target, keyspace, version):
    session = proxy.connect(protocol_version=version)
    session.cluster.control_connection  # the session is used with server-side timestamps from here on
    session.use_client_timestamp = False
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v int)")
    prepared = session.prepare(f"INSERT INTO {keyspace}.t (k, v) VALUES (?, ?)")
    futures = [session.execute_async(prepared, (i, i)) for i in range(300)]
    for future in futures:
        future.result()
    batch = BatchStatement()
    batch.add(prepared, (1000, 1))
    session.execute(batch)
    rows = both(origin, target, f"SELECT k, writetime(v) FROM {keyspace}.t")
    assert len(rows) == 301
    assert len({stamp for _, stamp in rows}) == 301


def test_errors_come_as_the_cluster_says_them(proxy, keyspace):
    session = proxy.connect()
    with pytest.raises(InvalidRequest, match="nothere"):
        session.execute(f"SELECT * FROM {keyspace}.nothere")
    with pytest.raises(NoHostAvailable):
        proxy.connect("no_such_keyspace")
    with pytest.raises(Exception, match="(?i)syntax|no viable"):
        session.execute("SELEC nothing")


def test_five_thousand_in_flight_on_one_connection(proxy, origin, target, keyspace):
    session = proxy.connect()
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v text)")
    insert = session.prepare(f"INSERT INTO {keyspace}.t (k, v) VALUES (?, ?)")
    select = session.prepare(f"SELECT v FROM {keyspace}.t WHERE k = ?")
    for future in [session.execute_async(insert, (i, str(i))) for i in range(5000)]:
        future.result()
    answers = [session.execute_async(select, (i,)) for i in range(5000)]
    assert [future.result().one().v for future in answers] == [str(i) for i in range(5000)]
    assert both(origin, target, f"SELECT count(*) FROM {keyspace}.t") == [(5000,)]


def test_a_paged_read_goes_on_where_it_began_when_the_phase_is_switched(proxy, origin, target, keyspace):
    session = proxy.connect()
    session.execute(f"CREATE TABLE {keyspace}.t (k int, c int, PRIMARY KEY (k, c))")
    prepared = session.prepare(f"INSERT INTO {keyspace}.t (k, c) VALUES (?, ?)")
    for future in [session.execute_async(prepared, (1, i)) for i in range(500)]:
        future.result()
    # Rows that only the origin has tell who answered.
    origin.session.execute(f"INSERT INTO {keyspace}.t (k, c) VALUES (1, 1000)")
    rows = session.execute(SimpleStatement(f"SELECT c FROM {keyspace}.t WHERE k = 1", fetch_size=50))
    seen = [row.c for row in rows.current_rows]
    assert proxy.command("phase", "set", "4", "--proxy", proxy.url).returncode == 0
    while rows.has_more_pages:
        rows.fetch_next_page()
        seen += [row.c for row in rows.current_rows]
    assert seen == [*range(500), 1000]
    assert 1000 not in [row.c for row in session.execute(f"SELECT c FROM {keyspace}.t WHERE k = 1")]


def test_columns_that_change_under_a_prepared_statement(proxy, keyspace):
    for version in (4, 5):
        session = proxy.connect(protocol_version=version)
        session.execute(f"CREATE TABLE {keyspace}.t{version} (k int PRIMARY KEY, a int)")
        session.execute(f"INSERT INTO {keyspace}.t{version} (k, a) VALUES (1, 2)")
        select = session.prepare(f"SELECT * FROM {keyspace}.t{version} WHERE k = ?")
        assert session.execute(select, (1,)).one() == (1, 2)
        session.execute(f"ALTER TABLE {keyspace}.t{version} ADD b int")
        session.execute(f"INSERT INTO {keyspace}.t{version} (k, a, b) VALUES (1, 2, 3)")
        if version == 5:  # v4 drivers keep the columns that PREPARE told them
            assert session.execute(select, (1,)).one() == (1, 2, 3)


def test_statements_prepared_before_the_proxy_was_started_anew(proxy, keyspace):
    session = proxy.connect()
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY)")
    insert = session.prepare(f"INSERT INTO {keyspace}.t (k) VALUES (?)")
    assert proxy.terminate() == 0
    proxy.start()
    fresh = proxy.connect()
    # The statement's id is asked for on a proxy that has never seen it.
    fresh.execute(insert, (1,))
    assert fresh.execute(f"SELECT k FROM {keyspace}.t").one().k == 1


def test_a_batch_keeps_its_keyspace_when_a_statement_of_another_is_prepared_again(proxy, origin, target, keyspace):
    other = keyspace[:40] + "_o"
    for side in (origin, target):
        side.session.execute(f"CREATE KEYSPACE IF NOT EXISTS {other} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
    try:
        setup = proxy.connect(protocol_version=4)
        for name in (keyspace, other):
            setup.execute(f"CREATE TABLE {name}.t (k int PRIMARY KEY, v int)")
        session = proxy.connect(other, protocol_version=4)
        insert = session.prepare("INSERT INTO t (k, v) VALUES (?, ?)")
        session.set_keyspace(keyspace)
        # The target forgets the statement: its table changes there.
        target.session.execute(f"ALTER TABLE {other}.t ADD x int")
        batch = BatchStatement()
        batch.add(SimpleStatement("INSERT INTO t (k, v) VALUES (1, 1)"))
        batch.add(insert, (2, 2))
        session.execute(batch)
        for side in (origin, target):
            assert side.rows(f"SELECT k FROM {keyspace}.t") == [(1,)]
            assert side.rows(f"SELECT k FROM {other}.t") == [(2,)]
    finally:
        for side in (origin, target):
            side.session.execute(f"DROP KEYSPACE {other}", timeout=60)


def test_a_select_is_never_sent_as_a_write(proxy, keyspace):
    session = proxy.connect()
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v text)")
    writes = proxy.metric("crossfade_writes_total")
    for text in (f"SELECT JSON * FROM {keyspace}.t", f"SELECT k, token(k), writetime(v), cast(k AS text) FROM {keyspace}.t",
                 f"/* INSERT */ SELECT * -- UPDATE\n FROM {keyspace}.t", f"SELECT min(k) FROM {keyspace}.t WHERE k IN (1, 2) GROUP BY k"):
        session.execute(text)
    with pytest.raises(Exception):
        session.execute(f"SELECT * FROM {keyspace}.t ORDER BY v ANN OF [0.1, 0.2] LIMIT 3")
    assert proxy.metric("crossfade_writes_total") == writes


def test_rehearsed_reads_are_compared(proxy, origin, target, keyspace):
    session = proxy.connect()
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v int)")
    session.execute(f"INSERT INTO {keyspace}.t (k, v) VALUES (1, 1)")
    assert proxy.command("phase", "set", "3", "--proxy", proxy.url).returncode == 0
    select = session.prepare(f"SELECT v FROM {keyspace}.t WHERE k = ?")
    for _ in range(50):
        session.execute(select, (1,))
    wait_for(lambda: proxy.metric("crossfade_rehearsal_equal_total") == 50)
    target.session.execute(f"INSERT INTO {keyspace}.t (k, v) VALUES (1, 2)")
    session.execute(select, (1,))
    wait_for(lambda: proxy.metric("crossfade_rehearsal_different_total") == 1)
    assert session.execute(select, (1,)).one().v == 1


def wait_for(condition, seconds=15):
    import time
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)  # only how often it is looked at
