"""A gateway as its users meet it: the official driver with the bundle and a token. Whoever comes with something else: test_gateway_faults.py."""
import http.client
import json
import os
import pathlib
import socket
import ssl
import subprocess
import time

import cassandra_lab
import pytest
from cassandra import ConsistencyLevel, InvalidRequest, Unauthorized
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, NoHostAvailable
from cassandra.query import BatchStatement, SimpleStatement
from conftest import NAME
from made_certificates import Authority
from running_gateway import HOST, OPTIONS, RunningGateway
from running_proxy import wait_for

KEYSPACE = "through_gateway"


@pytest.fixture(scope="module")
def gateway(crossfade, target, tmp_path_factory):
    target.session.execute(f"CREATE KEYSPACE IF NOT EXISTS {KEYSPACE} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}", timeout=60)
    target.session.execute(f"CREATE TABLE IF NOT EXISTS {KEYSPACE}.t (k int PRIMARY KEY, v text)", timeout=60)
    running = RunningGateway(crossfade, tmp_path_factory.mktemp("gateway") / "dir", target.address)
    yield running
    running.stop()
    target.session.execute(f"DROP KEYSPACE {KEYSPACE}", timeout=60)


@pytest.fixture(scope="module")
def astra(crossfade, gateway, target, tmp_path_factory):
    running = RunningGateway(crossfade, tmp_path_factory.mktemp("gateway") / "astra", target.address, "--guardrails", "astra")
    yield running
    running.stop()


def refused(call):
    with pytest.raises(NoHostAvailable) as caught:
        call()
    return str(caught.value.errors)


# --- what an application does -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("version", [None, 5, 4, 3])
def test_the_driver_connects_prepares_writes_reads_pages_and_batches(gateway, target, version):
    session = gateway.connect(**({"protocol_version": version} if version else {}))
    assert session.get_execution_profile(EXEC_PROFILE_DEFAULT).consistency_level == ConsistencyLevel.LOCAL_QUORUM  # it takes it for Astra
    host_id = target.rows("SELECT host_id FROM system.local")[0].host_id
    assert session.execute("SELECT host_id FROM system.local").one().host_id == host_id
    assert [host.host_id for host in session.cluster.metadata.all_hosts()] == [host_id]
    session.set_keyspace(KEYSPACE)
    write = session.prepare("INSERT INTO t (k, v) VALUES (?, ?)")
    for future in [session.execute_async(write, (i, f"value {i}" * 20)) for i in range(300)]:
        future.result()
    batch = BatchStatement()
    batch.add(write, (1000, "batched"))
    batch.add(SimpleStatement("INSERT INTO t (k, v) VALUES (1001, 'batched')"))
    session.execute(batch)
    read = session.prepare("SELECT v FROM t WHERE k = ?")
    assert session.execute(read, (1000,)).one().v == "batched"
    page = SimpleStatement("SELECT k FROM t", fetch_size=20)
    assert {row.k for row in session.execute(page)} == {*range(300), 1000, 1001}


def test_tokens_come_and_go_while_it_runs(gateway):
    made = {name: value.strip() for name, value in gateway.create_token().items()}
    time.sleep(1)  # what is promised
    for username, password in (("token", made["token"]), (made["client id"], made["secret"]), (made["client id"], made["token"])):
        session = gateway.connect(password, username)
        assert session.execute("SELECT key FROM system.local").one().key == "local"
    assert made["client id"] in gateway.command("token", "list").stdout
    assert made["secret"] not in (gateway.folder / "tokens.json").read_text()
    assert gateway.command("token", "revoke", made["client id"]).returncode == 0
    wait_for(lambda: len([line for line in gateway.audit("ended") if line["client_id"] == made["client id"]]) >= 3, 2)
    assert "AuthenticationFailed" in refused(gateway.cluster(made["token"]).connect)
    assert gateway.command("token", "revoke", made["client id"]).returncode == 30


def test_a_token_that_ends_ends(gateway):
    made = gateway.create_token("--expires", "10s")
    time.sleep(1)
    session = gateway.connect(made["token"].strip())
    session.execute("SELECT key FROM system.local")
    wait_for(lambda: any(line["reason"] == "its token has expired" for line in gateway.audit("ended")), 15)
    assert "expired" in refused(gateway.cluster(made["token"].strip()).connect)


def test_wrong_tokens_are_refused_slowly_and_counted(gateway):
    for username, password in (("token", "AstraCS:abc:" + "0" * 64), ("token", "hunter2"), ("cassandra", "cassandra")):
        began = time.monotonic()
        assert "AuthenticationFailed" in refused(gateway.cluster(password, username).connect)
        assert time.monotonic() - began > 0.1
    lines = gateway.audit("login_refused")
    assert {"unknown token", "no token"} <= {line["reason"] for line in lines}
    assert "hunter2" not in (gateway.folder / "audit.log").read_text()


@pytest.mark.parametrize("version", [5, 4])
def test_limits_of_a_token_hold(gateway, version):
    only = gateway.create_token("--read-only")["token"].strip()
    here = gateway.create_token("--keyspaces", KEYSPACE)["token"].strip()
    slow = gateway.create_token("--requests-per-second", "50")["token"].strip()
    time.sleep(1)
    session = gateway.connect(only, protocol_version=version)
    assert session.cluster.protocol_version == version
    session.execute(f"SELECT * FROM {KEYSPACE}.t")
    for text in (f"INSERT INTO {KEYSPACE}.t (k) VALUES (1)", f"DROP TABLE {KEYSPACE}.t", f"TRUNCATE {KEYSPACE}.t"):
        with pytest.raises(Unauthorized, match="may only read"):
            session.execute(text)
    with pytest.raises(Unauthorized):
        session.prepare(f"INSERT INTO {KEYSPACE}.t (k) VALUES (?)")
    session = gateway.connect(here, protocol_version=version)
    write = session.prepare(f"INSERT INTO {KEYSPACE}.t (k, v) VALUES (?, 'x')")
    session.execute(write, (5000,))
    with pytest.raises(Unauthorized, match="Missing correct permission on system_auth.roles"):
        session.execute("INSERT INTO system_auth.roles (role) VALUES ('x')")
    assert {line["statement"] for line in gateway.audit("refused")} >= {"INSERT", "TRUNCATE", "SCHEMA"}
    session = gateway.connect(slow, protocol_version=version)
    began = time.monotonic()
    for future in [session.execute_async("SELECT key FROM system.local") for _ in range(100)]:
        future.result()
    assert 1.2 < time.monotonic() - began < 10


@pytest.mark.parametrize("version", [5, 4])
def test_a_batch_is_judged_by_each_of_its_statements(gateway, astra, target, version):
    only = gateway.create_token("--read-only")["token"].strip()
    here = gateway.create_token("--keyspaces", KEYSPACE)["token"].strip()
    time.sleep(1)
    key = 6000 + version
    inside, outside = f"INSERT INTO {KEYSPACE}.t (k, v) VALUES ({key}, 'x')", "INSERT INTO system_auth.roles (role) VALUES ('through a batch')"

    def batch(*statements, level=None):
        made = BatchStatement(consistency_level=level)
        for statement in statements:
            made.add(statement)
        return made

    def is_there(k):
        return bool(target.rows(f"SELECT k FROM {KEYSPACE}.t WHERE k = {k}"))

    session = gateway.connect(only, protocol_version=version)
    for refused_one in (batch(SimpleStatement(inside)), f"BEGIN BATCH {inside} APPLY BATCH"):
        with pytest.raises(Unauthorized, match="may only read"):
            session.execute(refused_one)
    session = gateway.connect(here, protocol_version=version)
    write = session.prepare(f"INSERT INTO {KEYSPACE}.t (k, v) VALUES (?, 'x')")
    for refused_one in (batch(SimpleStatement(inside), SimpleStatement(outside)), batch(write.bind((key,)), SimpleStatement(outside)),
                        f"BEGIN BATCH {inside} {outside} APPLY BATCH"):
        with pytest.raises(Unauthorized, match="Missing correct permission on system_auth.roles"):
            session.execute(refused_one)
    assert not is_there(key)
    session.execute(batch(write.bind((key,)), SimpleStatement(f"INSERT INTO {KEYSPACE}.t (k) VALUES ({key + 1000})")))
    assert is_there(key) and is_there(key + 1000)
    if version == 4:  # Astra speaks no higher one
        session = astra.connect()
        with pytest.raises(InvalidRequest, match="Provided value LOCAL_ONE is not allowed for Write Consistency Level"):
            session.execute(batch(SimpleStatement(inside.replace(str(key), "8000")), level=ConsistencyLevel.LOCAL_ONE))
        assert not is_there(8000)
        session.execute(batch(SimpleStatement(inside.replace(str(key), "8000")), level=ConsistencyLevel.LOCAL_QUORUM))
        assert is_there(8000)


def test_a_token_has_as_many_connections_as_it_may(gateway):
    two = gateway.create_token("--connections", "2")["token"].strip()
    time.sleep(1)
    first = gateway.connect(two)  # a control connection and one for requests
    assert first.execute("SELECT key FROM system.local").one().key == "local"
    assert "as many connections as it may: 2" in refused(gateway.cluster(two).connect)
    assert gateway.audit("login_refused")[-1]["reason"] == "too many connections"
    assert first.execute("SELECT key FROM system.local").one().key == "local"
    first.cluster.shutdown()

    def there_is_room():
        try:
            return gateway.connect(two).execute("SELECT key FROM system.local").one().key == "local"
        except NoHostAvailable:
            return False
    wait_for(there_is_room)


def test_guardrails_refuse_what_astra_refuses_in_its_words(astra):
    session = astra.connect()
    with pytest.raises(Unauthorized, match=r"Missing correct permission on workshop_ks\."):
        session.execute("CREATE KEYSPACE workshop_ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    write = f"INSERT INTO {KEYSPACE}.t (k, v) VALUES (7, 'x')"
    session.execute(write)
    text = r"Provided value LOCAL_ONE is not allowed for Write Consistency Level \(disallowed values are: \[ANY, ONE, LOCAL_ONE\]\)"
    with pytest.raises(InvalidRequest, match=text):
        session.execute(SimpleStatement(write, consistency_level=ConsistencyLevel.LOCAL_ONE))
    prepared = session.prepare(write)
    session.execute(prepared)
    prepared.consistency_level = ConsistencyLevel.LOCAL_ONE
    with pytest.raises(InvalidRequest, match=text):
        session.execute(prepared)
    session.execute(SimpleStatement(f"SELECT * FROM {KEYSPACE}.t", consistency_level=ConsistencyLevel.ONE))
    assert session.cluster.protocol_version == 4


def test_a_driver_without_server_names_sees_one_node(gateway, target):
    cluster = Cluster([HOST], port=gateway.port, ssl_context=gateway.context(), auth_provider=PlainTextAuthProvider("token", gateway.token),
                      connect_timeout=20)
    gateway.clusters.append(cluster)
    session = cluster.connect()
    row = session.execute("SELECT rpc_address, host_id FROM system.local").one()
    assert (row.rpc_address, row.host_id) == (HOST, target.rows("SELECT host_id FROM system.local")[0].host_id)
    prepared = session.prepare("SELECT rpc_address FROM system.local")
    assert session.execute(prepared).one().rpc_address == HOST
    assert session.execute("SELECT * FROM system.peers_v2").all() == []
    assert len(cluster.metadata.all_hosts()) == 1


# --- the metadata service -----------------------------------------------------------------------------------------------------------

def test_metadata_is_served_to_http_1_1_and_1_0(gateway, target):
    connection = http.client.HTTPSConnection(HOST, gateway.metadata_port, context=gateway.context(), timeout=20)
    connection.request("GET", "/metadata?version=1", headers={"Host": "localhost"})
    answer = connection.getresponse()
    assert answer.status == 200 and "json" in answer.headers["Content-Type"]
    document = json.loads(answer.read())
    host_id = str(target.rows("SELECT host_id FROM system.local")[0].host_id)
    assert document["contact_info"]["contact_points"] == [host_id]
    assert document["contact_info"]["sni_proxy_address"] == f"{HOST}:{gateway.port}"
    with gateway.context().wrap_socket(socket.create_connection((HOST, gateway.metadata_port), timeout=20)) as old:
        old.sendall(b"GET /metadata?version=1 HTTP/1.0\r\nHost: x\r\n\r\n")
        text = b"".join(iter(lambda: old.recv(65536), b""))
    assert b"Content-Length: " in text and text.endswith(json.dumps(document, separators=(",", ":")).encode())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls_and_the_answer_to_options(gateway, target, version):
    context = gateway.context()
    context.minimum_version = context.maximum_version = version
    name = str(target.rows("SELECT host_id FROM system.local")[0].host_id)
    with context.wrap_socket(socket.create_connection((HOST, gateway.port), timeout=20), server_hostname=name) as connection:
        connection.sendall(OPTIONS)
        assert b"DATASTAX_APOLLO" in connection.recv(65536)
        connection.sendall(b"\x42" + OPTIONS[1:])
        assert b"Invalid or unsupported protocol version (66)" in connection.recv(65536)


# --- crossfade bundle verify --------------------------------------------------------------------------------------------------------

@pytest.fixture
def verify(crossfade, gateway):
    def run(bundle, *more, token=gateway.folder / "token"):
        """Exit code and all that is said; the token is never among it."""
        done = subprocess.run([crossfade, "bundle", "verify", str(bundle), "--password-file", str(token), *more], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        assert pathlib.Path(token).read_text().strip() not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr
    return run


@pytest.fixture
def bundle_of(crossfade, gateway, tmp_path):
    """A bundle that leads to the gateway, of another certificate or another root."""
    def make(name, files, ca=gateway.folder / "pki" / "ca.crt"):
        path = tmp_path / name
        done = subprocess.run([crossfade, "bundle", "create", "--out", path, "--host", HOST, "--port", str(gateway.metadata_port), "--local-dc", "datacenter1",
                               "--ca", ca, "--cert", files[0], "--key", files[1]], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return path
    return make


def test_verify_finds_a_good_bundle_good_as_far_as_the_node(gateway, target, verify):
    code, said = verify(gateway.bundle)
    assert code == 0, said
    node = target.rows("SELECT host_id, data_center, release_version FROM system.local")[0]
    for line in (f"ok       metadata service: {HOST}:{gateway.metadata_port}: 1 nodes behind {HOST}:{gateway.port}, datacenter {node.data_center}",
                 f"ok       node {node.host_id}: logged in as token; datacenter {node.data_center}, version {node.release_version}"):
        assert line in said.splitlines(), said


def test_verify_names_what_is_wrong_with_a_bundle(gateway, verify, bundle_of, tmp_path):
    code, said = verify(bundle_of("expired.zip", gateway.authority(tmp_path / "own").issue("late", days=-1)))
    assert code == 20 and "failed   bundle: cert: ended" in said and "failed   metadata service" in said and "certificate expired" in said, said
    foreign = Authority(tmp_path / "foreign", "Foreign Root")
    code, said = verify(bundle_of("foreign.zip", foreign.issue("client"), ca=foreign.ca))
    assert code == 20 and "failed   metadata service" in said and "certificate is not accepted" in said, said
    code, said = verify(bundle_of("stranger.zip", foreign.issue("stranger")))
    assert code == 20 and "was not signed by ca.crt" in said and "failed   metadata service" in said and "unknown ca" in said, said
    truncated = tmp_path / "truncated.zip"
    truncated.write_bytes(pathlib.Path(gateway.bundle).read_bytes()[:-100])
    code, said = verify(truncated)
    assert code == 30 and "no whole zip archive" in said, said


def test_verify_tells_a_wrong_token_from_a_wrong_bundle(gateway, verify, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("AstraCS:none:" + "0" * 64 + "\n")
    wrong.chmod(0o600)
    code, said = verify(gateway.bundle, token=wrong)
    assert code == 20 and "ok       metadata service" in said and "failed   node" in said and "make a new one" in said, said


# --- certificates and folders -------------------------------------------------------------------------------------------------------

def test_a_revoked_bundle_ends_and_a_renewed_server_goes_on(crossfade, target, tmp_path, verify):
    own = RunningGateway(crossfade, tmp_path / "dir", target.address)
    try:
        session = own.connect()
        assert own.command("certificate", "renew", "--server").returncode == 0
        wait_for(lambda: "certificates were loaded anew" in own.log.read_text(), 3)
        assert session.execute("SELECT key FROM system.local").one().key == "local"  # the connection is the same
        assert not own.audit("ended")
        own.connect()
        serial = next(line for line in own.command("certificate", "list").stdout.splitlines() if line.endswith(".zip")).split()[0]
        assert own.command("certificate", "revoke", serial).returncode == 0
        wait_for(lambda: own.audit("ended"), 3)
        for port in (own.port, own.metadata_port):
            assert "CERTIFICATE_REVOKED" in own.alert(own.context(), port=port)
        code, said = verify(own.bundle, token=own.folder / "token")
        assert code == 20 and "failed   metadata service" in said and "certificate revoked" in said, said
        assert {line["port"] for line in own.audit("tls_refused") if "certificate revoked" in line["reason"]} == {"cql", "metadata"}
        assert own.command("certificate", "renew", "--bundles").returncode == 0
        time.sleep(1)
        assert own.connect().execute("SELECT key FROM system.local").one().key == "local"
    finally:
        own.stop()


def test_a_renewed_server_shows_its_new_certificate_and_drops_nobody(crossfade, target, tmp_path):
    own = RunningGateway(crossfade, tmp_path / "dir", target.address)

    def shown():
        serials = set()
        for port in (own.port, own.metadata_port):
            with own.context().wrap_socket(socket.create_connection((HOST, port), timeout=20)) as connection:
                serials.add(int(connection.getpeercert()["serialNumber"], 16))
        return serials

    def listed():
        return {int(line.split()[0], 16) for line in own.command("certificate", "list").stdout.splitlines() if line.endswith("the server")}

    try:
        session = own.connect()
        session.execute("SELECT key FROM system.local")
        before, logins = listed(), len(own.audit("login"))
        assert len(before) == 1 and shown() == before
        assert own.command("certificate", "renew", "--server").returncode == 0
        assert listed() != before
        wait_for(lambda: shown() == listed())
        assert session.execute("SELECT key FROM system.local").one().key == "local"  # by the connection that it had
        assert (len(own.audit("login")), own.audit("node_lost"), own.audit("ended")) == (logins, [], [])
    finally:
        own.stop()


def test_folders_that_others_can_read_are_refused(gateway, tmp_path, crossfade, target):
    (tmp_path / "open").mkdir(mode=0o755)
    gateway_folder, gateway.folder = gateway.folder, tmp_path / "open"
    try:
        done = gateway.command("init", "--cluster", target.address, "--name", "x", "--host", HOST)
    finally:
        gateway.folder = gateway_folder
    assert done.returncode == 30 and "chmod 700" in done.stderr
    (gateway.folder / "pki" / "server.key").chmod(0o644)
    try:
        done = gateway.command("run")
        assert done.returncode == 30 and "chmod 600" in done.stderr
    finally:
        (gateway.folder / "pki" / "server.key").chmod(0o600)


@pytest.fixture(scope="module")
def guarded(crossfade, tmp_path_factory):
    """A gateway in front of a cluster that asks for a login, with the role app, which may read one table."""
    name, address = f"{NAME}-guarded", os.environ.get("CROSSFADE_E2E_GUARDED", "127.0.0.31")
    if name not in {cluster.name for cluster in cassandra_lab.clusters()}:
        cassandra_lab.start(name, version="5.0", address=address, auth=True, heap="512M")
    environment = dict(os.environ, GATEWAY_PASSWORD="cassandra", APP_PASSWORD="app password", WRONG_PASSWORD="x")
    running = RunningGateway(crossfade, tmp_path_factory.mktemp("gateway") / "guarded", address, "--username", "cassandra", "--password-env",
                             "GATEWAY_PASSWORD", environment=environment)
    session = running.connect()
    for text in ("CREATE KEYSPACE IF NOT EXISTS own WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
                 "CREATE TABLE IF NOT EXISTS own.t (k int PRIMARY KEY)", "CREATE ROLE IF NOT EXISTS app WITH PASSWORD = 'app password' AND LOGIN = true",
                 "GRANT SELECT ON own.t TO app"):
        session.execute(text, timeout=60)
    yield running
    running.stop()
    cassandra_lab.stop(name)


@pytest.mark.long
def test_a_token_has_the_rights_of_its_role(guarded):
    made = guarded.create_token("--role", "app", "--role-password-env", "APP_PASSWORD")
    time.sleep(1)
    session = guarded.connect(made["token"].strip())
    assert session.execute("SELECT * FROM own.t").all() == []
    with pytest.raises(Unauthorized, match="User app has no MODIFY permission"):
        session.execute("INSERT INTO own.t (k) VALUES (1)")
    assert {line["role"] for line in guarded.audit("login")} == {"cassandra", "app"}
    for file in guarded.folder.rglob("*"):
        assert file.is_dir() or b"app password" not in file.read_bytes()


@pytest.mark.long
def test_a_role_whose_password_has_changed_is_told_apart(guarded):
    made = guarded.create_token("--role", "app", "--role-password-env", "WRONG_PASSWORD")
    time.sleep(1)
    assert "of the application token; its password has changed" in refused(guarded.cluster(made["token"].strip()).connect)
