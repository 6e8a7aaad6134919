"""The official Java driver 4.19 through the proxy, unmodified."""
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
JARS = ROOT / ".cache" / "jars" / "java-driver-4.19"


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    subprocess.run(["javac", "-cp", f"{JARS}/*", "-d", str(folder), str(ROOT / "tests/e2e/java/ThroughProxy.java")], check=True, timeout=120)
    return folder


def test_the_java_driver_sees_one_node_and_loses_nothing(proxy, origin, target, keyspace, classes):
    done = subprocess.run(["java", "-cp", f"{classes}:{JARS}/*", "ThroughProxy", "127.0.0.1", str(proxy.port), keyspace],
                          capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert seen == {"protocol": "V5", "nodes": "1", "wrong": "0", "rows": "5002", "applied": "false", "error": "InvalidQueryException", "columns": "4"}
    first, second = (side.rows(f"SELECT k, v, n, writetime(n) FROM {keyspace}.j") for side in (origin, target))
    assert len(first) == 5002 and first == second
