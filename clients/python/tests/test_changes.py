"""Changes of grants: the messages, and what comes of them at a server that knows the key of the faculty."""

import asyncio
import dataclasses
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from dti_client import (AllocationRequest, AsyncClient, Change, Changed, ChangeKind, Client, Holding, InvalidRequest, NotChanged,
                        ProgramRequest, Rooms, Status, Unknown)
from dti_client.actions import NotKnown, ReplyMatch
from dti_client.changes import ChangeCollector, ChangeReply, decode_any_reply, encode_change, holding_of
from dti_client.wire import AllocationReply, RequestError

from tests_py.harness.process import HANG_SECONDS, ROOT, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import KeyList, Router, new_key

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
        return decode_any_reply((GOLDEN / name / "reply.json").read_bytes())

    assert read("program-amend").holding == Holding(9, Rooms(5, 1, 0), (5, 1))
    assert read("office-release").holding == Holding(9, None, None)
    assert read("office-hold-extend").holding.expires_at == "2026-12-01T10:00:00.000000Z"
    assert {name: read(name).error.status for name in ("office-conflict", "office-hold-confirm", "office-hold-confirmed",
                                                      "office-not-leader")} == {
        "office-conflict": Status.CONFLICT, "office-hold-confirm": Status.HOLD_EXPIRED,
        "office-hold-confirmed": Status.HOLD_ALREADY_CONFIRMED, "office-not-leader": Status.NOT_LEADER}
    assert read("office-not-leader").error.leader == "10.0.0.2:6000"
    assert isinstance(read("mixed"), AllocationReply)


@pytest.mark.parametrize("body", [b"", b'{"dti-command":1}', b'{"dti-command":2}', b'{"dti-command":1,"command-id":"c","status":"OK"}',
                                  b'{"dti-command":1,"command-id":"c","status":"OK","seq":-1,"grant":null}',
                                  b'{"dti-command":1,"command-id":"c","status":"OK","seq":1,"grant":{}}'])
def test_what_is_no_reply_is_none(body):
    assert decode_any_reply(body) is None


@pytest.mark.parametrize("name", ["mixed", "office-release"])
def test_a_reply_of_either_kind_is_parsed_once(name, monkeypatch):
    parsed, parse = [], json.loads
    monkeypatch.setattr("dti_client.wire.json.loads", lambda *args, **more: parsed.append(args) or parse(*args, **more))
    assert decode_any_reply((GOLDEN / name / "reply.json").read_bytes()) is not None
    assert len(parsed) == 1


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


AGAINST = (Status.CONFLICT, Status.REFUSED, Status.HOLD_ALREADY_CONFIRMED, Status.HOLD_ALREADY_CANCELLED, Status.HOLD_EXPIRED,
           Status.UNAUTHORIZED)
HELD = Holding(9, Rooms(7, 2, 0), (7, 2))


@pytest.mark.parametrize("status", AGAINST)
@pytest.mark.parametrize("first, dry_run, may_be_made_before", [
    (None, False, True), (Status.UNAVAILABLE, False, True), (Status.NOT_LEADER, False, False), (Status.OVERLOADED, False, False),
    (None, True, False)])
def test_a_decision_against_a_repeat_tells_if_an_earlier_copy_may_have_made_the_change(first, dry_run, may_be_made_before, status):
    collector = ChangeCollector(change(dry_run=dry_run))
    collector.count_sent()
    if first:
        collector.take_reply(ChangeReply("c", RequestError(first), None, False), ReplyMatch(1, False))
    collector.count_sent()
    collector.take_reply(ChangeReply("c", RequestError(status, "no"), HELD, False), ReplyMatch(1, True))
    assert collector.outcomes() == (NotChanged("Derecho Civil", status, "no", HELD, may_be_made_before),)


def test_a_decision_against_the_only_copy_is_definite():
    collector = ChangeCollector(change())
    collector.count_sent()
    collector.take_reply(ChangeReply("c", RequestError(Status.CONFLICT), HELD, False), ReplyMatch(1, True))
    assert not collector.outcomes()[0].may_be_made_before


@pytest.mark.parametrize("is_lost", [True, False])
def test_the_client_says_of_its_own_repeat_that_an_earlier_copy_may_have_made_the_change(is_lost):
    def reply(status, **more):
        return {"dti-command": 1, "command-id": "c-1", "status": status, **more}

    with Router() as router, Client([router.address], request_timeout=0.3 if is_lost else HANG_SECONDS) as client:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(client.change, change(expects=2, command_id="c-1"))
            peer, (first,) = router.receive()
            if not is_lost:
                router.send(peer, reply("OVERLOADED"))
            peer, (second,) = router.receive()
            assert second == first
            router.send(peer, reply("CONFLICT", seq=4, grant=None))
            assert asked.result() == NotChanged("Derecho Civil", Status.CONFLICT, "", Holding(4, None, None), is_lost)


@pytest.mark.parametrize("status", AGAINST)
def test_a_look_tells_the_facts_whatever_the_server_has_against_the_dry_run(status):
    assert holding_of(NotChanged("Derecho Civil", status, "no", HELD)) == HELD
    nothing = NotChanged("Derecho Civil", status, "no")
    assert holding_of(nothing) is nothing


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


def readme_example():
    [example] = re.findall(r"```python\n(from dti_client import Change,.*?)```", README.read_text(), re.DOTALL)
    return example


KINDS = {ChangeKind.RELEASE: {}, ChangeKind.AMEND: {"classrooms": 5, "labs": 1}, ChangeKind.CONFIRM: {}, ChangeKind.CANCEL: {}}


@pytest.mark.parametrize("state", ["missing", "firm", "hold", "released", "confirmed", "confirmed in part", "cancelled", "expired"])
def test_each_kind_of_change_sees_what_the_program_holds(server, state):
    steps = {"released": (ChangeKind.RELEASE, {}), "confirmed": (ChangeKind.CONFIRM, {}), "cancelled": (ChangeKind.CANCEL, {}),
             "confirmed in part": (ChangeKind.CONFIRM, {"classrooms": 3, "labs": 2})}
    rooms = {"firm": Rooms(7, 2, 0), "hold": Rooms(7, 2, 0), "confirmed": Rooms(7, 2, 0), "confirmed in part": Rooms(3, 2, 0)}
    with Client(**server("derecho")) as client:
        if state != "missing":
            seconds = {"firm": None, "released": None, "expired": 1}.get(state, 1_000)
            client.ask(dataclasses.replace(REQUEST, hold_seconds=seconds))
        if state in steps:
            kind, numbers = steps[state]
            assert isinstance(client.change(change(kind, expects=client.look(change()).seq, **numbers)), Changed)
        if state == "expired":
            until(lambda: client.look(change()).rooms is None, what="the end of the hold")
        seen = {kind: client.look(change(kind, **numbers)) for kind, numbers in KINDS.items()}
        assert set(seen.values()) == {seen[ChangeKind.RELEASE]}, seen
        assert isinstance(seen[ChangeKind.RELEASE], Holding) and seen[ChangeKind.RELEASE].rooms == rooms.get(state)
        assert bool(seen[ChangeKind.RELEASE].expires_at) == (state == "hold")


@pytest.mark.parametrize("outcomes, says", [
    ([NotChanged("p", Status.CONFLICT)], False),
    ([NotChanged("p", Status.CONFLICT, may_be_made_before=True)], True),
    ([Unknown("p", "", True), NotChanged("p", Status.CONFLICT)], True),
    ([Unknown("p", "", False), NotChanged("p", Status.CONFLICT)], False),
    ([Unknown("p", "", True), Changed("p", HELD, True)], False)])
def test_the_example_of_the_readme_looks_before_anybody_makes_a_change_anew(outcomes, says, capsys):
    class Scripted:
        def __init__(self):
            self.looks, self.asked = 0, []

        def look(self, _):
            self.looks += 1
            return HELD

        def change(self, asked):
            self.asked.append(asked)
            return outcomes[len(self.asked) - 1]

    client = Scripted()
    exec(readme_example(), {"client": client})
    assert client.asked == [client.asked[0]] * len(outcomes), "each repeat is the same change"
    assert client.looks == 1 + says and ("may have been made before" in capsys.readouterr().out) == says


def test_the_example_of_the_readme_runs(server):
    with Client(**server("ingenieria")) as client:
        client.ask(AllocationRequest(SEMESTER, "Ingenieria", (ProgramRequest("ingenieria-civil", classrooms=7, labs=2),)))
        names = {"client": client}
        exec(readme_example(), names)
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
