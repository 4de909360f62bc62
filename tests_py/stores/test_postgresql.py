"""PostgreSQL that is down, silent, restarted, or taken over by another server."""

import contextlib
import json
import re
import time

import pytest

from tests_py.harness.process import run, running, until
from tests_py.harness.postgresql import PASSWORD
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import (HEALTH_CHECK, HEALTHY, OK, Client, answers, check_failed, grant,
                                   grant_after_recovery, only_body, receive_all, request)

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
PENAL = request(SEMESTER, "Derecho", ("Derecho Penal", 5, 1), ("Derecho Laboral", 1, 1))
REQUESTS_WAITING_MAX = 16_384
TEATRO = request(SEMESTER, "Artes", ("Teatro", 2, 1))


@pytest.fixture
def cluster_resumed(cluster):
    yield cluster
    cluster.resume()


def healthy(client):
    """Is a health check answered? Called when nothing else is on its way to this client."""
    client.send(HEALTH_CHECK)
    return client.receive_if_any(0.3) == [HEALTHY]


def test_no_password_of_a_database_that_is_down_is_shown(tmp_path):
    for uri in ("postgresql://dti:s3cret@127.0.0.1:1/dti", "postgresql:host=127.0.0.1 port=1 user=dti password=s3cret"):
        with running(tmp_path, *POOL, env={"DTI_STORE": uri}, ready=False) as dti:
            until(lambda: "store-unavailable" in dti.log, what="the log of the wait")
        assert "127.0.0.1" in dti.log and "s3cret" not in dti.log


@pytest.mark.parametrize("uri", ["postgresql://dti:s3cret@127.0.0.1/dti", "postgresql://127.0.0.1/dti?password=s3cret",
                                 "postgresql:host=127.0.0.1 password=s3cret"])
def test_a_password_on_the_command_line_is_refused_and_not_shown(tmp_path, uri):
    status, stdout, stderr = run(tmp_path, "dti_server", *POOL, f"--store={uri}")
    assert (status, stdout) == (2, "")
    assert "DTI_STORE" in stderr and "s3cret" not in stderr


@pytest.mark.parametrize("uri", ["postgresql://dti:s3c%ret@127.0.0.1/dti", "postgresql://dti:@s3cret:/@x:s3cret/dti",
                                 "postgresql://dti@127.0.0.1:s3cret/dti"])
def test_nothing_of_a_malformed_uri_is_shown(tmp_path, uri):
    status, stdout, stderr = run(tmp_path, "dti_server", *POOL, env={"DTI_STORE": uri})
    assert (status, stdout) == (2, "")
    assert stderr.strip() and "s3c" not in stderr and "cret" not in stderr


@pytest.mark.parametrize("uri, is_named", [("postgresql://127.0.0.1/dti?no_such_key=s3cret", True),
                                           ("postgresql:host=127.0.0.1 no_such_key=s3cret", True),
                                           ("postgresql://127.0.0.1/dti?cret=s3@x", False),
                                           ("postgresql:host=127.0.0.1 password=s3 cret=s3cret", False)])
def test_a_keyword_that_libpq_does_not_know_is_named_unless_it_may_be_a_part_of_a_password(tmp_path, uri, is_named):
    status, stdout, stderr = run(tmp_path, "dti_server", *POOL, env={"DTI_STORE": uri})
    assert (status, stdout) == (2, "")
    assert ("no_such_key" in stderr) == is_named and "cret" not in stderr


def test_a_password_in_the_environment_opens_the_store_and_is_not_logged(postgresql, tmp_path):
    env = {"DTI_STORE": postgresql.cluster.uri_with_password(postgresql.database)}
    with running(tmp_path, *POOL, "--log-level=debug", env=env) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    assert PASSWORD not in dti.log
    env = {"DTI_STORE": postgresql.cluster.uri_with_password(postgresql.database, "wr0ng")}
    status, _, stderr = run(tmp_path, "dti_server", *POOL, env=env)
    assert status == 1 and "wr0ng" not in stderr


def test_settings_of_the_role_that_would_lose_answers_are_overridden(postgresql, tmp_path):
    postgresql.rows("ALTER ROLE dti_app SET synchronous_commit = off")
    try:
        with running(tmp_path, *POOL, postgresql.flag) as dti, Client(dti.endpoint) as client:
            assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
    finally:
        postgresql.rows("ALTER ROLE dti_app RESET synchronous_commit")


@pytest.mark.parametrize("flags", [["--labs=61"], ["--mobile-labs=3"]])
def test_a_start_that_is_refused_does_not_disturb_the_server_that_serves(postgresql, tmp_path, flags):
    with running(tmp_path, *POOL, postgresql.flag) as dti, Client(dti.endpoint) as client:
        status, _, _ = run(tmp_path, "dti_server", "--port=0", postgresql.flag, f"--semester={SEMESTER}", *flags)
        assert status == 1
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]


def test_more_requests_than_may_wait_are_told_to_come_later_at_once(postgresql, tmp_path, cluster_resumed):
    with running(tmp_path, *POOL, postgresql.flag, "--store-timeout=600") as dti, contextlib.ExitStack() as stack:
        peers = [stack.enter_context(Client(dti.endpoint)) for _ in range(8)]
        assert grant(peers[0], CIVIL) == [(OK, 7, 2, 0)]
        cluster_resumed.freeze()
        each = REQUESTS_WAITING_MAX // len(peers)
        for peer in peers:
            for _ in range(each):
                peer.send(PENAL)
            peer.send(HEALTH_CHECK)
        for peer in peers:
            assert peer.receive() == [HEALTHY]  # all was read
        for peer in peers:
            reply = peer.ask(CIVIL)
            check_failed(reply, CIVIL, "OVERLOADED")
            assert reply["retry-after-ms"] > 0
        cluster_resumed.resume()
        for peer in peers:
            for _ in range(each):
                assert answers(only_body(peer.receive())) == [(OK, 5, 1, 0), (OK, 1, 1, 0)]
    assert postgresql.left()[:2] == (367, 56)


def test_every_faculty_behind_one_proxy_is_answered_when_the_database_speaks_again(
        postgresql, tmp_path, cluster_resumed):
    """An old proxy has one DEALER for its faculties, which ask once and wait indefinitely: no reply may be dropped."""
    with running(tmp_path, *POOL, postgresql.flag, "--store-timeout=600") as dti, Client(dti.endpoint) as proxy:
        assert grant(proxy, CIVIL) == [(OK, 7, 2, 0)]
        cluster_resumed.freeze()
        uuids = [f"faculty {number}".encode() for number in range(12_000)]
        for uuid in uuids:
            proxy.send(PENAL, uuid)
        assert proxy.ask_frames(HEALTH_CHECK) == [HEALTHY]  # all was read
        cluster_resumed.resume()
        assert sorted(proxy.receive()[1] for _ in uuids) == sorted(uuids)


def test_a_silent_database_is_unavailable_after_store_timeout_and_served_again_when_it_speaks(
        postgresql, tmp_path, cluster_resumed):
    with running(tmp_path, *POOL, postgresql.flag, "--store-timeout=1") as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        cluster_resumed.freeze()
        started = time.monotonic()
        client.send(PENAL)
        client.send(CIVIL)  # a repeat rests on still being the leader
        for body in (PENAL, CIVIL):
            check_failed(only_body(client.receive()), body, "UNAVAILABLE")
        assert time.monotonic() - started > 0.9
        reply = client.ask(PENAL)
        check_failed(reply, PENAL, "UNAVAILABLE")
        assert reply["retry-after-ms"] > 0
        assert not healthy(client)

        cluster_resumed.resume()
        assert grant_after_recovery(client, PENAL) == [(OK, 5, 1, 0), (OK, 1, 1, 0)]
        assert grant_after_recovery(client, CIVIL) == [(OK, 7, 2, 0)]
        assert healthy(client)
        assert postgresql.left()[:2] == (367, 56)
        assert dti.log.count(" store-answers-again:") == dti.log.count(" store-silent:") == 1, dti.log
        assert "did not answer within the store timeout (1000 ms)" in dti.log, dti.log
        assert "terminated abnormally" not in dti.log, "the server itself cut the connection"
    postgresql.check_conserved()


def test_a_statement_in_a_frozen_session_takes_no_effect_later(postgresql, tmp_path, cluster_resumed):
    """The server's session freezes; the server takes over by a new one, and grants; the old statement is fenced."""
    with running(tmp_path, *POOL, postgresql.flag, "--store-timeout=1") as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        cluster_resumed.freeze_backends(postgresql.database)
        check_failed(client.ask(PENAL), PENAL, "UNAVAILABLE")
        assert grant_after_recovery(client, TEATRO) == [(OK, 2, 1, 0)]
        cluster_resumed.resume()
        for _ in range(3):
            other = request(SEMESTER, "Derecho", ("Derecho Penal", 9, 0))
            assert grant_after_recovery(client, other) == [(OK, 9, 0, 0)]
        assert postgresql.left()[:2] == (362, 57)
    postgresql.check_conserved()


@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_database_that_is_restarted_under_load_grants_each_program_once(postgresql, tmp_path, cluster_resumed, mode):
    names = [f"p{i}" for i in range(1000)]
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("faculty,program\n" + "".join(f"Big,{name}\n" for name in names))
    bodies = [request(SEMESTER, "Big", (name, 1, 0)) for name in names]
    flags = (f"--semester={SEMESTER}", "--classrooms=1000000", "--labs=0", f"--catalog={catalog}", postgresql.flag)
    with running(tmp_path, *flags) as dti, Client(dti.endpoint) as client:
        for body in bodies[:500]:
            client.send(body)
        cluster_resumed.stop(mode)
        for body in bodies[500:]:
            client.send(body)
        cluster_resumed.start()
        for body, reply in zip(bodies, map(json.loads, receive_all(client, bodies))):
            if reply["error-found"]:
                check_failed(reply, body, "UNAVAILABLE")
                assert grant_after_recovery(client, body) == [(OK, 1, 0, 0)]
            else:
                assert answers(reply) == [(OK, 1, 0, 0)]
        assert postgresql.left()[:2] == (1_000_000 - 1000, 0)
        assert len(postgresql.allocations()) == 1000
    postgresql.check_conserved()


def test_a_session_that_the_database_ends_is_made_anew_and_nobody_notices(postgresql, tmp_path):
    with running(tmp_path, *POOL, postgresql.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        for body, expected in ((PENAL, [(OK, 5, 1, 0), (OK, 1, 1, 0)]), (CIVIL, [(OK, 7, 2, 0)])):
            for pid in postgresql.cluster.backends(postgresql.database):
                postgresql.rows(f"SELECT pg_terminate_backend({pid})")
            assert grant_after_recovery(client, body) == expected
    assert postgresql.left()[:2] == (367, 56)


def test_no_internal_text_goes_on_the_wire(postgresql, tmp_path, cluster_resumed):
    with running(tmp_path, *POOL, postgresql.flag, "--store-timeout=1") as dti, Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        cluster_resumed.stop()
        try:
            text = json.dumps(client.ask(PENAL))
        finally:
            cluster_resumed.start()
        assert "UNAVAILABLE" in text
        assert not re.search(rf"{cluster_resumed.folder}|{postgresql.database}|pq|SQL|socket|\bat\b.*line", text), text
        assert grant_after_recovery(client, PENAL) == [(OK, 5, 1, 0), (OK, 1, 1, 0)]
