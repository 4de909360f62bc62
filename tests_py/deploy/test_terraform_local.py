"""terraform/environments/local: Terraform starts, replaces and ends real processes, and leaves none behind."""

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from tests_py.harness.postgresql import newest_bin_folder
from tests_py.harness.process import HANG_SECONDS, until
from tests_py.harness.terraform import SOURCE, LocalEnvironment
from tests_py.harness.wire import OK, Client, grant, new_key, request

pytestmark = [
    pytest.mark.skipif(not shutil.which("terraform"), reason="Terraform is not installed"),
    pytest.mark.skipif(newest_bin_folder() is None, reason="PostgreSQL is not installed"),
]
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
        environment.apply()
        yield environment
        environment.run("destroy")
        environment.check_nothing_is_left()


@pytest.fixture
def local(shared):
    shared.apply()
    shared.repair()
    return shared


def changed(before, after):
    """The names of the processes that were started, ended or replaced."""
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def test_a_process_that_is_killed_is_restarted_on_its_port(local):
    before = local.pids()
    endpoints = local.outputs()
    os.kill(before["derecho"], signal.SIGKILL)
    until(lambda: local.pids().get("derecho") not in (None, before["derecho"]) and "derecho" in local.status(),
          what="the next process")
    assert changed(before, local.pids()) == {"derecho"}
    assert local.outputs() == endpoints and NO_CHANGES in local.apply()


def test_a_process_ends_when_its_supervisor_is_killed(local):
    pid = local.pids()["medicina"]
    os.kill(local.supervisor("medicina"), signal.SIGKILL)
    until(lambda: pid not in local.processes(), what="the end of the process")


def test_a_long_log_is_cut_while_its_process_writes_and_the_status_still_has_its_announcement(local):
    before, announced = local.pids(), local.status()
    log = local.directory / "database/log"
    for _ in range(2):
        with open(log, "a") as file:
            file.write("a line of the log\n" * 600_000)  # 10.8 MB
        until(lambda: log.stat().st_size < 1_000_000, what="the cut")
        assert log.with_name("log.1").stat().st_size > 10_000_000
        assert local.status() == announced
    os.kill(before["database"], signal.SIGHUP)
    until(lambda: "received SIGHUP" in log.read_text(), what="the next line")
    assert "\0" not in log.read_text() and local.pids() == before


def test_the_command_of_the_warning_repairs_what_was_killed_and_the_next_plan_is_clean(local):
    before = local.pids()
    local.kill(*before)
    output = local.run("plan")
    assert NO_CHANGES in output and WARNING in output
    text = " ".join(output.split())
    assert f"These processes are not ready: {', '.join(sorted(before))}." in text
    local.repair(re.search(r"/usr/bin/python3 .* repair '[^']*'", text)[0])
    output = local.run("plan")
    assert NO_CHANGES in output and WARNING not in output
    assert set(local.status()) == set(before) and changed(before, local.pids()) == set(before)


# Keys.

def test_the_servers_are_secured_and_no_secret_is_in_the_state_the_plan_or_a_log(local, tmp_path):
    endpoints = local.outputs()["server_endpoints"]
    assert all(" curve://" in line for name, line in local.status().items() if name.startswith("server-"))
    for endpoint in endpoints:
        with Client(endpoint) as client:  # without a key
            client.send(request(SEMESTER, "Artes", ("Musica", 1, 0)))
            assert client.receive_if_any(0.5) is None
    files = sorted(local.directory.glob("*.key"))
    assert len(files) == 7 and {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    secrets = [re.search('secret = "([0-9a-f]{64})"', file.read_text())[1] for file in files]
    told = local.run("plan") + local.run("show", "-json")
    told += "".join(path.read_text(errors="replace") for path in (*local.folder.glob("*.tfstate*"), *local.directory.glob("*/log"),
                                                                  *local.directory.glob("*/description.json")))
    assert not [secret for secret in secrets if secret[:16] in told]
    assert "BEGIN" not in told and local.key.public in told  # public halves may be there


def test_keys_stay_when_processes_are_replaced_and_a_removed_faculty_is_shut_out(local):
    before = {path.name: path.read_text() for path in local.directory.glob("*.key")}
    local.run("apply", '-replace=terraform_data.server["server-1"]', '-replace=terraform_data.faculty["derecho"]')
    assert {path.name: path.read_text() for path in local.directory.glob("*.key")} == before
    faculties = {name: {} for name in local.outputs()["faculty_endpoints"]}
    local.apply(faculties={**faculties, "artes": {}})
    listed = {path.parent.name: path.read_text() for path in local.directory.glob("*/keys.toml")}
    assert set(listed) == {"server-1", "server-2"}
    assert all('role = "faculty:artes"' in text and 'role = "office"' in text for text in listed.values())
    local.apply()
    assert not [path for path in local.directory.glob("*/keys.toml") if "artes" in path.read_text()]
    assert not (local.directory / "artes.key").exists()


def test_a_public_key_of_the_variable_is_let_in(local, tmp_path):
    key = new_key(tmp_path, "elsewhere")
    keys = {"elsewhere": {"role": "faculty:Artes", "public": key.public}}
    local.apply(keys=keys)
    mine, local.key = local.key, key
    try:
        with local.client(until(local.leader, what="a leader")) as client:
            assert grant(client, request(SEMESTER, "Artes", ("Cine", 1, 0)))[0][0] in (OK, "INVALID-PROGRAM")
            assert client.ask(request(SEMESTER, "Derecho", ("Derecho Civil", 1, 0)))["error-message"] == "UNAUTHORIZED"
    finally:
        local.key = mine


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
    assert local.psql("SHOW listen_addresses").stdout == "\n"
    if os.geteuid() == 0:
        result = local.psql("SELECT 1", user="nobody")
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


def test_a_damaged_description_is_named_with_a_remedy_that_keeps_the_ledger(local):
    with local.client(until(local.leader, what="a leader")) as client:
        assert grant(client, request(SEMESTER, "Artes", ("Teatro", 2, 0))) == [(OK, 2, 0, 0)]
    before = local.granted(SEMESTER)
    file = local.directory / "database/description.json"
    file.write_text("")
    result = local.run_processes("repair")
    output = " ".join(result.stderr.split())
    assert result.returncode == 1 and f"{file} is missing or damaged" in output and "terraform apply -replace='ADDRESS'" in output
    local.run("apply", "-replace=terraform_data.database")
    assert len(local.status()) == 8 and local.granted(SEMESTER) == before


def test_a_missing_program_is_named_with_the_places_and_the_remedy(local, tmp_path):
    output = " ".join(local.apply(binaries=str(tmp_path), status=1).split())
    assert f"dti_server is not in {tmp_path}. Build it with scripts/build release" in output


def test_terraform_that_lost_its_state_finds_the_database_and_the_ports_again_and_starts_what_the_variables_say(local):
    before = local.outputs()
    with local.client(until(local.leader, what="a leader")) as client:
        assert grant(client, request(SEMESTER, "Artes", ("Danza", 3, 0))) == [(OK, 3, 0, 0)]
    for file in local.folder.glob("*.tfstate*"):
        file.unlink()
    local.apply(semester="after the loss")
    assert local.outputs() == {**before, "semester": "after the loss"} and len(local.status()) == 8
    with local.client(until(local.leader, what="a leader")) as client:
        assert grant(client, request(SEMESTER, "Artes", ("Danza", 3, 0))) == [(OK, 3, 0, 0)]
        assert grant(client, request("after the loss", "Artes", ("Danza", 4, 0))) == [(OK, 4, 0, 0)]
    assert local.granted("after the loss") == "4|0|0"


# Small environments, for their end.

@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run Terraform as another user: run this test as root")
def test_an_unprivileged_user_can_use_it_whatever_variables_the_shell_has_for_dti():
    with LocalEnvironment(user="nobody", **SMALL) as environment:
        environment.apply(environment={"DTI_CATALOG": "/no-such-file", "PGOPTIONS": "-c default_transaction_read_only=on"})
        with environment.client("server-1") as client:
            assert grant(client, request(SEMESTER, "Artes", ("Musica", 7, 0))) == [(OK, 7, 0, 0)]
        result = environment.run_processes("repair", as_root=True)
        assert result.returncode == 1 and "belongs to the user nobody. Run this command as that user" in result.stderr
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
        (environment.directory / "database/description.json").write_text("")
        os.kill(environment.supervisor("artes"), signal.SIGSTOP)  # it does not notice that its folder is removed
        shutil.rmtree(environment.directory / "artes")
        for _ in range(2):
            environment.run("destroy")
            environment.check_nothing_is_left()
        assert not environment.shared_memory_exists(segment)


def test_a_folder_that_is_removed_ends_its_processes_and_the_next_plan_says_what_to_do():
    with LocalEnvironment(**SMALL) as environment:
        environment.apply()
        # Not rmtree, which fails if a process removes its own files meanwhile.
        until(lambda: subprocess.run(["rm", "-rf", environment.directory], timeout=60).returncode == 0,
              what="the removal")
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
        environment.repair()
        environment.apply()
        assert set(environment.status()) == {"database", "server-1"}
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
        assert set(environment.status()) == {"database", "server-1"}
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
