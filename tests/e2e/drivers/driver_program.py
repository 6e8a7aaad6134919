"""Runs a driver program: one small program a language that uses an unmodified driver as it is told, line by line.

A command is one JSON object on the program's stdin, its answer one on stdout with the same `id`, in any order: commands run side by side,
so what this class is asked for by several threads is under way in the driver at the same time. README.md beside this file lists them.
"""
import collections
import concurrent.futures
import itertools
import json
import subprocess
import threading

Answer = collections.namedtuple("Answer", "columns rows applied")


class DriverError(Exception):
    """What the driver threw: its class (`name`) and its message."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


class Prepared:
    """A statement that one session of one driver has prepared."""

    def __init__(self, number):
        self.number = number


def statement(what, values=()):
    """`what` is CQL text with `?` for values, or Prepared."""
    return {("prepared" if isinstance(what, Prepared) else "text"): getattr(what, "number", what), "values": list(values)}


class Session:
    """One session of the driver. `protocol` is the version that it agreed on, `nodes` the addresses of the nodes that it sees."""

    def __init__(self, program, number, opened):
        self._program, self._number = program, number
        self.protocol, self.nodes = opened["protocol"], opened["nodes"]

    def _ask(self, do, timeout=60, **what):
        return self._program.ask(do, timeout, session=self._number, **what)

    def execute(self, what, values=(), **consistency):
        """`consistency="ONE"`: instead of the driver's default; of text alone."""
        answer = self._ask("execute", **statement(what, values), **consistency)
        return Answer(answer["columns"], [tuple(row) for row in answer["rows"]], answer.get("applied"))

    def prepare(self, text):
        return Prepared(self._ask("prepare", text=text)["prepared"])

    def batch(self, *statements):
        """Each is (text or Prepared, values)."""
        self._ask("batch", statements=[statement(*one) for one in statements])

    def many(self, prepared, values, in_flight):
        """Executes `prepared` once for each of `values`, at most `in_flight` at a time; gives the first row (or None) of each."""
        answer = self._ask("many", timeout=180, prepared=prepared.number, values=values, in_flight=in_flight)
        return [row and tuple(row) for row in answer["first"]]

    def page(self, what, values=(), size=100, state=None):
        """One page, and the state that asks for the next (None after the last)."""
        answer = self._ask("page", size=size, state=state, **statement(what, values))
        return [tuple(row) for row in answer["rows"]], answer["state"]

    def set_keyspace(self, keyspace):
        self._ask("set_keyspace", keyspace=keyspace)

    def columns(self, keyspace, table):
        """The table's columns as the driver's own schema metadata has them, sorted."""
        return sorted(self._ask("columns", keyspace=keyspace, table=table)["columns"])

    def close(self):
        self._ask("close")


class DriverProgram:
    """The program COMMAND, started; ended by stop(). Its stderr goes to the file `log`."""

    def __init__(self, command, log):
        self._log = log
        with open(log, "ab") as errors:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        self._numbers = itertools.count(1)
        self._waiting = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            answer = json.loads(line)
            with self._lock:
                waiting = self._waiting.pop(answer["id"])
            if "error" in answer:
                waiting.set_exception(DriverError(answer["error"]["class"], answer["error"]["message"]))
            else:
                waiting.set_result(answer)
        with self._lock:
            left, self._waiting = self._waiting, None
        for waiting in left.values():
            waiting.set_exception(AssertionError(f"the driver program ended; its last words:\n{self.last_words()}"))

    def last_words(self):
        with open(self._log, errors="replace") as log:
            return log.read()[-3000:]

    def ask(self, do, timeout=60, **what):
        number, waiting = next(self._numbers), concurrent.futures.Future()
        with self._lock:
            assert self._waiting is not None, f"the driver program has ended; its last words:\n{self.last_words()}"
            self._waiting[number] = waiting
            self._process.stdin.write(json.dumps({"id": number, "do": do, **what}) + "\n")
            self._process.stdin.flush()
        return waiting.result(timeout)

    def connect(self, **where_and_options):
        """Where: host and port, with tls (the folder of an unpacked bundle) if they want it, or bundle (a zip file, or several). Options, each of them
        optional: keyspace, version, compression, username, password, in_flight (requests on one connection), client_timestamps=False,
        reprepare=False (nothing is prepared anew by the driver when a node comes back), datacenter and remote_nodes (as README.md says)."""
        number = next(self._numbers)
        return Session(self, number, self.ask("connect", 90, session=number, **where_and_options))

    def stop(self):
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
