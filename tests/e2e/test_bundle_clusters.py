"""Proxy, copy and comparison with a target that a Secure Connect Bundle leads to: a real node behind `crossfade gateway`, with Astra's guardrails."""
import json
import time

import pytest
from cassandra import ConsistencyLevel
from cassandra.query import SimpleStatement

from migrating import Migrating, assert_same_cells
from running_gateway import RunningGateway
from running_proxy import RunningProxy, free_ports


@pytest.fixture
def gateway(crossfade, target, tmp_path):
    running = RunningGateway(crossfade, tmp_path / "gateway", target.address, "--guardrails", "astra")
    yield running
    running.stop()


def bundle_flags(gateway):
    return ["--target-secure-connect-bundle", gateway.bundle, "--target-password-file", str(gateway.folder / "token")]


class ProxyToABundle(RunningProxy):
    """All that it is told of its target is the bundle and the token."""

    def cluster_flags(self):
        return ["--origin", self.origin, *bundle_flags(self.target)]


class MigratingToABundle(Migrating):
    def cluster_flags(self):
        return ["--origin", self.origin, *bundle_flags(self.target)]


@pytest.fixture
def proxy(crossfade, origin, gateway, tmp_path):
    running = ProxyToABundle(crossfade, origin.address, gateway, tmp_path)
    yield running
    running.stop()


@pytest.fixture
def migrating(crossfade, origin, gateway, tmp_path):
    return MigratingToABundle(crossfade, origin.address, gateway, tmp_path / "state")


def at_quorum(text):
    return SimpleStatement(text, consistency_level=ConsistencyLevel.LOCAL_QUORUM)


def test_writes_go_to_both_and_reads_come_from_the_target_in_phase_4(proxy, gateway, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int PRIMARY KEY, v text)")
    session = proxy.connect()
    assert session.cluster.protocol_version == 4, "what the bundle's cluster offers is the most that clients are offered"
    insert = session.prepare(f"INSERT INTO {keyspace}.t (k, v) VALUES (?, ?)")
    insert.consistency_level = ConsistencyLevel.LOCAL_QUORUM
    for future in [session.execute_async(insert, (k, f"value {k}")) for k in range(200)]:
        future.result()
    assert assert_same_cells(origin, target, f"{keyspace}.t", ["k"], ["v"]) == 200
    assert gateway.audit("login") and not gateway.audit("login_refused")

    target.session.execute(f"INSERT INTO {keyspace}.t (k, v) VALUES (1000, 'target alone')")
    assert proxy.command("phase", "set", "4", "--proxy", proxy.url).returncode == 0
    assert session.execute(f"SELECT v FROM {keyspace}.t WHERE k = 1000").one().v == "target alone"
    journal = proxy.command("journal", "summary", "--proxy", proxy.url)
    assert journal.stdout.startswith("0 entries"), journal.stdout + journal.stderr


def test_what_the_target_missed_is_repaired_where_its_front_has_moved_to(proxy, gateway, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int PRIMARY KEY, v text)")
    assert proxy.command("phase", "set", "1", "--write-mode", "target_best_effort", "--proxy", proxy.url).returncode == 0
    session = proxy.connect()
    gateway.process.terminate()
    gateway.process.wait(timeout=15)
    for k in range(20):
        session.execute(at_quorum(f"INSERT INTO {keyspace}.t (k, v) VALUES ({k}, 'missed')"))
    settings = json.loads((gateway.folder / "gateway.json").read_text())
    settings["cql_port"] = free_ports(1)[0]  # only the metadata service can tell
    (gateway.folder / "gateway.json").write_text(json.dumps(settings))
    gateway.start()
    until = time.monotonic() + 90
    while True:  # the proxy finds its way back by itself
        done = proxy.command("journal", "repair", "--proxy", proxy.url)
        if done.returncode == 0:
            break
        assert time.monotonic() < until, done.stdout + done.stderr
    assert assert_same_cells(origin, target, f"{keyspace}.t", ["k"], ["v"]) == 20


def test_a_table_is_copied_and_compared_through_the_bundle(migrating, gateway, both, origin, target, keyspace):
    both("CREATE TABLE {ks}.t (k int, c int, v text, PRIMARY KEY (k, c))")
    for k in range(50):
        origin.session.execute(f"INSERT INTO {keyspace}.t (k, c, v) VALUES ({k}, {k % 7}, 'v{k}') USING TIMESTAMP {1000 + k} AND TTL {7000 + k}")
    assert migrating.migrate(f"{keyspace}.t").number("rows copied") == 50
    assert assert_same_cells(origin, target, f"{keyspace}.t", ["k", "c"], ["v"]) == 50
    assert migrating.validate(f"{keyspace}.t").number("differences") == 0
    target.session.execute(f"UPDATE {keyspace}.t USING TIMESTAMP 999 SET v = 'older' WHERE k = 100 AND c = 0")
    assert migrating.validate(f"{keyspace}.t", expect=10).number("differences") == 1
    applications = {line["application"] for line in gateway.audit("login")}
    assert {"crossfade migrate", "crossfade validate"} <= applications, "both went through the gateway"


def test_the_file_says_the_same(crossfade, migrating, gateway, both, origin, keyspace, tmp_path):
    both("CREATE TABLE {ks}.t (k int PRIMARY KEY)")
    origin.session.execute(f"INSERT INTO {keyspace}.t (k) VALUES (1)")
    token = json.dumps({"clientId": "unused", "secret": "unused", "token": gateway.token})
    (tmp_path / "token.json").write_text(token)
    (tmp_path / "token.json").chmod(0o600)
    (tmp_path / "crossfade.yaml").write_text(f"origin:\n  contact_points: [{origin.address}]\ntarget:\n  secure_connect_bundle: {gateway.bundle}\n"
                                             "  password_file: token.json\n")
    migrating.cluster_flags = lambda: ["--config", str(tmp_path / "crossfade.yaml")]
    assert migrating.migrate(f"{keyspace}.t").number("rows copied") == 1


def test_what_is_wrong_with_a_bundle_or_a_token_is_said(migrating, gateway, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("AstraCS:abc:" + "0" * 64)
    wrong.chmod(0o600)
    migrating.cluster_flags = lambda: ["--origin", migrating.origin, "--target-secure-connect-bundle", gateway.bundle, "--target-password-file", str(wrong)]
    ran = migrating.migrate("ks.t", expect=30)
    assert "target" in ran.error and "refused the login" in ran.error and "AstraCS" not in ran.text
    migrating.cluster_flags = lambda: ["--origin", migrating.origin, *bundle_flags(gateway), "--target", "127.0.0.1"]
    ran = migrating.migrate("ks.t", expect=30)
    assert "--target-contact-points: there is target.secure_connect_bundle too" in ran.error
    gateway.process.terminate()
    gateway.process.wait(timeout=15)
    migrating.cluster_flags = lambda: ["--origin", migrating.origin, *bundle_flags(gateway)]
    ran = migrating.migrate("ks.t", expect=20)
    assert f"https://127.0.0.1:{gateway.metadata_port}/metadata" in ran.error and "look whether the database is up" in ran.error
