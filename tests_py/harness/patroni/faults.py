"""The faults of a cluster under Patroni: what each does, and how it ends."""

import subprocess
import time
from http import HTTPStatus
from urllib.error import HTTPError

from tests_py.harness.patroni.cluster import CLIENT, NODES, SERVERS

CANCEL_SECONDS = 3  # below wal_receiver_timeout: after that a standby gets a new sender, and the commit ends
SWITCHOVER_TRIES = 30
SWITCHES_OF_LOG = 8  # more than the segments that PostgreSQL keeps for later use


class Fault:
    """harm() runs beside the load. `began_at` is when it took effect, by time.monotonic(); `began_at_utc` by time.time()."""

    title = ""
    moves = True  # another node becomes the primary; None: it may
    hold_seconds = 4  # how long a fault lasts that moves nothing
    needs_answers = True  # before it ends
    repeats_only = False  # at first, no new request is sent

    def __init__(self, cluster, view, random):
        self._cluster = cluster
        self._hosts = cluster.hosts
        self._random = random
        self.view = view
        self.primary = cluster.nodes[view.leader]
        self.sync = cluster.nodes[view.sync]
        self.other = cluster.nodes[view.follower()]
        self.began_at = self.began_at_utc = 0.0
        self.cancelled = 0
        self.note = ""

    def begin(self):
        self._takes_effect()
        self.harm()

    def _takes_effect(self):
        self.began_at, self.began_at_utc = time.monotonic(), time.time()

    def harm(self):
        raise NotImplementedError

    def heal(self):
        pass

    @property
    def is_void(self):
        """It did not happen, and its round does not count."""
        return False

    def _address(self, name, network="store"):
        return self._hosts.address(name, network)

    def _others(self, node):
        return [name for name in (*NODES, *SERVERS, CLIENT) if name != node.name]


class PostgresqlKilled(Fault):
    title = "PostgreSQL of the primary: SIGKILL"

    def harm(self):
        self.primary.kill_postgresql()


class PostgresqlFrozen(Fault):
    title = "PostgreSQL of the primary: SIGSTOP"

    def harm(self):
        self.primary.freeze_postgresql()

    def heal(self):
        self.primary.thaw_postgresql()


class PatroniKilled(Fault):
    title = "Patroni of the primary: SIGKILL"

    def harm(self):
        self.primary.kill_patroni()

    def heal(self):
        self.primary.start_patroni()


class PatroniFrozen(Fault):
    title = "Patroni of the primary: SIGSTOP"

    def harm(self):
        self.primary.freeze_patroni()

    def heal(self):
        self.primary.thaw_patroni()


class StalePrimary(Fault):
    """The primary's PostgreSQL lives and is reached by the servers, but no standby has its commits any more."""

    title = "stale primary: Patroni SIGSTOP, cut from etcd and the other nodes"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.repeats_only = self._random.random() < 0.5
        self.note = "repeats only" if self.repeats_only else ""

    def harm(self):
        self.primary.freeze_patroni()
        others = [name for name in NODES if name != self.primary.name]
        self._hosts.lose(self.primary.name, *map(self._address, others))
        for name in others:
            self._hosts.lose(name, self._address(self.primary.name))
        self._takes_effect()

    def heal(self):
        others = [name for name in NODES if name != self.primary.name]
        for name in others:
            self._hosts.reach(name, self._address(self.primary.name))
        self._hosts.reach(self.primary.name, *map(self._address, others))
        self.primary.thaw_patroni()


class NodeCut(Fault):
    title = "node of the primary: cut off"

    def harm(self):
        self._hosts.cut(self.primary.name, "store")

    def heal(self):
        self._hosts.heal(self.primary.name, "store")


class NodeCutOneWay(Fault):
    """Packets pass in one direction only."""

    title = "node of the primary: cut off one way"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._is_mute = self._random.random() < 0.5
        self.note = "sends nothing" if self._is_mute else "receives nothing"

    def harm(self):
        self._each(self._hosts.lose)

    def heal(self):
        self._each(self._hosts.reach)

    def _each(self, change):
        others = self._others(self.primary)
        if self._is_mute:
            change(self.primary.name, *map(self._address, others))
        else:
            for name in others:
                change(name, self._address(self.primary.name))


class NodeKilled(Fault):
    title = "node of the primary: everything SIGKILL, and back"

    def harm(self):
        self.primary.kill_patroni()
        self.primary.kill_all_of_postgresql()
        self.primary.kill_etcd()

    def heal(self):
        self.primary.start_etcd()
        self.primary.start_patroni()


class EtcdMemberLost(Fault):
    title = "etcd: one member SIGKILL"
    moves = None

    def harm(self):
        self._lost = self._random.choice(list(self._cluster.nodes.values()))
        self._lost.kill_etcd()

    def heal(self):
        self._lost.start_etcd()


class EtcdMajorityLost(Fault):
    """The primary must give up its role: without etcd it cannot know that it is the only one."""

    title = "etcd: two members SIGKILL for 12 s"
    moves = None
    hold_seconds = 12
    needs_answers = False

    def harm(self):
        self._lost = self._random.sample(list(self._cluster.nodes.values()), 2)
        for node in self._lost:
            node.kill_etcd()

    def heal(self):
        for node in self._lost:
            node.start_etcd()


class StandbyLost(Fault):
    """It is cut off or killed."""

    moves = False
    hold_seconds = 8  # longer than wal_sender_timeout

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._is_cut = self._random.random() < 0.5
        self.note = "cut off" if self._is_cut else "killed"
        self._lost = self._choose()

    def _choose(self):
        raise NotImplementedError

    def harm(self):
        if self._is_cut:
            self._hosts.cut(self._lost.name, "store")
        else:
            self._lost.kill_patroni()
            self._lost.kill_all_of_postgresql()

    def heal(self):
        if self._is_cut:
            self._hosts.heal(self._lost.name, "store")
        else:
            self._lost.start_patroni()


class SyncStandbyLost(StandbyLost):
    title = "synchronous standby: cut off, or killed"

    def _choose(self):
        return self.sync


class AsyncStandbyLost(StandbyLost):
    title = "asynchronous standby: cut off, or killed"

    def _choose(self):
        return self.other


class Switchover(Fault):
    title = "switchover"

    def harm(self):
        """Patroni refuses while the candidate does not reply to it soon enough."""
        for tries_left in reversed(range(SWITCHOVER_TRIES)):
            self._takes_effect()
            try:
                self._cluster.switch_over(self.primary.name, self.sync.name)
                return
            except HTTPError as refusal:
                if refusal.code != HTTPStatus.PRECONDITION_FAILED or not tries_left:
                    raise
            time.sleep(1)


class DiskFull(Fault):
    """PostgreSQL gets an error for each commit that needs room, and ends when its log needs some."""

    title = "disk of the primary: full"
    moves = None
    hold_seconds = 12
    needs_answers = False

    def harm(self):
        self.primary.fill_disk()
        self._takes_effect()
        for _ in range(SWITCHES_OF_LOG):
            try:
                self._cluster.sql("postgres", "SELECT pg_switch_wal(); SELECT txid_current()", user="postgres",
                                  node=self.primary.name, seconds=2)
            except (AssertionError, subprocess.TimeoutExpired):
                return

    def heal(self):
        self.primary.free_disk()


class CommitCancelled(Fault):
    """The wait of a commit for its standby is cancelled: PostgreSQL reports success, and only the primary has the rows.
    Half of the time the primary dies at once after that, and the next one lacks them."""

    title = "wait of a commit cancelled (pg_cancel_backend)"
    moves = None

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._dies = self._random.random() < 0.5
        self.moves = self._dies
        self.note = "then the primary killed" if self._dies else ""

    def harm(self):
        for [pid] in self._sql("SELECT pid FROM pg_stat_replication"):
            self.primary.freeze(int(pid))
        self._takes_effect()
        while not self.cancelled and time.monotonic() < self.began_at + CANCEL_SECONDS:
            self.cancelled = len(self._sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
                                           "WHERE wait_event = 'SyncRep' AND application_name = 'dti_server'"))
        if self._dies:
            self.primary.kill_all_of_postgresql()
        self.primary.thaw_postgresql()

    @property
    def is_void(self):
        return not self.cancelled

    def _sql(self, statement):
        return self._cluster.sql("postgres", statement, user="postgres", node=self.primary.name, seconds=5)


KINDS = {
    "postgresql-killed": PostgresqlKilled, "postgresql-frozen": PostgresqlFrozen, "patroni-killed": PatroniKilled,
    "patroni-frozen": PatroniFrozen, "stale-primary": StalePrimary, "node-cut": NodeCut,
    "node-cut-one-way": NodeCutOneWay, "node-killed": NodeKilled, "etcd-member": EtcdMemberLost,
    "etcd-majority": EtcdMajorityLost, "sync-standby": SyncStandbyLost, "async-standby": AsyncStandbyLost,
    "switchover": Switchover, "disk-full": DiskFull, "commit-cancelled": CommitCancelled,
}
