"""The stub node, seen by the official Python driver and by a raw client."""

import contextlib
import os
import socket
import struct
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import stub_nodes  # noqa: E402
from cassandra import ConsistencyLevel, ProtocolVersion, WriteTimeout, cluster as driver  # noqa: E402
from cassandra.auth import PlainTextAuthProvider  # noqa: E402
from cassandra.policies import RoundRobinPolicy  # noqa: E402
from cassandra.query import BatchStatement, SimpleStatement  # noqa: E402

ADDRESS = "127.0.7.1"


@contextlib.contextmanager
def connected(*nodes, version=None, keyspace=None, **options):
    """A driver session on these nodes, with default settings but what is given."""
    profile = driver.ExecutionProfile(load_balancing_policy=RoundRobinPolicy(), request_timeout=10)
    if version:
        options["protocol_version"] = version
    cluster = driver.Cluster([node.address for node in nodes], port=nodes[0].port, execution_profiles={driver.EXEC_PROFILE_DEFAULT: profile}, **options)
    try:
        yield cluster.connect(keyspace, wait_for_all_pools=True)
    finally:
        cluster.shutdown()


class RawClient:
    """Frames of protocol v3 or v4 by hand."""

    def __init__(self, node, version=4):
        self.version = version
        self.socket = socket.create_connection((node.address, node.port), timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, opcode, body=b"", stream=0, version=None, flags=0):
        self.socket.sendall(struct.pack(">BBhBI", version or self.version, flags, stream, opcode, len(body)) + body)

    def receive(self):
        """(version, stream, opcode, body), or None when the connection has ended."""
        header = self._exactly(9)
        if header is None:
            return None
        version, _, stream, opcode, length = struct.unpack(">BBhBI", header)
        return version & 0x7F, stream, opcode, self._exactly(length)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except ConnectionError:
                more = b""
            if not more:
                return None
            data += more
        return data

    def start_up(self):
        self.send(1, b"\0\1\0\x0bCQL_VERSION\0\x053.0.0")
        return self.receive()

    def query(self, text, stream):
        self.send(7, struct.pack(">I", len(text)) + text.encode() + b"\0\1\0", stream)


def error_of(frame):
    """(code, text) of an ERROR frame."""
    _, _, opcode, body = frame
    assert opcode == 0, f"opcode {opcode} instead of ERROR"
    code, length = struct.unpack(">iH", body[:6])
    return code, body[6:6 + length].decode()


class OneNode(unittest.TestCase):
    def test_driver_with_default_settings_uses_v5(self):
        with stub_nodes.running(ADDRESS) as node, connected(node) as session:
            self.assertEqual(session.cluster.protocol_version, ProtocolVersion.V5)
            self.assertIn("kv", session.cluster.metadata.keyspaces["stub"].tables)
            self.assertEqual([c.name for c in session.cluster.metadata.keyspaces["stub"].tables["kv"].partition_key], ["k"])
            self.assertEqual(len(session.cluster.metadata.token_map.token_to_host_owner), 16)
            self.assertEqual(session.cluster.metadata.cluster_name, "stub")

    def test_reads_and_writes_in_each_version(self):
        for version in (3, 4, 5):
            with self.subTest(version=version), stub_nodes.running(ADDRESS, row_bytes=123) as node, connected(node, version=version) as session:
                insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
                select = session.prepare("SELECT k, v FROM stub.kv WHERE k = ?")
                self.assertIsNone(session.execute(insert, ("a", b"1")).one())
                row = session.execute(select, ("häuser",)).one()
                self.assertEqual((row.k, len(row.v)), ("häuser", 123))
                session.execute("UPDATE stub.kv SET v = 0x00 WHERE k = 'b'")
                batch = BatchStatement()
                batch.add(insert, ("c", b"1"))
                batch.add("DELETE FROM stub.kv WHERE k = 'd'")
                session.execute(batch)
                counts = node.counts()
                self.assertEqual({name: counts[name] for name in ("reads", "writes", "batches", "batch_children", "errors", "metadata_changed")},
                                 {"reads": 1, "writes": 3, "batches": 1, "batch_children": 2, "errors": 0, "metadata_changed": 0})
                self.assertEqual(counts["tables"], {"stub.kv": {"reads": 1, "writes": 4}})
                self.assertEqual([(w["verb"], w["key"]) for w in node.writes()],
                                 [("INSERT", "a"), ("UPDATE", "b"), ("INSERT", "c"), ("DELETE", "d")])

    def test_compression(self):
        for version, algorithm in ((3, "snappy"), (4, "lz4"), (4, "snappy"), (5, "lz4")):
            with self.subTest(version=version, algorithm=algorithm), stub_nodes.running(ADDRESS, row_bytes=100_000) as node, \
                    connected(node, version=version, compression=algorithm) as session:
                insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
                session.execute(insert, ("large", b"x" * 400_000))  # several segments
                self.assertEqual(len(session.execute("SELECT v FROM stub.kv WHERE k = 'large'").one().v), 100_000)
                self.assertEqual(node.counts()["writes"], 1)

    def test_many_in_flight(self):
        with stub_nodes.running(ADDRESS) as node, connected(node) as session:
            select = session.prepare("SELECT k FROM stub.kv WHERE k = ?")
            futures = [(str(i), session.execute_async(select, (str(i),))) for i in range(5000)]
            for key, future in futures:
                self.assertEqual(future.result().one().k, key)
            self.assertEqual(node.counts()["reads"], 5000)

    def test_tells_default_timestamps(self):
        with stub_nodes.running(ADDRESS) as node, connected(node) as session:
            before = int(time.time() * 1e6)
            session.execute("INSERT INTO stub.kv (k, v) VALUES ('stamped', 0x00)")
            session.use_client_timestamp = False
            session.execute("INSERT INTO stub.kv (k, v) VALUES ('bare', 0x00)")
            session.execute("INSERT INTO stub.kv (k, v) VALUES ('text', 0x00) USING TIMESTAMP 5")
            counts = node.counts()
            self.assertEqual((counts["writes_without_timestamp"], counts["writes_using_timestamp"]), (2, 1))
            self.assertTrue(before <= counts["last_timestamps"]["min"] == counts["last_timestamps"]["max"] <= time.time() * 1e6)
            stamps = {w["key"]: w["timestamp"] for w in node.writes()}
            self.assertEqual(stamps, {"stamped": counts["last_timestamps"]["min"], "bare": None, "text": None})
            node.reset()
            self.assertEqual((node.counts()["writes"], node.counts()["last_timestamps"]["min"], node.writes()), (0, None, []))

    def test_bigint_keys_and_time(self):
        with stub_nodes.running(ADDRESS, key_type="bigint", clock_offset_ms=3_600_000) as node, connected(node) as session:
            insert = session.prepare("INSERT INTO stub.kv (k, v) VALUES (?, ?)")
            session.execute(insert, (-7, b""))
            self.assertEqual(node.writes()[0]["key"], "-7")
            self.assertEqual(session.execute("SELECT k FROM stub.kv WHERE k = %s", (0,)).one().k, 0)
            now = session.execute("SELECT now() FROM system.local").one()[0]
            self.assertAlmostEqual((now.time - 0x01B21DD213814000) / 1e7, time.time() + 3600, delta=5)

    def test_use_lwt_definitions_and_nonsense(self):
        with stub_nodes.running(ADDRESS) as node, connected(node, keyspace="stub") as session:
            self.assertEqual(session.execute("SELECT k FROM kv WHERE k = 'x'").one().k, "x")
            self.assertTrue(session.execute("INSERT INTO kv (k, v) VALUES ('x', 0x00) IF NOT EXISTS").one().applied)
            session.execute("CREATE TABLE stub.other (k text PRIMARY KEY, v blob)")
            session.execute("TRUNCATE kv")
            before = node.counts()
            self.assertEqual((before["uses"] > 0, before["conditional_writes"], before["schema_changes"], before["truncates"]), (True, 1, 1, 1))
            with self.assertRaisesRegex(Exception, "no viable alternative"):
                session.execute("SELEKT 1")
            with self.assertRaisesRegex(Exception, "Undefined column name"):
                session.execute("SELECT nothing FROM system.local")
            self.assertEqual(node.counts()["errors"], before["errors"] + 2)

    def test_login(self):
        with stub_nodes.running(ADDRESS, auth="anna:otto") as node:
            with connected(node, auth_provider=PlainTextAuthProvider("anna", "otto")) as session:
                session.execute("SELECT * FROM stub.kv WHERE k = 'x'")
            with self.assertRaisesRegex(driver.NoHostAvailable, "password are incorrect"):
                with connected(node, auth_provider=PlainTextAuthProvider("anna", "wrong")):
                    pass
            counts = node.counts()
            self.assertGreater(counts["logins"]["anna"], 0)
            self.assertGreater(counts["logins_refused"], 0)
            with RawClient(node) as client:
                self.assertEqual(client.start_up()[2], 3)  # AUTHENTICATE
                client.query("SELECT * FROM stub.kv", 1)
                self.assertEqual(error_of(client.receive())[0], 0x000A)
                self.assertIsNone(client.receive())


class Versions(unittest.TestCase):
    def test_refuses_what_it_does_not_speak(self):
        with stub_nodes.running(ADDRESS, max_version=4) as node:
            for version in (5, 66, 2):
                with RawClient(node, version) as client:
                    client.send(5)
                    answer = client.receive()
                    self.assertEqual(answer[0], 4)
                    code, text = error_of(answer)
                    self.assertEqual(code, 0x000A)
                    self.assertTrue(text.startswith(f"Invalid or unsupported protocol version ({version}); supported versions are (3/v3, 4/v4)"), text)
                    self.assertIsNone(client.receive())

    def test_driver_steps_down(self):
        for highest in (3, 4):
            with self.subTest(highest=highest), stub_nodes.running(ADDRESS, max_version=highest) as node, connected(node) as session:
                self.assertEqual(session.cluster.protocol_version, highest)


class Prepared(unittest.TestCase):
    def test_ids_differ_between_salts_only(self):
        ids = []
        for salt in ("origin", "target", "target"):
            with stub_nodes.running(ADDRESS, id_salt=salt) as node, connected(node) as session:
                statement = session.prepare("SELECT v FROM stub.kv WHERE k = ?")
                ids.append((statement.query_id, statement.result_metadata_id))
        self.assertEqual(ids[1], ids[2])
        self.assertNotEqual(ids[0][0], ids[1][0])
        self.assertNotEqual(ids[0][1], ids[1][1])

    def test_forgets_and_the_driver_prepares_again(self):
        for version in (4, 5):
            with self.subTest(version=version), stub_nodes.running(ADDRESS, forget_every=10) as node, connected(node, version=version) as session:
                select = session.prepare("SELECT k, v FROM stub.kv WHERE k = ?")
                for i in range(100):
                    self.assertEqual(session.execute(select, (str(i),)).one().k, str(i))
                counts = node.counts()
                self.assertEqual(counts["reads"], 100)
                self.assertGreaterEqual(counts["unprepared"], 9)
                self.assertGreaterEqual(counts["prepares"], counts["unprepared"])

    def test_forgets_on_command_and_says_which(self):
        with stub_nodes.running(ADDRESS) as node, RawClient(node) as client:
            client.start_up()
            text = b"DELETE FROM stub.kv WHERE k = ?"
            client.send(9, struct.pack(">I", len(text)) + text)
            body = client.receive()[3]
            prepared = body[4:22]  # [short bytes] behind the kind
            execute = prepared + b"\0\1" + b"\1" + b"\0\1" + b"\0\0\0\1x"
            client.send(10, execute)
            self.assertEqual(client.receive()[2:], (8, b"\0\0\0\1"))
            node.forget()
            client.send(10, execute)
            answer = client.receive()
            self.assertEqual(error_of(answer)[0], 0x2500)
            self.assertTrue(answer[3].endswith(prepared))


class Faults(unittest.TestCase):
    def raw(self, node):
        client = RawClient(node)
        self.addCleanup(client.socket.close)
        self.assertEqual(client.start_up()[2], 2)
        return client

    def test_errors(self):
        with stub_nodes.running(ADDRESS, error_every=(3, "WRITE_TIMEOUT"), faults_on="writes") as node:
            client, codes = self.raw(node), []
            for i in range(6):
                client.query("INSERT INTO stub.kv (k, v) VALUES ('a', 0x00)", i)
                answer = client.receive()
                codes.append(error_of(answer)[0] if answer[2] == 0 else None)
                client.query("SELECT * FROM stub.kv WHERE k = 'a'", i)
                self.assertEqual(client.receive()[2], 8)
            self.assertEqual(codes, [None, None, 0x1100] * 2)
            counts = node.counts()
            self.assertEqual((counts["writes"], counts["injected_errors"], counts["reads"]), (4, 2, 6))

    def test_driver_reads_each_error(self):
        with stub_nodes.running(ADDRESS, error_every=(1, "WRITE_TIMEOUT")) as node, connected(node) as session:
            statement = SimpleStatement("INSERT INTO stub.kv (k, v) VALUES ('a', 0x00)", consistency_level=ConsistencyLevel.QUORUM)
            with self.assertRaises(WriteTimeout) as caught:
                session.execute(statement)
            self.assertEqual((caught.exception.consistency, caught.exception.required_responses), (ConsistencyLevel.QUORUM, 1))
            for name in ("READ_TIMEOUT", "UNAVAILABLE", "OVERLOADED", "IS_BOOTSTRAPPING", "TRUNCATE_ERROR", "SERVER_ERROR", "READ_FAILURE",
                         "WRITE_FAILURE", "FUNCTION_FAILURE", "INVALID", "UNAUTHORIZED", "ALREADY_EXISTS", "CAS_WRITE_UNKNOWN"):
                node.set(error_code=name)
                with self.assertRaises(Exception) as caught:
                    session.execute(statement)
                self.assertNotIsInstance(caught.exception, (struct.error, IndexError), name)
            self.assertGreater(node.counts()["injected_errors"], 13)

    def test_never_answers(self):
        with stub_nodes.running(ADDRESS, never_answer_every=2) as node:
            client = self.raw(node)
            for i in range(6):
                client.query("SELECT * FROM stub.kv WHERE k = 'a'", i)
            self.assertEqual([client.receive()[1] for _ in range(3)], [0, 2, 4])
            node.set(never_answer_every=0)
            client.query("SELECT * FROM stub.kv WHERE k = 'a'", 7)
            self.assertEqual(client.receive()[1], 7)
            self.assertEqual((node.counts()["reads"], node.counts()["unanswered"]), (7, 3))

    def test_closes_connections(self):
        with stub_nodes.running(ADDRESS, close_every=2) as node:
            client = self.raw(node)
            client.query("SELECT * FROM stub.kv WHERE k = 'a'", 1)
            self.assertEqual(client.receive()[1], 1)
            client.query("SELECT * FROM stub.kv WHERE k = 'a'", 2)
            self.assertIsNone(client.receive())
            other = self.raw(node)
            node.close_connections()
            self.assertIsNone(other.receive())
            self.assertEqual(node.counts()["open_connections"], 0)

    def test_delays(self):
        with stub_nodes.running(ADDRESS, delay_ms=100) as node:
            client = self.raw(node)
            began = time.monotonic()
            for i in range(10):
                client.query("SELECT * FROM stub.kv WHERE k = 'a'", i)
            self.assertEqual([client.receive()[1] for _ in range(10)], list(range(10)))
            self.assertGreaterEqual(time.monotonic() - began, 0.1)
            self.assertLess(time.monotonic() - began, 0.9)  # together, not one after the other
            with connected(node) as session:  # v5: the answer to STARTUP must not become a segment
                self.assertEqual(session.execute("SELECT k FROM stub.kv WHERE k = 'a'").one().k, "a")

    def test_settings_are_checked(self):
        with stub_nodes.running(ADDRESS) as node:
            for wrong in ({"row_byts": 1}, {"delay_ms": -1}, {"error_code": "NONSENSE"}, {"faults_on": "some"}, {"row_bytes": [1]}):
                with self.assertRaisesRegex(stub_nodes.StubError, next(iter(wrong))):
                    node.set(forget_every=5, **wrong)
            self.assertEqual(node.set(row_bytes=5)["forget_every"], 0)

    def test_garbage_ends_only_its_connection(self):
        with stub_nodes.running(ADDRESS) as node:
            client, other = self.raw(node), self.raw(node)
            client.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
            self.assertEqual(error_of(client.receive())[0], 0x000A)
            self.assertIsNone(client.receive())
            with RawClient(node) as large:
                large.socket.sendall(struct.pack(">BBhBI", 4, 0, 0, 1, 0x7FFFFFFF))
                self.assertEqual(error_of(large.receive())[0], 0x000A)
                self.assertIsNone(large.receive())
            other.query("SELECT * FROM stub.kv WHERE k = 'a'", 3)
            self.assertEqual(other.receive()[1], 3)


class Several(unittest.TestCase):
    ADDRESSES = ["127.0.7.11", "127.0.7.12", "127.0.7.13"]

    def test_three_are_one_cluster(self):
        with stub_nodes.cluster(self.ADDRESSES, cluster_name="three", datacenter="east") as nodes, connected(nodes[1]) as session:
            metadata = session.cluster.metadata
            self.assertEqual(sorted(host.address for host in metadata.all_hosts()), self.ADDRESSES)
            self.assertEqual({(host.datacenter, host.rack, host.is_up) for host in metadata.all_hosts()}, {("east", "rack1", True)})
            self.assertEqual(len({host.host_id for host in metadata.all_hosts()}), 3)
            owners = list(metadata.token_map.token_to_host_owner.values())
            self.assertEqual({owner: owners.count(owner) for owner in owners}, {host: 16 for host in metadata.all_hosts()})
            for i in range(30):
                session.execute("INSERT INTO stub.kv (k, v) VALUES (%s, 0x00)", (str(i),))
            taken = [node.counts()["writes"] for node in nodes]
            self.assertEqual(sum(taken), 30)
            self.assertGreater(min(taken), 0)

    def test_all_say_the_same_of_each_other(self):
        with stub_nodes.cluster(self.ADDRESSES) as nodes:
            seen = []
            for node in nodes:
                with connected(node) as session:
                    seen.append({(host.address, str(host.host_id)): sorted(t.value for t, owner in session.cluster.metadata.token_map.token_to_host_owner.items() if owner == host)
                                 for host in session.cluster.metadata.all_hosts()})
            self.assertEqual(seen[0], seen[1])
            self.assertEqual(seen[0], seen[2])

    def test_several_threads_share_what_is_prepared(self):
        with stub_nodes.running(ADDRESS, threads=2) as node, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(RawClient(node)) for _ in range(8)]
            text = b"SELECT k FROM stub.kv WHERE k = ?"
            prepared = None
            for i, client in enumerate(clients):
                client.start_up()
                if i == 0:
                    client.send(9, struct.pack(">I", len(text)) + text)
                    prepared = client.receive()[3][4:22]
                client.send(10, prepared + b"\0\1" + b"\1" + b"\0\1" + b"\0\0\0\1x")
                self.assertEqual(client.receive()[2], 8)
            self.assertEqual((node.counts()["reads"], node.counts()["connections"]), (8, 8))


if __name__ == "__main__":
    unittest.main()
