"""cqlsh as PyPI has it: with the files of an unpacked bundle, and through `crossfade connect`."""
import pathlib
import subprocess

import pytest

from fronts import KEYSPACE
from running_connect import RunningConnect

CQLSH = pathlib.Path(__file__).resolve().parent.parent.parent / ".cache" / "python-all-drivers" / "bin" / "cqlsh"
WRITE = f"INSERT INTO {KEYSPACE}.from_cqlsh (k, c, v) VALUES (1, {{c}}, 'value {{c}}')"
pytestmark = pytest.mark.long


class Cqlsh:
    """Where it connects is said once; gives what it prints, or what it says when it fails."""

    def __init__(self, folder, *where, token=None):
        self.command = [CQLSH, "--no-color", "--request-timeout", "30", "--connect-timeout", "30", *where]
        if token:  # not an argument: those can be seen by everybody on the machine
            credentials = folder / "credentials"
            credentials.write_text(f"[PlainTextAuthProvider]\nusername = token\npassword = {token}\n")
            credentials.chmod(0o600)
            self.command += ["--credentials", credentials, "--username", "token"]

    def run(self, *statements):
        return subprocess.run(list(map(str, self.command)), input="".join(statement + ";\n" for statement in statements), capture_output=True, text=True,
                              timeout=180)

    def ran(self, *statements):
        done = self.run(*statements)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return done.stdout


@pytest.fixture
def cqlsh(tmp_path):
    if not CQLSH.exists():
        pytest.skip("cqlsh: setup/install all-drivers has not been run, or could not install it")
    return lambda *where, **token: Cqlsh(tmp_path, *where, **token)


def by_files(cqlsh, front, token=None, folder=None):
    return cqlsh("--cqlshrc", (folder or front.unpacked) / "cqlshrc", token=token or front.gateway.token)


def does_everything(shell, target):
    shell.ran(f"CREATE TABLE IF NOT EXISTS {KEYSPACE}.from_cqlsh (k int, c int, v text, PRIMARY KEY (k, c))", f"TRUNCATE {KEYSPACE}.from_cqlsh")
    shell.ran("CONSISTENCY LOCAL_QUORUM", *(WRITE.format(c=c) for c in range(30)),
              f"BEGIN BATCH {WRITE.format(c=30)}; {WRITE.format(c=31)}; APPLY BATCH")
    said = shell.ran("PAGING 10", f"SELECT c, v FROM {KEYSPACE}.from_cqlsh WHERE k = 1")
    assert [f"value {c}" in said for c in range(32)] == [True] * 32 and "(32 rows)" in said
    assert target.rows(f"SELECT count(*) FROM {KEYSPACE}.from_cqlsh WHERE k = 1")[0].count == 32
    assert "from_cqlsh" in shell.ran(f"DESCRIBE TABLE {KEYSPACE}.from_cqlsh")


def test_with_an_unpacked_bundle_it_does_everything(cqlsh, front, target):
    does_everything(by_files(cqlsh, front), target)


def test_through_connect_it_does_everything_without_a_login(cqlsh, crossfade, front, target, tmp_path):
    endpoint = RunningConnect(crossfade, tmp_path, "--astra-bundle", front.gateway.bundle, "--username", "token", "--password-file",
                              front.gateway.folder / "token")
    try:
        does_everything(cqlsh("127.0.0.1", endpoint.port), target)
    finally:
        endpoint.stop()


def test_a_wrong_token_is_refused(cqlsh, front):
    done = by_files(cqlsh, front, token="AstraCS:nobody:" + "0" * 64).run("SELECT key FROM system.local")
    assert done.returncode != 0 and "uthentication" in done.stderr, done.stderr


def test_an_expired_certificate_is_refused(cqlsh, front, tmp_path):
    late = pathlib.Path(front.where_it_has_expired("unpacked")["tls"])
    rc = tmp_path / "rc"
    rc.mkdir()
    # As that of the unpacked bundle, which has absolute paths.
    (rc / "cqlshrc").write_text((front.unpacked / "cqlshrc").read_text().replace(str(front.unpacked), str(late)))
    before = len(front.gateway.audit("tls_refused"))
    done = by_files(cqlsh, front, folder=rc).run("SELECT key FROM system.local")
    assert done.returncode != 0 and done.stderr
    assert any("certificate has expired" in line["reason"] for line in front.gateway.audit("tls_refused")[before:])


def test_guardrails_refuse_its_default_consistency(cqlsh, guarded_front):
    """It writes at ONE unless it is told."""
    shell = by_files(cqlsh, guarded_front)
    write = f"INSERT INTO {KEYSPACE}.guarded (k, v) VALUES (2, 'from cqlsh')"
    assert "Provided value ONE is not allowed for Write Consistency Level" in shell.run(write).stderr
    shell.ran("CONSISTENCY LOCAL_QUORUM", write)
    assert "from cqlsh" in shell.ran(f"SELECT v FROM {KEYSPACE}.guarded WHERE k = 2")


def test_a_node_is_down(cqlsh, front_of_three, three_nodes):
    shell = by_files(cqlsh, front_of_three)
    three_nodes.kill(1)
    try:
        shell.ran("CONSISTENCY QUORUM", f"CREATE TABLE {KEYSPACE}.from_cqlsh (k int, c int, v text, PRIMARY KEY (k, c))", WRITE.format(c=1))
        assert "value 1" in shell.ran("CONSISTENCY QUORUM", f"SELECT v FROM {KEYSPACE}.from_cqlsh WHERE k = 1 AND c = 1")
    finally:
        three_nodes.restart(1, timeout_seconds=600)
    assert "value 1" in shell.ran("CONSISTENCY ALL", f"SELECT v FROM {KEYSPACE}.from_cqlsh WHERE k = 1 AND c = 1")
