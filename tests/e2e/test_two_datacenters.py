"""One real cluster of two datacenters behind one gateway, and one of them is lost: what applications with its bundle notice.

All of it is long: two nodes start, and one is killed and started again for each driver.
"""
import http.client
import itertools
import json
import os
import ssl
import zipfile

import pytest
from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import WhiteListRoundRobinPolicy

import cassandra_lab
from driver_program import DriverError
from every_driver import APPLICATIONS, BY_NAME, DriverInUse
from running_gateway import HOST, RunningGateway
from running_proxy import wait_for

pytestmark = pytest.mark.long

NAME, FIRST, SECOND = "two-datacenters", "127.0.0.131", "127.0.0.132"
KEYSPACE = "k_two_datacenters"
CROSSFADE = next(driver for driver, way in APPLICATIONS if driver.name == "crossfade")
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def nodes():
    """Node 1 is dc1, node 2 is dc2."""
    reuse = os.environ.get("CROSSFADE_E2E_REUSE") == "1"
    if reuse and any(cluster.name == NAME for cluster in cassandra_lab.clusters()):
        cluster = cassandra_lab.load(NAME)
    else:
        cluster = cassandra_lab.start(NAME, version="5.0", address=FIRST, nodes=2, dc="dc1,dc2", heap="384M", durable=True, timeout_seconds=900,
                                      settings={"read_request_timeout": "20s", "write_request_timeout": "20s"})
    yield cluster
    if not reuse:
        cassandra_lab.stop(cluster.name)


class Direct:
    """A session of the official driver with one node, whatever becomes of the other."""

    def __init__(self, address):
        profile = ExecutionProfile(WhiteListRoundRobinPolicy([address]), consistency_level=ConsistencyLevel.LOCAL_QUORUM, request_timeout=60)
        self.cluster = Cluster([address], execution_profiles={EXEC_PROFILE_DEFAULT: profile}, connect_timeout=30, control_connection_timeout=30)
        self.session = self.cluster.connect()

    def rows(self, text):
        return self.session.execute(text).all()


@pytest.fixture(scope="module")
def far(nodes):
    """Node 2, asked directly. The keyspace is there, once in each datacenter."""
    direct = Direct(SECOND)
    direct.session.execute(f"DROP KEYSPACE IF EXISTS {KEYSPACE}")
    direct.session.execute(f"CREATE KEYSPACE {KEYSPACE} WITH replication = {{'class': 'NetworkTopologyStrategy', 'dc1': 1, 'dc2': 1}}")
    yield direct
    direct.cluster.shutdown()


@pytest.fixture(scope="module")
def gateway(crossfade, nodes, far, tmp_path_factory):
    # `localhost`: Java asks the machine for the name of an address and checks the certificate for that.
    running = RunningGateway(crossfade, tmp_path_factory.mktemp("gateway") / "dir", ",".join(nodes.addresses), "--host", "localhost")
    yield running
    running.stop()


def bundle(gateway, dc):
    return str(gateway.folder / f"secure-connect-shop-{dc}.zip")


def metadata(gateway, dc):
    """What the metadata service tells whoever has this datacenter's bundle: (local datacenter, addresses of contact points)."""
    folder = gateway.folder.parent / f"unpacked-{dc}"
    with zipfile.ZipFile(bundle(gateway, dc)) as files:
        files.extractall(folder)
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(str(folder / "cert"), str(folder / "key"))
    connection = http.client.HTTPSConnection(HOST, gateway.metadata_port, context=context, timeout=20)
    try:
        connection.request("GET", "/metadata")
        told = json.loads(connection.getresponse().read())["contact_info"]
    finally:
        connection.close()
    return told["local_dc"], told["contact_points"]


@pytest.fixture(scope="module")
def host_ids(nodes, far):
    """Of node 1 and of node 2."""
    (peer,), (local,) = far.rows("SELECT host_id FROM system.peers"), far.rows("SELECT host_id FROM system.local")
    return str(peer.host_id), str(local.host_id)


@pytest.fixture
def lose_dc1(nodes):
    """Kills the node of dc1, and sees to it that it runs again for the next test."""
    def lose():
        nodes.kill(1)
    yield lose
    if not nodes.node(1).alive:
        nodes.restart(1, timeout_seconds=600)


@pytest.fixture
def application(request, driver_programs):
    used = DriverInUse(request.param, driver_programs(request.param))
    yield used
    used.close()


def of(*drivers):
    return pytest.mark.parametrize("application", [pytest.param(driver, id=driver.name) for driver in drivers], indirect=True)


def where(application, gateway, dc="dc1", may_go_elsewhere=True):
    """How this driver is told of the bundle of `dc`, and that it may use the other datacenter when that one is lost."""
    login = {"username": "token", "password": gateway.token}
    if application.about is CROSSFADE:
        other = "dc2" if dc == "dc1" else "dc1"
        return {"bundle": [bundle(gateway, dc), bundle(gateway, other)] if may_go_elsewhere else bundle(gateway, dc), **login}
    return {"bundle": bundle(gateway, dc), **login, **({"datacenter": dc, "remote_nodes": 1} if may_go_elsewhere else {})}


def answering(session):
    """The datacenters of the nodes that answer it."""
    return {session.execute("SELECT data_center FROM system.local").rows[0][0] for _ in range(20)}


@pytest.fixture
def table(far):
    """A new one. Made while both nodes are up: a schema change waits for a node that is not known to be down."""
    name = f"{KEYSPACE}.t{next(numbers)}"
    far.session.execute(f"CREATE TABLE {name} (k int PRIMARY KEY, v text)")
    return name


class Rows:
    """Of a table, written and read by one session at the driver's own consistency, which is LOCAL_QUORUM."""

    keys = itertools.count()

    def __init__(self, session, table):
        self.session = session
        self.insert = session.prepare(f"INSERT INTO {table} (k, v) VALUES (?, ?)")
        self.select = session.prepare(f"SELECT v FROM {table} WHERE k = ?")

    def fifty_in_a_row(self):
        """Whether that many are written and read, one after the other, without an error."""
        try:
            for key in itertools.islice(self.keys, 50):
                self.session.execute(self.insert, (key, f"value {key}"))
                assert self.session.execute(self.select, (key,)).rows == [(f"value {key}",)]
            return True
        except DriverError:
            return False

    def write(self, key, value):
        self.session.execute(self.insert, (key, value))

    def read(self, key):
        return [row[0] for row in self.session.execute(self.select, (key,)).rows]


def test_each_bundle_is_of_its_datacenter(gateway, host_ids):
    assert sorted(path.name for path in gateway.folder.glob("secure-connect-*.zip")) == [
        f"secure-connect-shop-{dc}{host}.zip" for dc in ("dc1", "dc2") for host in ("-localhost", "")]
    for dc, host_id in zip(("dc1", "dc2"), host_ids):
        with zipfile.ZipFile(bundle(gateway, dc)) as files:
            assert json.loads(files.read("config.json"))["localDC"] == dc
        assert metadata(gateway, dc) == (dc, [host_id])


@of(BY_NAME["python"], BY_NAME["java-4.19"], CROSSFADE)
def test_a_driver_goes_on_in_the_other_datacenter_and_comes_back(application, gateway, nodes, far, table, lose_dc1):
    session = application.connect_to(**where(application, gateway))
    wait_for(lambda: answering(session) == {"dc1"}, 60)  # a driver that is still connecting there takes what it has
    rows = Rows(session, table)
    assert rows.fifty_in_a_row()
    rows.write(-1, "written before")
    wait_for(lambda: [row.v for row in far.rows(f"SELECT v FROM {table} WHERE k = -1")] == ["written before"], 60)  # it comes there a little later

    lose_dc1()
    wait_for(rows.fifty_in_a_row, 180)
    assert answering(session) == {"dc2"}
    assert rows.read(-1) == ["written before"]
    rows.write(-2, "written meanwhile")
    assert far.rows(f"SELECT v FROM {table} WHERE k = -2")[0].v == "written meanwhile"

    nodes.restart(1, timeout_seconds=600)
    wait_for(lambda: answering(session) == {"dc1"}, 180)  # the slowest tries a lost node every minute
    assert rows.fifty_in_a_row()
    wait_for(lambda: rows.read(-2) == ["written meanwhile"], 120)  # dc2 hands it over


@of(BY_NAME["python"], BY_NAME["java-4.19"], CROSSFADE)
def test_a_driver_that_may_not_leave_its_datacenter_fails_until_that_is_back(application, gateway, nodes, table, lose_dc1):
    """The counter-test: what the one above sees is not what happens anyway."""
    session = application.connect_to(**where(application, gateway, may_go_elsewhere=False))
    rows = Rows(session, table)
    assert rows.fifty_in_a_row()
    lose_dc1()
    with pytest.raises(DriverError):
        for key in range(-100, 0):
            rows.write(key, "nobody takes it")
    nodes.restart(1, timeout_seconds=600)
    wait_for(rows.fifty_in_a_row, 180)
    assert answering(session) == {"dc1"}


def test_a_gateway_that_starts_without_dc1_serves_both_bundles(gateway, driver_programs, nodes, host_ids, table, lose_dc1):
    lose_dc1()
    gateway.process.terminate()
    gateway.process.wait(timeout=15)
    gateway.start()
    assert metadata(gateway, "dc2") == ("dc2", [host_ids[1]])
    # The others' nodes while none of its own is up; from the first answer on, whatever events say later.
    assert metadata(gateway, "dc1") == ("dc1", [host_ids[1]])

    applications = [DriverInUse(driver, driver_programs(driver)) for driver in (BY_NAME["python"], BY_NAME["java-4.19"], CROSSFADE)]
    python, java, crossfade = applications
    try:
        for application in applications:
            session = application.connect_to(**where(application, gateway, "dc2", may_go_elsewhere=False))
            assert Rows(session, table).fifty_in_a_row(), application.about.name
            session = application.connect_to(**where(application, gateway, "dc1"))
            assert Rows(session, table).fifty_in_a_row(), application.about.name
            assert answering(session) == {"dc2"}
        # Told nothing of datacenters, Python takes that of the nodes it is told of; Java and libcrossfade stay in the bundle's.
        session = python.connect_to(**where(python, gateway, "dc1", may_go_elsewhere=False))
        assert answering(session) == {"dc2"}
        session = java.connect_to(**where(java, gateway, "dc1", may_go_elsewhere=False))
        with pytest.raises(DriverError, match="NoNodeAvailable"):
            session.execute("SELECT key FROM system.local")
        with pytest.raises(DriverError, match="dc1.zip: .*cannot be reached by the gateway now"):
            crossfade.connect_to(**where(crossfade, gateway, "dc1", may_go_elsewhere=False))

        nodes.restart(1, timeout_seconds=600)
        wait_for(lambda: metadata(gateway, "dc1") == ("dc1", [host_ids[0]]), 60)
        assert metadata(gateway, "dc2") == ("dc2", [host_ids[1]])
    finally:
        for application in applications:
            application.close()


def test_a_gateway_whose_own_connection_was_in_dc1_names_it_no_more(gateway, host_ids, nodes, lose_dc1):
    """It asks another node from then on, whose tables have the lost one as if it were up."""
    gateway.process.terminate()
    gateway.process.wait(timeout=15)
    gateway.start()  # to the first of its contact points
    assert metadata(gateway, "dc1") == ("dc1", [host_ids[0]])
    lose_dc1()
    wait_for(lambda: metadata(gateway, "dc1") == ("dc1", [host_ids[1]]), 30)
    # And when the cluster says at last that the node is down, and nothing of it being up, it stays so.
    nodes.restart(1, timeout_seconds=600)
    wait_for(lambda: metadata(gateway, "dc1") == ("dc1", [host_ids[0]]), 60)
