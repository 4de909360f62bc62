"""Copies the pages of the package dti-doc, without the links that would lead nowhere there: documents.py OUTPUT

A link to a file that is not installed becomes its text and the path of the file in the sources."""

import argparse
import re
import shutil
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
FOLDER = "docs"
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")


def is_installed(path):
    return path.parts[0] == FOLDER or str(path) in PAGES


def with_installed_links(page, text):
    """The text of a page, whose path begins at the root of the sources."""
    def replacement(link):
        target = link[2].partition("#")[0]
        if not target or re.match(r"[a-z]+:", target):
            return link[0]
        path = (SOURCES / page).parent.joinpath(target).resolve().relative_to(SOURCES)
        if is_installed(path):
            return link[0]
        return link[1] if str(path).startswith(link[1].strip("`")) else f"{link[1]} (`{path}` in the sources)"
    return LINK.sub(replacement, text)


def copy_documents(output):
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(SOURCES / FOLDER, output / FOLDER)
    for name in PAGES:
        shutil.copy(SOURCES / name, output)
    for path in output.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        path.write_text(with_installed_links(path.relative_to(output), text), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, metavar="OUTPUT")
    copy_documents(parser.parse_args().output)


if __name__ == "__main__":
    main()
