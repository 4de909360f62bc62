"""The software bill of materials names each Debian package that the programs are made of, and is valid SPDX 2.3."""

import copy
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests_py.harness.process import ROOT, binary

pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
BUILD = Path(binary("dti_server")).parents[1]
PACKAGES = {"dti-server": ["dti_server", "dtictl"], "dti-clients": ["faculty", "program"]}
EPOCH = "1700000000"
pytestmark = [
    pytest.mark.skipif(not shutil.which("dpkg-query"), reason="this is not Debian: there is no dpkg-query"),
    pytest.mark.skipif(not (BUILD / "compile_commands.json").exists(),
                       reason="the programs are in no build folder: scripts/test filter starts them through others")]


def module(name, path):  # by its path: `packaging` is also a library, which pytest imports
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


sbom = module("sbom", "packaging/sbom.py")
check = module("bill", "packaging/tests/bill.py")


def written(package, output):
    subprocess.run([sys.executable, "-B", ROOT / "packaging/sbom.py", f"--package={package}", "--version=1.0+deb12",
                    f"--build={BUILD}", f"--output={output}", *PACKAGES[package]], check=True, timeout=120,
                   env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    return output.read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=PACKAGES)
def bill(request, tmp_path_factory):
    return json.loads(written(request.param, tmp_path_factory.mktemp("sbom") / "sbom.json"))


def programs_of(bill):
    return [binary(program) for program in PACKAGES[bill["packages"][0]["name"]]]


def related(bill, kind):
    """The Debian packages that have a relationship of a kind with ours."""
    ours = sbom.element(bill["packages"][0]["name"])
    names = {package["SPDXID"]: package["name"] for package in bill["packages"]}
    return {names[end] for entry in bill["relationships"] if entry["relationshipType"] == kind
            for end in (entry["spdxElementId"], entry["relatedSpdxElement"]) if end in names and end != ours}


def test_a_bill_is_valid_and_names_each_library_with_the_version_of_dpkg(bill):
    assert list(check.faults(bill, programs_of(bill))) == []


def test_header_only_libraries_are_part_of_the_programs_and_other_headers_are_build_dependencies(bill):
    parts = related(bill, "CONTAINS")
    assert {"cppzmq-dev", "libcli11-dev", "libtomlplusplus-dev", "nlohmann-json3-dev"} == {
        name for name in parts if not name.startswith("libboost")}
    assert len(parts) == 5
    assert {"libzmq3-dev", "libc6-dev", "libspdlog-dev"} <= related(bill, "BUILD_DEPENDENCY_OF")


def test_libraries_that_only_libraries_load_are_not_called_linked(bill):
    linked, loaded = related(bill, "DYNAMIC_LINK"), related(bill, "RUNTIME_DEPENDENCY_OF")
    assert {"libzmq5", "libsodium23"} <= linked and "libgssapi-krb5-2" in loaded and not linked & loaded


def test_a_second_bill_has_the_same_bytes_with_the_time_of_the_commit_and_without_the_folder(tmp_path):
    text = written("dti-clients", tmp_path / "one.json")
    assert text == written("dti-clients", tmp_path / "two.json")
    assert json.loads(text)["creationInfo"]["created"] == "2023-11-14T22:13:20Z" and str(ROOT) not in text


def without_library(bill):
    bill["packages"] = [package for package in bill["packages"] if package["name"] != "libzmq5"]


def with_other_version(bill):
    bill["packages"][1]["versionInfo"] = "0"


def without_license_of_the_data(bill):
    del bill["dataLicense"]


def without_link(bill):
    bill["relationships"] = [entry for entry in bill["relationships"] if entry["relationshipType"] != "DYNAMIC_LINK"]


@pytest.mark.parametrize("change, fault", [
    (without_library, "libzmq.so.5, which is of no package in the bill"), (with_other_version, " is 0, and dpkg has "),
    (without_license_of_the_data, "'dataLicense' is a required property"),
    (without_link, "and no relationship says so")])
def test_the_check_finds_a_bill_that_is_not_complete(bill, change, fault):
    changed = copy.deepcopy(bill)
    change(changed)
    assert any(fault in found for found in check.faults(changed, programs_of(bill)))


def test_a_file_of_no_package_ends_the_build():
    with pytest.raises(SystemExit, match="belong to no package: /usr/include/none.h"):
        sbom.owners_of({"/usr/include/none.h", "/usr/bin/dpkg-query"})


@pytest.mark.parametrize("text, names, declared", [
    ("Files: *\nCopyright: A\nLicense: Expat\n\nFiles: debian/*\nLicense: GPL-2+\n", ["Expat"], "MIT"),
    ("Files:\n *\nCopyright:\n A\nLicense: BSD-3-clause\n The text\n", ["BSD-3-clause"], "BSD-3-Clause"),
    ("Files: *\nLicense: Expat\n\nFiles: src/*\nLicense: ISC\n", ["Expat", "ISC"], "NOASSERTION"),
    ("Files: *\nLicense: public-domain\n", ["public-domain"], "NOASSERTION"),
    ("This package was made by hand. License: MIT\n", [], "NOASSERTION")])
def test_a_license_is_declared_only_if_debian_names_a_single_one(tmp_path, text, names, declared):
    (tmp_path / "copyright").write_text(text, encoding="utf-8")
    assert sbom.licenses_of(tmp_path / "copyright") == names
    assert sbom.described("name", "1", tmp_path / "copyright")["licenseDeclared"] == declared
