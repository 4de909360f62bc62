"""The link to the database is cut at each moment of a commit: the result is one grant and one answer in each case."""

import pytest

from tests_py.harness.database_faults import a_batch_waits, held_row
from tests_py.harness.postgresql import APP, PASSWORD
from tests_py.harness.process import running, until
from tests_py.harness.relay import Relay
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, answers, grant, only_body, request

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
PENAL = request(SEMESTER, "Derecho", ("Derecho Penal", 7, 2))


@pytest.fixture
def relay(cluster):
    relay = Relay("127.0.0.1", cluster.port)
    yield relay
    relay.close()


def environment(relay, store):
    return {"DTI_STORE": f"postgresql://{APP}:{PASSWORD}@127.0.0.1:{relay.port}/{store.database}?sslmode=disable"}


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
        with held_row(postgresql) as holder:
            client.send(CIVIL)
            until(lambda: a_batch_waits(postgresql), what="a batch that waits for its row")
            relay.cut_now()
            until(lambda: "taking-over-anew" in dti.log, what="a take-over")
            holder.communicate("ROLLBACK;\n", timeout=10)
        assert answers(only_body(client.receive())) == [(OK, 7, 2, 0)]
        assert len(postgresql.allocations()) == 2
        assert postgresql.left()[:2] == (366, 56)
        postgresql.check_conserved()
