"""terraform/roll replaces servers one after the other, while programs get their rooms. The cloud is a stand-in that starts
and ends real servers."""

import contextlib
import importlib.machinery
import importlib.util
import json
import os
import socketserver
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.http import ask, http_address
from tests_py.harness.process import HANG_SECONDS, ROOT, Daemon, binary, running_faculty
from tests_py.harness.rooms import ask_programs, faculty_flags, wish
from tests_py.harness.runs.failover_lane import host_of_our_own
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import OK

ROLL = ROOT / "terraform/roll"
PROGRAMS = 20_000
# It takes the arguments of gcloud to the stand-in, and its answer back.
GCLOUD = """#!/usr/bin/python3
import json, socket, sys
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(%r)
    peer.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
    status, output = json.loads(peer.makefile().readline())
print(output)
sys.exit(status)
"""


class Cloud:
    """Two servers on one database, and what gcloud does to their VMs."""

    def __init__(self, folder, store):
        self.replaced = []
        self.refuses = False
        self._folder = folder
        self._flags = [f"--semester={SEMESTER}", f"--classrooms={PROGRAMS}", "--labs=0", store.flag, f"--bind={host_of_our_own()}",
                       write_catalog(folder / "catalog.csv", "Derecho", [f"p{i}" for i in range(PROGRAMS)])]
        self._servers = {}
        self._addresses = {}
        self._ports = {}
        self._ids = {}
        for name in ("server-1", "server-2"):
            self._start(name)
        self._listener = socketserver.ThreadingUnixStreamServer(str(folder / "cloud"), self._handler())
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown()
        self._listener.server_close()
        for server in self._servers.values():
            server.remove()

    def _start(self, name):
        flags = [f"--port={self._ports.get(name, 0)}", f"--http={self._addresses.get(name, (host_of_our_own(), 0))[0]}:"
                 f"{self._addresses.get(name, ('', 0))[1]}"]
        self._ids[name] = self._ids.get(name, 0) + 1
        self._servers[name] = Daemon([binary("dti_server"), *self._flags, *flags], self._folder / f"{name}-{self._ids[name]}")
        self._servers[name].wait_listening()
        self._ports[name] = self._servers[name].port
        self._addresses[name] = http_address(self._servers[name])

    def _handler(self):
        cloud = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                answer = cloud.answer(json.loads(self.rfile.readline()))
                self.wfile.write(json.dumps(answer).encode() + b"\n")
        return Handler

    def answer(self, arguments):
        """[exit status, output]."""
        options = dict(argument.partition("=")[::2] for argument in arguments if argument.startswith("--"))
        assert options["--zone"] == "zone-a" and options["--project"] == "campus"
        if arguments[:2] == ["compute", "ssh"]:
            return self._ssh(arguments[2].removeprefix("dti-"), options["--command"])
        if arguments[:3] == ["compute", "instances", "describe"]:
            return [0, str(self._ids[arguments[3].removeprefix("dti-")])]
        assert arguments[:4] == ["compute", "instance-groups", "managed", "update-instances"]
        assert options["--minimal-action"] == "replace" and options["--instances"] == arguments[4]
        name = arguments[4].removeprefix("dti-")
        if self.refuses:
            return [1, ""]
        self.replaced.append(name)
        self.stop(name)
        self._start(name)
        return [0, ""]

    def _ssh(self, name, command):
        if command == "sudo systemctl stop dti-server":
            self.stop(name)
            return [0, ""]
        assert "/readyz" in command and command.endswith("/status")
        with contextlib.suppress(OSError):
            if ask(self._addresses[name], "/readyz").status == 200:
                return [0, ask(self._addresses[name], "/status").text]
        return [22, ""]

    def stop(self, name):
        if not self._servers[name].has_ended():
            assert self._servers[name].stop() == 0
            self._servers[name].remove()

    def endpoints(self):
        return [server.address for server in self._servers.values()]

    def leader(self):
        return next(name for name in self._servers
                    if json.loads(ask(self._addresses[name], "/status").text)["role"] == "leader")

    def roll(self, names=("server-1", "server-2")):
        """The exit status, the output and the errors."""
        tools = self._folder / "tools"
        tools.mkdir(exist_ok=True)
        vms = {name: {"name": f"dti-{name}", "zone": "zone-a", "group": f"dti-{name}", "http_port": 6080} for name in names}
        outputs = {"project": {"value": "campus"}, "servers": {"value": vms}} if names else {}
        for tool, text in (("gcloud", GCLOUD % str(self._folder / "cloud")),
                           ("terraform", f"#!/bin/sh\ncat <<'END'\n{json.dumps(outputs)}\nEND\n")):
            (tools / tool).write_text(text)
            (tools / tool).chmod(0o755)
        result = subprocess.run([ROLL, "environment"], env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=4 * HANG_SECONDS)
        return result.returncode, result.stdout, result.stderr


@pytest.fixture
def cloud(postgresql, tmp_path):
    with Cloud(Path(tmp_path), postgresql) as cloud:
        yield cloud


def test_each_server_is_replaced_the_leader_last_and_no_request_is_refused(cloud, tmp_path):
    first = cloud.leader()
    enough = threading.Event()
    answers = []

    def request_rooms(faculty):
        while not enough.is_set():
            began = time.monotonic()
            [answer] = ask_programs(faculty, [wish(f"p{len(answers) % PROGRAMS}", 1, 0)])
            answers.append((time.monotonic() - began, answer))

    with running_faculty(tmp_path / "faculty", *faculty_flags(*cloud.endpoints()), "--min-programs=1") as faculty:
        load = threading.Thread(target=request_rooms, args=(faculty,))
        load.start()
        try:
            status, output, errors = cloud.roll()
        finally:
            enough.set()
            load.join(HANG_SECONDS)
    assert (status, errors) == (0, "")
    assert cloud.replaced[-1] == first and sorted(cloud.replaced) == ["server-1", "server-2"]
    assert f"{first} has handed over to {cloud.leader()}" in output
    assert len(answers) > 10 and {answer for _, answer in answers} == {(OK, 1, 0, 0)}
    print(f"{len(answers)} requests, none refused; the longest took {max(answers)[0]:.2f} s")


def test_no_server_is_replaced_while_another_one_is_not_ready(cloud):
    standby = next(name for name in ("server-1", "server-2") if name != cloud.leader())
    cloud.stop(standby)
    status, output, errors = cloud.roll()
    assert (status, output, cloud.replaced) == (1, "", [])
    assert errors == f"roll: not ready: {standby}. The remaining servers were not replaced.\n"


def test_it_stops_when_the_cloud_refuses(cloud):
    cloud.refuses = True
    status, output, errors = cloud.roll()
    assert (status, output, cloud.replaced) == (1, "", [])
    assert "did not accept the replacement of dti-server-" in errors


@pytest.mark.parametrize("names, words", [(("server-1",), "there is one server"), ((), "is not an environment that was applied")])
def test_it_refuses_what_cannot_be_rolled(cloud, names, words):
    status, _, errors = cloud.roll(names)
    assert status == 2 and words in errors and cloud.replaced == []


# Its decisions, with VMs that are not there.

@pytest.fixture
def script():
    """The script as a module, which waits for nothing."""
    loader = importlib.machinery.SourceFileLoader("roll", str(ROLL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("roll", loader))
    loader.exec_module(module)
    module.SILENCE_SECONDS = module.HAND_OVER_SECONDS = module.READY_SECONDS = 0
    module.PAUSE_SECONDS = 0
    return module


class Vm:
    """Has these roles, one after the other, and then the last one."""

    def __init__(self, name, *roles, starts=True, done=None):
        self.name = name
        self._roles = list(roles)
        self._starts = starts
        self.done = [] if done is None else done

    def role(self):
        return self._roles.pop(0) if len(self._roles) > 1 else self._roles[0]

    def stop(self):
        self.done.append(f"stop {self.name}")

    def start(self):
        self.done.append(f"start {self.name}")
        return self._starts

    def replace(self):
        self.done.append(f"replace {self.name}")
        return "standby"


@pytest.mark.parametrize(("roles", "words"), [
    (("standby", "standby"), "0 servers lead, not one"), (("leader", "leader"), "2 servers lead, not one"),
    (("leader", None), "not ready: server-2")], ids=str)
def test_no_step_begins_unless_one_server_leads_and_all_others_stand_by(script, roles, words):
    servers = [Vm(f"server-{number}", role) for number, role in enumerate(roles, 1)]
    with pytest.raises(script.Stopped, match=words):
        script.roll(servers)
    assert [server.done for server in servers] == [[], []]


def test_a_server_that_is_taking_over_and_one_that_has_just_started_are_waited_for(script):
    script.SILENCE_SECONDS = HANG_SECONDS
    roles = script.roles_of([Vm("server-1", "standby", "standby", "leader"), Vm("server-2", None, "standby")])
    assert roles == {"server-1": "leader", "server-2": "standby"}


@pytest.mark.parametrize(("starts", "words"), [(True, "server-1 was started again"), (False, "server-1 is stopped")])
def test_a_leader_without_a_successor_starts_again(script, starts, words):
    leader = Vm("server-1", "leader", starts=starts)
    with pytest.raises(script.Stopped, match=f"another leader did not come within 0 s; {words}"):
        script.hand_over(leader, [Vm("server-2", "standby")])
    assert leader.done == ["stop server-1", "start server-1"]


def test_faculties_are_replaced_one_by_one_in_the_order_of_their_names(script, tmp_path, capsys):
    done = []
    script.roll_faculties([Vm("derecho", "faculty", done=done), Vm("medicina", "faculty", done=done)])
    assert done == ["replace derecho", "replace medicina"]
    assert [line.split(" was")[0] for line in capsys.readouterr().out.splitlines()] == ["derecho", "medicina"]


def test_the_faculties_are_those_of_the_environment(script, monkeypatch):
    vm = {"name": "dti-faculty-derecho", "zone": "zone-a", "group": "dti-faculty-derecho", "http_port": 5080}
    outputs = {"project": {"value": "campus"}, "servers": {"value": {}}, "faculties": {"value": {"derecho": vm}}}
    rolled = []
    monkeypatch.setattr(script, "call", lambda *_: json.dumps(outputs))
    monkeypatch.setattr(script, "roll_faculties", lambda machines: rolled.extend(machine.name for machine in machines))
    monkeypatch.setattr("sys.argv", ["roll", "--faculties", "environment"])
    assert script.main() == 0 and rolled == ["derecho"]


# The database VMs.

VM = {"zone": "zone-a", "name": "dti-database-1", "group": "dti-database-1"}
PATRONI = [{"Member": "database-1", "Role": "Leader", "State": "running"},
           {"Member": "database-2", "Role": "Sync Standby", "State": "streaming"},
           {"Member": "database-3", "Role": "Replica", "State": "streaming"}]


@pytest.mark.parametrize(("members", "roles"), [
    (PATRONI, ["leader", "standby", "standby"]), (PATRONI[:2], ["leader", "standby", None]),
    ([PATRONI[0], PATRONI[2]], [None, None, None]),
    ([*PATRONI[:2], {**PATRONI[2], "State": "starting"}], ["leader", "standby", None]), ("", [None, None, None])], ids=str)
def test_a_database_vm_is_ready_while_it_follows_and_a_standby_has_each_commit(script, monkeypatch, members, roles):
    monkeypatch.setattr(script, "call", lambda *_: json.dumps(members) if members else None)
    assert [script.Database(f"database-{number}", VM, "campus").role() for number in (1, 2, 3)] == roles


def test_the_database_vms_take_a_password_before_the_servers_are_replaced(script, monkeypatch):
    servers = {name: {**VM, "name": f"dti-{name}", "http_port": 6080} for name in ("server-1", "server-2")}
    outputs = {"project": {"value": "campus"}, "servers": {"value": servers},
               "databases": {"value": {"database-1": VM, "database-2": VM}}}
    done = []

    def call(*command):
        if command[0] == "terraform":
            return json.dumps(outputs)
        done.append(command[-1])
        return ""
    monkeypatch.setattr(script, "call", call)
    monkeypatch.setattr(script, "roll", lambda machines: done.extend(machine.name for machine in machines))
    for flags, wanted in (([], ["--command=sudo google_metadata_script_runner startup"] * 2 + ["server-1", "server-2"]),
                          (["--databases"], ["database-1", "database-2"])):
        done.clear()
        monkeypatch.setattr("sys.argv", ["roll", *flags, "environment"])
        assert (script.main(), done) == (0, wanted)
    outputs["databases"]["value"] = {}
    with pytest.raises(SystemExit):
        script.main()


def test_a_primary_hands_over_by_a_switchover(script, monkeypatch):
    commands = []
    monkeypatch.setattr(script, "call", lambda *command: commands.append(command[-1]))
    with pytest.raises(script.Stopped, match="could not hand over"):
        script.Database("database-1", VM, "campus").stop()
    assert commands == ["--command=sudo patronictl -c /etc/patroni/config.yml switchover --force"]


@pytest.mark.parametrize(("text", "role"), [
    ('{"role": "leader"}', "leader"), ('{"role": "standby"}', "standby"), ('{"role": "taking-over"}', None),
    ('{"name": "derecho"}', "faculty"), ("", None), (None, None), ("<html>", None)])
def test_a_role_is_known_only_of_a_vm_that_is_ready(script, monkeypatch, text, role):
    monkeypatch.setattr(script, "call", lambda *_: text)
    assert script.Machine("a", {"name": "dti-a", "zone": "z", "group": "dti-a", "http_port": 1}, "campus").role() == role


def test_a_call_that_hangs_is_a_call_that_fails(script):
    script.CALL_SECONDS = 0.1
    assert script.call("sleep", "60") is None
