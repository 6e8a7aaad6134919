"""`crossfade connect` in front of a real 5.0 node, met by the unmodified Python driver."""
import json
import ssl
import subprocess
import time
import uuid
import zipfile

import pytest
from cassandra import ConsistencyLevel, Unavailable, Unauthorized
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import NoHostAvailable
from cassandra.policies import FallthroughRetryPolicy
from cassandra.query import BatchStatement, SimpleStatement

import cassandra_lab
from made_certificates import Authority
from metadata_and_cluster import MetadataAndCluster
from running_connect import RunningConnect
from running_proxy import wait_for

TLS_NODE = "127.0.0.101"


@pytest.fixture
def endpoint(crossfade, target, tmp_path):
    """Starts endpoints in front of the 5.0 node; give None to leave out the contact points."""
    started = []

    def start(*arguments, contact_points=target.address, **options):
        source = ["--contact-points", contact_points] if contact_points else []
        started.append(RunningConnect(crossfade, tmp_path, *source, *arguments, **options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def table(target, request):
    """A fresh keyspace with a table, by its name."""
    name = "c_" + "".join(c if c.isalnum() else "_" for c in request.node.name.lower())[:40].strip("_")
    target.rows(f"DROP KEYSPACE IF EXISTS {name}")
    target.rows(f"CREATE KEYSPACE {name} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
    target.rows(f"CREATE TABLE {name}.kv (k int PRIMARY KEY, v text)")
    yield name
    target.rows(f"DROP KEYSPACE IF EXISTS {name}")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"), "Test Root")


# --- what applications do --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("version", [3, 4, 5])
def test_a_driver_does_everything_through_it(endpoint, table, version):
    session = endpoint().connect(table, protocol_version=version)
    insert = session.prepare("INSERT INTO kv (k, v) VALUES (?, ?)")  # unqualified: the keyspace is the connection's
    futures = [session.execute_async(insert, (i, f"v{i}")) for i in range(200)]
    for future in futures:
        future.result()
    batch = BatchStatement()
    batch.add(insert, (200, "batch"))
    batch.add(SimpleStatement("INSERT INTO kv (k, v) VALUES (201, 'batch')"))
    session.execute(batch)
    select = session.prepare(f"SELECT v FROM {table}.kv WHERE k = ?")
    assert [session.execute(select, (i,)).one().v for i in (0, 199, 200, 201)] == ["v0", "v199", "batch", "batch"]
    statement = SimpleStatement("SELECT k FROM kv", fetch_size=50)
    assert sorted(row.k for row in session.execute(statement)) == list(range(202))
    assert session.execute("INSERT INTO kv (k, v) VALUES (0, 'x') IF NOT EXISTS").was_applied is False
    with pytest.raises(Exception, match="unconfigured table|does not exist"):
        session.execute("SELECT * FROM nothing")
    session.execute("CREATE TABLE more (k int PRIMARY KEY)")
    assert "more" in session.cluster.metadata.keyspaces[table].tables, "schema events and agreement come through"


def test_a_driver_sees_the_endpoint_and_not_the_nodes(endpoint, target):
    running = endpoint("--data-center", "here", host="127.0.0.201")
    session = running.connect()
    assert [(host.address, host.datacenter) for host in session.cluster.metadata.all_hosts()] == [("127.0.0.201", "here")]
    local = session.execute("SELECT rpc_address, rpc_port, cluster_name FROM system.local").one()
    assert (local.rpc_address, local.rpc_port) == ("127.0.0.201", running.port)
    assert local.cluster_name == target.rows("SELECT cluster_name FROM system.local")[0].cluster_name
    assert session.execute("SELECT * FROM system.peers").all() == session.execute("SELECT * FROM system.peers_v2").all() == []
    assert session.execute("SELECT count(*) FROM system.peers_v2").one()[0] == 0
    row = session.execute("SELECT now(), toTimestamp(now()) AS t, key, cast(now() AS text) AS c FROM system.local").one()
    assert row.t.year >= 2024 and row.key == "local" and row.c
    prepared = session.prepare("SELECT key, toTimestamp(now()) AS t, host_id FROM system.local")
    assert session.execute(prepared).one().t.year >= 2024


def test_peers_are_shown_as_nodes(endpoint, tmp_path):
    config = tmp_path / "connect.yaml"
    config.write_text("rpc-address: 127.0.0.202\ndata-center: dc-1\npeers:\n  - rpc-address: 127.0.0.202\n    data-center: dc-1\n"
                      "  - rpc-address: 127.0.0.203\n    data-center: dc-2\n")
    session = endpoint("--config", config, host="127.0.0.202").connect()
    peer, = session.execute("SELECT * FROM system.peers_v2").all()
    assert (peer.native_address, peer.data_center) == ("127.0.0.203", "dc-2")
    local = session.execute("SELECT * FROM system.local").one()
    assert local.tokens and peer.tokens and not set(local.tokens) & set(peer.tokens)
    assert peer.host_id != local.host_id and peer.schema_version == local.schema_version
    assert {host.address for host in session.cluster.metadata.all_hosts()} == {"127.0.0.202", "127.0.0.203"}


def test_write_consistencies_are_overridden_on_exactly_the_writes(endpoint, table):
    """One node: what asks for TWO cannot be had."""
    running = endpoint("--unsupported-write-consistencies", "TWO,THREE", "--unsupported-write-consistency-override", "ONE")
    session = running.connect(table, default_retry_policy=FallthroughRetryPolicy())
    insert, select = session.prepare("INSERT INTO kv (k, v) VALUES (?, ?)"), session.prepare("SELECT v FROM kv WHERE k = ?")
    for statement in (insert, select):
        statement.consistency_level = ConsistencyLevel.TWO
    session.execute(insert, (1, "execute"))
    session.execute(SimpleStatement("UPDATE kv SET v = 'query' WHERE k = 2", consistency_level=ConsistencyLevel.THREE))
    batch = BatchStatement(consistency_level=ConsistencyLevel.TWO)
    batch.add(insert, (3, "batch"))
    session.execute(batch)
    with pytest.raises(Unavailable):
        session.execute(select, (1,))
    with pytest.raises(Unavailable):
        session.execute(SimpleStatement("SELECT * FROM kv", consistency_level=ConsistencyLevel.TWO))
    assert sorted((row.k, row.v) for row in session.execute("SELECT * FROM kv")) == [(1, "execute"), (2, "query"), (3, "batch")]


def test_clients_log_in_with_the_endpoints_own_users(endpoint, table, tmp_path):
    users = tmp_path / "users"
    users.write_text("app:se:cret\n")
    users.chmod(0o600)
    running = endpoint("--client-users-file", users)
    assert running.connect(table, auth_provider=PlainTextAuthProvider("app", "se:cret")).execute("SELECT * FROM kv").all() == []
    for provider in (PlainTextAuthProvider("app", "wrong"), PlainTextAuthProvider("eve", "se:cret"), None):
        with pytest.raises(NoHostAvailable) as problem:
            running.connect(auth_provider=provider)
        assert "incorrect" in str(problem.value) or "requires authentication" in str(problem.value)


def test_clients_come_by_tls(endpoint, table, authority):
    certificate, key = authority.issue("endpoint", ["127.0.0.1"])
    client = authority.issue("client-of-it")
    running = endpoint("--proxy-cert-file", certificate, "--proxy-key-file", key, "--proxy-client-ca-file", authority.ca)

    def context(*files):
        made = ssl.create_default_context(cafile=str(authority.ca))
        made.check_hostname = False  # drivers differ in what they call the host
        if files:
            made.load_cert_chain(*files)
        return made

    assert running.connect(table, ssl_context=context(*client)).execute("SELECT * FROM kv").all() == []
    with pytest.raises(NoHostAvailable):
        running.connect(ssl_context=context())


def made_bundle(path, authority, client, port):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"host": "localhost", "port": port}))
        for name, file in (("ca.crt", authority.ca), ("cert", client[0]), ("key", client[1])):
            archive.write(file, name)
    return path


# --- bundles ---------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def bundle(crossfade, target, authority, tmp_path):
    """A bundle that leads to the 5.0 node through an SNI proxy, and that proxy."""
    host_id = str(target.rows("SELECT host_id FROM system.local")[0].host_id)
    service = MetadataAndCluster(authority, authority.issue("localhost", ["localhost"]), {host_id: (target.address, 9042)})
    # The document names the datacenter that real nodes have.
    service.document = (f'{{"version": 1, "contact_info": {{"type": "sni_proxy", "local_dc": "datacenter1", "contact_points": ["{uuid.uuid4()}", "{host_id}"],'
                        f' "sni_proxy_address": "localhost:{service.cql_port}"}}}}')
    path = made_bundle(tmp_path / "scb.zip", authority, authority.issue("client"), service.metadata_port)
    return path, service, host_id


@pytest.fixture
def token_file(tmp_path):
    file = tmp_path / "token"
    file.write_text("AstraCS:not-asked-for-by-an-open-node\n")
    file.chmod(0o600)
    return file


def test_a_bundle_leads_to_the_nodes_behind_an_sni_proxy(endpoint, bundle, table, token_file):
    path, service, host_id = bundle
    running = endpoint("--astra-bundle", path, "--username", "token", "--password-file", token_file, contact_points=None)
    session = running.connect(table)
    insert = session.prepare("INSERT INTO kv (k, v) VALUES (?, ?)")
    for i in range(20):
        session.execute(insert, (i, "x"))
    assert len(session.execute("SELECT * FROM kv").all()) == 20
    # The first contact point is nobody's; it is passed over, and from then on every connection names the node.
    assert host_id in service.asked and set(service.asked[1:]) <= {host_id, service.asked[0]}
    assert running.health("/readiness")[0] == 200
    assert "environment variables used: none" in running.said()


def test_cql_proxys_variables_and_a_metadata_service_that_comes_later(endpoint, bundle, table, token_file):
    path, service, _ = bundle
    service.status = 503
    running = endpoint("--readiness-timeout", "50ms", contact_points=None, waits=False,
                       env={"ASTRA_BUNDLE": str(path), "USERNAME": "token", "PASSWORD": "AstraCS:x", "ASTRA_TIMEOUT": "2s"})
    wait_for(lambda: "hibernated" in running.said())
    wait_for(lambda: running.health("/readiness")[0] == 503)
    assert running.health("/liveness") == (200, "ok")
    service.status = 200
    running.wait_until_it_listens()
    wait_for(lambda: running.health("/readiness")[0] == 200)
    assert running.connect(table).execute("SELECT * FROM kv").all() == []
    assert "environment variables used: ASTRA_BUNDLE, USERNAME, PASSWORD, ASTRA_TIMEOUT" in running.said()
    assert "AstraCS" not in running.said()


# --- what people do wrong --------------------------------------------------------------------------------------------------------

def refused(crossfade, *arguments, env=None):
    done = subprocess.run([crossfade, "connect", "--bind", "127.0.0.1:0", *map(str, arguments)], capture_output=True, text=True, timeout=60, env=env or {})
    assert done.returncode == 30, (done.returncode, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line.startswith("crossfade connect:")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_bad_configuration_is_one_sentence_and_exit_30(crossfade, tmp_path, authority):
    assert "no cluster to connect to" in refused(crossfade)
    assert "--contact-points" in refused(crossfade, "--contact-points", "a:99999")
    assert "USERNAME" not in refused(crossfade, env={"USERNAME": "root"})
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK nothing")
    assert "broken.zip" in refused(crossfade, "--astra-bundle", broken, "-u", "token", "--password", "x")
    assert "--heartbeat-interval" in refused(crossfade, "-c", "127.0.0.1", "--heartbeat-interval", "2m")
    gone = made_bundle(tmp_path / "gone.zip", authority, authority.issue("gone", days=-2), 1)
    assert "cert: ended" in refused(crossfade, "--astra-bundle", gone, "-u", "token", "--password", "x")


def test_a_secret_argument_is_overwritten_and_warned_of(endpoint):
    running = endpoint("-u", "someone", "--password", "hush-hush-hush")
    with open(f"/proc/{running.process.pid}/cmdline", "rb") as file:
        arguments = file.read()
    assert b"hush" not in arguments and b"*" * 14 in arguments
    assert "--password-file" in running.said() and "hush" not in running.said()


# --- a cluster with TLS and logins -----------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def guarded():
    cluster = cassandra_lab.start("connect-tls", version="5.0", address=TLS_NODE, auth=True, tls=True, durable=True, heap="512M")
    yield cluster
    cassandra_lab.stop("connect-tls")


@pytest.fixture
def password_file(tmp_path):
    file = tmp_path / "password"
    file.write_text("cassandra\n")
    file.chmod(0o600)
    return file


@pytest.mark.long
def test_a_tls_cluster_with_logins(endpoint, crossfade, guarded, password_file, tmp_path):
    login = ["--cluster-ca-file", guarded.ca_file, "--username", "cassandra", "--password-file", password_file]
    session = endpoint(*login, contact_points=TLS_NODE).connect()
    assert session.execute("LIST ROLES").all()[0].role == "cassandra", "requests run under the configured role"
    session.execute("CREATE ROLE IF NOT EXISTS app WITH PASSWORD = 'app-pass' AND LOGIN = true")
    session.execute("CREATE KEYSPACE IF NOT EXISTS ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.execute("CREATE TABLE IF NOT EXISTS ks.t (k int PRIMARY KEY)")
    session.execute("GRANT SELECT ON ks.t TO app")
    own = endpoint(*login, "--client-auth", "cluster", contact_points=TLS_NODE)
    as_app = own.connect(auth_provider=PlainTextAuthProvider("app", "app-pass"))
    assert as_app.execute("SELECT * FROM ks.t").all() == []
    with pytest.raises(Unauthorized):
        as_app.execute("INSERT INTO ks.t (k) VALUES (1)")
    with pytest.raises(NoHostAvailable) as problem:
        own.connect(auth_provider=PlainTextAuthProvider("app", "wrong"))
    assert "incorrect" in str(problem.value)
    wrong = tmp_path / "wrong"
    wrong.write_text("nonsense\n")
    assert "--password-file" in refused(crossfade, "--contact-points", TLS_NODE, *login[:-1], wrong)


@pytest.mark.long
def test_a_node_that_restarts_is_found_again(endpoint, guarded, password_file):
    running = endpoint("--cluster-ca-file", guarded.ca_file, "--username", "cassandra", "--password-file", password_file, "--readiness-timeout", "1s",
                       contact_points=TLS_NODE)
    session = running.connect()
    select = session.prepare("SELECT role FROM system_auth.roles")
    assert session.execute(select).all()
    cassandra_lab.kill("connect-tls", 1)
    wait_for(lambda: running.health("/readiness")[0] == 503, 30)
    begun = time.monotonic()
    with pytest.raises(Exception):
        session.execute(select, timeout=15)
    assert time.monotonic() - begun < 15, "an answer, not silence"
    cassandra_lab.restart("connect-tls", 1, 180)
    wait_for(lambda: running.health("/readiness")[0] == 200, 30)
    wait_for(lambda: _answers(session, select), 30)


def _answers(session, statement):
    try:
        return bool(session.execute(statement, timeout=5).all())
    except Exception:
        return False
