"""Writes the software bill of materials (SPDX 2.3, JSON) of a package: sbom.py --package=NAME --version=VERSION
--build=FOLDER --output=FILE PROGRAM...

It lists the Debian packages of the libraries that the programs in FOLDER/bin load, and of the headers that they were
compiled with, which Ninja has recorded. SOURCE_DATE_EPOCH is its time. It fails if a file belongs to no package."""

import argparse
import json
import os
import platform
import re
import subprocess
import time
import uuid
from pathlib import Path
from urllib.parse import quote

DOCUMENT = "SPDXRef-DOCUMENT"
INTERFACE_ONLY = {"linux-libc-dev"}  # headers without a library of their own: constants and structures, no code
LICENSES = {"expat": "MIT"} | {it.lower(): it for it in ("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT")}
FIELDS = "${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\t${source:Version}\\n"


def output_of(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, **{"check": True, **options}).stdout


def owners_of(paths):
    """The packages of files, by path. A library may be packed below /lib or /usr/lib: one is a link to the other."""
    names = {path: (path, path.removeprefix("/usr"), f"/usr{path}") for path in paths}
    lines = output_of("dpkg-query", "--search", *sum(names.values(), ()), check=False, stderr=subprocess.DEVNULL)
    owners = {path: owner.split(",")[0] for owner, _, path in (line.partition(": ") for line in lines.splitlines())
              if not owner.startswith("diversion ")}
    if missing := [path for path in paths if not any(name in owners for name in names[path])]:
        raise SystemExit(f"sbom: these files belong to no package: {' '.join(sorted(missing))}")
    return {path: next(owners[name] for name in names[path] if name in owners) for path in paths}


def libraries_of(program):
    """The libraries that a program loads, by their name, and the names of those that it links itself."""
    loaded = re.findall(r"(/\S+) \(0x", output_of("ldd", program))
    linked = re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-dW", program))
    return {os.path.basename(path): path for path in loaded}, set(linked)


def objects_of(build, program):
    """The objects in a program, by its debug information: it has only some of those of a static library."""
    inputs = output_of("ninja", "-C", build, "-t", "inputs", f"bin/{program}").split()
    objects = {re.sub(r"CMakeFiles/[^/]+\.dir/", "", name[:-2]): name for name in inputs if name.endswith(".cpp.o")}
    information = output_of("readelf", "--debug-dump=info", "--dwarf-depth=1", build / "bin" / program)
    units = re.findall(r"DW_AT_name .* (\S+\.cpp)$", information, re.MULTILINE)
    found = {name for source, name in objects.items() if any(f"/{unit}".endswith(f"/{source}") for unit in units)}
    if not found or len(found) != len(units):
        raise SystemExit(f"sbom: {program} has {len(units)} units with debug information, and Ninja knows {len(found)}")
    return found


def headers_of(build, programs):
    """The headers outside the project that the objects of programs were compiled with."""
    lines = output_of("ninja", "-C", build, "-t", "deps", *set().union(*(objects_of(build, it) for it in programs)))
    if "deps not found" in lines:
        raise SystemExit(f"sbom: {build} was not built completely")
    return {os.path.normpath(path) for path in re.findall(r"^ +(/usr/\S+)$", lines, re.MULTILINE)}


def licenses_of(copyright_file):
    """Debian's names of the licenses in a copyright file (DEP 5), without those of its own packaging."""
    text = copyright_file.read_text(encoding="utf-8") if copyright_file.exists() else ""
    found = re.findall(r"^Files:\s*(\S+)\s(?:.+\n)*?License:[ \t]*(\S.*)$", text, re.MULTILINE)
    return sorted({name.strip() for files, name in found if not files.startswith("debian/")})


def element(name):
    return "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def relationship(ours, kind, other):
    first, second = (other, ours) if kind.endswith("_OF") else (ours, other)
    return {"spdxElementId": first, "relationshipType": kind, "relatedSpdxElement": second}


def described(name, version, copyright_file, **more):
    names = licenses_of(copyright_file)
    declared = LICENSES.get(";".join(names).lower(), "NOASSERTION")  # of several, one may be that of a test only
    comment = f"Debian names these licenses in the source: {'; '.join(names) or 'none that programs can read'}"
    return {"SPDXID": element(name), "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": declared,
            "licenseComments": comment, "copyrightText": "NOASSERTION", **more}


def dependency(fields):
    name, version, architecture, source, source_version = fields
    suite = platform.freedesktop_os_release()["VERSION_ID"]
    purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe=':')}?arch={architecture}&distro=debian-{suite}"
    return described(name, version, Path(f"/usr/share/doc/{name}/copyright"), supplier="Organization: Debian",
                     sourceInfo=f"built from the source package {source} {source_version}",
                     externalRefs=[{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                    "referenceLocator": purl}])


def materials(build, programs):
    """The packages that the programs are made of: their fields, and the relationship of each to our package."""
    loaded, linked = {}, set()
    for program in programs:
        libraries, names = libraries_of(build / "bin" / program)
        loaded, linked = loaded | libraries, linked | names
    headers = headers_of(build, programs)
    owners = owners_of(headers | set(loaded.values()))
    package_of = {path: owner.partition(":")[0] for path, owner in owners.items()}
    lines = output_of("dpkg-query", "--show", "--showformat", FIELDS, *set(owners.values()))
    fields = {line.split("\t")[0]: line.split("\t") for line in lines.splitlines()}
    kinds = {package_of[path]: "RUNTIME_DEPENDENCY_OF" for path in loaded.values()}
    kinds |= {package_of[path]: "DYNAMIC_LINK" for library, path in loaded.items() if library in linked}
    sources = {fields[name][3] for name in kinds}
    for name in {package_of[path] for path in headers} - set(kinds):
        is_header_only = fields[name][3] not in sources and name not in INTERFACE_ONLY
        kinds[name] = "CONTAINS" if is_header_only else "BUILD_DEPENDENCY_OF"
    return [(fields[name], kind) for name, kind in sorted(kinds.items())]


def document(package, version, build, programs):
    parts = materials(build, programs)
    relationships = [relationship(DOCUMENT, "DESCRIBES", element(package)),
                     *(relationship(element(package), kind, element(fields[0])) for fields, kind in parts)]
    copyright_file = Path(__file__).with_name("debian") / "copyright"
    ours = described(package, version, copyright_file, supplier="Organization: dti maintainers")
    packages = [ours, *(dependency(fields) for fields, _ in parts)]
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    name = f"{package}-{version}"
    digest = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([name, packages, relationships]))
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": DOCUMENT, "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{quote(name)}-{digest}",
        "comment": "The versions are those of the build. Debian may have installed newer versions of the libraries.",
        "creationInfo": {"created": created, "creators": [ours["supplier"], "Tool: packaging/sbom.py"]},
        "packages": packages, "relationships": relationships}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("package", "version", "build", "output"):
        parser.add_argument(f"--{option}", required=True, type=Path if option in ("build", "output") else str)
    parser.add_argument("programs", nargs="+", metavar="PROGRAM")
    options = parser.parse_args()
    bill = document(options.package, options.version, options.build, options.programs)
    options.output.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
