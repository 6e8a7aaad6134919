"""Clusters that ask for a login: whose credentials count where."""
import pytest
from cassandra import AuthenticationFailed, Unauthorized
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, NoHostAvailable

import cassandra_lab
from running_proxy import RunningProxy

ORIGIN, TARGET = "127.0.0.91", "127.0.0.95"
ADMIN = PlainTextAuthProvider("cassandra", "cassandra")


def everywhere(*statements):
    for address in (ORIGIN, TARGET):
        cluster = Cluster([address], auth_provider=ADMIN)
        session = cluster.connect()
        for statement in statements:
            session.execute(statement, timeout=60)
        cluster.shutdown()


@pytest.fixture(scope="module")
def guarded():
    cassandra_lab.start("auth-origin", version="4.1", address=ORIGIN, auth=True)
    cassandra_lab.start("auth-target", version="5.0", address=TARGET, auth=True)
    everywhere("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", "CREATE TABLE ks.t (k int PRIMARY KEY, v int)",
               "CREATE TABLE ks.secret (k int PRIMARY KEY)", "CREATE ROLE app WITH PASSWORD = 'app-pass' AND LOGIN = true", "GRANT SELECT ON ks.t TO app", "GRANT MODIFY ON ks.t TO app")
    yield
    cassandra_lab.stop("auth-origin")
    cassandra_lab.stop("auth-target")


@pytest.fixture
def guarded_proxy(crossfade, guarded, tmp_path, monkeypatch):
    monkeypatch.setenv("TARGET_PASSWORD", "cassandra")
    monkeypatch.setenv("ORIGIN_PASSWORD", "cassandra")
    running = RunningProxy(crossfade, ORIGIN, TARGET, tmp_path, "--origin-username", "cassandra", "--origin-password-env", "ORIGIN_PASSWORD",
                           "--target-username", "cassandra", "--target-password-env", "TARGET_PASSWORD")
    yield running
    running.stop()


def connect(proxy, user, password, **options):
    return proxy.connect(auth_provider=PlainTextAuthProvider(user, password), **options)


@pytest.mark.parametrize("version", [3, 4, 5])
def test_clients_are_who_they_say_they_are_on_the_cluster_that_owns_them(guarded_proxy, version):
    session = connect(guarded_proxy, "app", "app-pass", protocol_version=version)
    session.execute("INSERT INTO ks.t (k, v) VALUES (1, 2)")
    assert session.execute("SELECT v FROM ks.t WHERE k = 1").one().v == 2
    with pytest.raises(Unauthorized):
        session.execute("SELECT * FROM ks.secret")


def test_a_wrong_password_is_refused_in_the_clusters_words(guarded_proxy):
    for user, password in (("app", "wrong"), ("nobody", "app-pass"), ("cassandra", "app-pass")):
        with pytest.raises(NoHostAvailable) as problem:
            connect(guarded_proxy, user, password)
        assert any(isinstance(one, AuthenticationFailed) for one in problem.value.errors.values()), problem.value.errors
    assert "app-pass" not in guarded_proxy.log.read_text()


def test_a_client_without_credentials_does_not_get_in(guarded_proxy):
    with pytest.raises(NoHostAvailable):
        guarded_proxy.connect()
