"""terraform/run hands a new password over in the environment; the startup script of the VMs is careful with its own."""

import json
import os
import re
import shutil
import subprocess

import pytest

from tests_py.harness.process import HANG_SECONDS, ROOT

RUN = ROOT / "terraform/run"
SCRIPT = ROOT / "terraform/modules/vm/startup.sh"
TERRAFORM = """#!/usr/bin/python3
import json, os, sys
with open(%r, "a") as log:
    log.write(json.dumps([sys.argv[1:], os.environ.get("TF_VAR_db_password")]) + "\\n")
sys.exit(3)
"""


class Runner:
    def __init__(self, folder):
        self.environment = folder / "environment"
        self.environment.mkdir()
        (self.environment / "versions.tf").touch()
        self.numbers = self.environment / "password.auto.tfvars.json"
        self._log = folder / "calls"
        (folder / "tools").mkdir()
        tool = folder / "tools/terraform"
        tool.write_text(TERRAFORM % str(self._log))
        tool.chmod(0o755)
        self._variables = {**os.environ, "PATH": f"{tool.parent}:{os.environ['PATH']}"}

    def __call__(self, *arguments):
        """The exit status and the errors."""
        result = subprocess.run([RUN, *arguments], env=self._variables, stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, timeout=HANG_SECONDS)
        return result.returncode, result.stderr

    def calls(self):
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


def test_each_run_has_a_password_of_its_own_that_is_no_argument(runner):
    folder = str(runner.environment)
    assert runner(folder, "plan", "-out=plan") == (3, "")
    assert runner(folder, "apply") == (3, "")
    (first, password), (second, other) = runner.calls()
    assert first == [f"-chdir={folder}", "plan", "-out=plan"] and second == [f"-chdir={folder}", "apply"]
    assert re.fullmatch(r"[\w-]{32}", password) and re.fullmatch(r"[\w-]{32}", other) and password != other
    assert not runner.numbers.exists(), "the number is the same, so that Terraform writes no password"


def test_another_password_has_the_next_number(runner):
    for number in (2, 3):
        status, errors = runner(str(runner.environment), "--new-password")
        assert status == 3 and "replace the servers with terraform/roll" in errors
        assert json.loads(runner.numbers.read_text()) == {"db_password_version": number}
    assert [arguments[1:] for arguments, _ in runner.calls()] == [["apply"], ["apply"]]


@pytest.mark.parametrize("arguments, words", [
    (["no-such-folder", "plan"], "no-such-folder is no environment"), (["HERE"], "give either a command"),
    (["HERE", "apply", "--new-password"], "give either a command"), (["HERE", "import"], "invalid choice: 'import'")],
    ids=" ".join)
def test_incorrect_usage_runs_nothing(runner, arguments, words):
    status, errors = runner(*(str(runner.environment) if argument == "HERE" else argument for argument in arguments))
    assert status == 2 and words in errors and runner.calls() == []


# The startup script. packaging/tests/startup runs it.

def test_the_startup_script_is_posix():
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    result = subprocess.run(["shellcheck", "--shell=sh", SCRIPT], capture_output=True, text=True, timeout=HANG_SECONDS)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_startup_script_traces_nothing_and_gives_no_secret_to_a_command_as_an_argument():
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if re.search(r"set -\w*x|xtrace|--verbose|curl .*-v", line)]
    with_secrets = [line.strip() for line in lines if re.search(r"\$\((field|sed)|access_token|/password\"", line)]
    builtins = ("printf", "field", "[", "#")  # a shell runs them itself, so that no list of processes has their arguments
    assert with_secrets and all(line.startswith(builtins) for line in with_secrets), with_secrets
