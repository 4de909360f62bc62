"""The mutants that the simulation must catch (scripts/mutants) stay true to the code: building them all takes too long
for every run, but a patch that does not fit any more would catch nothing."""

import subprocess

import pytest

from scripts.commands import mutants
from tests_py.harness.process import ROOT

PATCHES = sorted((ROOT / "tests/simulation/mutants").rglob("*.patch"))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_mutant_fits_the_code(patch):
    result = subprocess.run(["git", "apply", "--check", patch], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr


def test_every_mutant_is_in_the_table_of_bugs():
    table = (ROOT / "docs/bugs.md").read_text(encoding="utf-8")
    assert PATCHES
    assert [patch.stem for patch in PATCHES if f"`{patch.stem}`" not in table] == []


def test_the_copy_of_the_sources_can_be_configured(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "TREE", tmp_path / "tree")
    monkeypatch.setenv("CCACHE_BASEDIR", "")  # configure() sets it
    mutants.copy_sources()
    mutants.configure()
    assert (tmp_path / "tree/build/dev/build.ninja").exists()
