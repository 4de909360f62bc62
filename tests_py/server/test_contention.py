"""Many peers ask for the same programs at the same time."""

import contextlib
import json
import random

from tests_py.harness.catalogs import all_pairs
from tests_py.harness.process import running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import HAS_ALREADY, Client, answer, answers, grant, only_body, receive_all, request

PEERS = 50
ROUNDS = 3


def test_50_peers_asking_for_the_same_50_programs_get_one_grant_each(store, tmp_path):
    """The pool is too small for all: later requests get less, but each program gets the same from every peer."""
    pairs = all_pairs()
    assert len(pairs) == 50
    for number in range(ROUNDS):
        semester = f"round-{number}"
        chance = random.Random(number)
        wants = {pair: (chance.randint(0, 12), chance.randint(0, 4)) for pair in pairs}
        orders = [chance.sample(pairs, len(pairs)) for _ in range(PEERS)]
        with running(tmp_path, store.flag, f"--semester={semester}", "--classrooms=200", "--labs=40") as dti:
            seen = one_round(dti.endpoint, semester, wants, orders)
        assert store.allocations(semester) == seen
        granted = tuple(sum(grant[i] for grant in seen.values()) for i in (1, 2, 3))
        assert granted == store.granted(semester)
        assert store.left(semester)[0] == 200 - granted[0] - granted[2] and store.left(semester)[1] == 40 - granted[1]
        assert {status for status, *_ in seen.values()} == {"OK", "NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT"}
    store.check_conserved()


def one_round(endpoint, semester, wants, orders):
    """Every peer asks for every program in its own order; the one answer that each program got."""
    seen = {}
    programs = {program: (faculty, program) for faculty, program in wants}
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(Client(endpoint)) for _ in orders]
        for turn in range(len(wants)):
            for peer, order in zip(peers, orders):
                faculty, program = order[turn]
                peer.send(request(semester, faculty, (program, *wants[faculty, program])))
        for peer, order in zip(peers, orders):
            answered = set()
            for _ in order:
                reply = only_body(peer.receive())
                [got] = answers(reply)
                pair = programs[reply["programs"][0]["program-name"]]
                assert seen.setdefault(pair, got) == got, pair
                answered.add(pair)
            assert answered == set(order)
    return seen


def test_of_two_peers_with_other_numbers_for_one_program_one_wins_and_the_other_is_told(store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as one, Client(dti.endpoint) as other:
        ones = [request(SEMESTER, faculty, (program, 1, 0)) for faculty, program in all_pairs()]
        others = [request(SEMESTER, faculty, (program, 2, 1)) for faculty, program in all_pairs()]
        for mine, theirs in zip(ones, others):
            one.send(mine)
            other.send(theirs)
        for mine, theirs in zip(receive_all(one, ones), receive_all(other, others)):
            [mine], [theirs] = answers(json.loads(mine)), answers(json.loads(theirs))
            assert sorted([mine, theirs]) in (
                sorted([("OK", 1, 0, 0), (HAS_ALREADY, 1, 0, 0)]), sorted([("OK", 2, 1, 0), (HAS_ALREADY, 2, 1, 0)]))
        assert len(store.allocations()) == 50
        store.check_conserved()


def test_the_programs_of_one_message_take_effect_together_in_the_order_listed(store, tmp_path):
    """Ten faculties ask at once for all that is there: each message sees the pool as the one before it left it."""
    faculties = {}
    for faculty, program in all_pairs():
        faculties.setdefault(faculty, []).append(program)
    with running(tmp_path, store.flag, f"--semester={SEMESTER}", "--classrooms=100", "--labs=0") as dti:
        with contextlib.ExitStack() as stack:
            peers = {faculty: stack.enter_context(Client(dti.endpoint)) for faculty in faculties}
            for faculty, peer in peers.items():
                peer.send(request(SEMESTER, faculty, *[(program, 7, 0) for program in faculties[faculty]]))
            given = [[answer(e)[1] for e in only_body(peer.receive())["programs"]] for peer in peers.values()]
        # 100 = 14 x 7 + 2: two messages get all, one gets 7, 7, 7, 7, 2, and the others nothing.
        assert sorted(given) == sorted([[7] * 5, [7] * 5, [7, 7, 7, 7, 2], *[[0] * 5] * 7])
        assert store.left() == (0, 0, 0)


def test_a_message_of_a_thousand_programs_is_granted_whole(store, tmp_path):
    names = [f"p{i}" for i in range(1000)]
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("faculty,program\n" + "".join(f"Big,{name}\n" for name in names))
    with running(tmp_path, f"--semester={SEMESTER}", "--classrooms=999", "--labs=0", f"--catalog={catalog}",
                 store.flag) as dti, Client(dti.endpoint) as client:
        body = request(SEMESTER, "Big", *[(name, 1, 0) for name in names])
        got = grant(client, body)
        assert [g[1] for g in got] == [1] * 999 + [0]
        assert grant(client, body) == got
        assert store.left() == (0, 0, 0)
