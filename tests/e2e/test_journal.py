"""What one cluster missed is in the journal, can be read there, and is repaired; what needs a person says so."""
import json

import cassandra
import pytest
from cassandra.query import BatchStatement, SimpleStatement

import cassandra_lab
import fault_relay
from running_proxy import RunningProxy

ROWS = "SELECT k, c, v, l, s, writetime(v), ttl(v), writetime(s) FROM {}.t"


def journal(proxy, *words, timeout=300):
    done = proxy.command("journal", words[0], "--proxy", proxy.url, "--json", *words[1:], timeout=timeout)
    return done.returncode, json.loads(done.stdout)["proxies"][0]


def repair(proxy, *words):
    return journal(proxy, "repair", *words)


def rows(side, text):
    return sorted(side.rows(text), key=repr)


def expiry_aside(found):
    """TTLs count down between two reads: an expiry within some seconds is the same."""
    return [tuple("expires" if name == "ttl_v" and value else value for name, value in row._asdict().items()) for row in found]


def assert_equal(origin, target, text, least):
    first, second = (expiry_aside(rows(side, text)) for side in (origin, target))
    assert first == second
    assert len(first) >= least


class Away:
    """The target is dead inside, and back after."""

    def __init__(self, target):
        self.target = target

    def __enter__(self):
        cassandra_lab.kill(self.target.name)
        return self

    def __exit__(self, *_):
        cassandra_lab.restart(self.target.name)
        self.target.reconnect()


def best_effort(proxy):
    assert proxy.command("phase", "set", "1", "--write-mode", "target_best_effort", "--proxy", proxy.url).returncode == 0


def test_every_kind_of_write_that_the_target_missed_is_repaired(proxy, origin, target, keyspace):
    session = proxy.connect(keyspace)
    session.execute("CREATE TABLE t (k int, c int, v text, l list<int>, s text static, PRIMARY KEY (k, c))")
    session.execute("CREATE TABLE n (k int PRIMARY KEY, n counter)")
    best_effort(proxy)
    insert = session.prepare("INSERT INTO t (k, c, v, l) VALUES (?, ?, ?, ?)")
    expiring = session.prepare("UPDATE t USING TTL ? SET v = ? WHERE k = ? AND c = ?")
    remove = session.prepare("DELETE FROM t WHERE k = ? AND c = ?")
    conditional = session.prepare("UPDATE t SET v = ? WHERE k = ? AND c = ? IF v = ?")
    for c in range(4):
        session.execute(insert, (0, c, "before", [1]))
    with Away(target):
        session.execute("INSERT INTO t (k, c, v, s) VALUES (1, 1, 'text', 'static')")
        session.execute("INSERT INTO t (k, c, v) VALUES (%s, %s, %s)", (1, 2, "it's"))
        session.execute(insert, (2, 1, "prepared", [1, 2]))
        session.execute(insert, (2, 2, None, cassandra.query.UNSET_VALUE))
        session.execute(expiring, (3600, "expires", 3, 1))
        session.execute(remove, (0, 0))
        batch = BatchStatement()
        batch.add(insert, (4, 1, "in a batch", None))
        batch.add(SimpleStatement("UPDATE t SET s = 'in a batch' WHERE k = 4"))
        session.execute(batch)
        session.execute("UPDATE t SET l = l + [2] WHERE k = 0 AND c = 1")
        assert session.execute(conditional, ("after", 0, 2, "before")).was_applied
        assert session.execute("INSERT INTO t (k, c, v) VALUES (5, 1, 'if') IF NOT EXISTS").was_applied
        session.execute("UPDATE n SET n = n + 3 WHERE k = 1")
        code, summary = journal(proxy, "summary")
        assert code == 0
        found = {one["table"]: one for one in summary["tables"]}
        assert found[f"{keyspace}.t"]["entries"] == 10
        assert found[f"{keyspace}.n"]["entries"] == 1
        assert {one["side"] for one in found.values()} == {"target"}
        code, listed = journal(proxy, "list")
        assert code == 0 and len(listed["entries"]) == 11
        assert "it's" not in json.dumps([one for one in listed["entries"] if "%s" in one["statement"]])
        # With the target away nothing is lost, and the command says why it did not go.
        code, outcome = repair(proxy)
        assert code == 20
        assert outcome["entries"] == 11
        assert "target" in outcome["repair_error"]
    code, outcome = repair(proxy)
    assert code == 20  # the counter waits for the command
    assert [one["table"] for one in outcome["blocked"]] == [f"{keyspace}.n"]
    assert "--counters" in outcome["blocked"][0]["note"]
    assert_equal(origin, target, ROWS.format(keyspace), 8)
    code, outcome = repair(proxy, "--counters")
    assert (code, outcome["entries"]) == (0, 0)
    assert rows(target, f"SELECT k, n FROM {keyspace}.n") == rows(origin, f"SELECT k, n FROM {keyspace}.n") == [(1, 3)]


def test_a_killed_proxy_enters_the_tables_that_it_was_writing(proxy, origin, target, keyspace):
    session = proxy.connect(keyspace)
    session.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")
    insert = session.prepare("INSERT INTO t (k, v) VALUES (?, ?)")
    for k in range(50):
        session.execute(insert, (k, k))
    proxy.kill()
    # What was under way may be on one of them only.
    origin.rows(f"INSERT INTO {keyspace}.t (k, v) VALUES (100, 1)")
    target.rows(f"INSERT INTO {keyspace}.t (k, v) VALUES (7, 70)")
    proxy.start()
    code, summary = journal(proxy, "summary")
    assert code == 0
    assert [(one["table"], one["side"], one["entries"]) for one in summary["tables"]] == [(f"{keyspace}.t", "both", 1)]
    refused = proxy.command("phase", "set", "4", "--proxy", proxy.url)
    assert refused.returncode != 0 and "unrepaired" in refused.stdout + refused.stderr
    code, outcome = repair(proxy)
    assert (code, outcome["entries"]) == (0, 0), outcome
    text = f"SELECT k, v, writetime(v) FROM {keyspace}.t"
    assert rows(origin, text) == rows(target, text)
    assert {(100, 1), (7, 70)} <= {row[:2] for row in rows(target, text)}
    # A stop in order leaves nothing.
    assert proxy.terminate() == 0
    proxy.start()
    assert journal(proxy, "summary")[1]["entries"] == 0


def test_over_its_bound_the_journal_keeps_the_table(crossfade, proxy, origin, target, keyspace):
    proxy.terminate()
    proxy.start("--journal-entries", "20", "--write-mode", "target_best_effort")
    session = proxy.connect(keyspace)
    session.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")
    best_effort(proxy)
    insert = session.prepare("INSERT INTO t (k, v) VALUES (?, ?)")
    remove = session.prepare("DELETE FROM t WHERE k = ?")
    for k in range(10):
        session.execute(insert, (k, 0))
    with Away(target):
        for k in range(5, 60):
            session.execute(insert, (k, 1))
        session.execute(remove, (1,))
        entries = journal(proxy, "list")[1]["entries"]
        assert len(entries) <= 21
        assert any("became one" in one["cause"] for one in entries)
    code, outcome = repair(proxy)
    assert (code, outcome["entries"]) == (0, 0), outcome
    text = f"SELECT k, v, writetime(v) FROM {keyspace}.t"
    assert rows(origin, text) == rows(target, text)
    assert len(rows(origin, text)) == 59


def test_what_a_cluster_refuses_for_good_waits_for_a_person(proxy, origin, target, keyspace):
    session = proxy.connect(keyspace)
    session.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")
    target.rows(f"DROP TABLE {keyspace}.t")
    with pytest.raises(Exception):
        session.execute("INSERT INTO t (k, v) VALUES (1, 1)")
    assert journal(proxy, "summary")[1]["entries"] == 1
    code, outcome = repair(proxy)
    assert code == 20
    assert outcome["blocked"][0]["table"] == f"{keyspace}.t"
    assert "target" in outcome["blocked"][0]["note"]
    assert repair(proxy)[0] == 20
    target.rows(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v int)")
    code, outcome = repair(proxy, "--retry-blocked")
    assert (code, outcome["entries"]) == (0, 0), outcome
    assert rows(target, f"SELECT k, v FROM {keyspace}.t") == [(1, 1)]


def test_a_schema_change_that_one_cluster_missed_is_typed_by_a_person(proxy, origin, target, keyspace):
    session = proxy.connect(keyspace)
    session.execute("CREATE TABLE t (k int PRIMARY KEY)")
    best_effort(proxy)
    with Away(target):
        session.execute("ALTER TABLE t ADD v int", timeout=30)
    code, outcome = repair(proxy)
    assert code == 20
    note = outcome["blocked"][0]["note"]
    assert "on the target" in note and "ALTER TABLE t ADD v int;" in note
    statement = note.split("target: ")[1]
    for part in statement.split("; "):
        target.session.execute(part)
    code, outcome = repair(proxy)
    assert (code, outcome["entries"]) == (0, 0), outcome


def test_a_truncate_that_one_cluster_missed_takes_only_what_is_older(proxy, origin, target, keyspace):
    session = proxy.connect(keyspace)
    session.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")
    best_effort(proxy)
    for k in range(5):
        session.execute(f"INSERT INTO t (k, v) VALUES ({k}, 0)")
    with Away(target):
        session.execute("TRUNCATE t", timeout=30)
        assert rows(origin, f"SELECT k FROM {keyspace}.t") == []
    for k in (3, 9):
        session.execute(f"INSERT INTO t (k, v) VALUES ({k}, 1)")
    code, outcome = repair(proxy)
    assert (code, outcome["entries"]) == (0, 0), outcome
    text = f"SELECT k, v, writetime(v) FROM {keyspace}.t"
    assert rows(origin, text) == rows(target, text)
    assert [row[:2] for row in rows(target, text)] == [(3, 1), (9, 1)]


def test_a_condition_that_both_judge_differently_stays_when_the_other_answer_is_late(crossfade, origin, target, keyspace, tmp_path):
    for side in (origin, target):
        side.session.execute(f"CREATE TABLE {keyspace}.t (k int PRIMARY KEY, v int)")
    target.session.execute(f"INSERT INTO {keyspace}.t (k, v) VALUES (1, 0)")
    with fault_relay.running("127.0.0.1:0", target.address + ":9042") as relay:
        proxy = RunningProxy(crossfade, origin.address, relay.address, tmp_path)
        try:
            best_effort(proxy)
            session = proxy.connect(keyspace)
            relay.command(do="delay", ms=600)
            assert session.execute("INSERT INTO t (k, v) VALUES (1, 1) IF NOT EXISTS").was_applied
            assert proxy.get("/journal/summary")["entries"] == 1
            relay.command(do="delay", ms=0)
            # A write that waits for both comes after the late answer, which says "not applied": both answered well, and the clusters differ.
            assert proxy.command("phase", "set", "1", "--write-mode", "strict", "--proxy", proxy.url).returncode == 0
            session.execute("INSERT INTO t (k, v) VALUES (2, 2)")
            assert proxy.get("/journal/summary")["entries"] == 1
            code, outcome = repair(proxy)
            assert (code, outcome["entries"]) == (0, 0), outcome
            assert rows(target, f"SELECT k, v FROM {keyspace}.t") == rows(origin, f"SELECT k, v FROM {keyspace}.t") == [(1, 1), (2, 2)]
        finally:
            proxy.stop()
