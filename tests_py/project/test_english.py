"""The sources speak plain English: their texts and comments have none of the words that harness/english.py lists."""

import pytest

from tests_py.harness.english import FORBIDDEN, texts_of, texts_of_python
from tests_py.harness.process import ROOT

SOURCES = sorted(path for folder in ("src", "include", "apps") for suffix in ("*.cpp", "*.hpp")
                 for path in (ROOT / folder).rglob(suffix))
PYTHON_SOURCES = sorted(path for folder in ("scripts", "bench", "tests_py") for path in (ROOT / folder).rglob("*.py"))


def odd_words(source, read=texts_of):
    return [f"line {line}: {found.group()!r} in {text[:80]!r}" for line, text in read(source)
            for found in FORBIDDEN.finditer(text)]


def test_no_text_and_no_comment_has_a_word_of_the_list():
    assert len(SOURCES) > 150
    found = [f"{path.relative_to(ROOT)} {odd}" for path in SOURCES for odd in odd_words(path.read_text("utf-8"))]
    assert not found, "\n".join(["write it in plain words (tests_py/harness/english.py):", *found])


def test_no_docstring_and_no_comment_of_python_has_a_word_of_the_list():
    assert len(PYTHON_SOURCES) > 80
    found = [f"{path.relative_to(ROOT)} {odd}" for path in PYTHON_SOURCES if path.name != "english.py"
             for odd in odd_words(path.read_text("utf-8"), texts_of_python)]
    assert not found, "\n".join(["write it in plain words (tests_py/harness/english.py):", *found])


@pytest.mark.parametrize(("source", "count"), [
    ('"""Nobody waits."""', 1),
    ('def f():\n    """A request is under\n    way."""', 1),
    ("x = 1  # whoever asks\n", 1),
    ("# under\n# way\n", 1),
    ('NAME = "nobody"\nnobody = 1\n', 0)])
def test_it_finds_the_words_in_docstrings_and_comments_of_python_only(source, count):
    assert len(odd_words(source, texts_of_python)) == count


@pytest.mark.parametrize(("source", "count"), [
    ('f("the server is told");', 1),
    ('f("so that " "nobody" " waits");', 1),
    ("/// A lock that somebody\n/// else has.", 1),
    ("/// The connection is under\n/// way.", 1),
    ('f(R"(made anew)");', 1),
    ("// whoever it was", 1),
    ('f("a" + nobody + \'"\' + "b");', 0),
    ("int nobody = 1'000;  // a name of the code", 0),
    ('f("the server gets it");', 0)])
def test_it_finds_the_words_in_texts_and_comments_only(source, count):
    assert len(odd_words(source)) == count
