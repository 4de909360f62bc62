"""One host of the cluster: a member of etcd, a Patroni, and the PostgreSQL that this Patroni starts."""

import contextlib
import json
import os
import shutil
import signal
import subprocess

from tests_py.harness.patroni.settings import ETCD, ETCD_PEER_PORT, ETCD_PORT, REST_PORT, node_configuration, values
from tests_py.harness.postgresql import children, newest_bin_folder, read_postmaster, remove_cluster
from tests_py.harness.process import HANG_SECONDS, clean_environment
from tests_py.harness.stopping import held

DATA_MEGABYTES = 1200
PIECE = 1 << 20


class Background:
    """A process that writes to a file: a PostgreSQL that Patroni has started keeps its output open when Patroni ends."""

    def __init__(self, command, folder, name):
        with open(folder / f"{name}.log", "ab") as log, held():
            self._popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                                           env=clean_environment(folder))

    def signal(self, number):
        self._popen.send_signal(number)

    def remove(self):
        """SIGKILL, and gone when this returns."""
        self._popen.kill()
        self._popen.wait(HANG_SECONDS)


class Node:
    """`enter` is the command that enters its host; `peers` are the names and addresses of all nodes."""

    def __init__(self, name, folder, program, enter, peers):
        self.name = name
        self.folder = folder / name
        self.data = self.folder / "data"
        self.rest = f"http://{peers[name]}:{REST_PORT}"
        self._program = program
        self._address = peers[name]
        self._peers = peers
        self._as_postgres = [*enter, "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
        self._frozen = []
        self.patroni = self.etcd = None

    def make(self):
        """Its folder; the data has a small disk in memory of its own, which can be filled."""
        self.data.mkdir(parents=True)
        with held():
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DATA_MEGABYTES}m,mode=0700", "tmpfs", self.data],
                           check=True, capture_output=True, timeout=30)
        addresses = list(self._peers.values())
        (self.folder / "patroni.json").write_text(json.dumps(node_configuration(
            self.name, self._address, addresses, self.folder, self.data, newest_bin_folder()), indent=1))
        for path in (self.folder, self.data):
            shutil.chown(path, "postgres", "postgres")

    def remove(self):
        for process in filter(None, (self.patroni, self.etcd)):
            process.remove()
        self.thaw_postgresql()
        remove_node(self.folder)

    # etcd

    def start_etcd(self):
        client, peer = (f"http://{self._address}:{port}" for port in (ETCD_PORT, ETCD_PEER_PORT))
        cluster = ",".join(f"{name}=http://{address}:{ETCD_PEER_PORT}" for name, address in self._peers.items())
        self.etcd = self._start("etcd", "etcd", f"--name={self.name}", f"--data-dir={self.folder / 'etcd'}",
                                f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
                                f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
                                f"--initial-cluster={cluster}", "--log-level=error",
                                *(f"--{name}={value}" for name, value in values(ETCD).items()))

    def kill_etcd(self):
        self.etcd.remove()
        self.etcd = None

    # Patroni

    def start_patroni(self):
        self.patroni = self._start("patroni", str(self._program), str(self.folder / "patroni.json"))

    def kill_patroni(self):
        self.patroni.remove()
        self.patroni = None

    def freeze_patroni(self):
        self.patroni.signal(signal.SIGSTOP)

    def thaw_patroni(self):
        self.patroni.signal(signal.SIGCONT)

    # PostgreSQL

    @property
    def postmaster(self):
        return read_postmaster(self.folder)

    def kill_postgresql(self):
        """The first process only: the others end when they see it."""
        os.kill(self.postmaster, signal.SIGKILL)

    def kill_all_of_postgresql(self):
        """At once, so that nothing is sent any more."""
        postmaster = self.postmaster
        os.kill(postmaster, signal.SIGSTOP)  # it starts no other process meanwhile
        for pid in [*children(postmaster), postmaster]:
            _signal(pid, signal.SIGKILL)

    def freeze_postgresql(self):
        postmaster = self.postmaster
        self.freeze(postmaster)
        for pid in children(postmaster):
            self.freeze(pid)

    def freeze(self, pid):
        self._frozen.append(pid)
        _signal(pid, signal.SIGSTOP)

    def thaw_postgresql(self):
        for pid in self._frozen:
            _signal(pid, signal.SIGCONT)
        self._frozen = []

    def fill_disk(self):
        """Not a byte is left on the disk of the data."""
        size = PIECE
        with open(self.data / "filler", "ab", buffering=0) as file:
            while size:
                try:
                    file.write(b"x" * size)
                except OSError:
                    size //= 2

    def free_disk(self):
        (self.data / "filler").unlink(missing_ok=True)

    @property
    def log(self):
        """The last lines of its processes, for the text of a failure."""
        return "".join(f"--- {path.parent.name}/{path.name}\n{path.read_text(errors='replace')[-3000:]}\n"
                       for path in sorted(self.folder.glob("*.log")))

    def _start(self, name, *command):
        return Background([*self._as_postgres, *command], self.folder, name)


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def remove_node(folder):
    """What a run that was killed has left there; its Patroni has ended."""
    remove_cluster(folder)
    subprocess.run(["umount", "-l", folder / "data"], capture_output=True, timeout=30)
    shutil.rmtree(folder, ignore_errors=True)
