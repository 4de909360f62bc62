"""200 programs ask while their server is killed: every answer equals the ledger, and no program has two grants."""

import asyncio

import pytest

from dti_client import AllocationRequest, AsyncClient, Granted, ProgramRequest
from tests_py.harness.catalogs import write_catalog
from tests_py.harness.process import HANG_SECONDS, run, running
from tests_py.harness.scenario import SEMESTER

PROGRAMS = 200
NAMES = [f"program {number}" for number in range(PROGRAMS)]
REQUESTS = [AllocationRequest(SEMESTER, "Big", (ProgramRequest(name, 1 + number % 5, number % 3),))
            for number, name in enumerate(NAMES)]


@pytest.fixture
def flags(tmp_path):
    """Fewer rooms than are wanted, so that the order of grants shows in them."""
    catalog = write_catalog(tmp_path / "catalog.csv", "Big", NAMES)
    return f"--semester={SEMESTER}", "--classrooms=450", "--labs=120", catalog, "--lease-seconds=1"


async def ask_while(addresses, harm):
    """Asks for all, a few at a time, and calls harm() in another thread when a quarter of them was answered."""
    answered = 0
    quarter = asyncio.Event()
    at_once = asyncio.Semaphore(20)
    async with AsyncClient(addresses, request_timeout=0.5) as client:
        async def ask(request):
            nonlocal answered
            async with at_once:
                outcomes = await client.ask(request, timeout=HANG_SECONDS)
            answered += 1
            if answered == PROGRAMS // 4:
                quarter.set()
            if answered >= PROGRAMS // 4:
                await harmed  # the others are in progress, or come later
            return outcomes

        async def do_harm():
            await quarter.wait()
            await asyncio.to_thread(harm)

        harmed = asyncio.create_task(do_harm())
        outcomes = await asyncio.gather(*map(ask, REQUESTS))
        assert [await client.ask(request, timeout=HANG_SECONDS) for request in REQUESTS] == outcomes, "a repeat differs"
        return outcomes


def check_against_ledger(store, folder, outcomes):
    stored = store.allocations(SEMESTER)
    told = {}
    for (outcome,) in outcomes:
        assert isinstance(outcome, Granted), outcome
        status = "OK" if outcome.is_whole else "NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT"
        rooms = outcome.rooms
        told["Big", outcome.program] = (status, rooms.classrooms, rooms.labs, rooms.mobile_labs)
    assert told == stored and len(told) == PROGRAMS
    ids = store.rows("SELECT program, request_id FROM history WHERE kind = 'granted'")
    assert sorted(ids) == sorted((request.programs[0].name, request.request_id) for request in REQUESTS)
    store.check_conserved()
    status, output, log = run(folder, "dtictl", "verify", store.flag)
    assert status == 0, (output, log)


def test_a_leader_that_is_killed_while_200_programs_ask(postgresql, tmp_path, flags):
    with running(tmp_path / "first", *flags, postgresql.flag) as first:
        with running(tmp_path / "second", *flags, postgresql.flag, standby=True) as second:
            outcomes = asyncio.run(ask_while([first.address, second.address], first.crash))
            second.wait_ready()
            check_against_ledger(postgresql, tmp_path, outcomes)


def test_a_server_that_is_killed_and_started_again_while_200_programs_ask(sqlite, tmp_path, flags):
    with running(tmp_path, *flags, sqlite.flag) as first:
        again = []

        def restart():
            first.crash()
            starting = running(tmp_path, *flags, sqlite.flag, f"--port={first.port}")
            starting.__enter__()
            again.append(starting)

        try:
            outcomes = asyncio.run(ask_while([first.address], restart))
            check_against_ledger(sqlite, tmp_path, outcomes)
        finally:
            for starting in again:
                starting.__exit__(None, None, None)
