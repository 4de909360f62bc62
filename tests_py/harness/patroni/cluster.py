"""The whole cluster, its hosts, and what Patroni says of it."""

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path

from tests_py.harness.networks import Hosts, is_alive, remove_hosts_of, remove_hosts_of_the_dead
from tests_py.harness.patroni.node import Node, remove_node
from tests_py.harness.patroni.settings import POSTGRESQL_PORT
from tests_py.harness.postgresql import ROLE
from tests_py.harness.process import clean_environment, until
from tests_py.harness.stopping import held

NODES = ("node1", "node2", "node3")
SERVERS = ("server1", "server2")
CLIENT = "client"
MEMORY = Path("/dev/shm")  # its folder is in memory: a trial that waits for a disk would measure the disk
PLACE = MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir())
PREFIX = os.environ.get("DTI_PATRONI_FOLDERS", "dti-patroni-")  # of a cluster's folder
START_SECONDS = 600  # a bound only
WATCH_SECONDS = 0.4
STREAMS_SECONDS = 1
REST_SECONDS = 1.5
AVOID_SECONDS = 3
SQL_SECONDS = 30
SWITCHOVER_SECONDS = 240  # it replies when the next primary leads


@dataclasses.dataclass(frozen=True)
class View:
    """What Patroni said last. `at` by time.monotonic(); `roles` of each member: (role, state, timeline)."""

    leader: str | None = None
    sync: str | None = None
    timeline: int = 0
    roles: dict = dataclasses.field(default_factory=dict)
    at: float = 0.0
    streams_at: float = 0.0  # when the leader itself said that it sends to both standbys; 0: last time it did not

    @property
    def is_whole(self):
        """A leader, a synchronous standby and another one, which replicate on one timeline."""
        return self.looks_whole and self.streams_at > 0

    @property
    def looks_whole(self):
        """In the words of Patroni, which may be older than ttl: a node that died says nothing else."""
        kinds = sorted(role for role, _, _ in self.roles.values())
        return (kinds == ["leader", "replica", "sync_standby"]
                and all(state in ("running", "streaming") for _, state, _ in self.roles.values())
                and len({timeline for _, _, timeline in self.roles.values()}) == 1)

    def follower(self):
        """The asynchronous standby."""
        return next(name for name, (role, _, _) in self.roles.items() if role == "replica")


def view_of(answer, at):
    """From the reply of Patroni's /cluster."""
    roles = {member["name"]: (member["role"], member["state"], member.get("timeline", 0))
             for member in answer["members"]}
    named = {role: name for name, (role, _, _) in roles.items()}
    leader = named.get("leader")
    return View(leader, named.get("sync_standby"), roles[leader][2] if leader else 0, roles, at)


class PatroniCluster:
    """Looks to the stores like harness.postgresql.Cluster: sql(), app_uri(), create_store(), drop_database().

    Its servers connect as the owner, and make the schema themselves."""

    def __init__(self, program):
        self.hosts = Hosts({**{name: ["store"] for name in NODES},
                            **{name: ["store", "clients"] for name in (*SERVERS, CLIENT)}})
        with held():
            self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PLACE))
        self.folder.chmod(0o755)
        peers = {name: self.hosts.address(name, "store") for name in NODES}
        self.nodes = {name: Node(name, self.folder, program, self.hosts.enter(name), peers) for name in NODES}
        self._count = 0
        self._watching = threading.Event()
        self._watcher = None
        self.view = View()

    def start(self):
        """Returns when it is whole."""
        self.hosts.make()
        for node in self.nodes.values():
            node.make()
            node.start_etcd()
        self._watching.set()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        for node in self.nodes.values():
            node.start_patroni()
        self._until(lambda: self.view.is_whole, "a whole cluster")
        self.sql("postgres", f"CREATE ROLE {ROLE} LOGIN", user="postgres")

    def _until(self, condition, what):
        try:
            until(condition, START_SECONDS, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.describe()}") from None

    def remove(self):
        self._watching.clear()
        if self._watcher:
            self._watcher.join()
        for node in self.nodes.values():  # first Patroni: it would start its PostgreSQL again
            if node.patroni:
                node.patroni.remove()
        for node in self.nodes.values():
            node.remove()
        self.hosts.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep_logs(self, folder):
        """Of all nodes, before they are removed."""
        folder.mkdir(parents=True, exist_ok=True)
        for node in self.nodes.values():
            for path in node.folder.glob("*.log"):
                shutil.copy(path, folder / f"{node.name}-{path.name}")

    def describe(self):
        return f"{self.view}\n" + "".join(node.log for node in self.nodes.values())

    # What Patroni says.

    def switch_over(self, leader, candidate):
        """Asks the leader's Patroni; the text of its reply."""
        body = json.dumps({"leader": leader, "candidate": candidate}).encode()
        request = urllib.request.Request(self.nodes[leader].rest + "/switchover", body, method="POST")
        with urllib.request.urlopen(request, timeout=SWITCHOVER_SECONDS) as reply:
            return reply.read().decode()

    def _watch(self):
        """In a thread of its own, on the clients' host. The nodes are asked in turn; one that does not reply is left out
        for a while."""
        avoided = dict.fromkeys(NODES, 0.0)
        turn = 0
        with self.hosts.inside(CLIENT):
            while self._watching.is_set():
                turn += 1
                name = NODES[turn % len(NODES)]
                if avoided[name] <= time.monotonic():
                    try:
                        self.view = self._with_streams(self._newest(self._asked(self.nodes[name])), self.view)
                    except (OSError, ValueError, KeyError, HTTPException):
                        avoided[name] = time.monotonic() + AVOID_SECONDS
                    time.sleep(WATCH_SECONDS)
                elif min(avoided.values()) > time.monotonic():
                    time.sleep(WATCH_SECONDS)

    def _with_streams(self, view, before):
        """Asks the leader itself, which costs more, now and then."""
        if not view.looks_whole:
            return view
        if view.leader == before.leader and before.streams_at > view.at - STREAMS_SECONDS:
            return dataclasses.replace(view, streams_at=before.streams_at)
        return dataclasses.replace(view, streams_at=time.monotonic() if self._streams(view.leader) else 0.0)

    def _streams(self, name):
        try:
            rows = self.sql("postgres", "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'",
                            user="postgres", node=name, seconds=2)
        except (AssertionError, subprocess.TimeoutExpired):
            return False
        return sorted(rows) == [["async"], ["sync"]]

    @staticmethod
    def _asked(node):
        with urllib.request.urlopen(f"{node.rest}/cluster", timeout=REST_SECONDS) as reply:
            return view_of(json.load(reply), time.monotonic())

    def _newest(self, view):
        """A node that is cut off from etcd describes the past: its timeline is not newer."""
        return self.view if view.timeline < self.view.timeline or view.leader is None else view

    # What a store needs.

    def sql(self, database, statement, user=ROLE, seconds=SQL_SECONDS, node=None):
        """Rows of texts, from the primary, or from the named node."""
        where = self.nodes[node or self.view.leader]
        result = subprocess.run(
            ["psql", "-XAtq", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", str(where.folder), "-p",
             str(POSTGRESQL_PORT), "-U", user, "-d", database, "-f", "-"],
            input=statement, capture_output=True, text=True, timeout=seconds, env=clean_environment(self.folder))
        assert result.returncode == 0, result.stderr
        return [line.split("\x1f") for line in result.stdout.splitlines()]

    def create_store(self):
        self._count += 1
        name = f"test_{self._count}"
        self.sql("postgres", f"CREATE DATABASE {name} OWNER {ROLE}", user="postgres")
        for node in NODES:  # a host that lacks it ends the start of a server
            until(lambda node=node: self.sql("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{name}'",
                                             user="postgres", node=node), what=f"{name} on {node}")
        return name

    def drop_database(self, name):
        self.sql("postgres", f"DROP DATABASE {name} WITH (FORCE)", user="postgres")

    def app_uri(self, database, first=0):
        """The hosts one by one, beginning with that one."""
        names = [*NODES[first:], *NODES[:first]]
        hosts = ",".join(f"{self.hosts.address(name, 'store')}:{POSTGRESQL_PORT}" for name in names)
        return f"postgresql://{ROLE}@{hosts}/{database}?target_session_attrs=read-write"


def remove_left_over(prefix, process_ids=()):
    """What these processes have left that had to be killed: clusters in folders with that prefix, and hosts."""
    for folder in PLACE.glob(f"{prefix}*"):
        _remove_cluster(folder)
    for process_id in process_ids:
        remove_hosts_of(process_id)


def remove_left_over_of_the_dead():
    """Clusters in folders that name a process that is gone, and the hosts of such processes."""
    for folder in PLACE.glob("dti-patroni-*-*"):
        process_id = folder.name.split("-")[2]
        if process_id.isdecimal() and not is_alive(process_id):
            _remove_cluster(folder)
    remove_hosts_of_the_dead()


def _remove_cluster(folder):
    for process in Path("/proc").glob("[0-9]*"):  # first what could start something again
        with contextlib.suppress(OSError):
            if Path(os.readlink(process / "cwd")).parent == folder:
                os.kill(int(process.name), signal.SIGKILL)
    for name in NODES:
        remove_node(folder / name)
    shutil.rmtree(folder, ignore_errors=True)
