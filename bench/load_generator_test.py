"""The load generator: that it sees what goes wrong. Against the stub node, and against servers that answer too much, wrongly or not at all."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "lab"))
sys.dont_write_bytecode = True

import stub_nodes  # noqa: E402

ADDRESS = "127.0.7.31"


def load(to, *arguments):
    """Exit code and report of a run."""
    run = subprocess.run([stub_nodes.program("crossfade_load"), "--to", to, "--patience", "2", *arguments], capture_output=True, text=True, timeout=60)
    return run.returncode, json.loads(run.stdout) if run.stdout else run.stderr


class AgainstStubNode(unittest.TestCase):
    def run_with(self, *arguments, **flags):
        with stub_nodes.running(ADDRESS, **flags) as node:
            code, report = load(f"{ADDRESS}:9042", *arguments)
            return code, report, node.counts()

    def test_counts_what_the_node_counts(self):
        for version in ("3", "4", "5"):
            for statement in ("prepared", "text"):
                with self.subTest(version=version, statement=statement):
                    code, report, counts = self.run_with("--requests", "10001", "--protocol", version, "--statement", statement, "--mix", "half")
                    self.assertEqual((code, report["sent"], report["ops"]), (0, 10001, 10001))
                    self.assertEqual((report["reads"], report["writes"]), (counts["reads"], counts["writes"]))
                    self.assertEqual(report["reads"] + report["writes"], 10001)
                    self.assertEqual(counts["writes_without_timestamp"], counts["writes"])

    def test_all_stream_ids_of_one_connection(self):
        for version in ("4", "5"):
            code, report, counts = self.run_with("--in-flight", "32768", "--requests", "100000", "--protocol", version, "--mix", "reads")
            self.assertEqual((code, report["reads"], counts["reads"], counts["connections"]), (0, 100000, 100000, 1))

    def test_a_window_over_several_threads(self):
        code, report, counts = self.run_with("--seconds", "0.2", "--warm-up", "0.1", "--threads", "2", "--mix", "writes", "--timestamps")
        self.assertEqual((code, report["writes"], counts["writes_without_timestamp"]), (0, counts["writes"], 0))
        self.assertLess(report["ops"], report["sent"])  # the warm-up is not measured
        self.assertGreater(report["ops_s"], 0)
        self.assertTrue(0 < report["p50_us"] <= report["p99_us"] <= report["max_us"])

    def test_prepares_again_what_was_forgotten(self):
        code, report, counts = self.run_with("--requests", "5000", "--depth", "4", forget_every=100)
        self.assertEqual((code, report["reads"] + report["writes"]), (0, 5000))
        self.assertEqual(report["prepared_again"], counts["unprepared"])
        self.assertGreater(counts["unprepared"], 10)

    def test_errors(self):
        code, report, _ = self.run_with("--requests", "5000", error_every=(100, "OVERLOADED"))
        self.assertEqual((code, report["errors"]["OVERLOADED"]["count"], report["reads"] + report["writes"]), (1, 50, 4950))

    def test_requests_without_an_answer(self):
        code, report, _ = self.run_with("--requests", "5000", never_answer_every=1000)
        self.assertEqual((code, report["unanswered"]), (1, 5))

    def test_lost_connections(self):
        code, report, _ = self.run_with("--requests", "5000", "--connections", "2", "--depth", "8", close_every=4000)
        self.assertEqual((code, report["connections_lost"]), (1, 1))
        self.assertTrue(0 < report["unanswered"] <= 8)

    def test_login(self):
        environment = dict(os.environ, STUB_PASSWORD="otto")
        with stub_nodes.running(ADDRESS, auth="anna:otto") as node:
            command = [stub_nodes.program("crossfade_load"), "--to", ADDRESS, "--requests", "100", "--username", "anna", "--password-env", "STUB_PASSWORD"]
            self.assertEqual(subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode, 0)
            self.assertEqual(node.counts()["logins"], {"anna": 16})
            environment["STUB_PASSWORD"] = "wrong"
            run = subprocess.run(command, env=environment, capture_output=True, text=True)
            self.assertEqual(run.returncode, 30)
            self.assertIn("password are incorrect", run.stderr)

    def test_cpu_of_a_process(self):
        with stub_nodes.running(ADDRESS) as node:
            code, report = load(ADDRESS, "--requests", "200000", "--watch", str(node.process.pid))
            self.assertEqual(code, 0)
            self.assertTrue(0.01 < report["cpu_us_per_op"] < 20, report["cpu_us_per_op"])

    def test_what_cannot_run(self):
        self.assertEqual(load("127.0.7.32:9042")[0], 30)
        self.assertEqual(load("nonsense:port")[0], 30)
        with stub_nodes.running(ADDRESS, max_version=4):
            code, text = load(ADDRESS, "--protocol", "5")
            self.assertEqual(code, 30)
            self.assertIn("protocol version", text)


class Liar(threading.Thread):
    """A server of protocol v4 for one connection, that answers EXECUTE with what `lie(stream, body)` gives: whole frames."""

    def __init__(self, lie):
        super().__init__(daemon=True)
        self.lie = lie
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.to = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.start()

    def run(self):
        with self.listener, self.listener.accept()[0] as connection, connection.makefile("rb") as stream:
            while len(header := stream.read(9)) == 9:
                _, _, stream_id, opcode, length = struct.unpack(">BBhBI", header)
                body = stream.read(length)
                if opcode == 5:
                    answer = frame(stream_id, 6, b"\0\0")
                elif opcode == 1:
                    answer = frame(stream_id, 2)
                elif opcode == 9:
                    answer = frame(stream_id, 8, b"\0\0\0\4" + b"\0\1x" + b"\0\0\0\0" * 3 + b"\0\0\0\4" + b"\0\0\0\0")
                else:
                    answer = self.lie(stream_id, body)
                try:
                    connection.sendall(answer)
                except OSError:
                    return


def frame(stream_id, opcode, body=b""):
    return struct.pack(">BBhBI", 0x84, 0, stream_id, opcode, len(body)) + body


VOID = b"\0\0\0\1"


class AgainstLiars(unittest.TestCase):
    def run_against(self, lie, mix, requests="50"):
        return load(Liar(lie).to, "--connections", "1", "--depth", "5", "--requests", requests, "--mix", mix)

    def test_the_honest_one(self):
        code, report = self.run_against(lambda stream, _: frame(stream, 8, VOID), "writes")
        self.assertEqual((code, report["writes"]), (0, 50))

    def test_two_answers_to_one_request(self):
        # The last request's second answer comes when nothing is in flight any more; the others' meet the request that came after.
        code, report = self.run_against(lambda stream, _: frame(stream, 8, VOID) * 2, "writes", "1")
        self.assertEqual((code, report["unexpected_answers"]), (1, 1))

    def test_an_answer_on_another_stream(self):
        code, report = self.run_against(lambda stream, _: frame(stream + 1000, 8, VOID), "writes")
        self.assertEqual((code, report["unexpected_answers"], report["unanswered"]), (1, 5, 5))

    def test_a_write_answered_with_rows(self):
        code, report = self.run_against(lambda stream, _: frame(stream, 8, b"\0\0\0\2" + b"\0\0\0\4" + b"\0" * 8), "writes")
        self.assertEqual((code, report["wrong_answers"], report["writes"]), (1, 50, 0))

    def test_a_row_of_another_key(self):
        def row(stream, body):
            key = body[2 + 1 + 2 + 1 + 2 + 4:][:32]  # behind id, consistency, flags, count and length
            key = key if stream else b"key-" + b"9" * 28
            return frame(stream, 8, struct.pack(">5i", 2, 4, 1, 1, len(key)) + key)
        code, report = self.run_against(row, "reads")
        self.assertEqual(code, 1)
        self.assertEqual(report["reads"] + report["wrong_answers"], 50)
        self.assertTrue(0 < report["wrong_answers"] < 50)


if __name__ == "__main__":
    unittest.main()
