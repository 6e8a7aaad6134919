"""The drivers under test, and the fixture `driver` that hands one of them to a test.

`./test` runs python and java; the others are marked `long`. A driver that setup/install could not make ready is skipped, with the reason.
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
    `lacks` names the options of connect() that it has no setting for. `timeouts` are its names for "outcome unknown", `refusals` for "no
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
        if self.name == "python":
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
           frozenset({"writeTimeout", "readTimeout"}), frozenset({"NoHostAvailableError"}), lacks=frozenset({"reprepare"})),
    Driver("gocql-1.7", "go", (str(CACHE / "drivers" / "gocql-1.7" / "program"),), 4, (*V3_V4, (4, "snappy")),
           frozenset({"RequestErrWriteTimeout", "RequestErrReadTimeout"}), frozenset({"RequestErrBootstrapping"}), lacks=frozenset({"reprepare"})),
    Driver("gocql-2.1", "go", (str(CACHE / "drivers" / "gocql-2.1" / "program"),), 5,
           (*V3_V4, (4, "snappy"), (4, "lz4"), (5, "none"), (5, "lz4")),
           frozenset({"RequestErrWriteTimeout", "RequestErrReadTimeout"}), frozenset({"RequestErrBootstrapping"}), lacks=frozenset({"reprepare"})),
    Driver("rust-1.9", "rust", (str(CACHE / "drivers" / "rust-1.9" / "program"),), 4, ((4, "none"), (4, "lz4"), (4, "snappy")),
           frozenset({"WriteTimeout", "ReadTimeout"}), frozenset({"Error"}), lacks=frozenset({"reprepare"})),
    Driver("cpp-2.16", "cpp", (str(CACHE / "python-all-drivers" / "bin" / "python"), "-B", str(CACHE / "drivers" / "cpp-2.16" / "program.py")), 4,
           ((4, "none"),), frozenset({"CassErrorServerWriteTimeout", "CassErrorServerReadTimeout"}), frozenset({"CassErrorLibNoHostsAvailable"}),
           lacks=frozenset({"reprepare", "client_timestamps"})),
)


def marks(driver):
    return [pytest.mark.long] if driver.long else []


EVERY_DRIVER = [pytest.param(driver, id=driver.name, marks=marks(driver)) for driver in DRIVERS]
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
        session = self.program.connect(host, port, **{name: value for name, value in options.items() if name not in self.about.lacks})
        self.sessions.append(session)
        return session

    def close(self):
        for session in self.sessions:
            session.close()


@pytest.fixture(scope="session")
def driver_programs(tmp_path_factory):
    """Starts a driver's program at its first use and keeps it until the last test has ended."""
    running, logs = {}, tmp_path_factory.mktemp("drivers")

    def program(about):
        if about.name not in running:
            reason = about.why_not()
            if reason is None and shutil.which(about.command[0]) is None:
                reason = f"there is no {about.command[0]}"
            running[about.name] = reason or DriverProgram(about.command, logs / f"{about.name}.log")
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
