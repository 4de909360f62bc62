"""terraform/roll replaces servers one after the other, while programs get their rooms. The cloud is a stand-in that starts
and ends real servers."""

import contextlib
import http.server
import importlib.machinery
import importlib.util
import json
import os
import re
import signal
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
    status, output, *errors = json.loads(peer.makefile().readline())
print(output)
print(*errors, file=sys.stderr)
sys.exit(status)
"""


class Cloud:
    """Two servers on one database, and what gcloud does to their VMs."""

    def __init__(self, folder, store):
        self.replaced = []
        self.refuses = False
        self._folder = folder
        self._flags = [f"--semester={SEMESTER}", f"--classrooms={PROGRAMS}", "--labs=0", store.flag, f"--bind={host_of_our_own()}", "--allow-plaintext",
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
        """[exit status, output], and perhaps errors."""
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
            return [1, "", "WARNING: a tunnel\nERROR: a quota"]
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
        result = subprocess.run([ROLL, self._folder], env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
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


def test_it_stops_when_the_cloud_refuses_and_says_why(cloud):
    cloud.refuses = True
    status, output, errors = cloud.roll()
    assert (status, output, cloud.replaced) == (1, "", [])
    assert "did not accept the replacement of dti-server-" in errors and "(ERROR: a quota)" in errors


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
    """Has these roles, one after the other, and then the last one. `fails`: what it cannot do."""

    NOUN = "servers"

    def __init__(self, name, *roles, fails=(), done=None):
        self.name = name
        self.trouble = ""
        self._roles = list(roles)
        self._fails = dict(fails)
        self.done = [] if done is None else done

    def _do(self, verb):
        self.done.append(f"{verb} {self.name}")
        if verb in self._fails:
            raise self._fails[verb]

    def role(self):
        return self._roles.pop(0) if len(self._roles) > 1 else self._roles[0]

    def give_up_role(self):
        self._do("stop")

    def stay(self):
        self._do("start")
        return f"{self.name} stays"

    def replace(self):
        self._do("replace")

    def wait_for_new(self, _before):
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


def of_two(script, fails=(), others="leader"):
    """What was done with the leader and its only other, until the replacement of the leader stopped."""
    done = []
    with pytest.raises(script.Stopped) as stop:
        script.replace(Vm("server-1", "leader", fails=fails, done=done), [Vm("server-2", others, done=done)])
    return done, str(stop.value)


@pytest.mark.parametrize(("others", "words"), [("standby", "0 servers lead, not one"), (None, "not ready: server-2")])
def test_a_leader_without_a_successor_stays(script, others, words):
    assert of_two(script, others=others) == (["stop server-1", "start server-1"], f"{words}; server-1 stays")


def test_a_leader_that_perhaps_stopped_and_one_that_is_not_replaced_stay(script):
    """A call that hangs may have had its effect."""
    assert of_two(script, {"stop": script.Stopped("no answer")})[0] == ["stop server-1", "start server-1"]
    assert of_two(script, {"replace": script.Stopped("refused")}) == (
        ["stop server-1", "replace server-1", "start server-1"], "refused; server-1 stays")


@pytest.mark.parametrize("verb", ["stop", "replace"])
def test_an_interrupted_leader_stays(script, verb):
    done, words = of_two(script, {verb: KeyboardInterrupt()})
    assert done[-1] == "start server-1" and words == "interrupted; server-1 stays"


def test_a_standby_is_replaced_without_a_stop_and_the_leader_only_while_all_others_are_ready(script):
    done = []
    standby = ["standby"] * 3  # before each step
    vms = [Vm("server-1", "leader", done=done), Vm("server-2", *standby, None, done=done), Vm("server-3", *standby, "leader", done=done)]
    with pytest.raises(script.Stopped, match="not ready: server-2; server-1 stays"):
        script.roll(vms)
    assert done == ["replace server-2", "replace server-3", "stop server-1", "start server-1"]


def test_faculties_are_replaced_one_by_one_in_the_order_of_their_names(script, tmp_path, capsys):
    done = []
    script.roll_faculties([Vm("derecho", "faculty", done=done), Vm("medicina", "faculty", done=done)])
    assert done == ["replace derecho", "replace medicina"]
    assert [line.split(" was")[0] for line in capsys.readouterr().out.splitlines()] == ["derecho", "medicina"]


def test_the_faculties_are_those_of_the_environment(script, monkeypatch, tmp_path):
    vm = {"name": "dti-faculty-derecho", "zone": "zone-a", "group": "dti-faculty-derecho", "http_port": 5080}
    outputs = {"project": {"value": "campus"}, "servers": {"value": {}}, "faculties": {"value": {"derecho": vm}}}
    rolled = []
    monkeypatch.setattr(script, "run", lambda *_: json.dumps(outputs))
    monkeypatch.setattr(script, "roll_faculties", lambda machines: rolled.extend(machine.name for machine in machines))
    monkeypatch.setattr("sys.argv", ["roll", "--faculties", str(tmp_path)])
    assert script.main() == 0 and rolled == ["derecho"]


# The database VMs.

VM = {"zone": "zone-a", "name": "dti-database-1", "group": "dti-database-1"}
PATRONI = [{"Member": "database-1", "Role": "Leader", "State": "running"},
           {"Member": "database-2", "Role": "Sync Standby", "State": "streaming"},
           {"Member": "database-3", "Role": "Replica", "State": "streaming"}]


def database(script, number=1):
    return script.Database(f"database-{number}", VM, "campus")


def answers(script, monkeypatch, answer):
    """Each command on a VM gets answer(command, seconds), or fails with its text if that is a Failed. Returns the commands."""
    commands = []

    def run(*command, seconds=None):
        commands.append(command[-1].removeprefix("--command="))
        result = answer(commands[-1], seconds)
        if isinstance(result, script.Failed):
            raise result
        return result
    monkeypatch.setattr(script, "run", run)
    return commands


@pytest.mark.parametrize(("members", "roles"), [
    (PATRONI, ["leader", "standby", "standby"]), (PATRONI[:2], ["leader", "standby", None]),
    ([PATRONI[0], PATRONI[2]], [None, None, None]), ([*PATRONI[:2], {**PATRONI[2], "State": "running"}], ["leader", "standby", None]),
    ([*PATRONI[:2], {**PATRONI[2], "State": "starting"}], ["leader", "standby", None]), ("", [None, None, None])], ids=str)
def test_a_database_vm_is_ready_while_it_follows_and_a_standby_has_each_commit(script, monkeypatch, members, roles):
    answers(script, monkeypatch, lambda *_: json.dumps(members) if members else "")
    assert [database(script, number).role() for number in (1, 2, 3)] == roles


def test_no_database_vm_is_ready_while_a_member_of_etcd_is_not(script, monkeypatch):
    commands = answers(script, monkeypatch, lambda *_: script.Failed("Error: unhealthy cluster"))
    with pytest.raises(script.Stopped, match=re.escape("not ready: database-1 (Error: unhealthy cluster)")):
        script.roles_of([database(script)])
    assert commands[0] == f"{script.Database.ETCD} && {script.Database.LIST}"


def test_database_vms_have_words_of_their_own(script, monkeypatch):
    monkeypatch.setattr(script.Database, "role", lambda _: "standby")
    with pytest.raises(script.Stopped, match="0 database VMs lead, not one"):
        script.roles_of([database(script)])
    answers(script, monkeypatch, lambda *_: script.Failed("ERROR: no tunnel"))
    with pytest.raises(script.Stopped) as stop:
        script.replace(database(script), [database(script, 2)])
    assert str(stop.value) == ("database-1 could not hand over (ERROR: no tunnel); database-1 was not replaced; "
                               "`patronictl list` shows the primary")


def test_a_primary_hands_over_by_a_switchover_from_itself(script, monkeypatch):
    commands = answers(script, monkeypatch, lambda *_: "")
    database(script).give_up_role()
    assert commands == ["sudo patronictl -c /etc/patroni/config.yml switchover --leader database-1 --force"]


class Cluster:
    """Three database VMs. `leaders`: who leads at each question."""

    def __init__(self, script, monkeypatch, *leaders, down=()):
        self._script, self._leaders, self._down = script, list(leaders), down
        self.startups = []
        monkeypatch.setattr(script.Database, "_ssh", lambda vm, command, seconds=None: self._ssh(vm.name, command, seconds))
        self.vms = [database(script, number) for number in (1, 2, 3)]

    def _ssh(self, name, command, seconds):
        if name in self._down:
            raise self._script.Failed("ERROR: it is down")
        if command == self._script.Database.STARTUP:
            assert seconds == self._script.READY_SECONDS
            self.startups.append(name)
            return ""
        if command == "true":
            return ""
        leader = self._leaders.pop(0) if len(self._leaders) > 1 else self._leaders[0]
        return json.dumps([{"Member": leader, "Role": "Leader", "State": "running"}])  # without a synchronous standby


def test_a_standby_that_is_down_does_not_keep_a_password_from_the_primary(script, monkeypatch, capsys):
    cluster = Cluster(script, monkeypatch, "database-3", down=["database-1"])
    script.give_password(cluster.vms)
    assert cluster.startups == ["database-2", "database-3"]
    assert capsys.readouterr().err == ("roll: warning: database-1 could not read the password; it does so when it starts "
                                       "(ERROR: it is down)\n")


@pytest.mark.parametrize(("leaders", "down"), [
    (["database-1"], ["database-1"]), (["database-1"], ["database-1", "database-2", "database-3"]),
    # database-2 has become the primary after it had read the password as a standby.
    (["database-3", "database-3", "database-2"], []),
    # database-1 has, while database-3 read it.
    (["database-3", "database-3", "database-3", "database-1"], [])], ids=str)
def test_a_password_that_no_primary_has_taken_stops_it(script, monkeypatch, leaders, down):
    with pytest.raises(script.Stopped, match="no primary of the database has taken the password"):
        script.give_password(Cluster(script, monkeypatch, *leaders, down=down).vms)


def test_only_servers_need_a_password_of_the_database_first(script, monkeypatch, tmp_path):
    servers = {name: {**VM, "name": f"dti-{name}", "http_port": 6080} for name in ("server-1", "server-2")}
    outputs = {"project": {"value": "campus"}, "servers": {"value": servers},
               "databases": {"value": {"database-1": VM, "database-2": VM}}}
    done = []
    monkeypatch.setattr(script, "run", lambda *_: json.dumps(outputs))
    monkeypatch.setattr(script, "give_password", lambda databases: done.append(f"password to {len(databases)}"))
    monkeypatch.setattr(script, "roll", lambda machines: done.extend(machine.name for machine in machines))
    for flags, wanted in (([], ["password to 2", "server-1", "server-2"]), (["--databases"], ["database-1", "database-2"])):
        done.clear()
        monkeypatch.setattr("sys.argv", ["roll", *flags, str(tmp_path)])
        assert (script.main(), done) == (0, wanted)
    outputs["databases"]["value"] = {}
    with pytest.raises(SystemExit):
        script.main()


@pytest.fixture
def metadata_server():
    """Google's, with a startup script; None: it has none."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            known = (self.path, self.headers["Metadata-Flavor"]) == ("/computeMetadata/v1/instance/attributes/startup-script", "Google")
            body = self.server.script if known else None
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write((body or "no such page").encode())

        def log_message(self, *_):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(("text", "status"), [("exit 0", 0), ("exit 7", 7), (None, 22)], ids=str)
def test_the_exit_code_of_a_startup_script_is_its_own_and_no_file_stays(script, metadata_server, tmp_path, text, status):
    metadata_server.script = text and f'stat --format="%a $0" "$0"\n{text}\n'
    (tmp_path / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "sudo").chmod(0o755)
    (tmp_path / "files").mkdir()
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TMPDIR": str(tmp_path / "files"),
                   "GCE_METADATA_HOST": f"127.0.0.1:{metadata_server.server_port}"}
    result = subprocess.run(script.Database.STARTUP, shell=True, executable="/bin/sh", env=environment, capture_output=True,
                            text=True, timeout=HANG_SECONDS)
    assert result.returncode == status, result.stderr
    if text:
        assert result.stdout.startswith(f"600 {tmp_path}/files/")
    assert list((tmp_path / "files").iterdir()) == []


# What it asks of a VM, and when something fails.

@pytest.mark.parametrize(("text", "role"), [
    ('{"role": "leader"}', "leader"), ('{"role": "standby"}', "standby"), ('{"role": "taking-over"}', None),
    ('{"name": "derecho"}', "faculty"), ("", None), ("<html>", None)])
def test_a_role_is_known_only_of_a_vm_that_is_ready(script, monkeypatch, text, role):
    answers(script, monkeypatch, lambda *_: text)
    assert server(script).role() == role


def server(script):
    return script.Machine("a", {"name": "dti-a", "zone": "z", "group": "dti-a", "http_port": 1}, "campus")


@pytest.mark.parametrize(("failure", "words"), [(None, "a was started again"), ("gone", "a is stopped: start dti-server there")])
def test_a_server_that_stays_starts_again(script, monkeypatch, failure, words):
    commands = answers(script, monkeypatch, lambda *_: script.Failed(failure) if failure else "")
    assert server(script).stay() == words and commands == ["sudo systemctl start dti-server"]


def test_a_server_that_does_not_answer_is_not_ready_for_the_reason_of_gcloud(script, monkeypatch):
    answers(script, monkeypatch, lambda *_: script.Failed("ERROR: sign in"))
    with pytest.raises(script.Stopped, match=re.escape("not ready: a (ERROR: sign in)")):
        script.roles_of([server(script)])


def test_an_old_vm_without_an_id_is_not_replaced_because_it_would_pass_for_the_new_one(script, monkeypatch):
    commands = answers(script, monkeypatch, lambda *_: script.Failed("ERROR: busy"))
    with pytest.raises(script.Stopped, match="gcloud does not say the id of dti-a"):
        server(script).replace()
    assert commands == ["--format=value(id)"]


def test_a_call_that_hangs_is_a_call_that_fails(script):
    with pytest.raises(script.Failed, match="no answer within 0 s"):
        script.run("sleep", "60", seconds=0.1)


@pytest.mark.parametrize(("errors", "reason"), [
    ("WARNING: slow\nERROR: (gcloud) no\nsee the page", "ERROR: (gcloud) no"), ("│ Error: no credentials\n│ \n", "Error: no credentials"),
    ("dti-startup: wrote a\ndti-startup: gave up", "dti-startup: gave up"), ("curl: (22)", "")])
def test_the_reason_of_a_failure_is_what_the_program_says_of_its_end(script, errors, reason):
    assert script.reason_in(errors) == reason


def test_a_program_that_is_missing_is_named(script):
    with pytest.raises(script.Failed, match="no-such-program: No such file or directory"):
        script.run("no-such-program")


def run_main(script, monkeypatch, folder, roll):
    """The exit status, with two servers of an environment."""
    outputs = {"project": {"value": "campus"}, "servers": {"value": {name: {**VM, "http_port": 1} for name in "ab"}}}
    monkeypatch.setattr(script, "run", lambda *_: json.dumps(outputs))
    monkeypatch.setattr(script, "roll", roll)
    monkeypatch.setattr("sys.argv", ["roll", str(folder)])
    return script.main()


def test_a_second_roll_of_the_same_environment_replaces_nothing(script, monkeypatch, tmp_path, capsys):
    def roll(_):
        assert subprocess.run([ROLL, tmp_path], capture_output=True, timeout=HANG_SECONDS).returncode == 1
        assert script.main() == 1
    assert run_main(script, monkeypatch, tmp_path, roll) == 0
    assert capsys.readouterr().err == ("roll: another roll of this environment is running. "
                                       "The remaining servers were not replaced.\n")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_signal_ends_it_with_a_sentence(script, monkeypatch, tmp_path, capsys, ending):
    handlers = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup may have started the tests
        assert run_main(script, monkeypatch, tmp_path, lambda _: signal.raise_signal(ending)) == 1
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
    assert capsys.readouterr().err == ("roll: interrupted; a replacement that has begun goes on. "
                                       "The remaining servers were not replaced.\n")
