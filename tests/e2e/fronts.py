"""What applications are pointed at: a gateway in front of a cluster, as a bundle, as the files in it, or through `crossfade connect`."""
import json
import os
import subprocess
import zipfile

import cassandra_lab
import pytest
from cassandra.cluster import Cluster
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from running_connect import RunningConnect
from running_gateway import HOST, RunningGateway

KEYSPACE = "k_applications"
THREE_NODES = "127.0.0.111"


def with_certificate(bundle, certificate, key, made):
    """A copy of the bundle with another client certificate, in every form that drivers read it in; gives its path."""
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes()), serialization.load_pem_private_key(key.read_bytes(), None)

    def store(password):
        return pkcs12.serialize_key_and_certificates(b"client", loaded[1], loaded[0], None, serialization.BestAvailableEncryption(password.encode()))

    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(made, "w") as target:
        settings = json.loads(source.read("config.json"))
        new = {"cert": certificate.read_bytes(), "key": key.read_bytes(), "identity.jks": store(settings["keyStorePassword"]),
               "cert.pfx": store(settings["pfxCertPassword"])}
        for name in source.namelist():
            target.writestr(name, new.get(name) or source.read(name))
    return made


class Front:
    def __init__(self, program, folder, cluster, *arguments):
        self.folder = folder
        # Java asks the machine for the name of an address and checks the certificate for that.
        self.gateway = RunningGateway(program, folder / "dir", cluster, "--host", "localhost", *arguments)
        self._endpoint = None

    @property
    def unpacked(self):
        """As `crossfade bundle unpack` gives it."""
        folder = self.folder / "files"
        if not folder.is_dir():
            subprocess.run([self.gateway.program, "bundle", "unpack", self.gateway.bundle, folder], check=True, capture_output=True, timeout=60)
        return folder

    @property
    def endpoint(self):
        """`crossfade connect`, whose clients log in with tokens of their own."""
        if self._endpoint is None:
            self._endpoint = RunningConnect(self.gateway.program, self.folder, "--astra-bundle", self.gateway.bundle, "--username", "token",
                                            "--password-file", self.gateway.folder / "token", "--client-auth", "cluster")
        return self._endpoint

    def where(self, way, token=None):
        """What a driver is told: how to reach the cluster in this way, and who it is."""
        login = {"username": "token", "password": token or self.gateway.token}
        if way == "bundle":
            return {"bundle": self.gateway.bundle, **login}
        if way == "unpacked":
            return {"host": HOST, "port": self.gateway.port, "tls": str(self.unpacked), **login}
        return {"host": HOST, "port": self.endpoint.port, **login}

    def where_it_has_expired(self, way):
        """The same with a client certificate that is over."""
        made = self.folder / "late.zip"
        if not made.exists():
            with_certificate(self.gateway.bundle, *self.gateway.authority(self.folder / "late").issue("late", days=-1), made)
        where = self.where(way)
        if way == "bundle":
            return {**where, "bundle": str(made)}
        with zipfile.ZipFile(made) as bundle:
            bundle.extractall(self.folder / "late-files")
        return {**where, "tls": str(self.folder / "late-files")}

    def stop(self):
        if self._endpoint:
            self._endpoint.stop()
        self.gateway.stop()


@pytest.fixture(scope="session")
def front(crossfade, target, tmp_path_factory):
    target.session.execute(f"CREATE KEYSPACE IF NOT EXISTS {KEYSPACE} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}", timeout=60)
    running = Front(crossfade, tmp_path_factory.mktemp("front"), target.address)
    yield running
    running.stop()
    target.session.execute(f"DROP KEYSPACE {KEYSPACE}", timeout=60)


@pytest.fixture(scope="session")
def guarded_front(crossfade, front, target, tmp_path_factory):
    """With Astra's guardrails; the table is there."""
    target.session.execute(f"CREATE TABLE IF NOT EXISTS {KEYSPACE}.guarded (k int PRIMARY KEY, v text)", timeout=60)
    running = Front(crossfade, tmp_path_factory.mktemp("front"), target.address, "--guardrails", "astra")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def three_nodes():
    """A cluster of which a node may be killed, if it is started again. With the keyspace, three times."""
    reuse = os.environ.get("CROSSFADE_E2E_REUSE") == "1"
    if reuse and any(cluster.name == "applications" for cluster in cassandra_lab.clusters()):
        cluster = cassandra_lab.load("applications")
    else:
        cluster = cassandra_lab.start("applications", version="5.0", address=THREE_NODES, nodes=3, heap="384M", durable=True, timeout_seconds=900,
                                      settings={"read_request_timeout": "20s", "write_request_timeout": "20s"})  # three of them on a busy machine
    direct = Cluster([THREE_NODES])
    session = direct.connect()
    session.execute(f"DROP KEYSPACE IF EXISTS {KEYSPACE}", timeout=60)
    session.execute(f"CREATE KEYSPACE {KEYSPACE} WITH replication = {{'class': 'NetworkTopologyStrategy', 'datacenter1': 3}}", timeout=60)
    direct.shutdown()
    yield cluster
    if not reuse:
        cassandra_lab.stop(cluster.name)


@pytest.fixture(scope="session")
def front_of_three(crossfade, three_nodes, tmp_path_factory):
    running = Front(crossfade, tmp_path_factory.mktemp("front"), ",".join(three_nodes.addresses))
    yield running
    running.stop()
