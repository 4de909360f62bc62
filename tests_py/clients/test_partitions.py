"""Networks that fail between two servers, their database and their clients, each on a host of its own."""

import contextlib
from random import Random

import pytest

from tests_py.harness.runs.crash_ledger import check_semester
from tests_py.harness.runs.crash_load import Requests
from tests_py.harness.runs.failover_lane import Server, was_stored
from tests_py.harness.runs.failover_load import FacultyLoad
from tests_py.harness.networks import hosts
from tests_py.harness.postgresql import Cluster, newest_bin_folder
from tests_py.harness.process import HANG_SECONDS, binary, owned, run, until
from tests_py.harness.stores import PostgresqlStore

SEED = 20251121
LEASE = 1
STORE_TIMEOUT = 2
SEMESTER, POOL = "s", (3000, 800, 1500)
UNDER_WAY = 100
ORPHANS = 20
SERVERS = ("first", "second")


@pytest.fixture(scope="module")
def world():
    """The hosts, and a PostgreSQL on one of them."""
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    both = ("store", "clients")
    with hosts({"database": ["store"], **dict.fromkeys(SERVERS, both), "client": ["clients"]}) as made:
        cluster = Cluster(made.address("database", "store"), made.enter("database"))
        try:
            yield made, cluster
        finally:
            cluster.remove()


class Scene:
    """Two servers under load, the first of which leads."""

    def __init__(self, world, folder, stack):
        self.hosts, cluster = world
        self.store = PostgresqlStore(cluster)
        stack.callback(self.store.drop)
        stack.callback(self.heal, "store", "clients")
        self.requests = Requests(Random(SEED), 1500)
        catalog = folder / "catalog.csv"
        catalog.write_text("faculty,program\n" + "".join(f"{f},{p}\n" for f, p in self.requests.catalog()))
        self.requests.begin_semester(SEMESTER)
        classrooms, labs, conversions = POOL
        flags = [f"--semester={SEMESTER}", f"--classrooms={classrooms}", f"--labs={labs}",
                 f"--mobile-labs={conversions}", f"--catalog={catalog}", "--port=0", "--allow-plaintext", f"--lease-seconds={LEASE}",
                 "--store=" + cluster.tcp_uri(self.store.database), f"--store-timeout={STORE_TIMEOUT}"]
        self.servers = []
        for host in SERVERS:
            bind = f"--bind={self.hosts.address(host, 'clients')}"
            server = Server([*self.hosts.enter(host), binary("dti_server"), bind, *flags], folder)
            stack.enter_context(owned(server))
            (server.wait_standby if self.servers else server.wait_ready)()
            server.state = "STANDBY" if self.servers else "READY"
            self.servers.append(server)
        self.first, self.second = self.servers
        self.load = FacultyLoad(self.requests, [server.address for server in self.servers], Random(SEED))
        stack.callback(self.load.close)
        with self.hosts.inside("client"):
            for number in range(len(SERVERS)):
                self.load.connect(number)
        self.load.pump(0.3, UNDER_WAY)

    def cut(self, *networks):
        """The first server's links to these; what it still says is kept, and what was in the ledger by then."""
        for network in networks:
            self.hosts.cut("first", network)
        self.stored = self.store.allocations(SEMESTER)
        self.load.forget_first_answers()
        self.load.link(0).kept = []

    def heal(self, *networks):
        for network in networks:
            self.hosts.heal("first", network)

    def send_orphans(self):
        """Sends requests to the first server, and repeats none before the end: only that server can decide them."""
        orphans = [self.requests.next() for _ in range(ORPHANS)]
        for request_id, body in orphans:
            self.load.link(0).send(request_id, body)
        self.load.link(0).receive(0.01)
        return [(request_id, None) for request_id, _ in orphans]

    def wait(self, condition, what):
        self.load.pump(HANG_SECONDS, 0, stop=condition)
        assert condition(), f"{what} did not come about within {HANG_SECONDS} s{self.first.describe()}"

    def entries(self):
        return self.store.count("SELECT count(*) FROM ledger")

    def check_kept(self):
        """What the first server answered after the cut was in the ledger before it."""
        for frame in self.load.link(0).kept:
            assert was_stored(self.stored, self.requests, frame), frame

    def check_all(self, folder, orphans=()):
        self.load.ask_again([*orphans, *self.requests.sample_of_settled(200)])
        self.load.settle(HANG_SECONDS)
        assert self.requests.faults == [] and self.load.unanswered == 0
        assert check_semester(self.store, SEMESTER, POOL, self.requests.by_id) == []
        assert not self.requests.waiting
        status, output, log = run(folder, "dtictl", "verify", self.store.flag)
        assert status == 0, output + log


@pytest.fixture
def scene(world, tmp_path):
    with contextlib.ExitStack() as stack:
        yield Scene(world, tmp_path, stack)


@pytest.mark.parametrize("networks", [["store"], ["store", "clients"]], ids=["from the database", "from all"])
def test_a_leader_that_is_cut_off_is_followed_commits_nothing_more_and_stands_by(scene, tmp_path, networks):
    """How soon is measured by scripts/failover-runs: it depends on the machine."""
    orphans = scene.send_orphans() if "clients" not in networks else []
    scene.cut(*networks)
    orphans += scene.send_orphans()
    scene.load.pump(HANG_SECONDS, UNDER_WAY, stop=lambda: scene.load.first_answer_but_of(0))
    assert scene.load.first_answer_but_of(0), f"no other server answered{scene.second.describe()}"
    assert scene.second.leads()
    scene.load.pump(0.2, UNDER_WAY)
    scene.wait(lambda: scene.load.is_answered, "the answer to every request")
    before = scene.entries()
    scene.heal(*networks)
    scene.wait(lambda: scene.first.look().state == "STANDBY", "the first server standing by")
    scene.wait(lambda: scene.load.is_settled, "the first server's replies")
    assert scene.entries() == before, "the server that was cut off wrote to the ledger after it was replaced"
    scene.check_kept()
    assert scene.second.leads()
    scene.check_all(tmp_path, orphans)


def test_a_leader_cut_off_from_its_clients_leads_on_and_answers_once_they_are_back(scene, tmp_path):
    """The leader has the database, so no server may take its place; the standby refers clients to it."""
    scene.cut("clients")
    scene.load.pump(2 * LEASE, UNDER_WAY)
    told = scene.requests.told_to_come_again
    assert told > 0, "the standby said nothing"
    assert scene.load.first_answer_but_of(0) is None
    scene.check_kept()
    scene.heal("clients")
    scene.wait(lambda: scene.load.is_settled, "the answer to every request")
    assert scene.first.leads() and scene.second.look().state == "STANDBY"
    scene.check_all(tmp_path)


@pytest.mark.parametrize("seconds", [LEASE / 4, LEASE / 2, LEASE])
def test_a_link_to_the_database_that_is_back_soon_costs_no_answer(scene, tmp_path, seconds):
    """Whether the lead moves is decided by how fast TCP finds out that the link is back."""
    scene.cut("store")
    orphans = scene.send_orphans()
    scene.load.pump(seconds, UNDER_WAY)
    scene.heal("store")
    scene.wait(lambda: scene.load.is_settled, "the answer to every request")
    until(lambda: {server.look().state for server in scene.servers} == {"READY", "STANDBY"}, what="one leader")
    scene.check_all(tmp_path, orphans)
