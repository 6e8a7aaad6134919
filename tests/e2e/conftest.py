"""What the end-to-end tests stand on: a real 4.1 origin, a real 5.0 target, and the built program.

CROSSFADE_BIN names the program (default build/release/crossfade). With CROSSFADE_E2E_REUSE=1 clusters that are up are used and left up.
CROSSFADE_E2E_CLUSTERS="e2e,127.0.0.11,127.0.0.21" gives them another name and other addresses, so that two runs can stand beside one another.
"""
import os
import pathlib
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "lab"), str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "e2e" / "drivers")]

import cassandra_lab  # noqa: E402
import fault_relay  # noqa: E402
from cassandra.cluster import Cluster  # noqa: E402
from every_driver import driver, driver_programs  # noqa: E402, F401 (fixtures)
from fronts import front, front_of_three, guarded_front, three_nodes  # noqa: E402, F401 (fixtures)
from installed_library import library_program, prefix  # noqa: E402, F401 (fixtures)
from migrating import Migrating  # noqa: E402
from running_proxy import RunningProxy  # noqa: E402

NAME, ORIGIN, TARGET = os.environ.get("CROSSFADE_E2E_CLUSTERS", "e2e,127.0.0.11,127.0.0.21").split(",")


class SaidAtOnce:
    """What fails is shown when it fails, not only at the end of an hour."""

    def __init__(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        if report.failed:
            terminal = self.config.pluginmanager.get_plugin("terminalreporter")
            terminal.write_line(f"\nfailed just now: {report.nodeid} ({report.when})\n{report.longreprtext[-3000:]}")


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also what takes long")


def pytest_configure(config):
    config.pluginmanager.register(SaidAtOnce(config), "said-at-once")
    config.addinivalue_line("markers", "long: runs in ./test --long only")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--long"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason=f"{item.nodeid.split('/')[-1]}: runs in ./test --long"))


@pytest.fixture(scope="session")
def crossfade():
    program = pathlib.Path(os.environ.get("CROSSFADE_BIN", ROOT / "build" / "release" / "crossfade"))
    assert program.is_file(), f"{program} is not built"
    return str(program)


class Side:
    """One of the two clusters, with an open session of the official driver."""

    def __init__(self, name, address):
        self.name, self.address = name, address
        self.cluster = Cluster([address])
        self.session = self.cluster.connect()

    def rows(self, text):
        return self.session.execute(text, timeout=60).all()

    def reconnect(self):
        self.cluster.shutdown()
        self.cluster = Cluster([self.address])
        self.session = self.cluster.connect()


@pytest.fixture(scope="session")
def clusters():
    reuse = os.environ.get("CROSSFADE_E2E_REUSE") == "1"
    up = {cluster.name for cluster in cassandra_lab.clusters()} if reuse else set()
    problems = []

    def start(name, version, address):
        try:
            cassandra_lab.start(name, version=version, address=address, durable=True, heap="1G")  # hundreds of tests
        except Exception as problem:
            problems.append(f"{name}: {problem}")

    wanted = [one for one in ((f"{NAME}-origin", "4.1", ORIGIN), (f"{NAME}-target", "5.0", TARGET)) if one[0] not in up]
    threads = [threading.Thread(target=start, args=one) for one in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems
    origin, target = Side(f"{NAME}-origin", ORIGIN), Side(f"{NAME}-target", TARGET)
    yield origin, target
    origin.cluster.shutdown()
    target.cluster.shutdown()
    if not reuse:
        cassandra_lab.stop(origin.name)
        cassandra_lab.stop(target.name)


@pytest.fixture(scope="session")
def origin(clusters):
    return clusters[0]


@pytest.fixture(scope="session")
def target(clusters):
    return clusters[1]


@pytest.fixture
def proxy(crossfade, clusters, tmp_path):
    """A proxy in front of both clusters, with a state of its own; more with proxy.sibling()."""
    running = RunningProxy(crossfade, ORIGIN, TARGET, tmp_path)
    yield running
    running.stop()


@pytest.fixture
def keyspace(origin, target, request):
    """A fresh keyspace on both sides, named after the test."""
    name = "k_" + "".join(c if c.isalnum() else "_" for c in request.node.name.lower())[:40].strip("_")
    def on_both(text):
        for future in [side.session.execute_async(text, timeout=60) for side in (origin, target)]:
            future.result()

    if any(side.rows(f"SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = '{name}'") for side in (origin, target)):
        on_both(f"DROP KEYSPACE IF EXISTS {name}")
    on_both(f"CREATE KEYSPACE {name} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
    yield name
    on_both(f"DROP KEYSPACE IF EXISTS {name}")


@pytest.fixture
def both(origin, target, keyspace):
    """Runs DDL on both sides; `{ks}` stands for the test's keyspace."""
    def run(*statements):
        for side in (origin, target):
            for statement in statements:
                side.session.execute(statement.replace("{ks}", keyspace), timeout=60)
    return run


@pytest.fixture
def migrating(crossfade, origin, target, tmp_path):
    """`crossfade migrate` and `validate` between both clusters, with a state of their own."""
    return Migrating(crossfade, origin.address, target.address, tmp_path)


@pytest.fixture
def slow(migrating, target):
    """The same copy over a path to the target that takes its time: a run lasts seconds on every machine, and is met in the middle."""
    with fault_relay.running("127.0.0.1:0", target.address + ":9042") as relay:
        relay.command(do="delay", ms=10)
        yield Migrating(migrating.program, migrating.origin, relay.address, migrating.state)
