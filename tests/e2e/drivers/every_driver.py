"""The drivers under test, and the fixture `driver` that hands one of them to a test.

`./test` runs python and java; the others are marked `long`. A driver that setup/install could not make ready is skipped, with the reason.
DRIVERS are those that go through the proxy; APPLICATIONS connect straight to a cluster with a bundle, or with what is in it.
"""
import dataclasses
import hashlib
import pathlib
import shutil
import sys

import pytest

from driver_program import DriverProgram

SOURCES = pathlib.Path(__file__).resolve().parent
CACHE = SOURCES.parent.parent.parent / ".cache"


@dataclasses.dataclass(frozen=True)
class Driver:
    """`ways` are the (protocol version, compression) that it can be told to use; `default` is the version that it agrees on by itself.
    `lacks` names the options of connect() that it has no setting for. Without a `command` it is libcrossfade, which
    the tests build. `timeouts` are its names for "outcome unknown", `refusals` for "no
    node took it"."""

    name: str
    folder: str
    command: tuple
    default: int
    ways: tuple
    timeouts: frozenset
    refusals: frozenset
    lacks: frozenset = frozenset()
    long: bool = True

    @property
    def built(self):
        return CACHE / "drivers" / self.name

    def why_not(self):
        """Why it cannot run here, or None."""
        group = "all-drivers" if self.long else "drivers"
        if self.name == "python" or not self.command:
            return None
        if not self.built.is_dir():
            return f"setup/install {group} has not been run"
        reason = self.built / "why-not"
        if reason.is_file():
            return reason.read_text().strip()
        assert (self.built / "sources").read_text().strip() == hash_of_sources(self.folder), (
            f"tests/e2e/drivers/{self.folder} changed since it was built: run setup/install {group}")
        return None


def hash_of_sources(folder):
    """What setup/driver-programs notes of a program's sources when it builds it."""
    whole = hashlib.sha256()
    for path in sorted((SOURCES / folder).iterdir()):
        if path.is_file():
            whole.update(path.read_bytes())
    return whole.hexdigest()


def java(name, jars):
    return ("java", "-Xmx512m", "-cp", f"{CACHE}/drivers/{name}:{CACHE}/jars/{jars}/*", "Program")


V3_V4 = ((3, "none"), (4, "none"))
DRIVERS = (
    Driver("python", "python", (sys.executable, "-B", str(SOURCES / "python" / "program.py")), 5,
           (*V3_V4, (4, "lz4"), (4, "snappy"), (5, "none"), (5, "lz4")),
           frozenset({"WriteTimeout", "ReadTimeout"}), frozenset({"NoHostAvailable"}), long=False),
    Driver("java-4.19", "java-4", java("java-4.19", "java-driver-4.19"), 5,
           (*V3_V4, (4, "lz4"), (4, "snappy"), (5, "none"), (5, "lz4")),
           frozenset({"WriteTimeoutException", "ReadTimeoutException"}), frozenset({"AllNodesFailedException", "NoNodeAvailableException"}), long=False),
    Driver("java-3.11", "java-3", java("java-3.11", "java-driver-3.11"), 5,
           (*V3_V4, (4, "lz4"), (4, "snappy"), (5, "none"), (5, "lz4")),
           frozenset({"WriteTimeoutException", "ReadTimeoutException"}), frozenset({"NoHostAvailableException"})),
    Driver("nodejs-4.8", "nodejs", ("node", str(CACHE / "drivers" / "nodejs-4.8" / "program.js")), 4, V3_V4,
           frozenset({"writeTimeout", "readTimeout"}), frozenset({"NoHostAvailableError", "isBootstrapping"}), lacks=frozenset({"reprepare"})),
    Driver("gocql-1.7", "go", (str(CACHE / "drivers" / "gocql-1.7" / "program"),), 4, (*V3_V4, (4, "snappy")),
           frozenset({"RequestErrWriteTimeout", "RequestErrReadTimeout"}), frozenset({"errorFrame 0x1002"}), lacks=frozenset({"reprepare"})),
    Driver("gocql-2.1", "go", (str(CACHE / "drivers" / "gocql-2.1" / "program"),), 5,
           (*V3_V4, (4, "snappy"), (4, "lz4"), (5, "none"), (5, "lz4")),
           frozenset({"RequestErrWriteTimeout", "RequestErrReadTimeout"}), frozenset({"RequestErrBootstrapping"}), lacks=frozenset({"reprepare"})),
    Driver("rust-1.9", "rust", (str(CACHE / "drivers" / "rust-1.9" / "program"),), 4, ((4, "none"), (4, "lz4"), (4, "snappy")),
           frozenset({"WriteTimeout", "ReadTimeout"}), frozenset({"Error", "IsBootstrapping"}), lacks=frozenset({"reprepare"})),
    Driver("cpp-2.16", "cpp", (str(CACHE / "python-all-drivers" / "bin" / "python"), "-B", str(CACHE / "drivers" / "cpp-2.16" / "program.py")), 4,
           ((4, "none"),), frozenset({"CassErrorServerWriteTimeout", "CassErrorServerReadTimeout"}), frozenset({"CassErrorLibNoHostsAvailable"}),
           lacks=frozenset({"reprepare", "client_timestamps"})),
)


BY_NAME = {driver.name: driver for driver in DRIVERS}


def other_version(of, name, *command, **changes):
    """Another version of one of DRIVERS; `command` runs it."""
    return dataclasses.replace(BY_NAME[of], name=name, command=tuple(map(str, command)), **changes)


APPLICATIONS = (  # a driver, and how it reaches the cluster
    (BY_NAME["python"], "bundle"),
    (BY_NAME["python"], "unpacked"),
    (other_version("python", "python-3.28", CACHE / "python-drivers" / "bin" / "python", "-B", CACHE / "drivers" / "python-3.28" / "program.py"), "bundle"),
    (BY_NAME["java-4.19"], "bundle"),
    (other_version("java-4.19", "java-4.13", *java("java-4.13", "java-driver-4.13")), "bundle"),
    (other_version("nodejs-4.8", "nodejs-4.10", "node", CACHE / "drivers" / "nodejs-4.10" / "program.js"), "bundle"),
    (BY_NAME["nodejs-4.8"], "bundle"),
    (other_version("nodejs-4.8", "nodejs-4.6", "node", CACHE / "drivers" / "nodejs-4.6" / "program.js"), "bundle"),
    (other_version("gocql-1.7", "gocql-astra-1.0", CACHE / "drivers" / "gocql-astra-1.0" / "program"), "bundle"),
    (Driver("crossfade", "crossfade", (), 5, ((3, "none"), (4, "none"), (5, "none")), frozenset({"timeout", "server"}),
            frozenset({"unavailable", "connection"}), lacks=frozenset({"reprepare"})), "bundle"),
    (BY_NAME["gocql-1.7"], "unpacked"),
    (BY_NAME["gocql-2.1"], "unpacked"),
    (BY_NAME["rust-1.9"], "unpacked"),
    (BY_NAME["gocql-1.7"], "connect"),
    (BY_NAME["gocql-2.1"], "connect"),
    (BY_NAME["rust-1.9"], "connect"),
)


def marks(driver):
    return [pytest.mark.long] if driver.long else []


EVERY_DRIVER = [pytest.param(driver, id=driver.name, marks=marks(driver)) for driver in DRIVERS]
EVERY_APPLICATION = [pytest.param(one, id=f"{one[0].name}-{one[1]}", marks=marks(one[0])) for one in APPLICATIONS]
EVERY_WAY = [pytest.param(driver, version, compression, id=f"{driver.name}-v{version}-{compression}", marks=marks(driver))
             for driver in DRIVERS for version, compression in driver.ways]
EVERY_VERSION = [pytest.param(driver, version, id=f"{driver.name}-v{version}", marks=marks(driver))
                 for driver in DRIVERS for version, compression in driver.ways if compression == "none"]


class DriverInUse:
    """One driver in one test; its sessions are closed when the test ends."""

    def __init__(self, about, program):
        self.about, self.program, self.sessions = about, program, []

    def connect(self, where, **options):
        """A session; `where` is a running proxy, or the address of a node. Options as in driver_program.DriverProgram.connect."""
        host, port = ("127.0.0.1", where.port) if hasattr(where, "port") else (where, 9042)
        return self.connect_to(host=host, port=port, **{name: value for name, value in options.items() if name not in self.about.lacks})

    def connect_to(self, **where_and_options):
        """As driver_program.DriverProgram.connect."""
        session = self.program.connect(**where_and_options)
        self.sessions.append(session)
        return session

    def close(self):
        for session in self.sessions:
            session.close()


@pytest.fixture(scope="session")
def driver_programs(request, tmp_path_factory):
    """Starts a driver's program at its first use and keeps it until the last test has ended."""
    running, logs = {}, tmp_path_factory.mktemp("drivers")

    def program(about):
        if about.name not in running:
            command = about.command or (request.getfixturevalue("library_program"),)
            reason = about.why_not()
            if reason is None and shutil.which(command[0]) is None:
                reason = f"there is no {command[0]}"
            running[about.name] = reason or DriverProgram(command, logs / f"{about.name}.log")
        if isinstance(running[about.name], str):
            pytest.skip(f"driver {about.name}: {running[about.name]}")
        return running[about.name]

    yield program
    for one in running.values():
        if not isinstance(one, str):
            one.stop()


@pytest.fixture(params=EVERY_DRIVER)
def driver(request, driver_programs):
    used = DriverInUse(request.param, driver_programs(request.param))
    yield used
    used.close()
