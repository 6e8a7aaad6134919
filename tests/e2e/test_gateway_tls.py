"""A gateway in front of a cluster that takes TLS alone, with logins."""
import json
import os
import shutil
import stat
import subprocess

import cassandra_lab
import pytest
from conftest import NAME
from made_certificates import Authority
from running_gateway import HOST, RunningGateway

pytestmark = pytest.mark.long
ADDRESS = os.environ.get("CROSSFADE_E2E_GATEWAY_TLS", "127.0.0.102")
ENVIRONMENT = dict(os.environ, GATEWAY_PASSWORD="cassandra")
LOGIN = ("--username", "cassandra", "--password-env", "GATEWAY_PASSWORD")


@pytest.fixture(scope="module")
def secured():
    cluster = cassandra_lab.start(f"{NAME}-gateway-tls", version="5.0", address=ADDRESS, auth=True, tls=True, heap="512M")
    yield cluster
    cassandra_lab.stop(cluster.name)


def test_a_driver_with_the_bundle_writes_and_reads(secured, crossfade, tmp_path):
    authority = shutil.copy(secured.ca_file, tmp_path / "root.pem")
    gateway = RunningGateway(crossfade, tmp_path / "dir", ADDRESS, "--cluster-ca", str(authority), *LOGIN, environment=ENVIRONMENT)
    try:
        assert json.loads((gateway.folder / "gateway.json").read_text())["cluster_ca"] == "cluster/ca.crt"
        kept = gateway.folder / "cluster" / "ca.crt"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
        for version in (5, 4):
            session = gateway.connect(protocol_version=version)
            assert session.cluster.protocol_version == version
            session.execute("CREATE KEYSPACE IF NOT EXISTS behind_tls WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", timeout=60)
            session.execute("CREATE TABLE IF NOT EXISTS behind_tls.t (k int PRIMARY KEY, v text)", timeout=60)
            write = session.prepare("INSERT INTO behind_tls.t (k, v) VALUES (?, ?)")
            for future in [session.execute_async(write, (i, f"v{version} " * 1000)) for i in range(100)]:
                future.result()
            assert {(row.k, row.v) for row in session.execute("SELECT k, v FROM behind_tls.t")} == {(i, f"v{version} " * 1000) for i in range(100)}
        # The folder is all it needs, wherever that is.
        gateway.stop()
        authority.unlink()
        gateway.folder = gateway.folder.rename(tmp_path / "moved")
        gateway.start()
        assert gateway.connect().execute("SELECT v FROM behind_tls.t WHERE k = 1").one().v == "v4 " * 1000
    finally:
        gateway.stop()


@pytest.fixture
def init(crossfade, tmp_path):
    """Exit code and words of `crossfade gateway init`; nothing is left of one that is refused."""
    def run(*arguments):
        folder = tmp_path / "refused"
        done = subprocess.run([crossfade, "gateway", "init", "--cluster", ADDRESS, "--name", "shop", "--host", HOST, "--dir", str(folder), *LOGIN,
                               *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        assert done.returncode == 0 or not folder.exists(), list(folder.iterdir())
        return done.returncode, done.stderr
    return run


def test_init_refuses_what_is_not_the_clusters_root(secured, init, tmp_path):
    code, said = init("--cluster-ca", Authority(tmp_path / "foreign", "Crossfade lab CA").ca)
    assert code == 30 and "certificate is not accepted" in said and "--cluster-ca has to be the root" in said, said
    code, said = init("--cluster-tls")  # what the system trusts did not sign it
    assert code == 30 and "certificate is not accepted" in said, said


def test_init_says_that_the_cluster_wants_tls(secured, init):
    code, said = init()
    assert code == 30 and "if the cluster wants TLS, give --cluster-ca" in said, said


def test_init_names_the_file_that_will_not_do(secured, init, tmp_path):
    (tmp_path / "words").write_text("no certificate\n")
    code, said = init("--cluster-ca", tmp_path / "words")
    assert code == 30 and said.startswith(f"--cluster-ca: {tmp_path / 'words'}: no certificates to trust"), said
    code, said = init("--cluster-ca", secured.ca_file, "--cluster-cert", tmp_path / "words")
    assert code == 30 and "cluster_cert and cluster_key: a certificate and its key belong together" in said, said
    certificate, key = Authority(tmp_path / "foreign", "Foreign Root").issue("gateway")
    code, said = init("--cluster-ca", secured.ca_file, "--cluster-cert", certificate, "--cluster-key", tmp_path / "words")
    assert code == 30 and said.startswith(f"--cluster-key: {tmp_path / 'words'}: "), said
