"""terraform/environments/local with every default, from the first apply to destroy, as a newcomer uses it: process groups,
or units of systemd where it runs. With -s, the test prints the seconds of each step."""

import contextlib
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests_py.harness.catalogs import default_catalog
from tests_py.harness.postgresql import newest_bin_folder
from tests_py.harness.process import HANG_SECONDS, start_program, until
from tests_py.harness.terraform import SYSTEMD_RUNS, LocalEnvironment
from tests_py.harness.wire import OK, grant, request

pytestmark = [
    pytest.mark.skipif(not shutil.which("terraform"), reason="Terraform is not installed"),
    pytest.mark.skipif(newest_bin_folder() is None, reason="PostgreSQL is not installed"),
]
NO_CHANGES = "No changes."
WARNING = "Warning:"
# Their systemd runs also while they are logged out: loginctl enable-linger USER.
LINGERING = [file.name for file in Path("/var/lib/systemd/linger").glob("*")] if SYSTEMD_RUNS and os.geteuid() == 0 else []


@pytest.fixture(params=[None, *LINGERING[:1]], ids=["this_user", *LINGERING[:1]])
def user(request):
    return request.param


class Steps:
    def __init__(self):
        self._seconds = {}

    @contextlib.contextmanager
    def step(self, name):
        began = time.monotonic()
        yield
        self._seconds[name] = time.monotonic() - began

    def print(self, title):
        print(f"\n{title}")
        for name, seconds in self._seconds.items():
            print(f"{seconds:8.1f} s  {name}")


def test_each_step_from_the_first_apply_to_destroy_does_what_the_readme_says(user, tmp_path):
    steps = Steps()
    with LocalEnvironment(user=user, process_manager="auto") as local:
        with steps.step("terraform apply"):
            local.apply()
        before = local.pids()
        assert len(before) == 8 and set(local.units()) == (set(before) if SYSTEMD_RUNS else set())
        with steps.step("case 1: 25 programs ask five faculties"):
            ask_for_all_programs(local, tmp_path, "2025-10", (7, 2))
        assert local.granted("2025-10") == "175|50|0"
        with steps.step("terraform apply -var semester=case-2"):
            local.apply(semester="case-2")
        changed = {name for name, pid in local.pids().items() if before[name] != pid}
        assert changed == {"server-1", "server-2"} and local.outputs()["semester"] == "case-2"
        with steps.step("case 2: 25 programs ask five faculties"):
            ask_for_all_programs(local, tmp_path, "case-2", (10, 4))
        assert local.granted("case-2") == "250|60|40"
        before = local.pids()
        with steps.step("terraform apply again: no changes"):
            assert NO_CHANGES in local.apply(semester="case-2")
        assert local.pids() == before

        first = until(local.leader, what="a leader")
        with steps.step("the leader is killed, and the standby serves"):
            local.kill(first)
            second = until(local.leader, what="another leader")
            with local.client(second) as client:
                assert grant(client, request("2025-10", "Artes", ("Musica", 1, 0))) == [(OK, 1, 0, 0)]
        assert second != first
        with steps.step("terraform plan warns"):
            output = " ".join(local.run("plan", semester="case-2").split())
        assert NO_CHANGES in output and f"not ready: {first}." in output
        with steps.step("repair"):
            local.repair(re.search(r"/usr/bin/python3 .* repair '[^']*'", output)[0])
        output = local.run("plan", semester="case-2")
        assert NO_CHANGES in output and WARNING not in output and len(local.status()) == 8

        local.kill("database", second)
        with steps.step("terraform destroy, when the database and a server are dead"):
            local.run("destroy")
        local.check_nothing_is_left()
        with steps.step("terraform destroy again"):
            local.run("destroy")
        local.check_nothing_is_left()
    steps.print(f"{'units of systemd' if SYSTEMD_RUNS else 'process groups'}, {user or 'this user'}:")


def ask_for_all_programs(local, folder, semester, want):
    """25 programs ask for (classrooms, labs) through the faculties of the outputs, and get all of it."""
    endpoints = local.outputs()["faculty_endpoints"]
    faculties = dict(list(default_catalog().items())[:5])
    assert sorted(endpoints) == sorted(map(spelled, faculties))
    with contextlib.ExitStack() as stack:
        programs = []
        for faculty, names in faculties.items():
            for name in names:
                programs.append(start_program(
                    folder, f"--name={spelled(name)}", f"--semester={semester}", f"--classrooms={want[0]}",
                    f"--labs={want[1]}", f"--faculty-server={endpoints[spelled(faculty)]}", f"--output-dir={folder}"))
                stack.callback(programs[-1].remove)
        for program in programs:
            assert program.exit_status() == 0, program.describe()


def spelled(name):
    return name.lower().replace(" ", "-")


# What only systemd does.

@pytest.fixture
def units(user):
    if not SYSTEMD_RUNS:
        pytest.skip("systemd does not run here")
    with LocalEnvironment(user=user, process_manager="systemd", servers=["server-1"], faculties={}) as environment:
        yield environment


def test_systemd_restarts_a_killed_supervisor_and_its_process_on_their_port(units):
    units.apply()
    before, outputs = units.pids(), units.outputs()
    for name in before:
        kill_supervisor(units, name)
    until(lambda: units.pids().keys() == before.keys() and not units.pids().items() & before.items()
          and len(units.status()) == 2, what="the next processes")
    assert units.outputs() == outputs
    output = units.run("plan")
    assert NO_CHANGES in output and WARNING not in output
    units.run("destroy")
    units.check_nothing_is_left()


def kill_supervisor(environment, name):
    os.kill(environment.supervisor(name), signal.SIGKILL)


def test_an_apply_that_is_killed_leaves_no_unit_that_is_not_ready(units):
    sleeper = units.base / "sleeper/dti_server"  # never says that it is ready
    sleeper.parent.mkdir(mode=0o755)
    sleeper.write_text("#!/bin/sh\nexec sleep 600\n")
    sleeper.chmod(0o755)
    for number in (signal.SIGINT, signal.SIGKILL):
        terraform = units.start("apply", binaries=str(sleeper.parent))
        until(lambda: "server-1" in units.units() and units.pids().get("server-1"), what="the process of the server")
        os.killpg(terraform.pid, number)
        terraform.communicate(timeout=HANG_SECONDS)
        until(lambda: "server-1" not in units.units(), what="the end of the server's unit")
    units.run("destroy")
    units.check_nothing_is_left()


def test_units_end_when_their_folder_is_removed_and_destroy_ends_those_that_cannot_notice(units):
    units.apply()
    stopped = units.supervisor("server-1")
    os.kill(stopped, signal.SIGSTOP)
    shutil.rmtree(units.directory)
    until(lambda: set(units.units()) == {"server-1"}, what="the end of the database's unit")
    units.run("destroy")
    units.check_nothing_is_left()


def test_another_process_manager_replaces_the_processes_and_keeps_the_ledger(units):
    units.apply()
    with units.client("server-1") as client:
        assert grant(client, request("2025-10", "Artes", ("Musica", 3, 0))) == [(OK, 3, 0, 0)]
    before, outputs = units.pids(), units.outputs()
    units.apply(process_manager="none")
    assert not units.pids().items() & before.items() and units.units() == {} and units.outputs() == outputs
    assert units.granted("2025-10") == "3|0|0"
    units.apply()
    assert set(units.units()) == {"database", "server-1"} and units.granted("2025-10") == "3|0|0"
    units.run("destroy")
    units.check_nothing_is_left()
