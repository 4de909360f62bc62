"""What was measured on. Nothing that names the machine itself."""

import os
import platform
import re
import subprocess
from pathlib import Path

from harness.process import ROOT


def describe():
    return {"cpu": first_match("/proc/cpuinfo", r"^model name\s*: (.*)$"), "cores": os.cpu_count(),
            "memory": f"{int(first_match('/proc/meminfo', r'^MemTotal: +([0-9]+) kB$')) / 2**20:.0f} GiB",
            "kernel": f"{platform.system()} {platform.release()}",
            "system": first_match("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)"?$')}


def first_match(path, pattern):
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else "0"


def versions():
    """Of the libraries that the programs were built with."""
    return {name: output("pkg-config", "--modversion", package) or "not known"
            for name, package in (("libzmq", "libzmq"), ("SQLite", "sqlite3"), ("libpqxx", "libpqxx"))}


def commit():
    """The commit of this checkout, marked if something was changed since; None without git."""
    found = output("git", "rev-parse", "--short=12", "HEAD")
    changed = output("git", "--no-optional-locks", "status", "--porcelain")
    return found and found + (" with changes" if changed else "")


def output(*command):
    """What it prints; None if it fails or is not there."""
    try:
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
