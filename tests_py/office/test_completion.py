"""bash completes the names of the store, as dtictl complete prints them."""

import importlib.util
import os
import pty
import re
import select
import subprocess
import time

import pytest

from tests_py.harness.process import ROOT, binary, clean_environment, run, running
from tests_py.harness.scenario import POOL, SEMESTER

SPEC = importlib.util.spec_from_file_location("manual", ROOT / "packaging/manual.py")
manual = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(manual)

CATALOG = "faculty,program\nDerecho,Derecho Civil\nDerecho,Derecho Penal\nCiencias Naturales,Química & Física\nCiencias Naturales,Biología\n"
COMPLETE = """{functions}
compopt() {{ :; }}
COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_dtictl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def functions():
    return manual.completions(manual.Programs(os.path.dirname(binary("dtictl"))), "bash", "dtictl")


@pytest.fixture
def filled(tmp_path, store):
    """A store with names that have spaces, accents and characters of the shell."""
    catalog = tmp_path / "catalog.csv"
    catalog.write_text(CATALOG, encoding="utf-8")
    with running(tmp_path, *POOL, store.flag, f"--catalog={catalog}"):
        pass
    return store


def words_of(text):
    """The words as bash splits them at = : and @ for a completion."""
    return [part for part in re.split(r"([=:@])", text) if part]


def complete(functions, folder, *words, env=None):
    quoted = " ".join(manual.quoted(word) for word in (binary("dtictl"), *words))
    return subprocess.run(["bash", "-c", COMPLETE.format(functions=functions, words=quoted)], capture_output=True, text=True,
                          check=True, cwd=folder, timeout=20,
                          env=clean_environment(folder) | {"LC_ALL": "C.UTF-8"} | (env or {})).stdout.splitlines()


def test_names_are_offered_for_flags_and_operands_and_quoted_for_the_shell(functions, filled, tmp_path):
    store = words_of(filled.flag)
    for words, offered in (
            (["grant", "list", *store, "--semester", "=", ""], [SEMESTER]),
            (["semester", "close", *store, "--semester", "=", "20"], [SEMESTER]),
            (["semester", "roll-over", *store, "--from", ""], [SEMESTER]),
            (["grant", "list", *store, "--semester", "=", "x"], [""]),
            (["grant", "list", *store, "--faculty", "=", ""], ["Derecho", "Ciencias\\ Naturales"]),
            (["grant", "list", *store, "--faculty", "=", "Ciencias\\ N"], ["Ciencias\\ Naturales"]),
            (["grant", "list", *store, "--faculty", "=", "'Ciencias N"], ["Ciencias Naturales"]),
            (["grant", "list", *store, "--faculty", "=", '"Cien'], ["Ciencias Naturales"]),
            (["grant", "release", *store, "--program", "=", "Q"], ["Química\\ \\&\\ Física"]),
            (["grant", "release", *store, "--faculty", "=", "'Ciencias Naturales'", "--program", "=", ""],
             ["Química\\ \\&\\ Física", "Biología"]),
            (["grant", "release", *store, "--faculty", "Derecho", "--program", "=", ""], ["Derecho\\ Civil", "Derecho\\ Penal"]),
            (["grant", "show", *store, "Bio"], ["Biología"]),
            (["explain", *store, "Derecho\\ C"], ["Derecho\\ Civil"]),
            (["grant", "show"], ["show"])):
        assert complete(functions, tmp_path, *words) == offered, words
    assert complete(functions, tmp_path, "grant", "list", "--semester", "=", "", env={"DTI_STORE": filled.flag.removeprefix("--store=")}) == [SEMESTER]


def test_without_a_store_nothing_is_offered_and_nothing_is_said(functions, tmp_path):
    assert complete(functions, tmp_path, "grant", "list", "--store", "=", "sqlite", ":", "/nowhere/dti.db", "--semester", "=", "") == [""]


def test_a_store_that_does_not_answer_delays_the_shell_by_a_second_only(tmp_path, postgresql):
    postgresql.cluster.freeze()
    began = time.monotonic()
    code, out, _ = run(tmp_path, "dtictl", "complete", postgresql.flag, "semesters")
    assert (code, out) == (-14, "") and time.monotonic() - began < 5


def test_complete_is_for_shells_and_is_not_in_the_help(tmp_path, filled):
    assert "complete" not in run(tmp_path, "dtictl", "--help")[1]
    code, out, log = run(tmp_path, "dtictl", "complete", filled.flag, "semesters")
    assert (code, out, log) == (0, f"{SEMESTER}\n", "")
    assert run(tmp_path, "dtictl", "complete", filled.flag, "grants")[0] == 2


def test_a_person_at_a_terminal_gets_the_name(functions, filled, tmp_path):
    """Readline itself inserts it: the command line that bash then runs has one word with the name."""
    script = tmp_path / "completions"
    script.write_text(functions, encoding="utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dtictl").symlink_to(binary("dtictl"))
    environment = clean_environment(tmp_path) | {"LC_ALL": "C.UTF-8", "TERM": "dumb", "DTI_STORE": filled.flag.removeprefix("--store="), "PS1": "$ ",
                                                 "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "INPUTRC": "/dev/null"}
    process, terminal = pty.fork()
    if process == 0:
        os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], environment)
    try:
        os.write(terminal, f". {script}\n".encode())
        read_until(terminal, b"$ ")
        os.write(terminal, b"dtictl grant list --faculty=Cienc\t --format=json; echo left-$?\n")
        assert b"left-0" in read_until(terminal, b"left-0")
    finally:
        os.write(terminal, b"\x03exit\n")
        os.close(terminal)
        os.waitpid(process, 0)


def read_until(terminal, text):
    seen = b""
    ends = time.monotonic() + 30
    while text not in seen and time.monotonic() < ends:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 4096)
    return seen
