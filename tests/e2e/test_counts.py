"""What the proxy counts and names for operators: how tables are written, who still comes."""
import urllib.request

from cassandra.query import BatchStatement, BatchType, SimpleStatement

from running_proxy import wait_for


def metrics_of(proxy, name):
    with urllib.request.urlopen(proxy.url + "/metrics", timeout=10) as answer:
        return [line for line in answer.read().decode().splitlines() if line.startswith(name)]


def test_tables_with_plain_writes_and_conditional_ones_are_named(proxy, keyspace):
    session = proxy.connect()
    for table in ("plain", "conditional", "prepared", "batched", "text"):
        session.execute(f"CREATE TABLE {keyspace}.{table} (k int PRIMARY KEY, v int)")
    for table in ("plain", "prepared"):
        insert = session.prepare(f"INSERT INTO {keyspace}.{table} (k, v) VALUES (?, ?)")
        for i in range(20):
            session.execute(insert, (i, i))
    session.execute(f"INSERT INTO {keyspace}.text (k, v) VALUES (1, 1)")
    session.execute(f"INSERT INTO {keyspace}.conditional (k, v) VALUES (1, 1) IF NOT EXISTS")
    assert proxy.get("/status")["tables_with_plain_and_conditional_writes"] == []
    assert proxy.metric("crossfade_tables_with_plain_and_conditional_writes") == 0

    update = session.prepare(f"UPDATE {keyspace}.prepared SET v = ? WHERE k = ? IF v = ?")
    for i in range(20):
        session.execute(update, (i + 1, i, i))
    session.execute(f"DELETE FROM {keyspace}.text WHERE k = 1 IF EXISTS")
    batch = BatchStatement()
    batch.add(SimpleStatement(f"INSERT INTO {keyspace}.batched (k, v) VALUES (1, 1) IF NOT EXISTS"))
    session.execute(batch)
    session.execute(f"BEGIN BATCH INSERT INTO {keyspace}.batched (k, v) VALUES (2, 2) APPLY BATCH")
    session.execute(f"TRUNCATE {keyspace}.conditional")  # no plain write
    named = [f"{keyspace}.{table}" for table in ("batched", "prepared", "text")]
    assert proxy.get("/status")["tables_with_plain_and_conditional_writes"] == named
    assert proxy.metric("crossfade_tables_with_plain_and_conditional_writes") == 3
    for table in named:
        assert proxy.log.read_text().count(f"{table}: it gets both plain writes and conditional ones") == 1


def test_writes_that_are_passed_without_a_timestamp_are_counted_by_table(proxy, origin, target, keyspace, tmp_path):
    passing = proxy.sibling("--write-timestamps", "pass")
    session = passing.connect()
    session.use_client_timestamp = False
    for table in ("a", "b", "stamped"):
        session.execute(f"CREATE TABLE {keyspace}.{table} (k int PRIMARY KEY, v int)")
    insert = session.prepare(f"INSERT INTO {keyspace}.a (k, v) VALUES (?, ?)")
    stamped = session.prepare(f"INSERT INTO {keyspace}.stamped (k, v) VALUES (?, ?) USING TIMESTAMP 5")
    for i in range(3):
        session.execute(insert, (i, i))
        session.execute(stamped, (i, i))
    session.execute(f"INSERT INTO {keyspace}.b (k, v) VALUES (1, 1)")
    batch = BatchStatement(batch_type=BatchType.UNLOGGED)
    batch.add(stamped, (7, 7))
    batch.add(SimpleStatement(f"INSERT INTO {keyspace}.stamped (k, v) VALUES (8, 8) USING TIMESTAMP 5"))
    session.execute(batch)
    mixed = BatchStatement()
    mixed.add(stamped, (9, 9))
    mixed.add(insert, (9, 9))
    session.execute(mixed)
    session.execute(f"TRUNCATE {keyspace}.b")
    session.execute(f"INSERT INTO {keyspace}.a (k, v) VALUES (50, 1) IF NOT EXISTS")
    assert passing.get("/status")["unstamped_writes"] == [{"table": f"{keyspace}.a", "count": 4}, {"table": f"{keyspace}.b", "count": 1}]
    assert f'crossfade_unstamped_writes_total{{table="{keyspace}.a"}} 4' in metrics_of(passing, "crossfade_unstamped_writes_total")
    assert proxy.get("/status")["unstamped_writes"] == []

    for command in ("validate", "migrate"):
        ran = passing.command(command, "--origin", origin.address, "--target", target.address, "--state-dir", str(tmp_path / command),
                              "--proxy", passing.url, f"{keyspace}.a")
        assert f"without a timestamp (write_timestamps: pass): {keyspace}.a (4)." in ran.stderr, ran.stderr
        assert f"(LWT): {keyspace}.a." in ran.stderr
        assert f"{keyspace}.b" not in ran.stderr


def test_who_still_comes_is_named_from_phase_5_on(proxy, monkeypatch):
    proxy.connect()
    assert "still_here" not in proxy.get("/status")
    assert "still here" not in proxy.command("phase", "set", "4", "--proxy", proxy.url).stdout
    switched = proxy.command("phase", "set", "5", "--proxy", proxy.url)
    assert switched.returncode == 0, switched.stderr
    [one] = proxy.get("/status")["still_here"]
    assert "Python Driver" in one["driver"]
    assert one["address"] == "127.0.0.1"
    assert one["connections"] > 0
    assert 0 < one["since_us"] <= one["last_us"]
    assert f"still here: {one['driver']} {one['version']} from 127.0.0.1: {one['connections']} connection" in switched.stdout

    # One that comes and goes is listed too, as long as the phase lasts.
    monkeypatch.setattr("cassandra.connection.DRIVER_NAME", "nightly")
    proxy.connect()
    proxy.clusters[-1].shutdown()
    wait_for(lambda: {here["driver"]: here["connections"] for here in proxy.get("/status")["still_here"]}["nightly"] == 0)
    assert "was here: nightly" in proxy.command("phase", "show", "--proxy", proxy.url).stdout
    assert proxy.command("phase", "set", "4", "--proxy", proxy.url).returncode == 0
    assert proxy.command("phase", "set", "5", "--proxy", proxy.url).returncode == 0
    assert [here["driver"] for here in proxy.get("/status")["still_here"]] == [one["driver"]]


def test_what_a_cluster_says_of_itself_is_not_rehearsed(proxy, keyspace):
    assert proxy.command("phase", "set", "3", "--proxy", proxy.url).returncode == 0
    session = proxy.connect()  # reads the schema and the topology
    session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v int)")
    session.execute(f"INSERT INTO {keyspace}.t (k, v) VALUES (1, 1) USING TTL 10000")
    for text in ("SELECT * FROM system_schema.tables", "SELECT * FROM system_auth.roles", f"SELECT now(), uuid() FROM {keyspace}.t",
                 f"SELECT ttl(v) FROM {keyspace}.t", "SELECT release_version FROM system.local"):
        session.execute(text)
        session.execute(session.prepare(text))
    proxy.connect("system_schema").execute("SELECT * FROM tables")
    assert proxy.metric("crossfade_rehearsed_total") == 0
    assert session.execute(f"SELECT v FROM {keyspace}.t").one().v == 1
    assert session.execute(session.prepare(f"SELECT v, writetime(v) FROM {keyspace}.t WHERE k = ?"), (1,)).one().v == 1
    wait_for(lambda: proxy.metric("crossfade_rehearsal_equal_total") == 2)
    assert proxy.metric("crossfade_rehearsal_different_total") == 0
