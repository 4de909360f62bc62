"""Changes of grants: the messages, and what comes of them at a server that knows the key of the faculty."""

import asyncio
import dataclasses
import re

import pytest
from dti_client import (AllocationRequest, AsyncClient, Change, Changed, ChangeKind, Client, Holding, InvalidRequest, NotChanged,
                        ProgramRequest, Rooms, Status, Unknown)
from dti_client.actions import NotKnown, ReplyMatch
from dti_client.changes import ChangeCollector, decode_change_reply, encode_change
from dti_client.wire import AllocationReply

from tests_py.harness.process import ROOT, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import KeyList, new_key

GOLDEN = ROOT / "tests/golden"
README = ROOT / "clients/python/README.md"
REQUEST = AllocationRequest(SEMESTER, "Derecho", (ProgramRequest("Derecho Civil", classrooms=7, labs=2),))


def change(kind=ChangeKind.RELEASE, **more):
    return Change(kind, SEMESTER, "Derecho", "Derecho Civil", **more)


def test_a_change_has_the_bytes_of_the_protocol():
    amended = change(ChangeKind.AMEND, expects=7, classrooms=5, labs=1, note='for the "council"', command_id="c-1")
    assert encode_change(dataclasses.replace(amended, faculty="")) == (GOLDEN / "program-amend/request.json").read_bytes()


def test_the_golden_replies_are_read():
    def read(name):
        return decode_change_reply((GOLDEN / name / "reply.json").read_bytes())

    assert read("program-amend").holding == Holding(9, Rooms(5, 1, 0), (5, 1))
    assert read("office-release").holding == Holding(9, None, None)
    assert read("office-hold-extend").holding.expires_at == "2026-12-01T10:00:00.000000Z"
    assert {name: read(name).error.status for name in ("office-conflict", "office-hold-confirm", "office-hold-confirmed",
                                                      "office-not-leader")} == {
        "office-conflict": Status.CONFLICT, "office-hold-confirm": Status.HOLD_EXPIRED,
        "office-hold-confirmed": Status.HOLD_ALREADY_CONFIRMED, "office-not-leader": Status.NOT_LEADER}
    assert read("office-not-leader").error.leader == "10.0.0.2:6000"
    assert read("mixed") is None and read("room") is None


@pytest.mark.parametrize("body", [b"", b"{}", b'{"dti-command":1}', b'{"dti-command":1,"command-id":"c","status":"OK"}',
                                  b'{"dti-command":1,"command-id":"c","status":"OK","seq":-1,"grant":null}',
                                  b'{"dti-command":1,"command-id":"c","status":"OK","seq":1,"grant":{}}'])
def test_what_is_no_reply_is_none(body):
    assert decode_change_reply(body) is None


@pytest.mark.parametrize("more", [{"note": "x" * 501}, {"command_id": ""}, {"expects": -1}, {"classrooms": 1, "labs": 1},
                                  {"kind": ChangeKind.AMEND}, {"kind": ChangeKind.AMEND, "classrooms": 1},
                                  {"kind": ChangeKind.CONFIRM, "labs": 1}, {"kind": ChangeKind.AMEND, "classrooms": -1, "labs": 1}])
def test_a_change_that_no_server_would_read_is_refused_before_it_is_sent(more):
    with pytest.raises(InvalidRequest):
        change(**more)


def test_without_a_reply_the_outcome_is_unknown_and_an_old_server_is_named():
    collector = ChangeCollector(change())
    collector.take_not_known(NotKnown(1, "no server replied in time", True))
    assert collector.outcomes() == (
        Unknown("Derecho Civil", "no server replied in time; ask again with the same change, it is safe", True),)
    collector = ChangeCollector(change())
    collector.take_reply(AllocationReply(), ReplyMatch(1, True))
    [outcome] = collector.outcomes()
    assert (outcome.status, "earlier version" in outcome.detail) == (Status.INVALID_REQUEST, True)


@pytest.fixture
def server(tmp_path):
    key = new_key(tmp_path, "dti")
    keys = KeyList(tmp_path, derecho="faculty:Derecho", medicina="faculty:Medicina", ingenieria="faculty:Ingenieria")
    with running(tmp_path, *POOL, f"--store=sqlite:{tmp_path}/dti.db", "--listen=curve://127.0.0.1:0", key.flag, keys.flag) as dti:
        def options(name):
            return {"servers": [dti.endpoint.removeprefix("curve://")], "key_file": keys[name].path, "server_keys": key.public}
        yield options


def test_a_grant_is_amended_and_released_once(server):
    with Client(**server("derecho")) as client:
        assert client.look(change()) == Holding(0, None, None)
        client.ask(REQUEST)
        seen = client.look(change())
        assert seen == Holding(2, Rooms(7, 2, 0), (7, 2))
        amended = change(ChangeKind.AMEND, expects=seen.seq, classrooms=5, labs=1, note="smaller groups")
        assert client.change(amended) == Changed("Derecho Civil", Holding(4, Rooms(5, 1, 0), (5, 1)))
        assert client.change(amended) == Changed("Derecho Civil", Holding(4, Rooms(5, 1, 0), (5, 1)), is_repeat=True)
        late = client.change(change(expects=2))
        assert (late.status, late.holding.seq) == (Status.CONFLICT, 4)
        assert client.change(change(expects=4, dry_run=True)).holding.rooms is None
        assert client.look(change()).rooms == Rooms(5, 1, 0), "a dry run changes nothing"
        assert client.change(change(expects=4)).holding.rooms is None
        [again] = client.ask(REQUEST)
        assert again.status == Status.GRANT_RELEASED, "its request-id is spent"


def test_the_example_of_the_readme_runs(server):
    [example] = re.findall(r"```python\n(from dti_client import Change,.*?)```", README.read_text(), re.DOTALL)
    with Client(**server("ingenieria")) as client:
        client.ask(AllocationRequest(SEMESTER, "Ingenieria", (ProgramRequest("ingenieria-civil", classrooms=7, labs=2),)))
        names = {"client": client, "dataclasses": dataclasses}
        exec(example, names)
        assert names["outcome"].holding.rooms == Rooms(5, 1, 0)


def test_a_hold_is_confirmed_in_part_and_then_not_again(server):
    async def run():
        async with AsyncClient(**server("derecho")) as client:
            await client.ask(dataclasses.replace(REQUEST, hold_seconds=1_000))
            seen = await client.look(change(ChangeKind.CONFIRM))
            assert seen.expires_at
            confirmed = await client.change(change(ChangeKind.CONFIRM, expects=seen.seq, classrooms=3, labs=2))
            assert (confirmed.holding.rooms, confirmed.holding.expires_at) == (Rooms(3, 2, 0), None)
            again = await client.change(change(ChangeKind.CANCEL, expects=confirmed.holding.seq))
            assert again.status == Status.HOLD_ALREADY_CONFIRMED
    asyncio.run(run())


def test_another_faculty_changes_nothing(server):
    with Client(**server("derecho")) as client, Client(**server("medicina")) as attacker:
        client.ask(REQUEST)
        for tried in (change(expects=2), change(ChangeKind.AMEND, expects=2, classrooms=0, labs=0)):
            outcome = attacker.change(tried)
            assert isinstance(outcome, NotChanged) and (outcome.status, outcome.holding) == (Status.UNAUTHORIZED, None)
            assert attacker.look(tried).status == Status.UNAUTHORIZED
        assert client.look(change()).seq == 2


def test_without_a_server_a_change_is_unknown():
    with Client(["127.0.0.1:1"]) as client:
        outcome = client.change(change(expects=2), timeout=0.5)
        assert isinstance(outcome, Unknown) and not outcome.was_sent
