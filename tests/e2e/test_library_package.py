"""libcrossfade as an outside project finds it: installed, found by CMake and by pkg-config, built, run against a node."""
import pathlib
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

import stub_nodes
from cassandra.concurrent import execute_concurrent_with_args
from installed_library import ran
from made_certificates import Authority
from metadata_and_cluster import MetadataAndCluster
from running_gateway import RunningGateway

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NODE = "127.0.8.41"


def prints_the_version(program):
    with stub_nodes.running(NODE, release_version="4.1.7"):
        done = subprocess.run([program, NODE], stdout=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "4.1.7\n")


@pytest.fixture(scope="module")
def outside_project(prefix, tmp_path_factory):
    """The folder of the programs of examples/, built as the project of its own that it is."""
    folder = tmp_path_factory.mktemp("outside_project")
    shutil.copytree(ROOT / "examples", folder / "examples")
    ran("cmake", "-S", folder / "examples", "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    ran("cmake", "--build", folder / "build")
    return folder / "build"


def test_found_by_cmake(outside_project):
    prints_the_version(outside_project / "plain")


def test_the_examples_print_the_version_of_one_cluster_straight_and_through_the_gateway(crossfade, outside_project, target, tmp_path):
    def prints(name, *words, token="none"):
        done = subprocess.run([outside_project / name, *words], env={"CROSSFADE_TOKEN": token}, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    version = target.rows("SELECT release_version FROM system.local")[0].release_version
    assert prints("plain", target.address) == (0, f"{version}\n", "")
    gateway = RunningGateway(crossfade, tmp_path / "gateway", target.address)
    try:
        assert prints("bundle", gateway.bundle, token=gateway.token) == (0, f"{version}\n", "")
        assert gateway.audit("login") and not gateway.audit("login_refused"), "it came through the gateway"
        other = gateway.token[:-1] + ("0" if gateway.token[-1] != "0" else "1")
        code, out, error = prints("bundle", gateway.bundle, token=other)
        assert (code, out) == (1, "") and error.splitlines()[-1].startswith("authentication: ")
        assert gateway.audit("login_refused")
    finally:
        gateway.stop()


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


def test_public_headers_include_the_standard_library_alone():
    for header in sorted((ROOT / "include" / "crossfade").glob("*.hpp")):
        for included in re.findall(r"^\s*#\s*include\s*(\S+)", header.read_text(), re.M):
            assert re.fullmatch(r'"crossfade/\w+\.hpp"|<[a-z_]+>', included), f"{header.name} includes {included}"


def compiles(blocks, tmp_path):
    """Each block alone: inside a function that has a session, or, where it says so, at namespace scope."""
    source = ["#include <crossfade/crossfade.hpp>", "#include <iostream>", "[[maybe_unused]] static const std::string password, token;"]
    for number, (is_at_namespace_scope, block) in enumerate(blocks):
        if is_at_namespace_scope:
            source.append(f"namespace block_{number} {{\n{block}}}")
        else:
            # What a block declares itself hides what it could have been given.
            source.append(f"[[maybe_unused]] static void block_{number}(crossfade::Session session) {{\n"
                          f"    static_cast<void>(session);\n    {{\n{block}    }}\n}}")
    (tmp_path / "snippets.cpp").write_text("\n".join(source) + "\n")
    ran("g++", "-std=c++20", "-Wall", "-Wextra", "-Wno-unused", "-Werror", "-fsyntax-only", f"-I{ROOT / 'include'}", tmp_path / "snippets.cpp")


@pytest.mark.parametrize("page, least", [("libcrossfade.md", 10), ("phase-5.md", 2)])
def test_every_snippet_of_the_guides_compiles(tmp_path, page, least):
    blocks = re.findall(r"^```cpp\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.M | re.S)
    assert len(blocks) >= least
    compiles([(block.startswith("// at namespace scope"), block) for block in blocks], tmp_path)


def test_every_snippet_of_the_headers_compiles(tmp_path):
    blocks = []
    for header in sorted((ROOT / "include" / "crossfade").glob("*.hpp")):
        # Indented by five in a comment.
        for block in re.findall(r"(?:^ *//     .*\n)+", header.read_text(), re.M):
            code = re.sub(r"^ *//     ", "", block, flags=re.M)
            blocks.append((re.match(r"struct|inline|crossfade::Task", code) is not None, code))
    assert len(blocks) >= 4
    declared = "struct User {\n    std::int64_t id = 0;\n    std::string name;\n};\n"
    compiles([(scope, declared + code if "crossfade_fields" in code else code) for scope, code in blocks], tmp_path)


def test_the_reference_is_made_without_a_warning(tmp_path):
    if shutil.which("doxygen") is None:
        pytest.skip("there is no doxygen (setup/install build)")
    settings = (ROOT / "docs" / "Doxyfile").read_text() + f"OUTPUT_DIRECTORY = {tmp_path}\nGENERATE_XML = YES\nWARN_AS_ERROR = FAIL_ON_WARNINGS\n"
    (tmp_path / "Doxyfile").write_text(settings)
    ran("doxygen", tmp_path / "Doxyfile", cwd=ROOT)
    documented, silent = set(), set()
    for page in (tmp_path / "xml").glob("class*.xml"):
        owner = ElementTree.parse(page).findtext("compounddef/compoundname")
        # Said once for all: codecs, iterators, what `co_await` calls.
        if "Codec" in owner or owner.endswith("Iterator"):
            continue
        for member in ElementTree.parse(page).iterfind(".//memberdef[@kind='function'][@prot='public']"):
            name = member.findtext("name")
            is_special = name.lstrip("~") == re.sub(r"<.*", "", owner).split("::")[-1].strip()
            if is_special or name in ("internal", "begin", "end") or name.startswith(("operator", "await_")):
                continue
            says = any("".join(member.find(part).itertext()).strip() for part in ("briefdescription", "detaileddescription"))
            (documented if says else silent).add((owner, name))
    # Overloads share their words.
    assert len(documented) > 100
    assert silent - documented == set()
