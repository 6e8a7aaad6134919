"""Stub nodes (lab/stub_node) from Python: for tests and benchmarks.

    with stub_nodes.running("127.0.0.31", id_salt="origin") as node:
        node.set(forget_every=1000)
        ...
        node.counts()["writes"]

The program is build/release/stub_node, or that of the build folder in CROSSFADE_BUILD.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import urllib.error
import urllib.request

PROJECT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class StubError(Exception):
    pass


def program(name="stub_node"):
    return os.path.join(os.environ.get("CROSSFADE_BUILD", os.path.join(PROJECT, "build", "release")), name)


def end_with_parent():
    """For Popen's preexec_fn: the child gets SIGTERM when the process that started it is gone, however it went."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class StubNode:
    """One stub node process. address and port are where drivers connect; process is its Popen."""

    def __init__(self, address, port=9042, **flags):
        """flags are the program's, with underscores: id_salt="x", threads=2, error_every=(10, "OVERLOADED"), peers=[…]."""
        self.address, self.port = address, port
        arguments = [program(), "--address", address, "--port", str(port), "--control", "127.0.0.1:0"]
        for name, value in flags.items():
            if isinstance(value, list):
                value = ",".join(value)
            values = value if isinstance(value, tuple) else (value,)
            arguments += ["--" + name.replace("_", "-"), *map(str, values)]
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=end_with_parent)
        ready = self.process.stdout.readline().split() if select.select([self.process.stdout], [], [], 30)[0] else []
        if len(ready) != 3 or ready[0] != "ready":
            with contextlib.suppress(StubError):
                self.stop()
            raise StubError(f"stub node {address}:{port} did not start (its exit code is {self.process.returncode})")
        self.control = "http://" + ready[2]

    def _ask(self, method, path, body=None):
        request = urllib.request.Request(self.control + path, method=method, data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise StubError(json.load(error)["error"]) from None

    def counts(self):
        return self._ask("GET", "/counts")

    def writes(self):
        """The last writes, oldest first: dicts with table, verb, key, timestamp."""
        return self._ask("GET", "/writes")["writes"]

    def set(self, **settings):
        return self._ask("POST", "/set", settings)

    def reset(self):
        self._ask("POST", "/reset", {})

    def forget(self):
        self._ask("POST", "/forget", {})

    def close_connections(self):
        self._ask("POST", "/close_connections", {})

    def stop(self):
        """Ends it; raises StubError where it had not ended well."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        if self.process.returncode != 0:
            raise StubError(f"stub node {self.address}:{self.port} ended with exit code {self.process.returncode}")


@contextlib.contextmanager
def running(address, port=9042, **flags):
    node = StubNode(address, port, **flags)
    try:
        yield node
    finally:
        node.stop()


@contextlib.contextmanager
def cluster(addresses, port=9042, **flags):
    """Several stub nodes that appear as one cluster."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(running(address, port, peers=list(addresses), **flags)) for address in addresses]
