"""The state machine, by tables. The claims are those of tests/unit/service/client/server_client_test.cpp."""

from random import Random

import pytest
from state_machine import Machine, options

from dti_client.actions import EventKind, ServerReply
from dti_client.messages import Status
from dti_client.server_client import ServerClient, ServerClientOptions
from dti_client.wire import RequestError

NO, BUSY, GONE, OK = Status.NOT_LEADER, Status.OVERLOADED, Status.UNAVAILABLE, Status.OK


# Replies and the requests that they answer.

def test_a_reply_that_lists_nothing_is_not_guessed_to_be_any_one_of_several_requests():
    machine = Machine(options(3))
    machine.send(1, "2025-10")
    machine.send(2, "2025-30")
    error = RequestError(Status.INVALID_SEMESTER)
    assert machine.reply(0, ServerReply(error)) is None
    machine.reply(0, ServerReply(error, request_id="request-2"))
    assert machine.answered == [2]
    machine.send(3, "2026-10")
    machine.reply(0, ServerReply(error, semester="2025-10"))  # as an old server says it
    assert machine.answered == [2, 1]


def test_on_a_connection_on_which_a_try_was_lost_a_nameless_error_may_belong_to_that_try():
    machine = Machine(options(2))
    machine.send(1)
    machine.pass_time(1)
    machine.send(2)
    machine.pass_time(1)
    assert machine.servers_asked == [0, 0, 1], "the first request was lost"
    error = RequestError(Status.INVALID_SEMESTER)
    assert machine.reply(0, ServerReply(error)) is None
    machine.reply(0, ServerReply(error, request_id="request-2"))
    assert machine.answered == [2]


def test_replies_that_are_foreign_late_or_repeated_change_nothing():
    machine = Machine(options(3))
    machine.send(1)
    # The request-id alone proves nothing when the parts are others.
    assert machine.reply(0, ServerReply(parts=[("part-of-another-client", OK)], request_id="request-1")) is None
    machine.answer(0, 1)
    assert machine.answer(0, 1) is None
    assert machine.refuse(1, 1, Status.INVALID_FACULTY) is None
    assert machine.answered == [1] and machine.client.wake_at() is None


REPLIES = {  # error, status of each part (None: not listed), is the request over?
    "an answer to each part": (None, (OK, OK), True),
    "a part is missing": (None, (OK, None), True),
    "a final error that lists nothing": (Status.INVALID_SEMESTER, (None, None), True),
    "an error that lists nothing, of an unknown status": (GONE, (None, None), True),
    "a refusal": (BUSY, (BUSY, BUSY), False),
    "a refusal that lists nothing": (BUSY, (None, None), False),
    "a refusal with an answer to one part": (GONE, (OK, GONE), False),
    "a refusal with an answer to each part": (GONE, (OK, Status.INVALID_PROGRAM), True),
}


@pytest.mark.parametrize("error, statuses, is_over", REPLIES.values(), ids=REPLIES)
def test_a_reply_ends_its_request_unless_it_is_a_refusal_for_now(error, statuses, is_over):
    machine = Machine(options(3))
    machine.send(1)
    parts = [(part, status) for part, status in zip(machine.requests[1].program_ids, statuses, strict=True) if status]
    match = machine.reply(0, ServerReply(RequestError(error) if error else None, parts))
    assert (match.token, match.is_over) == (1, is_over)
    assert (machine.client.wake_at() is None) == is_over


def test_of_a_refused_request_the_parts_that_are_answered_stand():
    machine = Machine(options(3))
    machine.send(1)
    first, second = machine.requests[1].program_ids
    match = machine.reply(0, ServerReply(RequestError(GONE), [(first, OK), (second, GONE)]))
    assert match.answers(OK) and not match.answers(GONE)
    machine.pass_time(0.1)
    assert machine.servers_asked == [0, 1]
    assert machine.reply(1, ServerReply(parts=[(first, OK)])) is None, "that part was answered"
    machine.answer(1, 1)
    assert machine.answered == [1]


def test_a_late_refusal_leaves_the_try_in_progress_alone_but_a_late_answer_is_taken():
    machine = Machine(options(3))
    machine.send(1)
    machine.pass_time(2)
    machine.refuse(0, 1, NO, leader="c:3")
    machine.pass_time(1.9)
    assert machine.servers_asked == [0, 1]
    machine.answer(0, 1)
    machine.pass_time(60)
    assert machine.answered == [1] and machine.servers_asked == [0, 1]


# The next try: where, and after which pause.

def test_a_lost_try_is_made_again_at_the_next_server_and_the_next_request_starts_there():
    machine = Machine(options(3))
    machine.send(1)
    machine.pass_time(1.999)
    assert machine.servers_asked == [0]
    machine.pass_time(0.001)
    assert (machine.servers_asked, machine.resets) == ([0, 1], [0])
    machine.answer(1, 1)
    machine.send(2)
    assert machine.servers_asked == [0, 1, 1]


REFUSALS = {  # status, retry-after, leader; next server, least and most pause, is the connection replaced?
    "not the leader, leader not known": (NO, None, "", 1, 0.05, 0.1, True),
    "not the leader, leader in the list": (NO, None, "c:3", 2, 0, 0, False),
    "not the leader, and names itself": (NO, None, "a:1", 0, 0.05, 0.1, True),
    "not the leader, leader elsewhere": (NO, None, "d:4", 1, 0.05, 0.1, True),
    "not the leader, leader spelled in another way": (NO, None, "C:3", 1, 0.05, 0.1, True),
    "overloaded": (BUSY, 0.3, "", 0, 0.3, 0.3, False),
    "unavailable": (GONE, 0.01, "", 1, 0.05, 0.1, False),
    "unavailable, with a leader, which only NOT-LEADER names": (GONE, None, "c:3", 1, 0.05, 0.1, False),
    "a retry-after beyond reason": (BUSY, 3_600, "", 0, 5, 5, False),
}


@pytest.mark.parametrize("status, after, leader, server, least, most, resets", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_for_now_is_followed_by_a_pause_and_another_try(status, after, leader, server, least, most, resets):
    for seed in range(20):
        machine = Machine(options(3), seed)
        machine.send(1)
        machine.refuse(0, 1, status, after, leader)
        assert machine.waits and len(machine.sent) == 1
        machine.pass_time(most)
        assert machine.servers_asked == [0, server], f"seed {seed}"
        assert machine.sent[1][2] - machine.start >= least - 1e-9, f"seed {seed}"
        assert machine.resets == ([0] if resets else [])


def test_pauses_grow_to_a_second_with_jitter():
    first_pauses = set()
    for seed in range(1, 21):
        machine = Machine(options(3), seed)
        machine.send(1)
        for i in range(10):
            refused_at = machine.now
            machine.refuse(machine.sent[i][0], 1, GONE)
            machine.pass_time(1)
            assert len(machine.sent) == i + 2, f"seed {seed}"
            pause, longest = machine.sent[i + 1][2] - refused_at, min(1, 0.1 * 2**i)
            assert longest / 2 - 1e-9 <= pause <= longest + 1e-9, f"seed {seed}, pause {i}"
            if i == 0:
                first_pauses.add(pause)
    assert len(first_pauses) > 5, "clients must not return at the same moment"


@pytest.mark.parametrize("replies", [True, False])
def test_a_leader_that_was_silent_is_asked_without_a_pause_once_it_has_replied_again(replies):
    machine = Machine(options(2))
    machine.send(1)
    machine.pass_time(2)
    if replies:
        machine.refuse(0, 1, BUSY)  # late
    machine.refuse(1, 1, NO, leader="a:1")
    machine.pass_time(0)
    assert machine.servers_asked == ([0, 1, 0] if replies else [0, 1])


def test_two_servers_that_name_each_other_are_asked_with_a_pause():
    machine = Machine(options(3))
    machine.send(1)
    machine.refuse(0, 1, NO, leader="b:2")
    machine.pass_time(0)
    assert machine.servers_asked == [0, 1]
    machine.refuse(1, 1, NO, leader="a:1")
    machine.pass_time(0.049)
    assert machine.servers_asked == [0, 1]
    machine.pass_time(0.051)
    assert machine.servers_asked == [0, 1, 0]


@pytest.mark.parametrize("one_leads", [True, False])
def test_servers_that_do_not_lead_are_asked_again_until_one_does_or_the_time_is_over(one_leads):
    machine = Machine(options(3, retries=1))
    machine.send(1)
    i = 0
    while machine.elapsed < (20 if one_leads else 30) and i < len(machine.sent):
        machine.refuse(machine.sent[i][0], 1, NO)
        i += 1
        if machine.waits:
            machine.pass_time(1)
    if one_leads:
        machine.answer(machine.sent[-1][0], 1)
    assert (len(machine.answered), len(machine.not_known)) == ((1, 0) if one_leads else (0, 1))
    assert machine.elapsed <= 25 and len(machine.sent) <= 60


def test_a_standby_is_asked_again_while_the_leader_that_it_names_is_not_there():
    machine = Machine(options(2))
    machine.send(1)
    machine.lose(0)
    machine.pass_time(0.1)
    sent = 2
    while machine.elapsed < 1:
        assert len(machine.sent) == sent and machine.sent[-1][0] == 1
        machine.refuse(1, 1, NO, leader="a:1")
        machine.pass_time(1)
        sent += 1
    assert sent >= 3
    machine.refuse(1, 1, NO, leader="a:1")
    machine.pass_time(0)
    assert len(machine.sent) == sent + 1 and machine.sent[-1][0] == 0, "by now it may be there again"


# The end of the tries.

ENDS = {  # retries, seconds in all; tries, seconds that they take
    "no retries, as an old server needs it": (0, 25, 1, 2),
    "a negative number is none": (-1, 25, 1, 2),
    "three retries": (3, 25, 4, 8),
    "ten retries": (10, 25, 11, 22),
    "the time ends it": (100, 25, 13, 25),
    "no limit but the time": (None, 25, 13, 25),
    "the time cuts the first try": (10, 0.5, 1, 0.5),
}


@pytest.mark.parametrize("retries, budget, tries, took", ENDS.values(), ids=ENDS)
def test_when_the_tries_are_used_up_the_outcome_is_not_known(retries, budget, tries, took):
    machine = Machine(options(3, retries))
    machine.budget = budget
    machine.send(1)
    machine.pass_time(took - 0.001)
    assert machine.waits
    machine.pass_time(0.001)
    assert len(machine.sent) == tries
    [outcome] = machine.not_known
    assert outcome.token == 1 and outcome.was_sent and outcome.reason
    assert machine.client.wake_at() is None


def test_without_retries_a_refusal_ends_the_request_at_once_and_nothing_is_sent_again():
    machine = Machine(options(3, retries=0))
    machine.send(1)
    machine.refuse(0, 1, BUSY)
    assert len(machine.not_known) == 1
    machine.pass_time(60)
    assert len(machine.sent) == 1


@pytest.mark.parametrize("refuses", [False, True], ids=["silent", "refusing"])
def test_a_request_that_is_given_up_lets_the_next_one_begin_at_the_next_server(refuses):
    machine = Machine(options(3, retries=0))
    for token, server in enumerate((0, 1, 2, 0), 1):
        machine.send(token)
        assert machine.sent[-1][0] == server
        if refuses:
            machine.refuse(server, token, NO)
        machine.pass_time(2)


def test_an_owner_that_stops_gets_an_outcome_for_each_request_at_once():
    machine = Machine(options(3))
    machine.send(1)
    machine.send(2)
    machine.refuse(0, 2, BUSY, 0.3)
    machine.give_up_all()
    assert [(outcome.token, outcome.reason) for outcome in machine.not_known] == [
        (1, "the owner is stopping"), (2, "the owner is stopping")]
    assert machine.answer(0, 1) is None and machine.client.wake_at() is None


def test_a_forgotten_request_has_no_outcome_and_leaves_the_others_alone():
    machine = Machine(options(3))
    machine.send(1)
    machine.send(2)
    machine.forget(1)
    machine.forget(1)
    assert machine.answer(0, 1) is None
    machine.answer(0, 2)
    assert machine.answered == [2] and not machine.not_known and machine.client.wake_at() is None
    machine.send(1)  # the same again
    machine.answer(0, 1)
    assert machine.answered == [2, 1]


def test_a_client_without_servers_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        ServerClient(ServerClientOptions(()), Random(1).random)


def test_the_log_is_told_of_each_try_and_of_the_outcome():
    machine = Machine(options(2, retries=2))
    machine.send(1)
    machine.refuse(0, 1, GONE)
    machine.pass_time(0.1)
    machine.pass_time(2)
    machine.answer(0, 1)
    machine.send(2)
    machine.give_up_all()
    assert [(event.kind, event.token, event.server) for event in machine.logged] == [
        (EventKind.SENT, 1, 0), (EventKind.TRY_REFUSED, 1, 0), (EventKind.SENT, 1, 1), (EventKind.TRY_LOST, 1, 1),
        (EventKind.SENT, 1, 0), (EventKind.ANSWERED, 1, 0), (EventKind.SENT, 2, 0), (EventKind.GIVEN_UP, 2, 0)]
    assert all(event.message for event in machine.logged)


# Any order of events.

@pytest.mark.parametrize("seed", range(60))
def test_each_request_gets_exactly_one_outcome_and_none_after_its_time(seed):
    random = Random(seed)
    machine = Machine(options(random.randint(1, 3), random.choice((0, 1, 10, None))), seed)
    machine.budget = random.uniform(0.5, 10)
    forgotten, begun = set(), {}
    for _ in range(400):
        machine.servers_are_there = random.random() < 0.7
        server = random.randrange(len(machine.client._connections))
        token = random.randint(1, len(begun)) if begun else 0
        match random.randint(0, 8):
            case 0 | 1 if len(begun) < 30:
                begun[len(begun) + 1] = machine.now
                machine.send(len(begun), random.choice(("2025-10", "2025-30")))
            case 2 if token:
                machine.answer(server, token)
            case 3 if token:
                machine.refuse(server, token, random.choice((NO, BUSY, GONE)), random.choice((None, 0.2)),
                               random.choice(("", "a:1", "b:2", "x:9")))
            case 4:
                machine.lose(server)
            case 5:
                machine.connect(server)
            case 6 if token and random.random() < 0.2 and token not in machine.answered:
                if token not in [outcome.token for outcome in machine.not_known]:
                    forgotten.add(token)
                    machine.forget(token)
            case _:
                machine.pass_time(random.uniform(0, 1))
        ended = {*machine.answered, *(outcome.token for outcome in machine.not_known), *forgotten}
        late = [token for token, at in begun.items() if token not in ended and machine.now > at + machine.budget + 1e-6]
        assert not late, f"seed {seed}"
    machine.pass_time(machine.budget + 1)
    outcomes = [*machine.answered, *(outcome.token for outcome in machine.not_known), *forgotten]
    assert sorted(outcomes) == sorted(begun), f"seed {seed}"
    assert machine.client.wake_at() is None and not machine.client._request_of, f"seed {seed}"
    assert [connection.tries_in_progress for connection in machine.client._connections] == [0] * len(
        machine.client._connections), f"seed {seed}"
