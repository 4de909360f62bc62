#!/usr/bin/python3 -B
"""Writes the tables of inputs and outputs into the README of each module and of each Google environment, from their
variables.tf and outputs.tf.

    terraform/tables.py            writes
    terraform/tables.py --check    writes nothing; exit code 1 if a table is not up to date"""

import re
import sys
from pathlib import Path

TERRAFORM = Path(__file__).resolve().parent
FOLDERS = sorted([*TERRAFORM.glob("modules/*"), *TERRAFORM.glob("environments/gcp-*")])


def blocks(text, kind):
    """(name, body) of each block of that kind, in a file that `terraform fmt` has formatted."""
    return re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL)


def argument(body, name):
    """The first line of the argument, or None."""
    found = re.search(rf"^  {name} += (.*)$", body, re.MULTILINE)
    return found[1] if found else None


def description(body):
    text = re.sub(r"\\(.)", r"\1", argument(body, "description")[1:-1])
    return text.replace("|", "\\|")


def kind_of(body):
    """The type in a word or two: an object's parts are in the description."""
    text = re.sub(r"\(?\{$", "", argument(body, "type"))
    return f"`{text}{')' * (text.count('(') - text.count(')'))}`"


def default(body):
    value = argument(body, "default")
    if value is None:
        return "required"
    return "see variables.tf" if value.endswith(("{", "[")) else f"`{value}`"


def inputs(folder):
    rows = [f"| `{name}` | {kind_of(body)} | {default(body)} | {description(body)} |"
            for name, body in blocks((folder / "variables.tf").read_text(encoding="utf-8"), "variable")]
    return "\n".join(["| input | type | default | |", "| --- | --- | --- | --- |", *rows])


def outputs(folder):
    rows = [f"| `{name}` | {description(body)} |"
            for name, body in blocks((folder / "outputs.tf").read_text(encoding="utf-8"), "output")]
    return "\n".join(["| output | |", "| --- | --- |", *rows])


def with_table(text, heading, table):
    """The text with the table as the only content of that section."""
    before, found, after = text.partition(f"\n## {heading}\n")
    assert found, f"no section {heading}"
    rest = re.search(r"^## ", after, re.MULTILINE)
    return f"{before}\n## {heading}\n\n{table}\n" + (f"\n{after[rest.start():]}" if rest else "")


def main():
    stale = []
    for folder in FOLDERS:
        readme = folder / "README.md"
        before = readme.read_text(encoding="utf-8")
        after = with_table(with_table(before, "Inputs", inputs(folder)), "Outputs", outputs(folder))
        if after != before:
            stale.append(readme)
            if "--check" not in sys.argv[1:]:
                readme.write_text(after, encoding="utf-8")
    for readme in stale:
        print(readme.relative_to(TERRAFORM))
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
