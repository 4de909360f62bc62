"""The wall clock jumps by years, both ways: log lines show it, and nothing else notices."""

import json
import time
from datetime import datetime, timezone

import pytest

from tests_py.harness.process import running, running_faculty
from tests_py.harness.rooms import faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, grant_after_recovery, request

YEAR = 365 * 86_400
JUMPS = (10 * YEAR, -20 * YEAR)
WAIT_SECONDS = 2  # a clock that counted wrongly would be years away
NAMES = ("Derecho Civil", "Derecho Penal", "Derecho Laboral")


def stored_years_from_now(store):
    """Of the grants in the order of the ledger: how many years after now each was stored."""
    times = [row[0] for row in store.rows("SELECT at FROM history WHERE kind = 'granted' ORDER BY seq")]
    now = datetime.now(timezone.utc)
    return [round((datetime.fromisoformat(at.replace("Z", "+00:00")) - now).total_seconds() / YEAR) for at in times]


def test_grants_repeats_and_restarts_do_not_depend_on_the_wall_clock(store, tmp_path, clock):
    first = request(SEMESTER, "Derecho", (NAMES[0], 7, 2))
    flags = (*POOL, store.flag, "--store-timeout=600", "--lease-seconds=60")
    with running(tmp_path, *flags, env=clock.environment) as dti, Client(dti.endpoint) as client:
        assert grant(client, first) == [(OK, 7, 2, 0)]
        for jump, name in zip(JUMPS, NAMES[1:]):
            clock.jump_to(jump)
            assert grant(client, first) == [(OK, 7, 2, 0)]
            assert grant(client, request(SEMESTER, "Derecho", (name, 1, 1))) == [(OK, 1, 1, 0)]
    with running(tmp_path, store.flag, env=clock.environment) as dti, Client(dti.endpoint) as client:
        assert grant(client, first) == [(OK, 7, 2, 0)]
        assert grant(client, request(SEMESTER, "Artes", ("Teatro", 1, 1))) == [(OK, 1, 1, 0)]
        assert dti.stop() == 0
    assert stored_years_from_now(store) == [0, 0, 0, 0], "the ledger has a time of its own"
    store.check_conserved()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_request_waits_for_a_silent_database_as_long_as_ever(postgresql, tmp_path, clock, jump):
    flags = (*POOL, postgresql.flag, f"--store-timeout={WAIT_SECONDS}")
    with running(tmp_path, *flags, env=clock.environment) as dti, Client(dti.endpoint) as client:
        assert grant(client, request(SEMESTER, "Derecho", (NAMES[0], 7, 2))) == [(OK, 7, 2, 0)]
        postgresql.cluster.freeze()
        sent = time.monotonic()
        client.send(request(SEMESTER, "Derecho", (NAMES[1], 1, 1)))
        assert client.receive_if_any(0.2) is None
        clock.jump_to(jump)
        assert json.loads(client.receive()[0])["error-message"] == "UNAVAILABLE"
        assert time.monotonic() - sent > WAIT_SECONDS - 0.1
        postgresql.cluster.resume()
        assert grant_after_recovery(client, request(SEMESTER, "Derecho", (NAMES[2], 1, 1))) == [(OK, 1, 1, 0)]


@pytest.mark.parametrize("jump", JUMPS)
def test_a_faculty_sends_its_batch_when_its_time_has_passed_and_no_sooner(sqlite, tmp_path, clock, jump):
    with running(tmp_path, *POOL, sqlite.flag, env=clock.environment) as dti:
        flags = (*faculty_flags(dti.address), f"--batch-seconds={WAIT_SECONDS}")
        with running_faculty(tmp_path, *flags, env=clock.environment) as faculty, Client(faculty.endpoint) as peer:
            sent = time.monotonic()
            peer.send(b"", wish(NAMES[0]))
            assert peer.receive_if_any(0.2) is None
            clock.jump_to(jump)
            assert room_answer(peer.receive()) == (OK, 7, 2, 0)
            assert time.monotonic() - sent > WAIT_SECONDS - 0.1
