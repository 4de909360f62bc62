"""The link to the database is cut at each moment of a commit: one grant and one answer, whatever became of it."""

import subprocess

import pytest

from harness.postgresql import PASSWORD, ROLE
from harness.process import clean_environment, running, until
from harness.relay import Relay
from harness.scenario import POOL, SEMESTER
from harness.wire import OK, Client, answers, grant, only_body, request

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
PENAL = request(SEMESTER, "Derecho", ("Derecho Penal", 7, 2))


@pytest.fixture
def relay(cluster):
    relay = Relay("127.0.0.1", cluster.port)
    yield relay
    relay.close()


def environment(relay, store):
    return {"DTI_STORE": f"postgresql://{ROLE}:{PASSWORD}@127.0.0.1:{relay.port}/{store.database}?sslmode=disable"}


@pytest.mark.parametrize("moment", ["request", "answer"])
def test_a_link_cut_around_a_commit_grants_once_and_answers(postgresql, tmp_path, relay, moment):
    with running(tmp_path, *POOL, env=environment(relay, postgresql)) as dti, Client(dti.endpoint) as client:
        assert grant(client, PENAL) == [(OK, 7, 2, 0)]
        relay.cut_at(moment)
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        assert relay.cut.is_set()
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        assert len(postgresql.allocations()) == 2
        assert postgresql.left()[:2] == (366, 56)
        postgresql.check_conserved()
        assert "taking-over-anew" in dti.log


def test_a_link_cut_while_the_statement_waits_for_its_row_grants_once(postgresql, tmp_path, relay):
    """The orphaned statement has its lock still to come when the server has connected again."""
    with running(tmp_path, *POOL, env=environment(relay, postgresql)) as dti, Client(dti.endpoint) as client:
        assert grant(client, PENAL) == [(OK, 7, 2, 0)]
        with row_lock(postgresql) as holder:
            client.send(CIVIL)
            until(lambda: waiting_statements(postgresql), what="a batch that waits for its row")
            relay.cut_now()
            until(lambda: "taking-over-anew" in dti.log, what="a take-over")
            holder.communicate("ROLLBACK;\n", timeout=10)
        assert answers(only_body(client.receive())) == [(OK, 7, 2, 0)]
        assert len(postgresql.allocations()) == 2
        assert postgresql.left()[:2] == (366, 56)
        postgresql.check_conserved()


class row_lock:  # noqa: N801
    """Another session holds the lock of the semester's row; its stdin takes what ends that."""

    def __init__(self, store):
        cluster = store.cluster
        self.process = subprocess.Popen(
            ["psql", "-XAtq", "-h", str(cluster.folder), "-p", str(cluster.port), "-U", ROLE, "-d", store.database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment(cluster.folder))

    def __enter__(self):
        self.process.stdin.write("BEGIN; SELECT id FROM semester FOR UPDATE;\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "1\n"
        return self.process

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def waiting_statements(store):
    return store.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                       " AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO ledger%'")
