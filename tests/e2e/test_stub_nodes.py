"""The proxy in front of stub nodes: what real nodes do too seldom to wait for."""
import socket
import struct
import threading
import time

import pytest
from cassandra import OperationTimedOut, WriteTimeout
from cassandra.cluster import NoHostAvailable
from cassandra.query import BatchStatement

import stub_nodes
from running_proxy import RunningProxy

ORIGIN, TARGET = "127.0.0.31", "127.0.0.32"


@pytest.fixture
def stubs():
    nodes = [stub_nodes.StubNode(ORIGIN, cluster_name="old", id_salt="old"), stub_nodes.StubNode(TARGET, cluster_name="new", id_salt="new")]
    yield nodes
    for node in nodes:
        node.stop()


@pytest.fixture
def fronted(crossfade, stubs, tmp_path):
    """A proxy in front of the two stubs; arguments are added by restarting it."""
    running = RunningProxy(crossfade, ORIGIN, TARGET, tmp_path, "--request-timeout-ms", "1500")
    yield running
    running.stop()


def stamps(node):
    return {(write["table"], write["key"]): write["timestamp"] for write in node.writes()}


@pytest.mark.parametrize("version", [3, 4, 5])
def test_ids_that_differ_and_a_node_that_forgets(fronted, stubs, version):
    stubs[1].set(forget_every=1000)
    session = fronted.connect(protocol_version=version)
    insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
    select = session.prepare("SELECT k, v FROM stub.kv WHERE k = ?")
    assert stubs[0].counts()["prepares"] >= 2 and stubs[1].counts()["prepares"] >= 2
    for start in range(0, 6000, 500):
        futures = [session.execute_async(insert, (f"key{i}", b"value")) for i in range(start, start + 500)]
        futures += [session.execute_async(select, (f"key{i}",)) for i in range(start, start + 500)]
        for future in futures:
            future.result()
    batch = BatchStatement()
    for i in range(20):
        batch.add(insert, (f"batch{i}", b"x"))
    session.execute(batch)
    counts = [stub.counts() for stub in stubs]
    assert counts[1]["forgotten"] > 0 and counts[1]["unprepared"] > 0
    assert [count["writes"] + count["batch_children"] for count in counts][0] >= 6020
    assert stamps(stubs[0]) == stamps(stubs[1])
    assert fronted.get("/journal/summary")["entries"] == 0


def test_reads_of_the_target_come_from_the_target_with_its_own_ids(fronted, stubs):
    session = fronted.connect()
    select = session.prepare("SELECT k, v FROM stub.kv WHERE k = ?")
    session.execute(select, ("a",))
    assert fronted.command("phase", "set", "4", "--proxy", fronted.url).returncode == 0
    before = [stub.counts()["reads"] for stub in stubs]
    for _ in range(10):
        session.execute(select, ("a",))
    assert [stub.counts()["reads"] - was for stub, was in zip(stubs, before)] == [0, 10]


def test_a_side_that_never_answers_is_a_timeout_and_an_entry(fronted, stubs):
    session = fronted.connect()
    insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
    stubs[1].set(never_answer_every=1, faults_on="writes")
    begun = time.monotonic()
    with pytest.raises(WriteTimeout) as problem:
        session.execute(insert, ("lost", b"x"))
    assert 1.4 < time.monotonic() - begun < 5
    assert problem.value.write_type == 0  # SIMPLE
    entries = fronted.get("/journal")["entries"]
    assert [(entry["table"], entry["side"]) for entry in entries] == [("stub.kv", "target")]


def test_best_effort_does_not_wait_for_the_other_side(fronted, stubs):
    assert fronted.command("phase", "set", "1", "--write-mode", "target_best_effort", "--proxy", fronted.url).returncode == 0
    session = fronted.connect()
    insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
    stubs[1].set(never_answer_every=1, faults_on="writes")
    begun = time.monotonic()
    for i in range(5):
        session.execute(insert, (f"k{i}", b"x"))
    assert time.monotonic() - begun < 5
    assert fronted.get("/phase")["unrepaired"] == {"origin": 0, "target": 5}


def test_a_write_that_a_switch_meets_is_answered_in_time(fronted, stubs):
    fronted.terminate()
    fronted.start("--best-effort-wait-ms", "700")
    assert fronted.command("phase", "set", "1", "--write-mode", "target_best_effort", "--proxy", fronted.url).returncode == 0
    session = fronted.connect()
    insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
    session.execute(insert, ("before", b"x"))
    stubs[1].set(never_answer_every=1, faults_on="writes")
    begun = time.monotonic()
    written = session.execute_async(insert, ("met", b"x"))
    wait_for(lambda: stubs[0].counts()["writes"] == 2)
    assert fronted.command("phase", "set", "4", "--write-mode", "strict", "--proxy", fronted.url).returncode == 0
    assert time.monotonic() - begun < 0.7, "the switch came too late to meet the write"
    # The target answers the reads now, and nobody knows whether it has the write: no success, and in time.
    with pytest.raises(WriteTimeout):
        written.result()
    assert time.monotonic() - begun < 4
    assert fronted.get("/phase")["unrepaired"]["target"] == 1


def test_a_late_answer_withdraws_the_entry(fronted, stubs):
    assert fronted.command("phase", "set", "1", "--write-mode", "target_best_effort", "--proxy", fronted.url).returncode == 0
    session = fronted.connect()
    insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
    stubs[1].set(delay_ms=600)
    session.execute(insert, ("late", b"x"))
    assert fronted.metric("crossfade_journaled_total") == 1
    wait_for(lambda: fronted.metric("crossfade_journal_entries") == 0)
    assert fronted.metric("crossfade_late_settled_total") == 1


def test_prepare_and_use_do_not_wait_for_a_side_that_hangs(fronted, stubs):
    session = fronted.connect()
    stubs[1].set(delay_ms=5000)
    begun = time.monotonic()
    select = session.prepare("SELECT k, v FROM stub.kv WHERE k = ?")
    session.set_keyspace("stub")
    session.execute(select, ("x",))
    assert time.monotonic() - begun < 1.2  # the request timeout here is 1.5 s


def test_a_stop_does_not_wait_for_a_side_that_hangs(fronted, stubs):
    assert fronted.command("phase", "set", "1", "--write-mode", "target_best_effort", "--proxy", fronted.url).returncode == 0
    session = fronted.connect()
    insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
    stubs[1].set(never_answer_every=1, faults_on="writes")
    for i in range(5):
        session.execute(insert, (f"k{i}", b"x"))
    begun = time.monotonic()
    assert fronted.terminate() == 0
    assert time.monotonic() - begun < 1.2
    fronted.start()
    # Each write has its entry; the table as a whole needs none.
    assert [(table["table"], table["entries"]) for table in fronted.get("/journal/summary")["tables"]] == [("stub.kv", 5)]


@pytest.mark.parametrize("code", [0x1001, 0x1002, 0x0000, 0x1003, 0x1000])
def test_an_error_that_drivers_retry_is_a_timeout_once_the_other_side_has_it(fronted, stubs, code):
    session = fronted.connect()
    session.execute("SELECT k FROM stub.kv WHERE k = 'warm'")
    stubs[1].set(error_every=1, error_code=code, faults_on="writes")
    with pytest.raises(WriteTimeout):
        session.execute("INSERT INTO stub.kv (k, v) VALUES ('a', 0x00)")
    assert fronted.get("/phase")["unrepaired"]["target"] == 1


def test_reads_survive_a_connection_that_is_closed_under_them(fronted, stubs):
    session = fronted.connect()
    select = session.prepare("SELECT k, v FROM stub.kv WHERE k = ?")
    stubs[0].set(close_every=50, faults_on="reads")
    for i in range(500):
        session.execute(select, (f"k{i}",))
    assert stubs[0].counts()["closed"] >= 9


def test_an_unclean_stop_leaves_the_tables_that_were_written(fronted, stubs):
    session = fronted.connect()
    session.execute("INSERT INTO stub.kv (k, v) VALUES ('a', 0x00)")
    assert fronted.get("/journal/summary")["entries"] == 0
    fronted.kill()
    fronted.start()
    assert [(table["table"], table["entries"]) for table in fronted.get("/journal/summary")["tables"]] == [("stub.kv", 1)]
    assert fronted.terminate() == 0
    fronted.start()
    assert fronted.get("/journal/summary")["entries"] == 1  # a clean stop adds none


def frame(version, stream, opcode, body):
    return struct.pack(">BBhBI", version, 0, stream, opcode, len(body)) + body


class RawClient:
    """Speaks v4 by hand: what no driver does, every stream id at once."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        assert self.all([(1, b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.4.5")])[0][0] == 2

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def all(self, requests):
        """Sends (opcode, body) of each under its own stream id, at once; gives (opcode, body) of the answers in the same order."""
        sender = threading.Thread(target=self.socket.sendall, args=(b"".join(frame(4, stream, *one) for stream, one in enumerate(requests)),))
        sender.start()
        answers, received = {}, b""
        while len(answers) < len(requests):
            chunk = self.socket.recv(1 << 20)
            assert chunk, f"the proxy closed the connection after {len(answers)} answers"
            received += chunk
            at = 0
            while len(received) - at >= 9:
                _, _, stream, opcode, length = struct.unpack(">BBhBI", received[at:at + 9])
                if len(received) - at < 9 + length:
                    break
                assert stream not in answers
                answers[stream] = (opcode, received[at + 9:at + 9 + length])
                at += 9 + length
            received = received[at:]
        sender.join()
        return [answers[stream] for stream in range(len(requests))]


def test_a_raw_client_with_every_stream_id_in_flight(fronted, stubs):
    stubs[0].set(delay_ms=300)
    text = b"INSERT INTO stub.kv (k, v) VALUES ('x', 0x00)"
    with RawClient(fronted.port) as client:
        answers = client.all([(7, struct.pack(">I", len(text)) + text + b"\x00\x06\x00")] * 32768)
    assert {opcode for opcode, _ in answers} == {8}
    assert [stub.counts()["writes"] for stub in stubs] == [32768, 32768]


@pytest.mark.parametrize("in_flight", [8000, 32768])
def test_every_stream_id_in_flight_on_a_node_that_forgets(fronted, stubs, in_flight):
    stubs[1].set(forget_every=1000)
    text = b"INSERT INTO stub.kv (k, v) VALUES (?, ?)"
    with RawClient(fronted.port) as client:
        _, prepared = client.all([(9, struct.pack(">I", len(text)) + text)])[0]
        size = struct.unpack(">H", prepared[4:6])[0]
        statement = prepared[4:6 + size]
        keys = [b"key%05d" % i for i in range(in_flight)]
        answers = client.all([(10, statement + b"\x00\x06\x01" + struct.pack(">HI", 2, 8) + key + struct.pack(">I", 1) + b"x") for key in keys])
    assert {body[4:100] for opcode, body in answers if opcode != 8} == set()
    counts = [stub.counts() for stub in stubs]
    assert counts[1]["forgotten"] >= in_flight // 1000
    # One PREPARE for all that wait for it, not one for each of them.
    assert counts[1]["prepares"] < counts[1]["unprepared"] / 10
    assert [count["writes"] for count in counts] == [in_flight, in_flight]
    if in_flight <= 10000:  # a stub remembers no more than that
        assert stamps(stubs[0]) == stamps(stubs[1])
    assert fronted.get("/journal/summary")["entries"] == 0


def test_nothing_to_send_to_is_said_in_time(fronted, stubs):
    session = fronted.connect()
    insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
    for stub in stubs:
        stub.stop()
    begun = time.monotonic()
    with pytest.raises((NoHostAvailable, WriteTimeout)):
        session.execute(insert, ("a", b"x"))
    assert time.monotonic() - begun < 6


def wait_for(condition, seconds=15):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)  # only how often it is looked at
