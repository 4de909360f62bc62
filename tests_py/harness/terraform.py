"""A copy of the environment terraform/environments/local, with its state, in a folder of its own."""

import contextlib
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests_py.harness.process import HANG_SECONDS, ROOT, binary, clean_environment, until
from tests_py.harness.stopping import held
from tests_py.harness.wire import Client, key_of, lock, new_key

SOURCE = ROOT / "terraform/environments/local"
FOLDERS = Path("/tmp")  # in /tmp itself: a socket's path may have 107 bytes, and the user postgres must reach it
SYSTEMD_RUNS = Path("/run/systemd/system").is_dir()
RUN_SECONDS = 4 * HANG_SECONDS  # an apply starts some 30 processes
WRITTEN = ("*.tfstate*", ".state", ".terraform*", "__pycache__")  # by Terraform and by the environment


class LocalEnvironment:
    """The environment, as root or as another user. `variables` apply to each command. Unless they say otherwise, its
    processes are process groups, also where systemd runs."""

    def __init__(self, user=None, **variables):
        with held():
            self.base = Path(tempfile.mkdtemp(prefix="dti-tf-", dir=FOLDERS))
        self.folder = self.base / "env"
        shutil.copytree(SOURCE, self.folder, ignore=shutil.ignore_patterns(*WRITTEN))
        self.base.chmod(0o755)
        self._as_user = []
        self._user = user
        if user:
            self._as_user = ["runuser", "-u", user, "--"]
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, user)
        self.key = new_key(self.base, "tests")
        self._variables = {"binaries": str(Path(binary("dti_server")).parent), "process_manager": "none",
                           "keys": {"tests": {"role": "office", "public": self.key.public}}, **variables}
        self.made = self.files()
        self.run("init")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Leaves nothing behind, however the test ends."""
        try:
            self.stop_units(self.units())
            for pid in self.processes():
                _kill(pid)
            until(lambda: not self.processes(), what="the end of the processes")
        finally:
            shutil.rmtree(self.base, ignore_errors=True)

    def command(self, *arguments, **variables):
        flags = []
        if arguments[0] in ("apply", "plan", "destroy"):
            values = {**self._variables, **variables}
            flags = [f"-var={name}={value if isinstance(value, str) else json.dumps(value)}"
                     for name, value in values.items()]
            flags += ["-input=false", *([] if arguments[0] == "plan" else ["-auto-approve"])]
        return [*self._as_user, "terraform", arguments[0], "-no-color", *flags, *arguments[1:]]

    def start(self, *arguments, environment=None, **variables):
        """In a process group of its own, as a shell starts it."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TF_", "DTI_", "PG"))}
        return subprocess.Popen(
            self.command(*arguments, **variables), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env={**kept, "HOME": str(self.folder), "CHECKPOINT_DISABLE": "1", **(environment or {})})

    def run(self, *arguments, status=0, seconds=RUN_SECONDS, **options):
        """What it prints."""
        process = self.start(*arguments, **options)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        assert process.returncode == status, output
        return output

    def apply(self, **options):
        return self.run("apply", **options)

    def outputs(self):
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}

    @property
    def directory(self):
        return self.folder / ".state"

    def repair(self, command=None):
        """As the warning of `check` says it, or without one."""
        result = self.run_processes("repair", command)
        assert result.returncode == 0, result.stderr

    def run_processes(self, name, command=None, as_root=False):
        """A command for operators, as the user of the environment."""
        command = command or shlex.join(["/usr/bin/python3", "-B", f"{self.folder}/processes", name, str(self.directory)])
        return subprocess.run([*([] if as_root else self._as_user), *shlex.split(command)], cwd="/", capture_output=True, text=True,
                              timeout=RUN_SECONDS)

    def status(self):
        """name -> what the process has announced, of those that are ready."""
        result = self.run_processes("status")
        lines = dict(re.findall(r"^(\S+) +process \d+ +(.*)$", result.stdout, re.MULTILINE))
        assert result.returncode == (0 if len(lines) == len(result.stdout.splitlines()) else 1), result.stderr
        return lines

    def leader(self):
        """The name of the server that leads; None if there is none."""
        servers = {name: line for name, line in self.status().items() if name.startswith("server-")}
        return next((name for name, line in servers.items() if line.startswith("READY")), None)

    def endpoint(self, server):
        return dict(zip(("server-1", "server-2"), self.outputs()["server_endpoints"]))[server]

    def client(self, server):
        """A client of the server, with the key of the tests."""
        key = key_of(self.base, self.directory / f"{server}.key")
        return Client(self.endpoint(server), prepare=lambda socket: lock(socket, self.key, key))

    def psql(self, statement, user=None):
        as_user = ["runuser", "-u", user, "--"] if user else self._as_user
        return subprocess.run([*as_user, "psql", "-XAtq", self.outputs()["database_address"], "-c", statement], cwd="/",
                              capture_output=True, text=True, timeout=HANG_SECONDS, env=clean_environment("/"))

    def granted(self, semester):
        result = self.psql("SELECT classrooms_granted, labs_granted, mobile_labs_granted FROM semester_left "
                           f"WHERE semester = '{semester}'")
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def units(self):
        """The units of systemd in which our processes run: name -> unit."""
        lines = self._systemctl("list-units", "--all", "--full", "--plain", "--no-legend", "dti-local-*").splitlines()
        return {found[2]: found[1] for line in lines
                if (found := re.search(rf"^(\S+) .* (\S+) of {re.escape(str(self.directory))}$", line.rstrip()))}

    def stop_units(self, units):
        if units:
            self._systemctl("stop", *units.values())

    def _systemctl(self, *arguments):
        if not SYSTEMD_RUNS:
            return ""
        command = ["systemctl", *arguments]
        if self._user:
            folder = f"/run/user/{pwd.getpwnam(self._user).pw_uid}"
            command = [*self._as_user, "env", f"XDG_RUNTIME_DIR={folder}", "systemctl", "--user", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS).stdout

    def pids(self):
        """name -> id of the process, of those that run."""
        found = {}
        for file in self.directory.glob("*/process.pid"):
            with contextlib.suppress(FileNotFoundError):  # the process has just ended
                found[file.parent.name] = int(file.read_text().split()[0])
        return found

    def shared_memory_exists(self, segment):
        lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()
        return any(line.split()[:2] == segment for line in lines)

    def shared_memory(self):
        """[key, id] of the segment of System V shared memory that the database uses."""
        return (self.directory / "database/data/postmaster.pid").read_text().splitlines()[6].split()

    def supervisor(self, name):
        command = f" supervise {self.directory / name} "
        [pid] = [pid for pid, trace in self.processes().items() if command in trace.replace("\0", " ")]
        return pid

    def processes(self):
        """Each process with a command, or a current folder, that has the name of our folder: its id and both."""
        return {pid: trace for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                if str(self.base) in (trace := _trace(pid))}

    def kill(self, *names):
        """With their supervisors, at once. systemd does not restart them, because their units are stopped."""
        pids = [pid for name in names for pid in (self.supervisor(name), self.pids()[name])]
        for pid in pids:
            _kill(pid)
        self.stop_units({name: unit for name, unit in self.units().items() if name in names})
        until(lambda: not self.processes().keys() & set(pids), what="their end")

    def files(self):
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}

    def check_nothing_is_left(self):
        assert self.processes() == {} and self.units() == {}
        left = {name for name in self.files() if ".tfstate" not in name} ^ self.made
        assert not left, left


def _trace(pid):
    """The command and the current folder of a process; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace") + os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def _kill(pid):
    with contextlib.suppress(ProcessLookupError):  # it ends when its supervisor has been killed
        os.kill(pid, signal.SIGKILL)
