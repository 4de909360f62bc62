"""Patroni in a virtual environment of the run's own, and what else a cluster under Patroni needs."""

import os
import shutil
import subprocess
from pathlib import Path

from tests_py.harness.postgresql import newest_bin_folder
from tests_py.harness.process import ROOT

ENVIRONMENTS = ROOT / "build/patroni"
NEWEST = "4.1.5"
DEBIAN = "debian"  # in the place of a version: the package `patroni`, wherever it comes from
REQUIREMENTS = [Path(__file__).parent / name  # of NEWEST, with the hash of each file, since root installs
                for name in ("requirements-build.txt", "requirements.txt")]
INSTALL_SECONDS = 600
NO_ROOT = "Patroni's nodes need network namespaces and mounts, which only root can make"


def missing():
    """Why no cluster under Patroni can be made here; None: it can."""
    if os.geteuid() != 0:
        return NO_ROOT
    for tool, package in (("ip", "iproute2"), ("nsenter", "util-linux"), ("setpriv", "util-linux"),
                          ("etcd", "etcd-server")):
        if shutil.which(tool) is None:
            return f"{tool} is not installed (package {package})"
    if newest_bin_folder() is None:
        return "PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb"
    return None


def patroni_program(version):
    """The program of that version, if it was installed; else None."""
    program = Path("/usr/bin/patroni") if version == DEBIAN else ENVIRONMENTS / version / "bin/patroni"
    return program if program.exists() else None


def version_of(program):
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]


def install_patroni(version):
    """Makes the environment, if it is not there. Raises OSError with what pip says."""
    program = patroni_program(version)
    if program:
        return program
    if version == DEBIAN:
        raise OSError("the package patroni is not installed")
    folder = ENVIRONMENTS / version
    shutil.rmtree(folder, ignore_errors=True)
    pip = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
           "--no-build-isolation"]  # it would fetch what builds sources, without a hash
    commands = [["/usr/bin/python3", "-m", "venv", folder],
                *([*pip, "--require-hashes", "--requirement", path] for path in REQUIREMENTS)]
    if version != NEWEST:
        commands.append([*pip, f"patroni=={version}"])
    for command in commands:
        made = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        if made.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            raise OSError(f"Patroni {version} could not be installed: {(made.stderr or made.stdout).strip()[-500:]}")
    return patroni_program(version)
