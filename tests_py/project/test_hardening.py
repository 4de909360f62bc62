"""The programs have the protections of cmake/hardening.cmake, and the check of them finds each one that is missing."""

import importlib.util
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests_py.harness.process import ROOT, binary

# By its path: `packaging` is also a library, which pytest imports.
SPEC = importlib.util.spec_from_file_location("hardening", ROOT / "packaging/tests/hardening.py")
hardening = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(hardening)

FLAGS = ["-O2", "-fPIE", "-pie", "-Wl,-z,relro,-z,now,-z,noexecstack", "-fstack-protector-strong",
         "-fstack-clash-protection", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3", "-D_GLIBCXX_ASSERTIONS",
         "-fcf-protection=full" if hardening.output_of("uname", "-m") == "x86_64\n" else "-mbranch-protection=standard"]
SOURCE = r"""
#include <cstring>
#include <array>
void large(char* bytes, const char* text) { char copy[100000]; std::strcpy(copy, text); std::memcpy(bytes, copy, 9); }
int item(const std::array<int, 2>& items, unsigned index) { return items[index]; }
int one(int x) { return x + 1; } int two(int x) { return x + 2; } int three(int x) { return x + 3; }
int four(int x) { return x + 4; } int five(int x) { return x + 5; } int six(int x) { return x + 6; }
int main(int count, char** words) { large(words[0], words[1]); return item({1, 2}, count); }
"""


COMMANDS = Path(binary("dti_server")).parents[1] / "compile_commands.json"
needs_a_build = pytest.mark.skipif(not COMMANDS.exists(),
                                   reason="the programs are in no build folder: scripts/test filter starts them through others")


@needs_a_build
@pytest.mark.parametrize("program", ["dti_server", "dtictl", "faculty", "program"])
def test_a_program_has_all_protections(program):
    assert hardening.missing(binary(program)) == []


@needs_a_build
def test_the_sources_of_the_programs_are_compiled_with_the_third_level_of_fortify_source():
    commands = json.loads(COMMANDS.read_text(encoding="utf-8"))
    levels = [re.findall(r"-[DU]_FORTIFY_SOURCE(\S*)", entry["command"])[-1:] for entry in commands]
    assert len(levels) > 50 and all(level == ["=3"] for level in levels)


@pytest.mark.parametrize("removed, names", [
    ([], []),
    (["-no-pie"], ["PIE"]),
    (["-Wl,-z,norelro"], ["RELRO"]),
    (["-Wl,-z,lazy"], ["BIND_NOW"]),
    (["-Wl,-z,execstack"], ["stack that is not executable"]),
    (["-fno-stack-protector"], ["stack protector"]),
    (["-U_FORTIFY_SOURCE"], ["_FORTIFY_SOURCE"]),
    (["-U_GLIBCXX_ASSERTIONS"], ["assertions of libstdc++"]),
    (["-fcf-protection=none" if "-fcf-protection=full" in FLAGS else "-mbranch-protection=none"],
     ["control-flow protection"]),
    (["-fno-stack-clash-protection"], ["stack clash protection"])], ids=lambda it: " ".join(it))
def test_the_check_finds_a_missing_protection(tmp_path, removed, names):
    (tmp_path / "sample.cpp").write_text(SOURCE, encoding="utf-8")
    subprocess.run(["g++", *FLAGS, *removed, "-o", "sample", "sample.cpp"], cwd=tmp_path, check=True, timeout=60)
    assert hardening.missing(tmp_path / "sample") == names
