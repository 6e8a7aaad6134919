"""libcrossfade as an outside project finds it: installed, found by CMake and by pkg-config, built, run against a node."""
import pathlib
import re
import shutil
import subprocess

import pytest

import stub_nodes
from cassandra.concurrent import execute_concurrent_with_args
from made_certificates import Authority
from metadata_and_cluster import MetadataAndCluster

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NODE = "127.0.8.41"


def ran(*command, **more):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                          **more)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def prefix(crossfade, tmp_path_factory):
    build = pathlib.Path(crossfade).parent
    where = tmp_path_factory.mktemp("prefix")
    ran("cmake", "--build", build, "--target", "crossfade_archive")
    ran("cmake", "--install", build, "--component", "library", "--prefix", where)
    return where


def prints_the_version(program):
    with stub_nodes.running(NODE, release_version="4.1.7"):
        done = subprocess.run([program, NODE], stdout=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "4.1.7\n")


def test_found_by_cmake(prefix, tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    ran("cmake", "-S", tmp_path / "examples", "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    ran("cmake", "--build", tmp_path / "build")
    prints_the_version(tmp_path / "build" / "plain")


def test_found_by_pkg_config(prefix, tmp_path):
    folder = next(prefix.rglob("crossfade.pc")).parent
    flags = ran("pkg-config", "--cflags", "--libs", "crossfade", env={"PKG_CONFIG_PATH": str(folder), "PATH": "/usr/bin:/bin"}).split()
    ran("g++", "-std=c++20", ROOT / "examples" / "plain.cpp", "-o", tmp_path / "plain", *flags)
    prints_the_version(tmp_path / "plain")


@pytest.fixture(scope="module")
def examples(prefix, tmp_path_factory):
    """The folder with the programs that connect by a bundle."""
    build = tmp_path_factory.mktemp("examples")
    folder = next(prefix.rglob("crossfade.pc")).parent
    flags = ran("pkg-config", "--cflags", "--libs", "crossfade", env={"PKG_CONFIG_PATH": str(folder), "PATH": "/usr/bin:/bin"}).split()
    for name in ("bundle", "rows"):
        ran("g++", "-std=c++20", ROOT / "examples" / f"{name}.cpp", "-o", build / name, *flags)
    return build


def made_bundle(crossfade, folder, name, authority, port):
    certificate, key = authority.issue(f"{name}-client")
    ran(crossfade, "bundle", "create", "--out", folder / f"{name}.zip", "--host", "localhost", "--port", str(port), "--local-dc", "datacenter1",
        "--ca", authority.ca, "--cert", certificate, "--key", key)
    return folder / f"{name}.zip"


def run_example(example, *arguments, environment=None):
    done = subprocess.run([example, *map(str, arguments)], env=environment or {"CROSSFADE_TOKEN": "AstraCS:abc"}, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def front(target, tmp_path):
    """In front of the target's node, with the authority that made its certificate."""
    host_id = str(target.rows("SELECT host_id FROM system.local")[0].host_id)
    authority = Authority(tmp_path / "authority", "right")
    front = MetadataAndCluster(authority, authority.issue("localhost", hosts=["localhost"]), {host_id: (target.address, 9042)}, local_dc="datacenter1")
    front.authority = authority
    return front


def test_a_bundle_leads_to_a_real_cluster(crossfade, examples, target, front, tmp_path):
    version = target.rows("SELECT release_version FROM system.local")[0].release_version
    bundle = made_bundle(crossfade, tmp_path, "good", front.authority, front.metadata_port)
    assert run_example(examples / "bundle", bundle) == (0, f"{version}\n", "")
    assert set(front.asked) == set(front.nodes), "every connection names the node that it wants"

    foreign = made_bundle(crossfade, tmp_path, "foreign", Authority(tmp_path / "other", "other"), front.metadata_port)
    code, out, error = run_example(examples / "bundle", foreign)
    assert (code, out) == (1, "") and "foreign.zip" in error and "certificate" in error


def test_rows_of_a_table_over_several_pages(crossfade, examples, target, keyspace, front, tmp_path):
    target.session.execute(f"CREATE TABLE {keyspace}.readings (id int PRIMARY KEY, note text, tags set<text>)")
    insert = target.session.prepare(f"INSERT INTO {keyspace}.readings (id, note, tags) VALUES (?, ?, ?)")
    execute_concurrent_with_args(target.session, insert, [(i, None if i % 7 == 0 else f"note {i}", {"b", "a"} if i % 2 else None) for i in range(11_000)])
    bundle = made_bundle(crossfade, tmp_path, "good", front.authority, front.metadata_port)
    code, out, error = run_example(examples / "rows", bundle, f"SELECT id, note, tags FROM {keyspace}.readings")
    assert (code, error) == (0, "")
    wanted = ["\t".join([str(i), "null" if i % 7 == 0 else f"note {i}", '["a", "b"]' if i % 2 else "null"]) for i in range(11_000)]
    assert sorted(out.splitlines()) == sorted(wanted)

    code, out, error = run_example(examples / "rows", bundle, f"SELECT id FROM {keyspace}.nothing")
    assert (code, out) == (1, "") and "nothing" in error
    code, out, error = run_example(examples / "rows", bundle, "SELECT", environment={"PATH": "/usr/bin"})
    assert (code, out) == (2, "") and "CROSSFADE_TOKEN" in error


def test_public_headers_compile_alone(prefix, tmp_path):
    headers = sorted((prefix / "include" / "crossfade").glob("*.hpp"))
    assert headers
    for header in headers:
        alone = tmp_path / f"{header.stem}.cpp"
        alone.write_text(f"#include <crossfade/{header.name}>\n")
        ran("g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{prefix / 'include'}", alone)


def test_debian_package_has_it(crossfade, tmp_path):
    build = pathlib.Path(crossfade).parent
    ran("cpack", "--config", build / "CPackConfig.cmake", "-B", tmp_path)
    package = next(tmp_path.glob("libcrossfade-dev_*.deb"))
    listing = ran("dpkg-deb", "--contents", package)
    for file in ("/usr/include/crossfade/crossfade.hpp", "libcrossfade.a", "crossfadeConfig.cmake", "crossfade.pc"):
        assert file in listing


def test_every_snippet_of_the_guide_compiles(tmp_path):
    blocks = re.findall(r"^```cpp\n(.*?)^```", (ROOT / "docs" / "libcrossfade.md").read_text(), re.M | re.S)
    assert len(blocks) > 10
    source = ["#include <crossfade/crossfade.hpp>", "#include <iostream>"]
    for number, block in enumerate(blocks):
        if block.startswith("// at namespace scope"):
            source.append(f"namespace block_{number} {{\n{block}}}")
        else:
            # What a block declares itself hides what it could have been given.
            source.append(f"[[maybe_unused]] static void block_{number}(crossfade::Session session) {{\n"
                          f"    static_cast<void>(session);\n    {{\n{block}    }}\n}}")
    (tmp_path / "snippets.cpp").write_text("\n".join(source) + "\n")
    ran("g++", "-std=c++20", "-Wall", "-Wextra", "-Wno-unused-variable", "-Wno-unused-but-set-variable", "-Werror", "-fsyntax-only", f"-I{ROOT / 'include'}", tmp_path / "snippets.cpp")
