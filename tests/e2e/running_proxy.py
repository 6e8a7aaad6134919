"""Starts `crossfade proxy` on free ports, reads its admin API, and ends it."""
import contextlib
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

from cassandra.cluster import Cluster


def free_ports(count):
    """As many ports, each another: all are held until all are known."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def wait_for(condition, seconds=15):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)  # only how often it is looked at


class RunningProxy:
    def __init__(self, program, origin, target, folder, *arguments):
        self.program, self.origin, self.target, self.folder = program, origin, target, folder
        self.port, self.admin_port = free_ports(2)
        self.arguments = list(arguments)
        self.siblings = []
        self.clusters = []
        self.process = None
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.admin_port}"

    def cluster_flags(self):
        return ["--origin", self.origin, "--target", self.target]

    def start(self, *more):
        self.log = self.folder / f"proxy-{self.port}.log"
        words = [self.program, "proxy", *self.cluster_flags(), "--listen", f"127.0.0.1:{self.port}", "--admin",
                 f"127.0.0.1:{self.admin_port}", "--state-dir", str(self.folder / "state"), *self.arguments, *more]
        with open(self.log, "a") as log:
            begun = log.tell()
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 30
        while "listening on" not in self.log.read_text()[begun:]:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < until, "the proxy does not listen:\n" + self.log.read_text()[-3000:]
            time.sleep(0.02)  # only how often the log is looked at

    def sibling(self, *arguments):
        one = RunningProxy(self.program, self.origin, self.target, self.folder, *arguments)
        self.siblings.append(one)
        return one

    def connect(self, keyspace=None, **options):
        """A session of the official driver through the proxy; the default settings unless told."""
        cluster = Cluster(["127.0.0.1"], port=self.port, **options)
        self.clusters.append(cluster)
        return cluster.connect(keyspace)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read())

    def metric(self, name):
        """Its value, summed over its labels."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        values = [int(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name]
        assert values, f"no metric {name}"
        return sum(values)

    def command(self, *words, timeout=120):
        """Runs `crossfade WORDS`; gives the finished process."""
        return subprocess.run([self.program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)

    def terminate(self):
        self.process.terminate()
        return self.process.wait(timeout=30)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        for cluster in self.clusters:
            cluster.shutdown()
        for one in self.siblings:
            one.stop()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
