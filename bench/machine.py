"""What was measured on. Nothing that names the machine itself."""

import os
import platform
import re
import subprocess
from pathlib import Path

from tests_py.harness.process import binary


UNKNOWN = "unknown"


def describe():
    memory = first_match("/proc/meminfo", r"^MemTotal: +([0-9]+) kB$")
    return {"cpu": first_match("/proc/cpuinfo", r"^model name\s*: (.*)$"), "cores": os.cpu_count(),
            "memory": UNKNOWN if memory == UNKNOWN else f"{int(memory) / 2**20:.0f} GiB",
            "kernel": f"{platform.system()} {platform.release()}",
            "system": first_match("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)"?$')}


def first_match(path, pattern):
    """Of a file that may not be there."""
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() or UNKNOWN if found else UNKNOWN


def versions():
    """Of the libraries that the programs were built with."""
    return {name: version(package) for name, package in (
        ("libzmq", "libzmq"), ("simdjson", "simdjson"), ("SQLite", "sqlite3"), ("libpqxx", "libpqxx"))}


def build():
    """Of the programs that are measured, as CMake noted it in their build folder."""
    folder = Path(binary("dti_server")).parents[1]
    noted = next(iter(sorted(folder.glob("CMakeFiles/*/CMakeCXXCompiler.cmake"))), folder / "none")
    compiler = [first_match(noted, rf'^set\(CMAKE_CXX_COMPILER_{name} "(.*)"\)$') for name in ("ID", "VERSION")]
    kind = first_match(folder / "CMakeCache.txt", r"^CMAKE_BUILD_TYPE:\w+=(.+)$")
    flags = first_match(folder / "CMakeCache.txt", rf"^CMAKE_CXX_FLAGS_{kind.upper()}:\w+=(.*)$")
    return {"compiler": UNKNOWN if UNKNOWN in compiler else " ".join(compiler), "type": kind, "flags": flags}


def version(package):
    result = subprocess.run(["pkg-config", "--modversion", package], capture_output=True, text=True, timeout=30)
    return result.stdout.strip() or UNKNOWN
