"""A primary that was replaced and cannot know it: it accepts connections and answers reads, and its commits wait for a
standby that follows it no more."""

import contextlib

import pytest

from tests_py.harness.postgresql import Cluster, Replica, newest_bin_folder, uri_of_hosts
from tests_py.harness.process import run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
TEATRO = request(SEMESTER, "Artes", ("Teatro", 2, 1))
TIMES = ("--store-timeout=1", "--lease-seconds=1")


class Pair:
    """A primary and a replica, synchronous: a commit returns when both have it."""

    def __init__(self, primary, replica, database):
        self.primary, self.replica, self.database = primary, replica, database

    def store(self, *clusters):
        """The setting with the hosts in this order."""
        return f"--store={uri_of_hosts(self.database, *clusters)}"

    def commits_wait(self):
        return self.primary.sql("postgres", "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
                                user="postgres")


@pytest.fixture
def pair():
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    with contextlib.ExitStack() as stack:
        primary = Cluster()
        stack.callback(primary.remove)
        database = primary.create_store()
        replica = Replica(primary, "other")
        stack.callback(replica.remove)
        primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'other'", user="postgres")
        primary.sql("postgres", "SELECT pg_reload_conf()", user="postgres")
        until(lambda: primary.sql("postgres", "SELECT sync_state FROM pg_stat_replication", user="postgres") == [["sync"]],
              what="a synchronous standby")
        yield Pair(primary, replica, database)


def test_a_server_leaves_a_primary_that_was_replaced_for_the_next_host_although_it_still_answers(pair, tmp_path):
    with running(tmp_path, *POOL, *TIMES, pair.store(pair.primary, pair.replica)) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        pair.replica.promote()
        until(pair.commits_wait, what="a commit that waits for the standby")
        assert pair.primary.sql("postgres", "SELECT pg_is_in_recovery()") == [["f"]], "it takes itself for the primary"
        until(lambda: not client.ask(TEATRO)["error-found"], what="a grant by the new primary")
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        assert "store-history-changed" in dti.log, "it read everything again"
        assert "store-lost-entries" not in dti.log
    status, stdout, stderr = run(tmp_path, "dtictl", "verify", pair.store(pair.replica))
    assert status == 0, stdout + stderr


def test_nobody_gets_an_answer_from_a_primary_that_was_replaced_once_another_server_leads(pair, tmp_path):
    with running(tmp_path / "old", *POOL, *TIMES, pair.store(pair.primary, pair.replica)) as old, \
            Client(old.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        pair.replica.promote()
        with running(tmp_path / "new", *TIMES, pair.store(pair.replica)):  # it waits for the lease of the other one
            answers = []

            def is_told_to_leave():
                answers.append(client.ask(CIVIL))
                return answers[-1]["error-message"] == "NOT-LEADER"

            until(is_told_to_leave, what="NOT-LEADER")
            assert all(answer["error-found"] for answer in answers), answers
        until(lambda: not client.ask(CIVIL)["error-found"], what="the lead of the first server")
