"""The thread that both clients share: it owns the sockets and the state machine, and carries out its actions."""

from __future__ import annotations

import logging
import math
import os
import queue
import random
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import zmq

from .actions import ClientRequest, EventKind, NotKnown, RequestEvent, ResetServer, SendTry, ServerReply
from .connection import Lost, ServerConnection, split_host_port
from .messages import AllocationRequest, Outcome
from .outcomes import OutcomeCollector
from .server_client import ServerClient, ServerClientOptions
from .wire import decode_reply, encode_request

_log = logging.getLogger("dti_client")

_CONNECT_SECONDS_MIN, _CONNECT_SECONDS_MAX = 0.25, 2.0  # for each address: as long as a try, within these
_MESSAGES_PER_TURN = 256  # taken from one server before the others have their turn
_WAIT_SECONDS_MAX = 3_600.0

Outcomes = tuple[Outcome, ...]


@dataclass(eq=False, slots=True)
class _Asked:
    """A request that has no outcome yet."""

    request: AllocationRequest
    body: bytes
    collector: OutcomeCollector
    give_up_at: float
    future: Future[Outcomes]


def check_servers(servers: Sequence[str]) -> tuple[str, ...]:
    """The servers as a tuple. Raises ValueError if one is no HOST:PORT, TypeError for one text instead of a list."""
    if isinstance(servers, str):
        raise TypeError('servers: must be a list, such as ["10.0.0.1:6000"], and not one text')
    if not servers:
        raise ValueError("servers: at least one server is needed")
    for server in servers:
        split_host_port(server)
    return tuple(servers)


@dataclass(frozen=True, slots=True)
class _Forget:
    token: int


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


class Engine:
    """Asks the servers, in a thread of its own."""

    def __init__(self, options: ServerClientOptions) -> None:
        # Fixed after construction.
        self._options = options
        self._process = os.getpid()

        # Shared with any thread.
        self._jobs: queue.SimpleQueue[_Asked | _Forget | _Stop] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False  # under _lock: no request enters the queue any more
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)

        # The engine's thread only.
        self._is_running = True
        self._client = ServerClient(options, random.SystemRandom().random)
        self._asked: dict[int, _Asked] = {}
        self._in_progress: set[AllocationRequest] = set()  # those of _asked
        self._last_token = 0
        self._skipped_count = 0  # messages that are no reply
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._connections: list[ServerConnection] = []

        self._thread = threading.Thread(target=self._run, name="dti-client", daemon=True)
        self._thread.start()

    # Any thread.

    def submit(self, request: AllocationRequest, timeout: float) -> Future[Outcomes]:
        """Asks. The result has an outcome for each program. A future that is cancelled is forgotten.

        timeout: seconds until the outcome is Unknown at the latest. Raises InvalidRequest, ValueError for a timeout
        that is not positive, RuntimeError if the client is closed, or was made before this process was forked.
        """
        if not 0 < timeout < math.inf:
            raise ValueError(f"timeout: must be a positive number of seconds, not {timeout}")
        collector = OutcomeCollector(request, self._options.may_repeat)
        asked = _Asked(request, encode_request(request), collector, time.monotonic() + timeout, Future())
        if os.getpid() != self._process:
            raise RuntimeError("the client was made before this process was forked; make one in each process")
        with self._lock:
            if self._closed:
                raise RuntimeError("the client is closed")
            self._jobs.put(asked)
        self._wake()
        return asked.future

    def close(self) -> None:
        """Ends the thread and the connections. The outcome of requests in progress is Unknown. May be called twice."""
        if os.getpid() != self._process:
            return
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(_Stop())
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _wake(self) -> None:
        try:
            self._wake_writer.send(b"\0")
        except OSError:  # it is full, so the thread wakes up anyway; or the thread has ended
            pass

    # The engine's thread.

    def _run(self) -> None:
        fault: BaseException = RuntimeError("the client is closed")
        try:
            try_time = min(max(self._options.request_timeout, _CONNECT_SECONDS_MIN), _CONNECT_SECONDS_MAX)
            self._connections = [ServerConnection(self._context, server, try_time, self._wake)
                                 for server in self._options.servers]
            while self._is_running:
                self._wait()
                self._do_jobs()
                for server in range(len(self._connections)):
                    self._follow(server)
                now = time.monotonic()
                if (wake_at := self._client.wake_at()) is not None and wake_at <= now:
                    self._client.on_tick(now)
                self._perform_actions()
        except BaseException as error:
            _log.exception("the client ends because of a fault of its own")
            fault = error
        finally:
            with self._lock:
                self._closed = True
            self._end(fault)

    def _wait(self) -> None:
        poller = zmq.Poller()
        poller.register(self._wake_reader, zmq.POLLIN)
        times = [self._client.wake_at()]
        for connection in self._connections:
            for ready in connection.sockets():
                poller.register(ready, zmq.POLLIN)
            times.append(connection.wake_at())
        now = time.monotonic()
        wake_at = min((at for at in times if at is not None), default=math.inf)
        poller.poll(math.ceil(min(max(0.0, wake_at - now), _WAIT_SECONDS_MAX) * 1_000))
        try:
            while self._wake_reader.recv(4_096):
                pass
        except BlockingIOError:
            pass

    def _do_jobs(self) -> None:
        while (job := self._next_job()) is not None:
            if isinstance(job, _Asked):
                self._begin(job)
            elif isinstance(job, _Forget):
                if self._take(job.token) is not None:
                    self._client.forget(job.token)
            else:
                self._is_running = False
                self._client.give_up_all("the client was closed")

    def _next_job(self) -> _Asked | _Forget | _Stop | None:
        try:
            return self._jobs.get_nowait()
        except queue.Empty:
            return None

    def _begin(self, asked: _Asked) -> None:
        if not asked.request.programs:
            self._finish(asked)
            return
        if asked.request in self._in_progress:
            _fail(asked.future, ValueError("the same request, with the same request-id, is in progress"))
            return
        self._last_token += 1
        token = self._last_token
        self._asked[token] = asked
        self._in_progress.add(asked.request)
        facts = ClientRequest(asked.request.request_id, asked.collector.program_ids, asked.request.semester)
        self._client.send(token, facts, asked.give_up_at, time.monotonic())
        asked.future.add_done_callback(lambda future: self._on_done(future, token))

    def _on_done(self, future: Future[Outcomes], token: int) -> None:
        """In the thread that cancelled the future, or in the engine's."""
        if future.cancelled():
            self._jobs.put(_Forget(token))
            self._wake()

    def _take(self, token: int) -> _Asked | None:
        """The request with that token, which is over."""
        asked = self._asked.pop(token, None)
        if asked is not None:
            self._in_progress.remove(asked.request)
        return asked

    def _follow(self, server: int) -> None:
        connection = self._connections[server]
        while (change := connection.update(time.monotonic())) is not None:
            if isinstance(change, Lost):
                self._take_replies(server)  # that came just before the end
                connection.reset()
                self._client.on_connection_lost(server, change.reason, time.monotonic())
            else:
                self._client.on_connected(server, time.monotonic())
        self._take_replies(server)

    def _take_replies(self, server: int) -> None:
        for _ in range(_MESSAGES_PER_TURN):
            body = self._connections[server].receive()
            if body is None:
                return
            reply = decode_reply(body)
            if reply is None:
                self._log_skipped(server)
                continue
            parts = [(entry.program_id, entry.status) for entry in reply.programs]
            facts = ServerReply(reply.error, parts, reply.request_id, reply.semester)
            match = self._client.on_reply(server, facts, time.monotonic())
            if match is None:
                continue
            self._asked[match.token].collector.take_reply(reply, match)
            if match.is_over and (asked := self._take(match.token)) is not None:
                self._finish(asked)

    def _perform_actions(self) -> None:
        for action in self._client.take_actions():
            if isinstance(action, SendTry):
                if action.token in self._asked:  # it was not answered meanwhile
                    self._connections[action.server].send(self._asked[action.token].body, time.monotonic())
            elif isinstance(action, ResetServer):
                self._connections[action.server].reset()
            elif isinstance(action, NotKnown):
                if (asked := self._take(action.token)) is not None:
                    asked.collector.take_not_known(action)
                    self._finish(asked)
            else:
                self._write_log(action)

    def _log_skipped(self, server: int) -> None:
        """The 1st, 2nd, 4th, 8th … one: servers can trigger these at will."""
        self._skipped_count += 1
        if self._skipped_count.bit_count() == 1:
            _log.warning("%s sent something that is no reply; it was skipped (%d so far)",
                         self._options.servers[server], self._skipped_count)

    def _write_log(self, event: RequestEvent) -> None:
        level = {EventKind.SENT: logging.DEBUG, EventKind.ANSWERED: logging.DEBUG}.get(event.kind, logging.INFO)
        asked = self._asked.get(event.token)
        _log.log(level, "%s: %s (request %s)", self._options.servers[event.server], event.message,
                 asked.request.request_id if asked else "that has ended")

    @staticmethod
    def _finish(asked: _Asked) -> None:
        if asked.future.set_running_or_notify_cancel():
            asked.future.set_result(asked.collector.outcomes())

    def _end(self, fault: BaseException) -> None:
        for connection in self._connections:
            connection.reset()
        self._context.destroy(0)
        for asked in self._asked.values():
            _fail(asked.future, fault)
        while (job := self._next_job()) is not None:  # since the fault
            if isinstance(job, _Asked):
                _fail(job.future, fault)
        self._wake_reader.close()
        self._wake_writer.close()


def _fail(future: Future[Outcomes], fault: BaseException) -> None:
    if future.set_running_or_notify_cancel():
        future.set_exception(fault)
