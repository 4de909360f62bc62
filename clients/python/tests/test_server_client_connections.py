"""The same for connections, which break, are shared, or lead to a balancer: server_client_connection_test.cpp."""

import pytest
from state_machine import Machine, options

from dti_client.messages import Status

NO, GONE = Status.NOT_LEADER, Status.UNAVAILABLE


def test_a_connection_that_is_lost_sends_its_requests_to_another_server_soon():
    machine = Machine(options(3))
    machine.send(1)
    machine.lose(0)
    machine.pass_time(0.1)
    assert machine.servers_asked == [0, 1]
    machine.lose(2)  # no request is there
    machine.answer(1, 1)
    assert machine.answered == [1]


@pytest.mark.parametrize("one_comes", [True, False])
@pytest.mark.parametrize("retries", [0, 1, None])
@pytest.mark.parametrize("servers", [1, 2])
def test_when_no_server_can_be_reached_nothing_counts_as_a_try_until_one_is_there_or_the_time_is_over(
        servers, retries, one_comes):
    machine = Machine(options(servers, retries), servers_are_there=False)
    machine.send(1)
    i = 0
    while machine.waits and i < len(machine.wanted):
        server = machine.wanted[i]
        i += 1
        if one_comes and machine.elapsed > 20:
            machine.connect(server)
            machine.answer(server, 1)
        else:
            machine.lose(server)
            machine.pass_time(1)
    assert len(machine.answered) == len(machine.sent) == one_comes
    if not one_comes:
        assert [outcome.was_sent for outcome in machine.not_known] == [False]
        assert 23 <= machine.elapsed <= 25 and len(machine.wanted) <= 60


def test_without_retries_a_request_whose_connection_breaks_is_not_sent_again():
    machine = Machine(options(3, retries=0))
    machine.send(1)
    machine.lose(0)
    assert [outcome.was_sent for outcome in machine.not_known] == [True], "its answer cannot come any more"
    machine.pass_time(60)
    assert len(machine.sent) == 1


def test_the_time_of_a_try_begins_when_its_connection_is_established():
    machine = Machine(options(3), servers_are_there=False)
    machine.send(1)
    machine.pass_time(10)
    machine.connect(0)
    machine.pass_time(1.999)
    assert len(machine.wanted) == 1
    machine.pass_time(0.001)
    assert len(machine.wanted) == 2


@pytest.mark.parametrize("retries", [0, None])
def test_a_request_that_was_given_up_unsent_is_not_sent_when_its_connection_is_established_later(retries):
    machine = Machine(options(1, retries), servers_are_there=False)
    machine.send(1)
    machine.pass_time(24)
    machine.send(2)
    machine.pass_time(1)
    assert [(outcome.token, outcome.was_sent) for outcome in machine.not_known] == [(1, False)]
    assert machine.resets == [], "the second request still waits for the connection"
    machine.connect(0)
    assert [token for _, token, _ in machine.sent] == [2]


@pytest.mark.parametrize("retries", [0, None])
def test_a_request_whose_attempt_to_connect_fails_is_sent_once_over_the_next_connection(retries):
    machine = Machine(options(1, retries), servers_are_there=False)
    machine.send(1)
    machine.send(2)
    machine.lose(0)
    machine.servers_are_there = True
    machine.pass_time(1)
    assert sorted(token for _, token, _ in machine.sent) == [1, 2]


@pytest.mark.parametrize("status, retries", [(NO, 1), (GONE, 10)])
def test_standbys_behind_a_balancer_are_left_for_new_connections_until_the_leader_is_found(status, retries):
    machine = Machine(options(1, retries))
    machine.send(1)
    for refusals in range(1, 9):
        machine.refuse(0, 1, status, leader="d:4")
        assert len(machine.resets) == refusals
        machine.pass_time(1)
        assert len(machine.sent) == refusals + 1
    machine.answer(0, 1)
    assert machine.answered == [1]


@pytest.mark.parametrize("status, resets, sent", [(NO, [0], 4), (GONE, [], 3)])
def test_requests_that_share_a_connection_to_a_standby_are_asked_again_at_once_and_for_free(status, resets, sent):
    """A server that is unavailable may still answer the other request."""
    machine = Machine(options(1, retries=1))
    machine.send(1)
    machine.send(2)
    machine.refuse(0, 1, status)
    machine.pass_time(0.1)
    assert (machine.resets, len(machine.sent)) == (resets, sent)
    machine.answer(0, 1)
    machine.answer(0, 2)
    assert machine.answered == [1, 2]


def test_without_retries_a_connection_is_not_replaced_while_another_request_is_on_it():
    machine = Machine(options(1, retries=0))
    machine.send(1)
    machine.pass_time(1)
    machine.send(2)
    machine.pass_time(1.5)
    assert len(machine.not_known) == 1
    machine.send(3)
    assert machine.resets == []
    machine.answer(0, 2)
    assert machine.answered == [2]


def test_a_connection_on_which_another_request_was_answered_is_kept():
    machine = Machine(options(3))
    machine.send(1)
    machine.pass_time(1)
    machine.send(2)
    machine.pass_time(1)
    assert machine.servers_asked == [0, 0, 1], "the first request was lost"
    machine.answer(1, 1)
    machine.answer(0, 2)
    machine.send(3)
    assert machine.sent[-1][0] == 0 and machine.resets == []
    machine.pass_time(2)
    assert machine.resets == [0], "nothing else was in progress on it"


def test_requests_that_share_a_connection_do_not_end_each_others_tries_forever():
    """A server that takes 1.5 s for each answer; the first two are lost, a second apart."""
    machine = Machine(options(1))
    machine.send(1)
    machine.pass_time(1)
    machine.send(2)
    seen, resets_seen, on_the_way = 2, 0, []
    for step in range(1, 101):
        machine.pass_time(0.1)
        if len(machine.resets) > resets_seen:
            on_the_way = []  # a new connection loses what was on the old one
        resets_seen = len(machine.resets)
        on_the_way += [(step + 15, token) for _, token, _ in machine.sent[seen:]]
        seen = len(machine.sent)
        for at, token in on_the_way:
            if at == step:
                machine.answer(0, token)
    assert set(machine.answered) == {1, 2} and not machine.not_known and machine.resets
