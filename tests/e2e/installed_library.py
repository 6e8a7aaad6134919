"""libcrossfade as another project gets it: installed from the release build, and found there by CMake."""
import pathlib
import subprocess

import pytest

PROGRAM = pathlib.Path(__file__).resolve().parent / "drivers" / "crossfade"


def ran(*command, **more):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                          **more)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope="session")
def prefix(crossfade, tmp_path_factory):
    """Where it is installed."""
    build = pathlib.Path(crossfade).parent
    where = tmp_path_factory.mktemp("prefix")
    ran("cmake", "--build", build, "--target", "crossfade_archive")
    ran("cmake", "--install", build, "--component", "library", "--prefix", where)
    return where


@pytest.fixture(scope="session")
def library_program(prefix, tmp_path_factory):
    """The driver program of libcrossfade, built as an application is."""
    build = tmp_path_factory.mktemp("library_program")
    ran("cmake", "-S", PROGRAM, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    ran("cmake", "--build", build)
    return build / "program"
