"""terraform/run hands a new password over in the environment; the startup script of the VMs is careful with its own."""

import json
import os
import re
import shutil
import subprocess

import pytest

from tests_py.harness.process import HANG_SECONDS, ROOT

TREE = ROOT / "terraform"
RUN = TREE / "run"
SCRIPT = TREE / "modules/vm/startup.sh"
# It prints the state, if there is one, and logs each other command.
TERRAFORM = """#!/usr/bin/python3
import json, os, sys
if sys.argv[2:] == ["show", "-json"]:
    with open(%r) as state:
        sys.exit(print(state.read()))
with open(%r, "a") as log:
    names = ("TF_VAR_db_password", "TF_VAR_db_password_version")
    log.write(json.dumps([sys.argv[1:], *map(os.environ.get, names)]) + "\\n")
sys.exit(3)
"""


class Runner:
    def __init__(self, folder):
        self.environment = folder / "environment"
        self.environment.mkdir()
        (self.environment / "versions.tf").touch()
        self.state = folder / "state"
        self.have_numbers(None, None)
        self._log = folder / "calls"
        (folder / "tools").mkdir()
        tool = folder / "tools/terraform"
        tool.write_text(TERRAFORM % (str(self.state), str(self._log)))
        tool.chmod(0o755)
        self._variables = {**os.environ, "PATH": f"{tool.parent}:{os.environ['PATH']}"}

    def __call__(self, *arguments):
        """The exit status and the errors."""
        result = subprocess.run([RUN, *arguments], env=self._variables, stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, timeout=HANG_SECONDS)
        return result.returncode, result.stderr

    def have_numbers(self, database, secret, **more):
        """The state has these numbers of the password; None: the place does not exist yet."""
        places = [("module.database[0].google_sql_user.this", {"password_wo_version": database}, database),
                  ("module.secrets.google_secret_manager_secret_version.this", {"secret_data_wo_version": secret}, secret)]
        self.have(*({"address": address, "values": values, **more} for address, values, number in places if number is not None))

    def have(self, *resources):
        modules = [{"resources": [resource]} for resource in resources]
        empty = {"format_version": "1.0"}
        self.state.write_text(json.dumps({**empty, "values": {"root_module": {"child_modules": modules}}} if modules else empty))

    def calls(self):
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


def test_each_run_has_a_password_of_its_own_that_is_no_argument(runner):
    folder = str(runner.environment)
    assert runner(folder, "plan", "-out=plan") == (3, "")
    assert runner(folder, "apply") == (3, "")
    (first, password, _), (second, other, _) = runner.calls()
    assert first == [f"-chdir={folder}", "plan", "-out=plan"] and second == [f"-chdir={folder}", "apply"]
    assert re.fullmatch(r"[\w-]{32}", password) and re.fullmatch(r"[\w-]{32}", other) and password != other


@pytest.mark.parametrize(("database", "secret", "number"), [
    (None, None, "1"), (1, 1, "1"), (7, 7, "7"), (None, 1, "2"), (1, None, "2"), (3, 4, "5")], ids=str)
def test_the_number_changes_only_if_the_two_places_may_have_two_passwords(runner, database, secret, number):
    runner.have_numbers(database, secret)
    runner(str(runner.environment), "apply")
    [[_, _, got]] = runner.calls()
    assert got == number


def test_with_vms_of_the_database_the_secret_is_the_only_place_and_the_certificate_is_none(runner):
    version = "google_secret_manager_secret_version.this"
    runner.have({"address": f"module.secrets.{version}", "values": {"secret_data_wo_version": 3}},
                {"address": f"module.certificate[0].{version}", "values": {"secret_data_wo_version": 7}},
                {"address": "module.patroni[0].google_service_account.this", "values": {}})
    runner(str(runner.environment), "apply")
    runner(str(runner.environment), "--new-password")
    assert [number for _, _, number in runner.calls()] == ["3", "4"]


def test_a_place_that_was_created_in_part_does_not_count(runner):
    runner.have_numbers(1, 1, tainted=True)
    runner(str(runner.environment), "apply")
    assert [number for _, _, number in runner.calls()] == ["1"]


def test_another_password_has_the_next_number(runner):
    runner.have_numbers(2, 2)
    status, errors = runner(str(runner.environment), "--new-password")
    assert status == 3 and "replace the servers with terraform/roll" in errors
    [[arguments, _, number]] = runner.calls()
    assert (arguments[1:], number) == (["apply"], "3")


def test_without_a_state_that_can_be_read_nothing_is_applied(runner):
    runner.state.unlink()
    status, errors = runner(str(runner.environment), "apply")
    assert status == 1 and f"run first: terraform -chdir={runner.environment} init" in errors and runner.calls() == []


def test_after_an_apply_that_has_ended_between_the_two_places_the_next_one_writes_both(terraform):
    """With the real Terraform: the secret was written, and the database was not there yet."""
    checkout = terraform(source=TREE, below="environments/gcp-dev")
    readme = (TREE / "environments/gcp-dev/README.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```tfvars\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    (checkout.folder / "terraform.tfvars").write_text(example)

    def run_terraform(*arguments):
        result = subprocess.run([RUN, checkout.folder, *arguments], env=checkout.environment(), stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=8 * HANG_SECONDS)
        assert result.returncode == 0, result.stdout + result.stderr
        return [number for _, number in sorted(numbers_of(checkout.state()["values"]["root_module"]))]

    assert run_terraform("apply", "-auto-approve", "-target=module.secrets") == [1]
    assert run_terraform("apply", "-auto-approve") == [2, 2]
    assert run_terraform("apply", "-auto-approve") == [2, 2]


def numbers_of(module):
    """(type, number) of each place of the password in the state. The keys have a number of their own."""
    for resource in module.get("resources", []):
        if resource["address"].startswith(("module.server_key", "module.faculty_key")):
            continue
        for name in ("password_wo_version", "secret_data_wo_version"):
            if name in resource["values"]:
                yield resource["type"], resource["values"][name]
    for child in module.get("child_modules", []):
        yield from numbers_of(child)


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
    # A shell runs these itself, so that no list of processes has their arguments; place gets only the name of a file.
    builtins = ("printf", "field", "[", "#", "place")
    assert with_secrets and all(line.startswith(builtins) for line in with_secrets), with_secrets
