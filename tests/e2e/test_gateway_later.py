"""A gateway whose cluster and whose hosts have changed since it was made, in front of a stub node."""
import json

import pytest
import stub_nodes
from running_gateway import RunningGateway
from running_proxy import wait_for

NODE = "127.0.0.131"


@pytest.fixture
def node_of():
    """Starts the one node, as one of that datacenter, in place of the one before."""
    running = []

    def start(datacenter):
        for node in running:
            node.stop()
        running[:] = [stub_nodes.StubNode(NODE, cluster_name="stubs", id_salt="later", datacenter=datacenter)]

    yield start
    for node in running:
        node.stop()


@pytest.fixture
def gateway(crossfade, node_of, tmp_path):
    node_of("dc1")
    running = RunningGateway(crossfade, tmp_path / "dir", NODE)
    yield running
    running.stop()


def bundles(gateway):
    return sorted(path.name for path in gateway.folder.glob("*.zip"))


def test_the_bundle_of_a_datacenter_that_came_later(gateway, node_of):
    before = (gateway.folder / "secure-connect-shop-dc1.zip").read_bytes()
    done = gateway.command("bundle", "create")
    assert done.returncode == 0 and "secure-connect-shop-dc1.zip: is there already" in done.stdout, done
    done = gateway.command("bundle", "create", "--datacenter", "dc2")
    assert done.returncode == 30 and "--datacenter: the cluster has no datacenter 'dc2'; it has dc1" in done.stderr, done
    assert bundles(gateway) == ["secure-connect-shop-dc1.zip"]
    node_of("dc2")
    done = gateway.command("bundle", "create", "--datacenter", "dc2")
    assert done.returncode == 0 and "secure-connect-shop-dc2.zip: the bundle for dc2 behind 127.0.0.1" in done.stdout, done
    assert bundles(gateway) == ["secure-connect-shop-dc1.zip", "secure-connect-shop-dc2.zip"]
    assert (gateway.folder / "secure-connect-shop-dc1.zip").read_bytes() == before

    def local_datacenter():
        session = gateway.connect(bundle=str(gateway.folder / "secure-connect-shop-dc2.zip"))
        return session.execute("SELECT data_center FROM system.local").one().data_center

    wait_for(lambda: _is(local_datacenter, "dc2"))  # the gateway was not started again


def _is(call, expected):
    try:
        return call() == expected
    except Exception:
        return False


def test_a_bundle_that_was_revoked_is_made_anew(gateway):
    serial = next(line for line in gateway.command("certificate", "list").stdout.splitlines() if line.endswith(".zip")).split()[0]
    assert gateway.command("certificate", "revoke", serial).returncode == 0
    done = gateway.command("bundle", "create")
    assert done.returncode == 0 and "the bundle for dc1" in done.stdout and "is there already" not in done.stdout, done
    wait_for(lambda: _is(lambda: gateway.connect().execute("SELECT key FROM system.local").one().key, "local"))


def test_the_bundle_of_a_host_that_came_later(gateway):
    done = gateway.command("bundle", "create", "--host", "localhost")
    assert done.returncode == 30 and "add it under 'hosts' in " in done.stderr, done
    settings = gateway.folder / "gateway.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "hosts": ["127.0.0.1", "localhost"]}))
    done = gateway.command("bundle", "create", "--host", "LocalHost")
    assert done.returncode == 0 and "secure-connect-shop-dc1-localhost.zip: the bundle for dc1 behind localhost" in done.stdout, done
    assert "server.crt: does not name localhost" in done.stdout and "certificate renew --server" in done.stdout, done
    assert gateway.command("certificate", "renew", "--server").returncode == 0
    gateway.stop()
    gateway.start()
    assert "does not name" not in gateway.command("bundle", "create").stdout
    session = gateway.connect(bundle=str(gateway.folder / "secure-connect-shop-dc1-localhost.zip"))
    assert session.execute("SELECT key FROM system.local").one().key == "local"
