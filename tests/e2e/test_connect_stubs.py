"""`crossfade connect` in front of stub nodes: what real nodes do too seldom to wait for."""
import time

import pytest
from cassandra import ReadTimeout, WriteTimeout
from cassandra.policies import FallthroughRetryPolicy
from cassandra.protocol import IsBootstrappingErrorMessage, OverloadedErrorMessage

import stub_nodes
from running_connect import RunningConnect
from running_proxy import wait_for

NODES = ["127.0.0.131", "127.0.0.132", "127.0.0.133"]
NO_RETRIES = {"default_retry_policy": FallthroughRetryPolicy()}


@pytest.fixture
def cluster():
    with stub_nodes.cluster(NODES, cluster_name="stubs", id_salt="stubs") as nodes:
        yield nodes


@pytest.fixture
def endpoint(crossfade, cluster, tmp_path):
    started = []

    def start(*arguments):
        started.append(RunningConnect(crossfade, tmp_path, "--contact-points", NODES[0], "--threads", "1", "--request-timeout", "2s", *arguments))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def of(nodes, name):
    return [node.counts()[name] for node in nodes]


def statements(session):
    return session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)"), session.prepare("SELECT k, v FROM stub.kv WHERE k = ?")


@pytest.mark.parametrize("version", [3, 4, 5])
def test_nodes_that_forget_are_told_again(endpoint, cluster, version):
    for node in cluster:
        node.set(forget_every=50)
    insert, select = statements(session := endpoint().connect(protocol_version=version, **NO_RETRIES))
    futures = [session.execute_async(insert, (f"key{i}", b"x")) for i in range(500)]
    futures += [session.execute_async(select, (f"key{i}",)) for i in range(500)]
    for future in futures:
        future.result()
    assert sum(of(cluster, "unprepared")) > 0 and sum(of(cluster, "writes")) == 500 and sum(of(cluster, "reads")) == 500


def test_a_partition_goes_to_one_node_and_partitions_to_all(endpoint, cluster):
    _, select = statements(session := endpoint().connect(protocol_version=4))
    wait_for(lambda: min(of(cluster, "open_connections")) >= 1)
    for node in cluster:
        node.reset()
    for _ in range(30):
        session.execute(select, ("one key",))
    assert sorted(of(cluster, "reads")) == [0, 0, 30]
    for i in range(60):
        session.execute(select, (f"key{i}",))
    assert min(of(cluster, "reads")) > 0


def test_a_node_that_comes_back_is_told_before_it_is_asked(endpoint, cluster):
    insert, select = statements(session := endpoint().connect(protocol_version=4))
    for i in range(50):
        session.execute(insert, (f"key{i}", b"x"))
        session.execute(select, (f"key{i}",))
    lost = cluster[2]
    lost.close_connections()
    lost.forget()
    lost.reset()
    wait_for(lambda: lost.counts()["prepares"] >= 2)
    for i in range(50):
        session.execute(insert, (f"key{i}", b"x"))
    assert lost.counts()["writes"] > 0 and lost.counts()["unprepared"] == 0


def test_only_what_may_be_repeated_is_repeated(endpoint, cluster):
    session = endpoint().connect(protocol_version=4, **NO_RETRIES)
    insert, select = statements(session)
    once = session.prepare("UPDATE stub.counters SET n = n + 1 WHERE k = ?")
    cluster[0].set(error_every=1, error_code="OVERLOADED")
    for i in range(40):
        session.execute(insert, (f"key{i}", b"x"))
        assert session.execute(select, (f"key{i}",)).one().k == f"key{i}"
    assert cluster[0].counts()["injected_errors"] > 0
    failed = 0
    for i in range(40):
        try:
            session.execute(once, (f"key{i}",))
        except OverloadedErrorMessage:
            failed += 1
    assert failed > 0, "the node's own error came through"


def test_a_lost_connection_means_again_or_unknown(endpoint, cluster):
    session = endpoint().connect(protocol_version=4, **NO_RETRIES)
    insert, select = statements(session)
    conditional = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?) IF NOT EXISTS")
    cluster[0].set(close_every=1)
    for i in range(30):
        session.execute(insert, (f"key{i}", b"x"))
        session.execute(select, (f"key{i}",))
    keys = iter(range(10**6))

    def outcome_is_unknown():
        try:
            session.execute(conditional, (f"other{next(keys)}", b"x"))
        except WriteTimeout as problem:
            assert problem.write_type == 5  # CAS
            return True
        return False

    wait_for(outcome_is_unknown)
    assert cluster[0].counts()["closed"] > 0


def test_silence_is_a_timeout_in_time(endpoint, cluster):
    session = endpoint().connect(protocol_version=4, **NO_RETRIES)
    insert, select = statements(session)
    for node in cluster:
        node.set(never_answer_every=1)
    for statement, values, kind in ((insert, ("a", b"x"), WriteTimeout), (select, ("a",), ReadTimeout)):
        begun = time.monotonic()
        with pytest.raises(kind):
            session.execute(statement, values)
        assert 1.9 < time.monotonic() - begun < 5


def test_no_node_is_an_answer_too(endpoint, cluster):
    running = endpoint("--readiness-timeout", "100ms")
    session = running.connect(protocol_version=4, **NO_RETRIES)
    _, select = statements(session)
    for node in cluster:
        node.stop()
    wait_for(lambda: running.health("/readiness")[0] == 503)
    begun = time.monotonic()
    with pytest.raises(IsBootstrappingErrorMessage, match="was not sent|no connection had room"):
        session.execute(select, ("a",))
    assert time.monotonic() - begun < 5
    assert running.terminate() == 0


def test_idle_connections_are_kept_alive(endpoint, cluster):
    endpoint("--heartbeat-interval", "1s", "--idle-timeout", "5s").connect(protocol_version=4)
    for node in cluster:
        node.reset()
    wait_for(lambda: min(of(cluster, "options")) >= 2)
    assert max(of(cluster, "closed")) == 0
