"""Terraform with the provider of tests/terraform/provider in place of the published one, and without a network.

As a script, it builds the provider and runs Terraform in the current folder, with the arguments that it gets:
    python3 -m tests_py.harness.terraform_provider test
"""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests_py.harness.process import HANG_SECONDS, ROOT
from tests_py.harness.terraform_policy import KEY_FILE

SOURCE = ROOT / "tests/terraform/provider"
VERSION = "6.50.0"
GO_NEEDED = (1, 25)
BUILD_SECONDS = 600  # the first time, with the modules that it fetches
RUN_SECONDS = 500  # for what hangs: the tests of a module take 3 s of a processor
# Terraform starts the provider for each step of a test, and lives for seconds: without TLS between the two, and with fewer
# collections of garbage, a test takes about half of the processor's time.
CHEAP = {"TF_DISABLE_PLUGIN_TLS": "1", "GOGC": "400"}
NO_NETWORK = re.compile(r"dial tcp|proxyconnect|no such host|module lookup disabled")
# Written by Terraform, and not for a copy: a lock file would have the hash of the published provider.
WRITTEN = shutil.ignore_patterns("*.tfstate*", ".state", ".terraform", ".terraform.lock.hcl", "__pycache__")


FACULTIES = ("ciencias-sociales", "ciencias-naturales", "ingenieria", "medicina", "derecho")  # with keys in each plan


class CannotBuild(Exception):
    """What is missing."""


def go_version():
    """[version, system, architecture] of go; fails if it is missing or too old."""
    go = shutil.which("go")
    if go is None:
        raise CannotBuild("go is not installed")
    output = subprocess.run([go, "env", "GOVERSION", "GOOS", "GOARCH"], capture_output=True, text=True,
                            timeout=HANG_SECONDS, check=True).stdout
    version, system, architecture = output.split("\n")[:3]
    found = re.match(r"go(\d+)\.(\d+)", version)
    if not found or tuple(map(int, found.groups())) < GO_NEEDED:
        raise CannotBuild(f"go {'.'.join(map(str, GO_NEEDED))} is needed, this is {version}")
    return version, system, architecture


def platform():
    """The name of this machine in the names of providers. Fails if a tool is missing."""
    if not shutil.which("terraform"):
        raise CannotBuild("Terraform is not installed")
    _, system, architecture = go_version()
    return f"{system}_{architecture}"


def build_with_go(source, output, what):
    """Builds the Go module in the folder `source`. Fails if `what` cannot be built here."""
    try:
        go_version()
    except CannotBuild as missing:
        raise CannotBuild(f"{missing}: {what} cannot be built") from None
    built = subprocess.run(["go", "build", "-o", output, "."], cwd=source, capture_output=True, text=True,
                           timeout=BUILD_SECONDS, env={**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false"})
    if built.returncode and NO_NETWORK.search(built.stderr):
        raise CannotBuild(f"the modules of {what} cannot be fetched: {built.stderr.splitlines()[-1]}")
    assert built.returncode == 0, built.stderr


def build_mirror(folder):
    """Builds the provider, and returns the configuration with which Terraform takes it, and no other, from `folder`."""
    binary = (folder / "registry.terraform.io/hashicorp/google" / VERSION / platform()
              / f"terraform-provider-google_v{VERSION}")
    build_with_go(SOURCE, binary, "the provider of the checks")
    configuration = folder / "terraformrc"
    configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{folder}"\n  }}\n}}\n')
    return configuration


class Terraform:
    """Terraform in a folder of its own: a copy of `source`, or the files of `texts`."""

    def __init__(self, configuration, base, source=None, below=".", texts=None):
        """`below`: the folder in the copy in which Terraform runs."""
        self._configuration = configuration
        self._tree = Path(tempfile.mkdtemp(prefix="terraform-", dir=base))
        if source:
            shutil.copytree(source, self._tree, ignore=WRITTEN, dirs_exist_ok=True)
        self.folder = self._tree / below
        for name, text in (texts or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def copy(self, base):
        """The same at another place, with all that Terraform has written: as good as new, without the time for it."""
        tree = Path(tempfile.mkdtemp(prefix="terraform-", dir=base))
        shutil.copytree(self._tree, tree, symlinks=True, dirs_exist_ok=True)
        other = copy.copy(self)
        other._tree, other.folder = tree, tree / self.folder.relative_to(self._tree)
        return other

    def environment(self):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TF_", "GOOGLE_"))}
        return {**kept, "TF_CLI_CONFIG_FILE": str(self._configuration), "CHECKPOINT_DISABLE": "1",
                "TF_IN_AUTOMATION": "1", "TF_VAR_server_key": KEY_FILE,
                "TF_VAR_faculty_keys": json.dumps(dict.fromkeys(FACULTIES, KEY_FILE)), **CHEAP}

    def call(self, *arguments):
        """The exit status and the output, without Terraform's frames and line breaks."""
        command = ["terraform", arguments[0], "-no-color", *arguments[1:]]
        result = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=RUN_SECONDS, env=self.environment())
        return result.returncode, re.sub(r"\s+", " ", re.sub(r"[│╷╵]", " ", result.stdout))

    def run(self, *arguments, status=0):
        got, output = self.call(*arguments)
        assert got == status, output
        return output

    def init(self):
        self.run("init", "-backend=false", "-input=false")
        return self

    def plan(self, *arguments):
        """The plan as `show -json` prints it."""
        self.run("plan", "-input=false", "-out=plan", *arguments)
        return self._json("show", "-json", "plan")

    def apply(self, *arguments):
        return self.run("apply", "-input=false", "-auto-approve", *arguments)

    def state(self):
        return self._json("show", "-json")

    def _json(self, *arguments):
        result = subprocess.run(["terraform", *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=RUN_SECONDS, env=self.environment())
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)


def main():
    """Runs Terraform in a copy of the project's folder terraform, at the place that the current folder has there."""
    here = Path.cwd().resolve()
    top = next((folder for folder in (here, *here.parents) if folder.name == "terraform"), here)
    with tempfile.TemporaryDirectory() as base:
        configuration = build_mirror(Path(base) / "mirror")
        terraform = Terraform(configuration, base, source=top, below=here.relative_to(top))
        subprocess.run(["terraform", "init", "-backend=false", "-input=false"], cwd=terraform.folder, check=True,
                       stdout=subprocess.DEVNULL, env=terraform.environment())
        command = ["terraform", *sys.argv[1:]]
        return subprocess.run(command, cwd=terraform.folder, env=terraform.environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
