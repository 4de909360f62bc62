"""Compares a software bill of materials with SPDX 2.3 and with this system: bill.py FILE PROGRAM... Exit code 1 if they
differ. Needs python3-jsonschema.

The PROGRAMs are those of the package that FILE describes, and this system is that of the build."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

from jsonschema import Draft201909Validator

SCHEMA = Path(__file__).resolve().parents[2] / "tests/sbom/spdx-2.3.json"


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def owners_of(names):
    """The packages of the files that packages have, by path."""
    lists = output_of("dpkg-query", "--listfiles", *names).split("\n\n")
    return {path: name for name, files in zip(names, lists, strict=True) for path in files.splitlines()}


def faults(bill, programs):
    """What is wrong with a bill, as sentences."""
    yield from (f"{error.json_path}: {error.message}" for error in Draft201909Validator(
        json.loads(SCHEMA.read_text(encoding="utf-8"))).iter_errors(bill))
    names = {package["SPDXID"]: package["name"] for package in bill["packages"]}
    related = [(names.get(entry["spdxElementId"], entry["spdxElementId"]), entry["relationshipType"],
                names.get(entry["relatedSpdxElement"], entry["relatedSpdxElement"])) for entry in bill["relationships"]]
    subject = next(name for _, kind, name in related if kind == "DESCRIBES")
    ends = {end for first, _, second in related for end in (first, second)}
    yield from (f"no relationship has {name}" for name in set(names.values()) - ends)
    yield from (f"no package is {name}" for name in ends - set(names.values()) - {bill["SPDXID"]})
    owners = owners_of(sorted(set(names.values()) - {subject}))
    for program in programs:
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-dW", program))
        for path in re.findall(r"(/\S+) \(0x", output_of("ldd", program)):
            owner = owners.get(path) or owners.get(f"/usr{path}")  # /lib may be a link to /usr/lib
            if not owner:
                yield f"{program} loads {path}, which is of no package in the bill"
            elif os.path.basename(path) in needed and (subject, "DYNAMIC_LINK", owner) not in related:
                yield f"{program} links {path} of {owner}, and no relationship says so"
    for package in bill["packages"]:
        if package["name"] == subject:
            continue
        version = output_of("dpkg-query", "--show", "--showformat=${Version}\n", package["name"]).splitlines()[0]
        if package["versionInfo"] != version:
            yield f"{package['name']} is {package['versionInfo']}, and dpkg has {version}"
        purls = [reference["referenceLocator"] for reference in package["externalRefs"]]
        if [unquote(purl.partition("?")[0]) for purl in purls] != [f"pkg:deb/debian/{package['name']}@{version}"]:
            yield f"{package['name']} has other addresses: {purls}"


def main():
    found = list(faults(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2:]))
    print("\n".join(found) or f"{sys.argv[1]} is complete")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
