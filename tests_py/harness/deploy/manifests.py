"""The files of deploy, as Compose and kustomize read them (tests/manifests, in Go)."""

import json
import os
import subprocess

from tests_py.harness.process import HANG_SECONDS, ROOT
from tests_py.harness.terraform_provider import build_with_go


class Manifests:
    """The program that reads the files, built in `folder`. Fails with CannotBuild if a tool is missing."""

    def __init__(self, folder):
        self._program = folder / "manifests"
        build_with_go(ROOT / "tests/manifests", self._program, "the program that reads the files of deploy")

    def call(self, kind, path):
        """The exit status, and the output or the fault."""
        result = subprocess.run([self._program, kind, path], capture_output=True, text=True, timeout=HANG_SECONDS,
                                stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "HOME": "/"})
        return result.returncode, result.stdout or result.stderr

    def read(self, kind, path):
        status, text = self.call(kind, path)
        assert status == 0, text
        return json.loads(text)
