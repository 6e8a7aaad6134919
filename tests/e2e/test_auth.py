"""Clusters that ask for a login: whose credentials count where."""
import subprocess

import pytest
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster

import cassandra_lab
from driver_program import DriverError
from every_driver import EVERY_VERSION
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


@pytest.mark.parametrize("driver,version", EVERY_VERSION, indirect=["driver"])
def test_clients_are_who_they_say_they_are_on_the_cluster_that_owns_them(driver, guarded_proxy, version):
    session = driver.connect(guarded_proxy, username="app", password="app-pass", version=version)
    session.execute("INSERT INTO ks.t (k, v) VALUES (1, 2)")
    assert session.execute("SELECT v FROM ks.t WHERE k = 1").rows == [(2,)]
    with pytest.raises(DriverError) as problem:
        session.execute("SELECT * FROM ks.secret")
    assert "app has no SELECT permission" in problem.value.message


def test_a_wrong_password_is_refused_in_the_clusters_words(driver, guarded_proxy):
    for user, password in (("app", "wrong"), ("nobody", "app-pass"), ("cassandra", "app-pass")):
        refused = []
        for where in (guarded_proxy, ORIGIN):
            with pytest.raises(DriverError) as problem:
                driver.connect(where, username=user, password=password)
            refused.append(problem.value)
        assert refused[0].name == refused[1].name
        # Some drivers keep the cluster's words to themselves; what they show without the proxy they show with it.
        words = f"Provided username {user} and/or password are incorrect"
        assert (words in refused[0].message) == (words in refused[1].message)
    assert "app-pass" not in guarded_proxy.log.read_text()


def test_a_client_without_credentials_does_not_get_in(driver, guarded_proxy):
    with pytest.raises(DriverError):
        driver.connect(guarded_proxy)


@pytest.mark.parametrize("command", ["migrate", "validate"])
def test_a_wrong_password_in_the_configuration_is_exit_30(crossfade, guarded, tmp_path, monkeypatch, command):
    monkeypatch.setenv("WRONG_PASSWORD", "app-pass")
    monkeypatch.setenv("TARGET_PASSWORD", "cassandra")
    done = subprocess.run([crossfade, command, "--origin", ORIGIN, "--origin-username", "cassandra", "--origin-password-env", "WRONG_PASSWORD",
                           "--target", TARGET, "--target-username", "cassandra", "--target-password-env", "TARGET_PASSWORD",
                           "--state-dir", str(tmp_path), "ks.t"], capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 30, said
    assert "origin" in said and "app-pass" not in said
