"""docs/threat-model.md: each attack has an answer and tests, and each named test exists."""

import re

from tests_py.harness.process import ROOT

PAGE = ROOT / "docs/threat-model.md"
SUBJECTS = {  # words of the first cells of rows that must stay
    "without a key", "removed while", "name of another faculty", "sends it again", "routing id", "CVE-2019-13132", "CVE-2020-15166",
    "half handshakes", "plain client at a secured", "empty, truncated", "SQL", "escapes of a terminal", "parts of a path",
    "others can write", "another host", "expired", "another authority", "an auditor writes"}


def rows():
    """(attack, answer, tests) of each row."""
    text = PAGE.read_text(encoding="utf-8").split("\n## Attacks\n")[1].split("\n## ")[0]
    found = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("| ")]
    return [row for row in found if row[0] not in ("attack", "---")]


def all_tests():
    cpp = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.cpp"))
    python = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests_py").rglob("test_*.py"))
    return ({".".join(found) for found in re.findall(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", cpp)}
            | set(re.findall(r"^def (test_\w+)\(", python, re.MULTILINE))
            | {path.name for path in (ROOT / "tests_py").rglob("test_*.py")})


def missing(rows, there):
    """A sentence for each row without tests, and for each test that does not exist."""
    for row in rows:
        named = re.findall(r"`([\w.]+)`", row[-1])
        if len(row) != 3 or not row[1] or not named:
            yield f"{row[0]}: no answer or no test"
        for name in named:
            if name not in there:
                yield f"{row[0]}: there is no test {name}"


def test_each_attack_has_an_answer_and_tests_that_exist():
    assert len(rows()) > 30
    assert list(missing(rows(), all_tests())) == []


def test_a_row_without_a_test_and_a_test_that_was_renamed_are_found():
    there = all_tests()
    for row in (["an attack", "an answer", "none"], ["an attack", "", "`test_hardening.py`"],
                ["an attack", "an answer", "`test_that_was_renamed`"], ["an attack", "an answer", "`Suite.ThatWasRenamed`"]):
        assert len(list(missing([row], there))) == 1, row


def test_no_attack_is_left_out():
    attacks = "\n".join(row[0] for row in rows())
    assert {subject for subject in SUBJECTS if subject not in attacks} == set()
