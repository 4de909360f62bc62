"""The password of the database is changed as docs/deployment.md says, while programs request rooms without a pause."""

import contextlib
import subprocess
import threading
import time

import pytest

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.commands import Commands, blocks_of
from tests_py.harness.postgresql import APP, PASSWORD, ROLE
from tests_py.harness.process import HANG_SECONDS, Daemon, binary, clean_environment, running_faculty, until
from tests_py.harness.rooms import ask_programs, faculty_flags, wish
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import OK

PAGE = "docs/deployment.md"
NEW_PASSWORD = "an0ther-of-the-test"
PROGRAMS = 20_000


class Servers:
    """Two servers on one database over TCP, each with the password of the file when it starts, as the service has."""

    def __init__(self, folder, store, credentials):
        self._folder, self._credentials = folder, credentials
        self._flags = [f"--semester={SEMESTER}", f"--classrooms={PROGRAMS}", "--labs=0",
                       f"--store={store.cluster.tcp_uri(store.database)}",
                       write_catalog(folder / "catalog.csv", "Derecho", [f"p{i}" for i in range(PROGRAMS)])]
        self._ports = [0, 0]
        self._servers = [None, None]
        self.restarts = 0
        for index in (0, 1):
            self._start(index)

    def _start(self, index):
        self.restarts += 1
        copy = self._folder / f"pgpass-{self.restarts}"  # systemd gives the service a copy
        copy.write_bytes(self._credentials.read_bytes())
        copy.chmod(0o600)
        server = Daemon([binary("dti_server"), f"--port={self._ports[index]}", *self._flags],
                        self._folder / f"server-{index}", {"PGPASSFILE": str(copy)})
        self._servers[index] = server
        server.wait_listening()
        self._ports[index] = server.port

    def restart(self, verb):
        """The standby first."""
        assert verb == "restart"
        for index in (1, 0):
            assert self._servers[index].stop() == 0
            self._servers[index].remove()
            self._start(index)

    def addresses(self):
        return [server.address for server in self._servers]

    def remove(self):
        for server in self._servers:
            if server is not None:
                server.remove()


def connects(store, password):
    client = ["psql", "-XAtqc", "SELECT 1", store.cluster.tcp_uri(store.database)]
    return subprocess.run(client, env=clean_environment("/", {"PGPASSWORD": password}), capture_output=True,
                          timeout=HANG_SECONDS).returncode == 0


@pytest.fixture
def credentials(tmp_path):
    file = tmp_path / "credentials" / "pgpass"
    file.parent.mkdir()
    file.write_text(f"*:*:*:*:{PASSWORD}\n")
    return file


@pytest.fixture
def old_password_afterwards(cluster):
    yield
    cluster.sql("postgres", f"ALTER ROLE {ROLE} PASSWORD '{PASSWORD}'", user="postgres")


@pytest.mark.usefixtures("old_password_afterwards")
def test_the_password_is_changed_and_no_request_is_refused(postgresql, credentials, tmp_path):
    change, place, restart = blocks_of(PAGE, "## Rotating the password")[:3]  # those with the packages
    new_file = tmp_path / "pgpass.new"
    new_file.write_text(f"*:*:*:*:{NEW_PASSWORD}\n")
    servers = Servers(tmp_path, postgresql, credentials)
    commands = Commands(tmp_path, {"/root/pgpass.new": new_file, "/etc/dti/credentials/pgpass": credentials},
                        {"dti-server": servers.restart})
    enough = threading.Event()
    answers = []

    def request_rooms(faculty):
        while not enough.is_set():
            began = time.monotonic()
            [answer] = ask_programs(faculty, [wish(f"p{len(answers) % PROGRAMS}", 1, 0)])
            answers.append((time.monotonic() - began, answer))

    with contextlib.ExitStack() as stack:
        stack.callback(servers.remove)
        faculty = stack.enter_context(running_faculty(tmp_path / "faculty", *faculty_flags(*servers.addresses()), "--min-programs=1"))
        load = threading.Thread(target=request_rooms, args=(faculty,))
        load.start()
        try:
            cluster = postgresql.cluster
            sessions = cluster.backends(postgresql.database)
            commands.run(change, {"PGHOST": str(cluster.folder), "PGPORT": str(cluster.port), "PGUSER": "postgres"},
                         typed=f"{NEW_PASSWORD}\n{NEW_PASSWORD}\n")
            assert not connects(postgresql, PASSWORD) and connects(postgresql, NEW_PASSWORD)
            more = len(answers) + 5
            until(lambda: len(answers) >= more or not load.is_alive(), what="replies with the old sessions")
            assert cluster.backends(postgresql.database) == sessions, "the sessions stay"
            commands.run(place)
            commands.run(restart)
            assert not set(sessions) & set(cluster.backends(postgresql.database))
        finally:
            enough.set()
            load.join(HANG_SECONDS)
    assert servers.restarts == 4
    assert len(answers) > 10 and {answer for _, answer in answers} == {(OK, 1, 0, 0)}
    print(f"{len(answers)} requests, none refused; the longest took {max(answers)[0]:.2f} s")
