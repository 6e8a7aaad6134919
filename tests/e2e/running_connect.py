"""Starts `crossfade connect` on a free port and ends it."""
import os
import subprocess
import time
import urllib.error
import urllib.request

from cassandra.cluster import Cluster

from running_proxy import free_ports

# What a test's own environment may have set.
VARIABLES = ("ASTRA_BUNDLE", "ASTRA_TOKEN", "ASTRA_DATABASE_ID", "CONTACT_POINTS", "USERNAME", "PASSWORD", "PORT", "BIND", "DEBUG", "CONFIG_FILE")


class RunningConnect:
    def __init__(self, program, folder, *arguments, env=None, host="127.0.0.1", waits=True):
        self.program, self.host = program, host
        self.port, self.health_port = free_ports(2)
        self.log = folder / f"connect-{self.port}.log"
        self.clusters = []
        words = [program, "connect", "--bind", f"{host}:{self.port}", "--health-check", "--http-bind", f"127.0.0.1:{self.health_port}", *map(str, arguments)]
        clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(clean, **(env or {})))
        if waits:
            self.wait_until_it_listens()

    def wait_until_it_listens(self):
        until = time.monotonic() + 40
        while "listening on" not in self.said():
            assert self.process.poll() is None, self.said()[-3000:]
            assert time.monotonic() < until, "it does not listen:\n" + self.said()[-3000:]
            time.sleep(0.02)  # only how often the log is looked at

    def said(self):
        return self.log.read_text()

    def connect(self, keyspace=None, **options):
        """A session of the official driver through it; the default settings unless told."""
        # The first request of a role or a version waits for TLS and the login behind it: more than the driver's 2 s on a busy machine.
        cluster = Cluster([self.host], port=self.port, **{"control_connection_timeout": 20, "connect_timeout": 20, **options})
        self.clusters.append(cluster)
        return cluster.connect(keyspace)

    def health(self, path):
        """Status and body."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def terminate(self):
        self.process.terminate()
        return self.process.wait(timeout=30)

    def stop(self):
        for cluster in self.clusters:
            cluster.shutdown()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
