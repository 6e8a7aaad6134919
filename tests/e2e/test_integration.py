"""The C++ tests that need real nodes: the driver's sessions, and the journal's repair.

They are programs of their own, beside CROSSFADE_BIN: cmake --build build/release --target integration_programs.
"""
import os
import pathlib
import re
import subprocess

import pytest

import cassandra_lab
import stub_nodes
from conftest import ORIGIN, TARGET

LOGIN, STUB = "127.0.0.98", "127.0.0.97"

# Minutes each: every protocol version, and a keyspace made anew for each test.
pytestmark = pytest.mark.long


@pytest.fixture
def asks_for_login():
    cassandra_lab.start("integration-login", version="4.1", address=LOGIN, auth=True)
    yield
    cassandra_lab.stop("integration-login")


def passes(crossfade, program, **environment):
    path = pathlib.Path(crossfade).parent / program
    assert path.is_file(), f"{path} is not built"
    done = subprocess.run([path, "--gtest_color=no"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200,
                          env=dict(os.environ, CROSSFADE_TEST_NODES=f"{ORIGIN}:9042,{TARGET}:9042", **environment))
    failed = sorted(set(re.findall(r"^\[  FAILED  \] (\S+)", done.stdout, re.M)))
    assert done.returncode == 0, "\n".join([*failed, done.stdout[-6000:]])
    assert "[  SKIPPED ]" not in done.stdout, done.stdout[-3000:]
    assert int(re.search(r"^\[  PASSED  \] (\d+) test", done.stdout, re.M).group(1)) > 0


def test_driver(crossfade, clusters, asks_for_login):
    with stub_nodes.running(STUB, compression="lz4"):
        passes(crossfade, "src/driver/driver_integration", CROSSFADE_TEST_AUTH=f"{LOGIN}:9042", CROSSFADE_TEST_STUB=f"{STUB}:9042")


def test_repair(crossfade, clusters):
    passes(crossfade, "src/proxy/proxy_integration")
