"""The steps of docs/operations.md, "Keys and roles", run as they are written there, with the settings of the packages."""

import re
import signal

import pytest

from tests_py.harness.commands import Commands, blocks_of
from tests_py.harness.process import ROOT, Daemon, binary, run, until
from tests_py.harness.rooms import ask_programs, room_answer, wish
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import OK, Client

PAGE = "docs/operations.md"
FACULTY = "dti-faculty@derecho"
GRANTED = (OK, 7, 2, 0)


def settings_of_the_page():
    section = (ROOT / PAGE).read_text(encoding="utf-8").split("\n## Keys and roles\n")[1].split("\n### ")[0]
    lines = re.findall(r"^    ([a-z-]+ = .*)$", section, re.MULTILINE)
    assert [line.split(" = ")[0] for line in lines] == ["listen", "key", "make-key", "keys"]
    return "\n".join(lines)


def replaced(text, names):
    for name, here in names.items():
        assert name in text, name
        text = text.replace(name, str(here))
    return text


class Service:
    """A daemon that reads a config file, as systemd starts, stops and reloads it."""

    def __init__(self, program, config):
        self._program, self._config = program, config
        self.daemon = None

    def __call__(self, verb):
        getattr(self, verb)()

    def start(self):
        self.daemon = Daemon([binary(self._program), f"--config={self._config}"], self._config.parent)
        self.daemon.wait_listening()

    def stop(self):
        assert self.daemon.stop() == 0
        self.daemon.remove()

    def reload(self):
        before = len(self.daemon.log)
        self.daemon.signal(signal.SIGHUP)
        until(lambda: re.search(r" (key-added|key-removed|reload-refused): .*\n", self.daemon.log[before:]), what="the reload")
        assert "reload-refused" not in self.daemon.log[before:]


class Installation:
    """A server and a faculty, each with the files of its package, in folders of a test."""

    def __init__(self, folder):
        self._paths = {f"/{path}/": folder / path for path in ("var/lib/dti", "var/lib/dti-faculty/derecho", "etc/dti", "root")}
        for path in self._paths.values():
            path.mkdir(parents=True, mode=0o755)
        self._etc = self._paths["/etc/dti/"]
        self.root = self._paths["/root/"]
        self._journal = folder / "journal"
        self._journal.touch()
        (self._etc / "keys.toml").write_text("# The keys that may connect to this server.\n")
        self.server, self.faculty = Service("dti_server", self._etc / "dti.toml"), Service("faculty", self._etc / "derecho.toml")
        names = {"journalctl -u dti-faculty@derecho": f"cat {self._journal}",
                 **{name: f"{path}/" for name, path in self._paths.items()}}
        self._commands = Commands(folder, names, {"dti-server": self.server, FACULTY: self._on_faculty})
        self._port = 0
        self.start_server()

    def start_server(self):
        text = replaced(settings_of_the_page(), {"0.0.0.0:6001": f"127.0.0.1:{self._port}", "127.0.0.1:6000": "127.0.0.1:0",
                                                 "/var/lib/dti/": f"{self._paths['/var/lib/dti/']}/", "/etc/dti/": f"{self._etc}/"})
        store = f'store = "sqlite:{self._paths["/var/lib/dti/"]}/dti.db"\nsemester = "{SEMESTER}"\nclassrooms = 380\nlabs = 60\n'
        (self._etc / "dti.toml").write_text(f"{text}\n{store}")
        if self._port == 0:
            self.server.start()
            self._port = self.server.daemon.port
            self.server.stop()
            self.start_server()
        else:
            self.server.start()

    def _on_faculty(self, verb):
        self.faculty(verb)
        if verb == "start":
            until(lambda: " own-key: " in self.faculty.daemon.log, what="the key of the faculty")
            with self._journal.open("a") as journal:
                journal.write(self.faculty.daemon.log)

    def give_to_the_faculty(self, server_line):
        """Writes the settings of the faculty with the public half of the server."""
        example = (ROOT / "packaging/examples/faculty.toml").read_text(encoding="utf-8")
        path = self._paths["/var/lib/dti-faculty/derecho/"]
        (self._etc / "derecho.toml").write_text(replaced(example, {
            '"Ingenieria"': '"Derecho"', "127.0.0.1:6001": f"127.0.0.1:{self._port}", '"PUBLIC-KEY"': f'"{server_line.split()[0]}"',
            "/var/lib/dti-faculty/ingenieria/ingenieria.key": f"{path}/derecho.key", "listen-port = 5000": "listen-port = 0",
            "#min-programs = 5": "min-programs = 1"}))

    def run(self, commands, **placeholders):
        """The outputs. A placeholder of the page, with - as _, is replaced by its value."""
        for name, value in placeholders.items():
            name = name.replace("_", "-")
            assert any(name in command for command in commands), name
            commands = [command.replace(name, value) for command in commands]
        return self._commands.run(commands)

    def gets_rooms(self, program="Derecho Civil"):
        return ask_programs(self.faculty.daemon, [wish(program)]) == [GRANTED]

    def proof_of_the_server_fails(self, server_line):
        """Does a client with these digits of the server, and the key of the faculty, not connect to it?"""
        status, _, log = run(self.root, "program", "--name=Derecho Civil", f"--semester={SEMESTER}", "--classrooms=7", "--labs=2",
                             f"--faculty-server=127.0.0.1:{self._port}", f"--server-key={server_line.split()[0]}",
                             f"--key={self._paths['/var/lib/dti-faculty/derecho/']}/derecho.key", "--timeout=3")
        return status == 5 and "did not prove the server key that this client has" in log

    def remove(self):
        for service in (self.faculty, self.server):
            if service.daemon is not None:
                service.daemon.remove()


def line_in(output):
    """The public line in the last event of a log."""
    return re.findall(r'line="([0-9a-f]{64} [^"]+)"', output)[-1]


def keys_in(table):
    """The first digits and the role of each key that `dtictl key list` prints."""
    header, *rows = [re.split(r"  +", line) for line in table.splitlines()]
    assert header == ["NAME", "ROLE", "PUBLIC-KEY"]
    return [(public[:8], role) for _, role, public in rows]


@pytest.fixture
def place(tmp_path):
    place = Installation(tmp_path)
    yield place
    place.remove()


def let_in(place):
    """Runs the steps; the public lines of the server and of the faculty."""
    own, made, add = blocks_of(PAGE, "### Let a faculty in")
    server_line = place.run(own)[-1].strip()
    place.give_to_the_faculty(server_line)
    line = line_in(place.run(made)[-1])
    with Client(place.faculty.daemon.endpoint) as program:
        program.send(b"", wish("Derecho Civil"))  # waits until the faculty is let in
        assert keys_in(place.run(add, LINE=line)[-1]) == [(line[:8], "faculty:Derecho")]
        assert room_answer(program.receive()) == GRANTED
    return server_line, line


def test_a_faculty_is_let_in_and_removed_with_the_commands_of_the_page(place):
    _, line = let_in(place)
    [remove] = blocks_of(PAGE, "### Remove a key")
    assert keys_in(place.run(remove, OLD_DIGITS=line[:8])[-1]) == []
    until(lambda: "refused the key of this client" in place.faculty.daemon.log, what="the refusal")


def test_the_key_of_a_faculty_is_changed_with_the_commands_of_the_page(place):
    _, old = let_in(place)
    make, change = blocks_of(PAGE, "### Change the key of a faculty")
    line = line_in(place.run(make)[-1])
    assert line != old and (place.root / "derecho.key.old").is_file()
    place.run(change, LINE=line, OLD_DIGITS=old[:8])
    assert place.gets_rooms("Derecho Penal")
    listed = place.run(["dtictl key list --keys=/etc/dti/keys.toml"])[-1]
    assert keys_in(listed) == [(line[:8], "faculty:Derecho")]


def test_the_key_of_the_server_is_changed_and_brought_back_with_the_commands_of_the_page(place):
    old, _ = let_in(place)
    change, back = blocks_of(PAGE, "### Another key of the server")
    line = place.run(change)[-1].strip()
    assert line != old and place.proof_of_the_server_fails(old)
    for server_line, commands in ((line, []), (old, back)):
        place.run(commands)
        place.give_to_the_faculty(server_line)
        place.run([f"systemctl stop {FACULTY}", f"systemctl start {FACULTY}"])
        assert place.gets_rooms()


def test_every_section_of_steps_is_run():
    section = (ROOT / PAGE).read_text(encoding="utf-8").split("\n## Keys and roles\n")[1].split("\n## ")[0]
    with_commands = [part.split("\n")[0] for part in section.split("\n### ")[1:] if "```sh" in part]
    assert with_commands == ["Let a faculty in", "Change the key of a faculty", "Remove a key", "Another key of the server",
                             "Certificates of the database"]  # the last one: test_postgresql_certificates.py
