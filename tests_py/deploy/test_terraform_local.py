"""terraform/environments/local: Terraform starts, replaces and ends real processes, and leaves none behind."""

import contextlib
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests_py.harness.catalogs import default_catalog
from tests_py.harness.postgresql import newest_bin_folder
from tests_py.harness.process import HANG_SECONDS, clean_environment, start_program, until
from tests_py.harness.terraform import SOURCE, LocalEnvironment
from tests_py.harness.wire import OK, Client, grant, request

pytestmark = [
    pytest.mark.skipif(not shutil.which("terraform"), reason="Terraform is not installed"),
    pytest.mark.skipif(newest_bin_folder() is None, reason="PostgreSQL is not installed"),
]
APPLY_SECONDS = 60
NO_CHANGES = "No changes."
WARNING = "Warning:"
SMALL = {"servers": ["server-1"], "faculties": {}}
SEMESTER = "2025-10"


# The configuration.

@pytest.mark.parametrize("arguments", [("fmt", "-check", "-recursive"), ("validate",), ("test",)], ids=" ".join)
def test_terraform_accepts_the_configuration_and_refuses_what_the_variables_exclude(arguments):
    with LocalEnvironment() as environment:
        environment.run(*arguments)
        environment.check_nothing_is_left()


# An environment with every default: each test begins with all of it in order.

@pytest.fixture(scope="module")
def shared():
    with LocalEnvironment() as environment:
        began = time.monotonic()
        environment.apply()
        assert time.monotonic() - began < APPLY_SECONDS
        yield environment
        environment.run("destroy")
        environment.check_nothing_is_left()


@pytest.fixture
def local(shared):
    shared.apply()
    repair(shared)
    return shared


def repair(environment, command=None):
    """As the warning of `check` says it, or without one."""
    command = command or f"/usr/bin/python3 -B {environment.folder}/processes repair {environment.directory}"
    subprocess.run(shlex.split(command), check=True, capture_output=True, timeout=HANG_SECONDS, cwd="/")


def changed(before, after):
    """The names of the processes that were started, ended or replaced."""
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def test_a_second_apply_changes_nothing(local):
    before = local.pids()
    assert NO_CHANGES in local.apply()
    assert local.pids() == before and len(before) == 8


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


def psql(local, statement, user=()):
    return subprocess.run([*user, "psql", "-XAtq", local.outputs()["database_address"], "-c", statement], cwd="/",
                          capture_output=True, text=True, timeout=HANG_SECONDS, env=clean_environment("/"))


def granted(local, semester):
    result = psql(local, "SELECT classrooms_granted, labs_granted, mobile_labs_granted FROM semester_left "
                         f"WHERE semester = '{semester}'")
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_the_worked_cases_get_their_grants_and_a_new_semester_replaces_only_the_servers(local, tmp_path):
    assert local.outputs()["semester"] == SEMESTER
    ask_for_all_programs(local, tmp_path, SEMESTER, (7, 2))
    assert granted(local, SEMESTER) == "175|50|0"

    before = local.pids()
    local.apply(semester="case-2")
    assert changed(before, local.pids()) == {"server-1", "server-2"}
    assert local.outputs()["semester"] == "case-2"
    ask_for_all_programs(local, tmp_path, "case-2", (10, 4))
    assert granted(local, "case-2") == "250|60|40"


def status(local):
    """name -> what the process has announced, of those that are ready."""
    result = subprocess.run(["/usr/bin/python3", "-B", local.folder / "processes", "status", local.directory], cwd="/",
                            capture_output=True, text=True, timeout=HANG_SECONDS)
    lines = dict(re.findall(r"^(\S+) +process \d+ +(.*)$", result.stdout, re.MULTILINE))
    assert result.returncode == (0 if len(lines) == len(result.stdout.splitlines()) else 1), result.stderr
    return lines


def leader(local):
    servers = {name: line for name, line in status(local).items() if name.startswith("server-")}
    return next((name for name, line in servers.items() if line.startswith("READY")), None)


def endpoint_of(local, server):
    return dict(zip(("server-1", "server-2"), local.outputs()["server_endpoints"]))[server]


def test_the_standby_serves_when_the_leader_is_killed_with_its_supervisor(local):
    first = until(lambda: leader(local), what="a leader")
    local.kill(first)
    second = until(lambda: leader(local), what="another leader")
    assert second != first
    with Client(endpoint_of(local, second)) as client:
        assert grant(client, request(SEMESTER, "Artes", ("Musica", 1, 0))) == [(OK, 1, 0, 0)]
    output = local.run("plan")
    assert NO_CHANGES in output and f"not ready: {first}." in " ".join(output.split())


def test_a_process_that_is_killed_is_restarted_on_its_port(local):
    before = local.pids()
    endpoints = local.outputs()
    os.kill(before["derecho"], signal.SIGKILL)
    until(lambda: local.pids().get("derecho") not in (None, before["derecho"]) and "derecho" in status(local),
          what="the next process")
    assert changed(before, local.pids()) == {"derecho"}
    assert local.outputs() == endpoints and NO_CHANGES in local.apply()


def test_a_process_ends_when_its_supervisor_is_killed(local):
    pid = local.pids()["medicina"]
    os.kill(local.supervisor("medicina"), signal.SIGKILL)
    until(lambda: pid not in local.processes(), what="the end of the process")


def test_the_command_of_the_warning_repairs_what_was_killed_and_the_next_plan_is_clean(local):
    before = local.pids()
    local.kill(*before)
    output = local.run("plan")
    assert NO_CHANGES in output and WARNING in output
    text = " ".join(output.split())
    assert f"These processes are not ready: {', '.join(sorted(before))}." in text
    repair(local, re.search(r"/usr/bin/python3 .* repair '[^']*'", text)[0])
    output = local.run("plan")
    assert NO_CHANGES in output and WARNING not in output
    assert set(status(local)) == set(before) and changed(before, local.pids()) == set(before)


def test_a_server_less_and_a_server_more_leave_the_other_server_alone(local):
    faculties = set(local.outputs()["faculty_endpoints"])  # they get the new list of servers
    before = local.pids()
    local.apply(servers=["server-1"])
    fewer = local.pids()
    assert changed(before, fewer) == {"server-2", *faculties} and "server-2" not in fewer
    local.apply()
    assert changed(fewer, local.pids()) == {"server-2", *faculties}


def test_a_changed_faculty_replaces_only_that_faculty_which_keeps_its_port(local):
    before, endpoints = local.pids(), local.outputs()
    faculties = {name: {} for name in endpoints["faculty_endpoints"]}
    local.apply(faculties={**faculties, "derecho": {"min_programs": 1}})
    assert changed(before, local.pids()) == {"derecho"} and local.outputs() == endpoints
    with_another = local.pids()
    local.apply(faculties={**faculties, "derecho": {"min_programs": 1}, "artes": {}})
    assert changed(with_another, local.pids()) == {"artes"}


def test_other_numbers_for_an_open_semester_are_refused_with_the_reason_and_lose_nothing(local):
    before = local.pids()
    output = " ".join(local.apply(labs=61, status=1).split())
    assert f'semester "{SEMESTER}" was opened with other numbers: --labs says 61, the store 60' in output
    assert changed(before, local.pids()) == {"server-1", "server-2"} and "server-1" not in local.pids()
    local.apply()
    assert len(local.pids()) == 8 and NO_CHANGES in local.apply()


def test_the_database_has_no_tcp_port_and_admits_no_other_user(local):
    assert psql(local, "SHOW listen_addresses").stdout == "\n"
    if os.geteuid() == 0:
        result = psql(local, "SELECT 1", user=("runuser", "-u", "nobody", "--"))
        assert result.returncode != 0 and "Permission denied" in result.stderr


def test_a_process_is_never_signalled_because_it_has_the_id_of_an_earlier_one(local):
    local.kill("server-2")
    bystander = subprocess.Popen(["sleep", "600"])
    try:
        (local.directory / "server-2/process.pid").write_text(f"{bystander.pid} 1\n")
        local.apply(servers=["server-1"])
        assert not (local.directory / "server-2").exists() and bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_folder_of_another_origin_is_neither_used_nor_removed(local):
    folder = local.directory / "artes"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    output = " ".join(local.apply(faculties={"artes": {}}, status=1).split())
    assert f"{folder} exists, and this environment did not make it" in output
    local.apply()
    assert (folder / "thesis.txt").read_text() == "years of work"
    shutil.rmtree(folder)


def test_a_directory_of_another_origin_is_neither_used_nor_removed():
    with LocalEnvironment(**SMALL) as environment:
        environment.directory.mkdir()
        (environment.directory / "thesis.new").write_text("years of work")
        output = " ".join(environment.apply(status=1).split())
        assert f"{environment.directory} is not empty, and this environment did not make it" in output
        environment.run("destroy")
        assert [path.name for path in environment.directory.iterdir()] == ["thesis.new"]


def test_a_process_that_could_not_be_started_leaves_nothing_when_it_is_removed_from_the_configuration(local):
    before = local.pids()
    endpoints = local.outputs()["faculty_endpoints"]
    faculties = {**{name: {} for name in endpoints}, "artes": {"faculty_name": "not a\u200bname"}}
    assert "U+200B" in local.apply(faculties=faculties, status=1)
    assert (local.directory / "artes/log").exists()
    local.apply()
    assert not list(local.directory.glob("artes*")) and local.pids() == before


def test_a_missing_program_is_named_with_the_places_and_the_remedy(local, tmp_path):
    output = " ".join(local.apply(binaries=str(tmp_path), status=1).split())
    assert f"dti_server is not in {tmp_path}. Build it with scripts/build release" in output


def test_terraform_that_lost_its_state_finds_the_database_and_the_ports_again_and_starts_what_the_variables_say(local):
    before = local.outputs()
    with Client(endpoint_of(local, until(lambda: leader(local), what="a leader"))) as client:
        assert grant(client, request(SEMESTER, "Artes", ("Danza", 3, 0))) == [(OK, 3, 0, 0)]
    for file in local.folder.glob("*.tfstate*"):
        file.unlink()
    local.apply(semester="after the loss")
    assert local.outputs() == {**before, "semester": "after the loss"} and len(status(local)) == 8
    with Client(endpoint_of(local, until(lambda: leader(local), what="a leader"))) as client:
        assert grant(client, request(SEMESTER, "Artes", ("Danza", 3, 0))) == [(OK, 3, 0, 0)]
        assert grant(client, request("after the loss", "Artes", ("Danza", 4, 0))) == [(OK, 4, 0, 0)]
    assert granted(local, "after the loss") == "4|0|0"


# Small environments, for their end.

@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run Terraform as another user: run this test as root")
def test_an_unprivileged_user_can_use_it_whatever_variables_the_shell_has_for_dti():
    with LocalEnvironment(user="nobody", **SMALL) as environment:
        environment.apply(environment={"DTI_CATALOG": "/no-such-file", "PGOPTIONS": "-c default_transaction_read_only=on"})
        [endpoint] = environment.outputs()["server_endpoints"]
        with Client(endpoint) as client:
            assert grant(client, request(SEMESTER, "Artes", ("Musica", 7, 0))) == [(OK, 7, 0, 0)]
        assert {os.stat(f"/proc/{pid}").st_uid for pid in environment.processes()} == {pwd.getpwnam("nobody").pw_uid}
        environment.run("destroy")
        environment.check_nothing_is_left()


def test_destroy_leaves_nothing_of_what_was_killed_or_removed_in_part_and_can_be_repeated():
    with LocalEnvironment(faculties={"artes": {}}) as environment:
        environment.apply()
        segment = environment.shared_memory()
        assert environment.shared_memory_exists(segment)
        environment.kill("database", "server-1")
        os.kill(environment.supervisor("server-2"), signal.SIGKILL)
        os.kill(environment.supervisor("artes"), signal.SIGSTOP)  # it does not notice that its folder is removed
        shutil.rmtree(environment.directory / "artes")
        for _ in range(2):
            environment.run("destroy")
            environment.check_nothing_is_left()
        assert not environment.shared_memory_exists(segment)


def test_a_folder_that_is_removed_ends_its_processes_and_the_next_plan_says_what_to_do():
    with LocalEnvironment(**SMALL) as environment:
        environment.apply()
        shutil.rmtree(environment.directory)
        until(lambda: environment.processes() == {}, what="the end of the processes")
        assert "Run: terraform destroy, then: terraform apply" in " ".join(environment.run("plan", status=1).split())
        environment.run("destroy")
        environment.check_nothing_is_left()


def test_terraform_can_be_killed_while_the_database_is_made():
    with LocalEnvironment(**SMALL) as environment:
        kill_apply_in_initdb(environment)
        environment.run("destroy")
        environment.check_nothing_is_left()
        kill_apply_in_initdb(environment)
        repair(environment)
        environment.apply()
        assert set(status(environment)) == {"database", "server-1"}
        environment.run("destroy")
        environment.check_nothing_is_left()


def kill_apply_in_initdb(environment):
    terraform = environment.start("apply")
    until(lambda: (environment.directory / "database/data/PG_VERSION").exists(), what="the work of initdb")
    terraform.kill()
    terraform.communicate(timeout=HANG_SECONDS)


def test_an_interrupted_apply_leaves_no_process_that_is_not_ready(tmp_path):
    sleeper = tmp_path / "dti_server"  # never says that it is ready
    sleeper.write_text("#!/bin/sh\nexec sleep 600\n")
    sleeper.chmod(0o755)
    with LocalEnvironment(**SMALL) as environment:
        interrupt_apply(environment, tmp_path, os.killpg, signal.SIGINT)  # Ctrl-C
        interrupt_apply(environment, tmp_path, os.kill, signal.SIGKILL)
        environment.apply()
        assert set(status(environment)) == {"database", "server-1"}
        interrupt_apply(environment, tmp_path, os.kill, signal.SIGINT)
        environment.run("destroy")
        environment.check_nothing_is_left()


def interrupt_apply(environment, binaries, send, number):
    """While it waits for the server."""
    terraform = environment.start("apply", binaries=str(binaries))
    until(lambda: "sleep" in _command(environment.pids().get("server-1")), what="the process of the server")
    send(terraform.pid, number)
    output, _ = terraform.communicate(timeout=HANG_SECONDS)
    assert terraform.returncode != 0, output
    until(lambda: not any("server-1" in trace for trace in environment.processes().values()),
          what="the end of the server and of its supervisor")


def _command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_no_state_of_terraform_is_part_of_the_project():
    result = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", SOURCE], cwd=SOURCE,
                            capture_output=True, text=True, timeout=HANG_SECONDS)
    if result.returncode != 0:
        pytest.skip("this is not a checkout of git")
    written = re.compile(r"tfstate|\.state|\.terraform|__pycache__")
    assert [name for name in result.stdout.splitlines() if written.search(name)] == []
