"""A long-running script of scripts/, as its tests start it."""

import json
import os
import subprocess

from tests_py.harness.process import ROOT, binary


class LongScript:
    """With a seed of its own, and so a folder of its own. What derives from it has `name` and `folder`."""

    seed = os.getpid()

    def start(self, *arguments):
        environment = {**os.environ, "DTI_BIN_DIR": os.path.dirname(binary("dti_server"))}
        return subprocess.Popen([ROOT / "scripts" / self.name, f"--seed={self.seed}", *arguments], env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *arguments):
        """The exit status, and what it said."""
        process = self.start(*arguments)
        try:
            output, _ = process.communicate(timeout=120)
        finally:
            process.kill()
        return process.returncode, output

    def figures(self):
        """What the run would go on from; {}: nothing yet."""
        state = self.folder / "state.json"
        return json.loads(state.read_text(encoding="utf-8"))["figures"] if state.exists() else {}
