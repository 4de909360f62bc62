"""The pages of the package dti-doc lead to each other: no link of them leads to a file that the package does not have."""

import importlib.util
import re

import pytest

from tests_py.harness.process import ROOT

# By its path: `packaging` is also a library, which pytest imports.
SPEC = importlib.util.spec_from_file_location("documents", ROOT / "packaging/documents.py")
documents = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(documents)


def test_each_link_of_an_installed_page_leads_to_an_installed_file(tmp_path):
    documents.copy_documents(tmp_path)
    pages = sorted(tmp_path.rglob("*.md"))
    links = [(page, target) for page in pages
             for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")) if ":" not in target]
    assert len(pages) > 20 and len(links) > 50
    assert [f"{page.relative_to(tmp_path)}: {target}" for page, target in links
            if not (page.parent / target).resolve().exists()] == []


def test_the_installed_pages_are_those_of_the_project(tmp_path):
    documents.copy_documents(tmp_path)
    pages = {path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))}
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*.md")} == pages


@pytest.mark.parametrize("text, installed", [
    ("[the log](operations.md#log-events)", "[the log](operations.md#log-events)"),
    ("[above](#above), [RFC](https://example.org/rfc)", "[above](#above), [RFC](https://example.org/rfc)"),
    ("[the map](../ARCHITECTURE.md)", "[the map](../ARCHITECTURE.md)"),
    ("[the\nclient](../clients/python/README.md)", "the\nclient (`clients/python/README.md` in the sources)"),
    ("[bench/RESULTS.md](../bench/RESULTS.md#all)", "bench/RESULTS.md"),
])
def test_only_a_link_to_a_file_that_is_not_installed_becomes_text(text, installed):
    assert documents.with_installed_links("docs/page.md", text) == installed
