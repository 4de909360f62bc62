"""Finds the leader among several servers, and gets each request exactly one outcome.

This is the ServerClient of src/service/client in Python: the same events, the same actions, the same policy. Change
both together. It has no thread, clock or socket of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .actions import (Action, ClientRequest, ConnectServer, EventKind, NotKnown, ReplyMatch, RequestEvent, ResetServer,
                      SendTry, ServerReply)
from .messages import Status
from .wire import RequestError

_RETRY_AFTER_MAX = 5.0  # seconds, of a server's retry-after: the caller's time is short
_AVOID_UNREACHABLE = 1.0  # seconds: a server that could not be reached is tried after the others
_PAUSE_FIRST, _PAUSE_MAX = 0.1, 1.0  # seconds
_TRIES_UNLIMITED = 1_000_000_000  # the time ends such a request

_NOT_IN_TIME = "no server replied in time"


def pause_after(failures: int, random: float) -> float:
    """How many seconds a client waits before it tries again.

    The pause doubles with each failure in a row, from 0.1 s up to 1 s. Half of it is random, so that clients do not all
    return at the same moment.
    failures: so far, at least 1. random: 0 to 1.
    """
    longest = min(_PAUSE_MAX, _PAUSE_FIRST * 2.0 ** min(failures - 1, 10))
    return longest / 2 + longest / 2 * random


@dataclass(frozen=True, slots=True)
class ServerClientOptions:
    """servers: HOST:PORT of each, at least one. request_timeout: seconds for one try.

    retries: None: as many as the time of a request allows. 0: what a server may have read is never sent again.
    """

    servers: tuple[str, ...]
    request_timeout: float = 2.0
    retries: int | None = None

    @property
    def may_repeat(self) -> bool:
        """May a request that a server may have read be sent again?"""
        return self.retries is None or self.retries > 0


@dataclass(slots=True, eq=False)
class _Request:
    token: int
    facts: ClientRequest
    open_parts: set[str]  # the program-ids without an answer
    server: int  # of the try in progress, or of the next one
    tries_left: int
    give_up_at: float
    in_progress: bool = False  # a try; otherwise the request pauses before the next one
    is_sent: bool = False  # in the try in progress: the connection was established
    was_sent: bool = False  # in any try
    refusals: int = 0  # how often a server refused it for now, or could not be reached
    redirected: bool = False  # it went to the leader that a server named, without a pause
    next_at: float = 0.0  # in progress: the try is lost; pausing: the next try


@dataclass(slots=True)
class _Connection:
    tries_in_progress: int = 0
    connected: bool = False
    silent: bool = False  # a try on it was lost, and no reply has come since
    since: float = 0.0  # when it was established
    avoid_until: float = field(default=float("-inf"))  # it did not reply, or could not be reached: others come first


class ServerClient:
    """A state machine. Times are seconds of one clock that never goes back. Thread: one."""

    def __init__(self, options: ServerClientOptions, random: Callable[[], float]) -> None:
        """random: a number from 0 to 1 a call, for the spread of pauses."""
        if not options.servers:
            raise ValueError("servers: at least one server is needed")
        self._options = options
        self._may_repeat = options.may_repeat
        self._random = random
        self._requests: dict[int, _Request] = {}  # oldest first
        self._request_of: dict[str, _Request] = {}  # by the program-id of each open part
        self._connections = [_Connection() for _ in options.servers]
        self._preferred = 0  # of a request's first try: the server that answered last, or the one after a failure
        self._actions: list[Action] = []

    def send(self, token: int, facts: ClientRequest, give_up_at: float, now: float) -> None:
        """Begins a request. token: greater than all before; names the request in actions."""
        retries = self._options.retries
        tries = _TRIES_UNLIMITED if retries is None else 1 + max(0, retries)
        request = _Request(token, facts, set(facts.program_ids), self._preferred, tries, give_up_at)
        self._requests[token] = request
        self._request_of.update(dict.fromkeys(facts.program_ids, request))
        self._try_once(request, now)

    def forget(self, token: int) -> None:
        """Its owner does not wait for the request any longer. A server may still decide it."""
        request = self._requests.get(token)
        if request is not None:
            self._end_try(request)
            self._erase(request)

    def on_reply(self, server: int, reply: ServerReply, now: float) -> ReplyMatch | None:
        """A server's reply. None: the reply answers no request that waits, and changes nothing."""
        request = self._find_request(server, reply)
        if request is None:
            return None
        error = reply.error
        connection = self._connections[server]
        is_of_current_try = request.in_progress and request.server == server
        if is_of_current_try:
            connection.silent = False
        connection.avoid_until = float("-inf")

        # An error of an unknown status reads as UNAVAILABLE. If it lists no part, it is of an old server, and final.
        match = ReplyMatch(request.token, error is None or not error.status.may_retry
                           or (error.status is Status.UNAVAILABLE and not reply.parts))
        for program_id, status in reply.parts:
            if program_id in request.open_parts and match.answers(status):
                request.open_parts.remove(program_id)
                del self._request_of[program_id]
        if match.is_over or error is None or not request.open_parts:
            match = ReplyMatch(request.token, is_over=True)
            self._end_try(request)
            self._preferred = server
            self._log(EventKind.ANSWERED, "a server answered the request", request)
            self._erase(request)
        elif is_of_current_try:  # a late refusal says nothing about the try in progress
            self._on_refusal(request, error, now)
        return match

    def on_connected(self, server: int, now: float) -> None:
        """The connection to a server is established. The requests that wait for it are sent, and their tries begin."""
        connection = self._connections[server]
        connection.connected = True
        connection.silent = False
        connection.since = now
        for request in self._requests_in_progress(server):
            if not request.is_sent:
                self._send_now(request, now)

    def on_connection_lost(self, server: int, reason: str, now: float) -> None:
        """The connection to a server could not be made, or broke.

        The client repeats its requests after a pause, on another server if one may be reachable. Without retries it
        does not repeat a request that was sent. reason: a clause for the log.
        """
        connection = self._connections[server]
        connection.connected = connection.silent = False
        connection.avoid_until = now + _AVOID_UNREACHABLE
        for request in self._requests_in_progress(server):
            self._log(EventKind.TRY_LOST, reason, request)
            is_free = self._may_repeat or not request.is_sent
            lost = "the connection to the server was lost" if request.is_sent else "no server could be reached"
            self._try_again_later(request, None, is_free, lost, now)

    def on_tick(self, now: float) -> None:
        """Time has passed; to be called at wake_at() at the latest."""
        for request in list(self._requests.values()):
            if now < request.next_at:
                continue
            if request.in_progress:
                self._on_lost_try(request, now)
            elif now >= request.give_up_at:
                self._give_up(request, request.server, _NOT_IN_TIME)
            else:
                self._try_once(request, now)

    def give_up_all(self, reason: str) -> None:
        """reason: a clause."""
        for request in list(self._requests.values()):
            self._give_up(request, request.server, reason)

    def wake_at(self) -> float | None:
        """When on_tick() must be called; None: not before another event."""
        return min((request.next_at for request in self._requests.values()), default=None)

    def take_actions(self) -> list[Action]:
        """The actions since the last call.

        The owner must carry them out in this order, and before it reports that a connection was established or lost: an
        action is about the connections that this client knows.
        """
        actions, self._actions = self._actions, []
        return actions

    # One try.

    def _try_once(self, request: _Request, now: float) -> None:
        connection = self._connections[request.server]
        # A new connection loses the replies of the other tries on the old one. Those requests can be repeated, unless
        # there are no retries; but each connection must get its time, or requests would end each other's tries
        # indefinitely.
        may_end_others = self._may_repeat and now - connection.since >= self._options.request_timeout
        if connection.connected and connection.silent and (connection.tries_in_progress == 0 or may_end_others):
            self._reset(request.server, now)
        connection.tries_in_progress += 1
        request.tries_left -= 1
        request.in_progress = True
        request.is_sent = False
        request.next_at = request.give_up_at
        if connection.connected:
            self._send_now(request, now)
        else:
            self._actions.append(ConnectServer(request.server))

    def _send_now(self, request: _Request, now: float) -> None:
        request.is_sent = request.was_sent = True
        request.next_at = min(now + self._options.request_timeout, request.give_up_at)
        self._log(EventKind.SENT, "asked a server", request)
        self._actions.append(SendTry(request.server, request.token))

    def _end_try(self, request: _Request) -> None:
        if request.in_progress:
            request.in_progress = False
            self._connections[request.server].tries_in_progress -= 1

    def _on_lost_try(self, request: _Request, now: float) -> None:
        lost = ("the server is connected but did not reply in time" if request.is_sent
                else "there was no connection in time")
        self._log(EventKind.TRY_LOST, lost, request)
        self._end_try(request)
        connection = self._connections[request.server]
        connection.silent = True
        connection.avoid_until = now + self._options.request_timeout
        # TCP does not notice soon that a peer has vanished, and what is queued for it must not arrive much later.
        if connection.tries_in_progress == 0:
            self._reset(request.server, now)
        server = self._next_server(request, None, now)
        if request.tries_left == 0 or now >= request.give_up_at:
            self._give_up(request, server, _NOT_IN_TIME)
            return
        request.server = server
        self._try_once(request, now)

    def _on_refusal(self, request: _Request, error: RequestError, now: float) -> None:
        self._log(EventKind.TRY_REFUSED, f"the server replied {error.status}", request)
        server = request.server
        is_free = error.status is Status.NOT_LEADER and self._may_repeat
        self._try_again_later(request, error, is_free, f"no server could answer: {error.status}", now)
        self._look_behind_balancer(server, error, now)

    def _look_behind_balancer(self, server: int, error: RequestError, now: float) -> None:
        """One address may be that of a balancer, which gives each connection to another of several servers."""
        leader = self._find_leader(error)
        is_standby = error.status is Status.NOT_LEADER and leader in (None, server)
        is_only_server = error.status is Status.UNAVAILABLE and len(self._connections) == 1
        if not is_standby and not is_only_server:
            return
        # A standby refuses the other requests on this connection, too; a server that is unavailable may still answer
        # them.
        may_end_others = is_standby and self._may_repeat
        if self._connections[server].tries_in_progress > 0 and not may_end_others:
            return
        for other in self._requests_in_progress(server):
            self._log(EventKind.TRY_LOST, "its connection led to a server that stands by", other)
            self._try_again_later(other, None, True, "no server could answer: NOT-LEADER", now)
        self._reset(server, now)

    def _try_again_later(self, request: _Request, error: RequestError | None, is_free: bool, reason: str,
                         now: float) -> None:
        """is_free: the failed try does not count: the server decided nothing. The time of the request limits such
        tries. reason: for NotKnown, if there is no other try."""
        self._end_try(request)
        if is_free:
            request.tries_left += 1
        leader = self._find_leader(error)
        # Once without a pause: two servers may each take the other for the leader.
        if (leader is not None and leader != request.server and self._connections[leader].avoid_until <= now
                and not request.redirected and request.tries_left > 0):
            request.redirected = True
            request.server = leader
            request.next_at = now
            return
        request.redirected = False
        request.refusals += 1
        retry_after = min((error.retry_after if error else None) or 0.0, _RETRY_AFTER_MAX)
        pause = max(retry_after, pause_after(request.refusals, self._random()))
        server = self._next_server(request, error, now)
        if request.tries_left == 0 or now + pause >= request.give_up_at:
            self._give_up(request, server, reason)
            return
        request.server = server
        request.next_at = now + pause

    def _give_up(self, request: _Request, server: int, reason: str) -> None:
        """The next request begins where this one would have gone on. Otherwise, with few tries, no request would reach
        the last servers."""
        self._end_try(request)
        self._preferred = server
        self._log(EventKind.GIVEN_UP, reason, request)
        self._actions.append(NotKnown(request.token, reason, request.was_sent))
        self._erase(request)

    def _erase(self, request: _Request) -> None:
        for program_id in request.open_parts:
            del self._request_of[program_id]
        request.open_parts.clear()
        del self._requests[request.token]

    def _reset(self, server: int, now: float) -> None:
        connection = self._connections[server]
        connection.connected = connection.silent = False
        connection.since = now
        self._actions.append(ResetServer(server))

    # Requests and servers.

    def _requests_in_progress(self, server: int) -> list[_Request]:
        return [request for request in self._requests.values() if request.in_progress and request.server == server]

    def _find_request(self, server: int, reply: ServerReply) -> _Request | None:
        for program_id, _ in reply.parts:
            if program_id in self._request_of:
                return self._request_of[program_id]
        if reply.parts:
            return None  # late, or for another client
        # An old server's error lists no part. It answers the one request that it can be about.
        candidates = [request for request in self._requests.values() if self._can_be_about(server, reply, request)]
        if len(candidates) != 1 or (reply.request_id is None and self._connections[server].silent):
            return None
        return candidates[0]

    @staticmethod
    def _can_be_about(server: int, reply: ServerReply, request: _Request) -> bool:
        if reply.semester is not None and reply.semester != request.facts.semester:
            return False
        if reply.request_id is not None:
            return reply.request_id == request.facts.request_id
        return request.in_progress and request.server == server

    def _find_leader(self, error: RequestError | None) -> int | None:
        """The index of the leader that a refusal names, if it is one of the servers."""
        if error is None or error.status is not Status.NOT_LEADER or error.leader not in self._options.servers:
            return None
        return self._options.servers.index(error.leader)

    def _next_server(self, request: _Request, error: RequestError | None, now: float) -> int:
        """The leader that the refusal names, otherwise the next server in turn that is not avoided: a standby that is
        asked again may lead by then. If all are avoided, the next in turn."""
        if error is not None and error.status is Status.OVERLOADED:
            return request.server
        leader = self._find_leader(error)
        if leader is not None and not self._is_avoided(leader, now):
            return leader
        count = len(self._connections)
        in_turn = [(request.server + step) % count for step in range(1, count + 1)]
        return next((server for server in in_turn if not self._is_avoided(server, now)), in_turn[0])

    def _is_avoided(self, server: int, now: float) -> bool:
        return now < self._connections[server].avoid_until

    def _log(self, kind: EventKind, message: str, request: _Request) -> None:
        self._actions.append(RequestEvent(kind, request.token, request.server, message))
