"""A PostgreSQL cluster of the test session's own: default settings, a unix socket and a free TCP port."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from tests_py.harness.process import HANG_SECONDS, ROOT, binary, clean_environment, until
from tests_py.harness.stopping import held

FOLDERS = Path("/tmp")  # in /tmp itself: a socket's path may have 107 bytes, and the postgres user must reach it
PREFIX = os.environ.get("DTI_TEST_CLUSTERS", "dti-pg-")  # of a cluster's folder
ROLE = "dti"  # owns each database and its schema
APP = "dti_app"  # of the servers
AUDITOR = "dti_auditor"
ROLES = ROOT / "sql/postgresql/roles.sql"
PASSWORD = "s3cret-of-the-test"


def uri_of_hosts(database, *clusters):
    """An address that lists these clusters in this order."""
    hosts = ",".join(str(cluster.folder) for cluster in clusters)
    ports = ",".join(str(cluster.port) for cluster in clusters)
    return f"postgresql:///{database}?host={hosts}&port={ports}&user={APP}"


def newest_bin_folder():
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: float(folder.parent.name), default=None)


def free_port():
    """One that stays free while the cluster is stopped: not of those that the kernel gives to connections."""
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    others = [port for port in range(1024, 65536) if not first <= port <= last]
    while True:
        port = random.choice(others) if others else 0
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return probe.getsockname()[1]


class Cluster:
    """Databases belong to an ordinary role: trusted on the unix socket, by password over TCP."""

    def __init__(self, address="127.0.0.1", enter=()):
        """`enter`: the command, if any, that enters the network where `address` is. There, all are trusted over TCP."""
        self._bin = newest_bin_folder()
        self._count = 0
        self._template = None  # a database that the owner has migrated, with the rights of all roles
        self._stopped = []
        self._settings = None  # in the data folder
        self._address = address
        self._is_trusting = bool(enter)
        self._as_postgres = [*enter, *(["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else [])]
        with held():
            self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=FOLDERS))
        try:
            self._make()
        except BaseException:  # the caller does not know that there is something to remove
            self.remove()
            raise

    def _make(self):
        if self._as_postgres:
            shutil.chown(self.folder, "postgres")
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD)
        password_file.chmod(0o644)
        self._run("initdb", "-D", self._data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                  "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password_file}")
        if self._is_trusting:
            with open(self._data / "pg_hba.conf", "a", encoding="utf-8") as file:
                file.write("host all all all trust\n")
        self.port = free_port()
        self.start()
        for role in (ROLE, APP, AUDITOR):
            self.sql("postgres", f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'", user="postgres")

    @property
    def _data(self):
        return self.folder / "data"

    @property
    def postmaster(self):
        """The process id of its first process."""
        return read_postmaster(self.folder)

    def _run(self, program, *arguments):
        command = [*self._as_postgres, self._bin / program, *arguments]
        with subprocess.Popen(command, cwd="/", env=clean_environment(self.folder), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              start_new_session=True) as process:
            try:
                output, _ = process.communicate(timeout=2 * HANG_SECONDS)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)  # runuser and what it runs
                raise
        assert process.returncode == 0, output

    def start(self):
        options = f"-c unix_socket_directories={self.folder} -c listen_addresses={self._address} -p {self.port}"
        if self._settings is not None:
            options += f" -c config_file={self._settings}"
        with held():  # it leaves a process behind
            self._run("pg_ctl", "-D", self._data, "-w", "-t", str(HANG_SECONDS), "-l", self.folder / "log", "-o", options,
                      "start")

    def stop(self, mode="immediate"):
        self._run("pg_ctl", "-D", self._data, "-w", "-t", str(HANG_SECONDS), "-m", mode, "stop")

    @staticmethod
    def make_certificate(path, key):
        """One that its own key has signed, for 127.0.0.1."""
        subprocess.run(["openssl", "req", "-new", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-out", path, "-keyout", key],
                       check=True, capture_output=True, timeout=HANG_SECONDS)

    def offer_tls(self):
        """Over TCP, with `certificate`."""
        key = self.folder / "server.key"
        self.make_certificate(self.certificate, key)
        self.show_certificate(self.certificate, key)
        self.stop("fast")
        self.start()

    def show_certificate(self, certificate, key, authority=None):
        """To new connections over TCP. `authority`: the certificate of the one that signs those of clients."""
        for path in (certificate, key, *([authority] if authority else [])):
            if self._as_postgres:
                shutil.chown(path, "postgres")
            path.chmod(0o600 if path == key else 0o644)
        for setting in (f"ssl_cert_file = '{certificate}'", f"ssl_key_file = '{key}'", f"ssl_ca_file = '{authority or ''}'",
                        "ssl = on"):
            self.sql("postgres", f"ALTER SYSTEM SET {setting}", user="postgres")
        self.sql("postgres", "SELECT pg_reload_conf()", user="postgres")

    def authenticate_first(self, *lines):
        """These lines come before those of pg_hba.conf."""
        file = self._data / "pg_hba.conf"
        rest = file.read_text().partition("# the lines of initdb\n")
        file.write_text("".join(f"{line}\n" for line in lines) + "# the lines of initdb\n" + (rest[2] or rest[0]))
        self.sql("postgres", "SELECT pg_reload_conf()", user="postgres")

    @property
    def certificate(self):
        return self.folder / "server.crt"

    def move_settings_to(self, folder):
        """Where no base backup has them, as Debian does."""
        self.stop("fast")
        folder.mkdir()
        for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
            shutil.move(self._data / name, folder / name)
        self._settings = folder / "postgresql.conf"
        with open(self._settings, "a", encoding="utf-8") as file:
            file.write(f"data_directory = '{self._data}'\nhba_file = '{folder}/pg_hba.conf'\n"
                       f"ident_file = '{folder}/pg_ident.conf'\nexternal_pid_file = '{self.folder}/external.pid'\n")
        if self._as_postgres:
            shutil.chown(folder, "postgres")
        self.start()

    def move_log_to(self, folder):
        """Moves the write-ahead log to that folder, on another disk."""
        self.stop("fast")
        shutil.move(self._data / "pg_wal", folder / "pg_wal")
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "postgres", "postgres")
        (self._data / "pg_wal").symlink_to(folder / "pg_wal")
        self.start()

    def wait_for_its_end(self):
        """By itself, as it ends when its log has no room."""
        until(lambda: not (self._data / "postmaster.pid").exists(), what="the end of PostgreSQL")

    def remove(self):
        """Works in any state, even if the cluster is only partly created."""
        self._stopped = []
        remove_cluster(self.folder)

    def sql(self, database, statement, user=ROLE, seconds=HANG_SECONDS):
        """Rows of texts."""
        result = subprocess.run(
            ["psql", "-XAtq", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-p", str(self.port),
             "-U", user, "-d", database, "-f", "-"],
            input=statement, capture_output=True, text=True, timeout=seconds, env=clean_environment(self.folder))
        assert result.returncode == 0, result.stderr
        return [line.split("\x1f") for line in result.stdout.splitlines()]

    def create_database(self):
        self._count += 1
        name = f"test_{self._count}"
        self.sql("postgres", f"CREATE DATABASE {name} OWNER {ROLE}", user="postgres")
        return name

    def create_store(self):
        """A database that its owner has migrated. The servers' role may not change its schema."""
        if self._template is None:
            self._template = self._make_template()
        self._count += 1
        name = f"test_{self._count}"
        self.sql("postgres", f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {self._template}", user="postgres")
        return name

    def _make_template(self):
        name = self.create_database()
        self.grant_rights(name)
        migrated = subprocess.run([binary("dtictl"), "migrate", f"--store={self.uri(name)}"], capture_output=True, text=True,
                                  timeout=HANG_SECONDS, env=clean_environment(self.folder))
        assert migrated.returncode == 0, migrated.stderr
        self.grant_rights(name)
        return name

    def grant_rights(self, database, user="postgres"):
        """Runs roles.sql."""
        result = subprocess.run(
            ["psql", "-Xq", "-h", str(self.folder), "-p", str(self.port), "-U", user, f"--set=owner={ROLE}", f"--set=app={APP}",
             f"--set=auditor={AUDITOR}", "-f", ROLES, database],
            capture_output=True, text=True, timeout=HANG_SECONDS, env=clean_environment(self.folder))
        assert (result.returncode, result.stdout + result.stderr) == (0, "")

    def drop_database(self, name):
        self.sql("postgres", f"DROP DATABASE {name} WITH (FORCE)", user="postgres")

    def uri(self, database, role=ROLE):
        return f"postgresql:///{database}?host={self.folder}&port={self.port}&user={role}"

    def app_uri(self, database):
        """As a server of a database that create_store() made."""
        return self.uri(database, APP)

    def uri_with_password(self, database, password=PASSWORD):
        return f"postgresql://{APP}:{password}@127.0.0.1:{self.port}/{database}"

    def tcp_uri(self, database, role=ROLE):
        return f"postgresql://{role}@{self._address}:{self.port}/{database}"

    def backends(self, database):
        """The process ids of the sessions of our roles with that database."""
        statement = f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}' AND usename IN ('{ROLE}', '{APP}')"
        return [int(row[0]) for row in self.sql("postgres", statement, user="postgres")]

    def freeze_backends(self, database):
        """The server's sessions stop where they are; new ones can be opened."""
        pids = self.backends(database)
        assert pids
        self._freeze(pids)

    def freeze(self):
        """Suspends all processes of the database; the kernel still accepts connections."""
        postmaster = self.postmaster
        self._freeze([postmaster])
        self._freeze(children(postmaster))

    def _freeze(self, pids):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            self._stopped.append(pid)
        for pid in pids:
            until(lambda pid=pid: _state(pid) in "TZ", what=f"process {pid} frozen")

    def resume(self):
        for pid in self._stopped:
            _signal(pid, signal.SIGCONT)
        self._stopped = []


class Replica(Cluster):
    """A copy of another cluster that follows it by streaming replication, and is called `name` there."""

    def __init__(self, primary, name):
        self._primary = primary
        self._name = name
        super().__init__()

    def _make(self):
        if self._as_postgres:
            shutil.chown(self.folder, "postgres")
        self._run("pg_basebackup", "-D", self._data, "-R", "-c", "fast", "-d",
                  f"host={self._primary.folder} port={self._primary.port} user=postgres application_name={self._name}")
        self.port = free_port()
        self.start()

    def promote(self):
        """It becomes a primary of its own. The other one is not told."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", str(HANG_SECONDS), "promote")


@contextlib.contextmanager
def scratch_cluster():
    cluster = Cluster()
    try:
        yield cluster
    finally:
        cluster.remove()


def remove_cluster(folder):
    """Ends the cluster of that folder, if one runs there, and removes the folder."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        postmaster = read_postmaster(folder)
        if Path(f"/proc/{postmaster}/cwd").resolve() == (folder / "data").resolve():
            _end_cluster(postmaster)
    shutil.rmtree(folder, ignore_errors=True)


def _end_cluster(postmaster):
    pids = [*children(postmaster), postmaster]
    for pid in pids:
        _signal(pid, signal.SIGCONT)  # tests freeze them
    _signal(postmaster, signal.SIGQUIT)
    try:
        until(lambda: is_gone([postmaster]))
    except AssertionError:
        for pid in pids:
            _signal(pid, signal.SIGKILL)


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _state(pid):
    """T: stopped; Z: has ended, and its parent has not noticed yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def is_gone(pids):
    return all(_state(pid) == "Z" for pid in pids)


def children(parent):
    return [int(pid) for task in Path(f"/proc/{parent}/task").iterdir()
            for pid in (task / "children").read_text().split()]


def read_postmaster(folder):
    """The process id that the cluster of that folder has noted."""
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])
