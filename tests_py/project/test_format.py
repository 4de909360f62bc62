"""The layout of the C++ sources is that of clang-format 14. Other versions lay some lines out differently."""

import shutil
import subprocess

import pytest

from tests_py.harness.process import ROOT

FORMATTER = shutil.which("clang-format-14")
SOURCES = sorted(path for folder in ("apps", "bench", "include", "src", "tests")
                 for suffix in ("*.cpp", "*.hpp") for path in (ROOT / folder).rglob(suffix))

pytestmark = pytest.mark.skipif(FORMATTER is None, reason="clang-format 14 is not installed (Debian 12 has it)")


def misplaced(text):
    return subprocess.run([FORMATTER, "--assume-filename=text.cpp"], input=text, cwd=ROOT, capture_output=True, text=True,
                          check=True).stdout != text


def test_every_source_has_the_layout_of_the_formatter():
    assert len(SOURCES) > 400
    found = subprocess.run([FORMATTER, "--dry-run", "--Werror", *SOURCES], capture_output=True, text=True)
    assert found.returncode == 0, f"run `clang-format-14 -i` on these files:\n{found.stderr[:4000]}"


@pytest.mark.parametrize(("text", "is_misplaced"), [("int f() { return 1; }\n", False), ("int f(){return 1;}\n", True)])
def test_it_finds_another_layout(text, is_misplaced):
    assert misplaced(text) == is_misplaced
