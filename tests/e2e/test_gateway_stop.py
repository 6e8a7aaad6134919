"""SIGTERM at a gateway with requests under way, in front of a stub node."""
import socket
import time

import pytest
import stub_nodes
from cassandra.cluster import NoHostAvailable
from running_gateway import HOST, RunningGateway
from running_proxy import wait_for

NODE = "127.0.0.132"


@pytest.fixture
def node():
    with stub_nodes.running(NODE, cluster_name="stubs", id_salt="stop") as running:
        yield running


@pytest.fixture
def gateway(crossfade, node, tmp_path):
    running = RunningGateway(crossfade, tmp_path / "dir", NODE)
    yield running
    running.stop()


@pytest.mark.parametrize("limits", [(), ("--read-only",)])
@pytest.mark.parametrize("version", [5, 4])
def test_requests_at_the_node_are_answered(gateway, node, version, limits):
    token = gateway.create_token(*limits)["token"].strip()
    wait_for(lambda: _logs_in(gateway, token))
    session = gateway.connect(token, protocol_version=version)
    read = session.prepare("SELECT v FROM stub.kv WHERE k = ?")
    node.set(delay_ms=1000)
    before = node.counts()["reads"]
    futures = [session.execute_async(read, (f"k{i}",)) for i in range(300)]
    wait_for(lambda: node.counts()["reads"] >= before + len(futures))
    began = time.monotonic()
    gateway.process.terminate()
    for future in futures:
        assert len(future.result().all()) == 1
    assert gateway.process.wait(10) == 0, gateway.log.read_text()[-2000:]
    assert time.monotonic() - began < 8
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, gateway.port), timeout=5)
    with pytest.raises(NoHostAvailable):
        session.execute("SELECT key FROM system.local")


def _logs_in(gateway, token):
    try:
        gateway.connect(token)
    except NoHostAvailable:
        return False
    return True


def test_a_node_that_never_answers_is_not_waited_for_without_end(gateway, node):
    session = gateway.connect()
    node.set(never_answer_every=1)
    before = node.counts()["reads"]
    future = session.execute_async("SELECT v FROM stub.kv WHERE k = 'a'")
    wait_for(lambda: node.counts()["reads"] > before)
    began = time.monotonic()
    gateway.process.terminate()
    assert gateway.process.wait(15) == 20
    assert 4.5 < time.monotonic() - began < 10
    assert "1 connections were ended with requests that the nodes had not answered" in gateway.log.read_text()
    with pytest.raises(Exception):
        future.result()


def test_the_metadata_service_goes_first(gateway, node):
    session = gateway.connect()
    node.set(delay_ms=3000)
    before = node.counts()["reads"]
    future = session.execute_async("SELECT v FROM stub.kv WHERE k = 'a'")
    wait_for(lambda: node.counts()["reads"] > before)
    gateway.process.terminate()

    def is_refused():
        try:
            socket.create_connection((HOST, gateway.metadata_port), timeout=5).close()
        except ConnectionRefusedError:
            return True
        return False
    wait_for(is_refused, 2)
    assert gateway.process.poll() is None
    assert len(future.result().all()) == 1
    assert gateway.process.wait(10) == 0
