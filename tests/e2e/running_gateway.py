"""Makes and runs a `crossfade gateway` on free ports, and connects to it as users do: by its bundle and a token."""
import json
import pathlib
import socket
import ssl
import struct
import subprocess
import time
import zipfile

import pytest
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster
from made_certificates import Authority
from running_proxy import free_ports

HOST = "127.0.0.1"
OPTIONS = struct.pack(">BBhBi", 4, 0, 0, 5, 0)


class RunningGateway:
    def __init__(self, program, folder, cluster, *arguments, environment=None):
        self.program, self.folder, self.environment = program, pathlib.Path(folder), environment
        self.port, self.metadata_port = free_ports(2)
        self.log = self.folder.parent / (self.folder.name + ".log")
        self.process, self.clusters = None, []
        done = self.command("init", "--cluster", cluster, "--name", "shop", "--host", HOST, "--cql-port", str(self.port), "--metadata-port",
                            str(self.metadata_port), *arguments)
        assert done.returncode == 0, done.stderr
        self.start()

    def command(self, *words):
        """Runs `crossfade gateway WORDS --dir …`; gives the finished process."""
        return subprocess.run([self.program, "gateway", *words, "--dir", str(self.folder)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, env=self.environment)

    def start(self):
        with open(self.log, "a") as log:
            begun = log.tell()
            self.process = subprocess.Popen([self.program, "gateway", "run", "--dir", str(self.folder)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment)
        until = time.monotonic() + 30
        while "serves" not in self.log.read_text()[begun:]:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < until, "the gateway does not serve:\n" + self.log.read_text()[-3000:]
            time.sleep(0.02)  # only how often the log is looked at

    @property
    def bundle(self):
        """The first host's; those of further hosts have longer names."""
        return str(min(self.folder.glob("secure-connect-shop-*.zip"), key=lambda path: len(path.name)))

    @property
    def token(self):
        return (self.folder / "token").read_text().strip()

    def create_token(self, *arguments):
        """{"token", "client id", "secret"} of a new token."""
        done = self.command("token", "create", *arguments)
        assert done.returncode == 0, done.stderr
        return dict(line.split(":", 1) for line in done.stdout.replace(":  ", ": ").splitlines() if ":" in line and " as user" not in line)

    def cluster(self, token=None, username="token", bundle=None, **options):
        cluster = Cluster(cloud={"secure_connect_bundle": bundle or self.bundle, "use_default_tempdir": True, "connect_timeout": 20},
                          auth_provider=PlainTextAuthProvider(username, token or self.token), connect_timeout=20,
                          **{"control_connection_timeout": 20, **options})
        self.clusters.append(cluster)
        return cluster

    def connect(self, *arguments, **options):
        session = self.cluster(*arguments, **options).connect()
        session.default_timeout = 30
        return session

    def unpacked(self):
        """The folder with the bundle's PEM files."""
        folder = self.folder.parent / "unpacked"
        with zipfile.ZipFile(self.bundle) as bundle:
            bundle.extractall(folder)
        return folder

    def context(self, files=None):
        """TLS as a client of this gateway speaks it; `files`: (certificate, key) in place of the bundle's."""
        folder = self.unpacked()
        context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        context.check_hostname = False
        if files != ():
            context.load_cert_chain(*(map(str, files or (folder / "cert", folder / "key"))))
        return context

    def authority(self, folder):
        """Its own root, to sign what it would not."""
        return Authority.loaded(folder, self.folder / "pki" / "ca.crt", self.folder / "pki" / "ca.key")

    def said(self, port, data, context=None, name=None):
        """What comes back to these bytes until the gateway closes."""
        connection = socket.create_connection((HOST, port), timeout=20)
        try:
            if context:
                connection = context.wrap_socket(connection, server_hostname=name)
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(65536), b""))
        finally:
            connection.close()

    def alert(self, context, name=None, port=None):
        """The TLS alert by which a connection ends."""
        with pytest.raises(ssl.SSLError) as caught:
            self.said(port or self.port, OPTIONS, context, name)
        return caught.value.reason

    def audit(self, event=None):
        lines = [json.loads(line) for line in (self.folder / "audit.log").read_text().splitlines()]
        return [line for line in lines if event in (None, line["event"])]

    def stop(self):
        for cluster in self.clusters:
            cluster.shutdown()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
