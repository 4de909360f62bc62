"""The wheel and the README."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest

import dti_client
from tests_py.harness.process import ROOT, running
from tests_py.harness.scenario import POOL

PACKAGE = ROOT / "clients/python"
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
# Sockets are refused, so that a build that wants the network fails.
OFFLINE = "import socket; socket.socket.connect = None; " + BUILD
FROM_WHEEL = """
import sys
sys.path.insert(0, sys.argv[1])
from dti_client import *
import dti_client
assert dti_client.__file__.startswith(sys.argv[1]), dti_client.__file__
with Client([sys.argv[2]]) as client:
    (outcome,) = client.ask(AllocationRequest("2025-10", "derecho", (ProgramRequest("Derecho Civil", 7, 2),)))
    print(outcome.rooms.classrooms)
"""


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built without a network, with setuptools alone."""
    for module in ("setuptools", "wheel"):
        if run(sys.executable, "-c", f"import {module}", cwd="/").returncode != 0:
            pytest.skip(f"a wheel needs {module}: ./scripts/install-dependencies test installs it")
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(PACKAGE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    result = run(sys.executable, "-c", OFFLINE, folder, cwd=folder / "source")
    assert result.returncode == 0, result.stdout + result.stderr
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_has_the_package_with_its_types_and_nothing_else(wheel):
    assert re.fullmatch(r"dti_client-[\d.]+-py3-none-any\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not re.search(r"\.dist-info/", name)]
        assert sum(bool(re.search(r"\.dist-info/(licenses/)?LICENSE$", name)) for name in archive.namelist()) == 1
        [metadata] = [archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA")]
    assert sorted(names) == sorted(f"dti_client/{path.name}" for path in (PACKAGE / "src/dti_client").iterdir()
                                   if path.suffix in (".py", ".typed"))
    assert "dti_client/py.typed" in names
    assert "Requires-Dist: pyzmq" in metadata and "Requires-Python: >=3.11" in metadata


def test_the_wheel_asks_a_server(wheel, sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as server:
        result = run(sys.executable, "-c", FROM_WHEEL, str(wheel), server.address, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (0, "7\n"), result.stderr


def test_the_license_is_that_of_the_project():
    assert (PACKAGE / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_version_is_that_of_the_project():
    said = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]["version"]
    assert said == re.search(r"project\(dti VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def readme_examples():
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def at_server(code, server):
    """The example with the server of the test instead of its own."""
    code, count = re.subn(r'\["10\.0\.0\.1:6000", "10\.0\.0\.2:6000"\]', f'["{server.address}"]', code)
    assert count == 1
    return code


def test_the_examples_of_the_readme_run(sqlite, tmp_path, capsys):
    synchronous, asynchronous, _ = readme_examples()  # test_changes.py runs the third one
    pool = ("--semester=2025-10", "--classrooms=20", "--labs=60")
    with running(tmp_path, *pool, sqlite.flag) as server:
        exec(compile(at_server(synchronous, server), "README.md", "exec"), {})
        assert capsys.readouterr().out == "ingenieria-civil whole 7 2 0\ningenieria-mecanica in part 1 58 12\n"
        body = "".join(f"    {line}\n" for line in at_server(asynchronous, server).splitlines())
        names = {**vars(dti_client), "requests": [dti_client.AllocationRequest("2025-10", "Ingenieria", (
            dti_client.ProgramRequest("ingenieria-civil", 7, 2),))]}
        exec(f"import asyncio\nasync def main():\n{body}    return outcomes\nresult = asyncio.run(main())", names)
        [[outcome]] = names["result"]
        assert outcome.rooms == dti_client.Rooms(7, 2, 0)
