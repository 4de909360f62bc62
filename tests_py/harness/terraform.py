"""A copy of the environment terraform/environments/local, with its state, in a folder of its own."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests_py.harness.process import HANG_SECONDS, ROOT, binary, until
from tests_py.harness.stopping import held

SOURCE = ROOT / "terraform/environments/local"
FOLDERS = Path("/tmp")  # in /tmp itself: a socket's path may have 107 bytes, and the user postgres must reach it
WRITTEN = ("*.tfstate*", ".state", ".terraform*", "__pycache__")  # by Terraform and by the environment


class LocalEnvironment:
    """The environment, as root or as another user. `variables` apply to each command."""

    def __init__(self, user=None, **variables):
        with held():
            self.base = Path(tempfile.mkdtemp(prefix="dti-tf-", dir=FOLDERS))
        self.folder = self.base / "env"
        shutil.copytree(SOURCE, self.folder, ignore=shutil.ignore_patterns(*WRITTEN))
        self.base.chmod(0o755)
        self._as_user = []
        if user:
            self._as_user = ["runuser", "-u", user, "--"]
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, user)
        self._variables = {"binaries": str(Path(binary("dti_server")).parent), **variables}
        self.made = self.files()
        self.run("init")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Leaves nothing behind, however the test ends."""
        try:
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

    def run(self, *arguments, status=0, seconds=HANG_SECONDS, **options):
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

    def pids(self):
        """name -> id of the process, of those that run."""
        return {file.parent.name: int(file.read_text().split()[0]) for file in self.directory.glob("*/process.pid")}

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
        """With their supervisors, at once."""
        pids = [pid for name in names for pid in (self.supervisor(name), self.pids()[name])]
        for pid in pids:
            _kill(pid)
        until(lambda: not self.processes().keys() & set(pids), what="their end")

    def files(self):
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}

    def check_nothing_is_left(self):
        assert self.processes() == {}
        assert {name for name in self.files() if ".tfstate" not in name} == self.made


def _trace(pid):
    """The command and the current folder of a process; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace") + os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def _kill(pid):
    with contextlib.suppress(ProcessLookupError):  # it ends when its supervisor has been killed
        os.kill(pid, signal.SIGKILL)
