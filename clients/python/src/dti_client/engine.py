"""The thread that both clients share: it owns the sockets and the state machine, and carries out its actions."""

from __future__ import annotations

import atexit
import logging
import math
import os
import queue
import random
import socket
import threading
import time
import weakref
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import zmq

from .actions import (ClientRequest, ConnectServer, EventKind, NotKnown, RequestEvent, ResetServer, SendTry,
                      ServerReply)
from .changes import Change, ChangeCollector, ChangeReply, decode_any_reply, encode_change
from .connection import Lost, ServerConnection, split_host_port
from .keys import Lock
from .messages import AllocationRequest, Outcome, Status
from .outcomes import OutcomeCollector
from .server_client import ServerClient, ServerClientOptions
from .wire import AllocationReply, encode_request

_log = logging.getLogger("dti_client")

_CONNECT_SECONDS_MIN, _CONNECT_SECONDS_MAX = 0.25, 2.0  # for each address: as long as a try, within these
# What is taken from one server before the others and the clock have their turn.
_TURN_SECONDS_MAX = 0.05
_TURN_BYTES_MAX = 8 * 1024 * 1024
_WAIT_SECONDS_MAX = 3_600.0

Outcomes = tuple[Outcome, ...]


@dataclass(eq=False, slots=True)
class _Asked:
    """A request that has no outcome yet."""

    request: AllocationRequest | Change
    body: bytes
    collector: OutcomeCollector | ChangeCollector
    give_up_at: float
    future: Future[Any]  # Outcomes, or one ChangeOutcome
    # The engine's thread only.
    token: int = 0  # 0: not begun
    key: AllocationRequest | str = ""  # of _in_progress


def check_servers(servers: Iterable[str]) -> tuple[str, ...]:
    """The servers, without spaces around them. Raises ValueError if one is no HOST:PORT, TypeError if one is no text,
    or if there is one text instead of a list."""
    if isinstance(servers, str):
        raise TypeError('servers: must be a list, such as ["10.0.0.1:6000"], and not one text')
    checked = []
    for server in servers:
        if not isinstance(server, str):
            raise TypeError(f"servers: must be a list of texts; {server!r} is none")
        split_host_port(server.strip())
        checked.append(server.strip())
    if not checked:
        raise ValueError("servers: at least one server is needed")
    return tuple(checked)


@dataclass(frozen=True, slots=True)
class _Forget:
    asked: _Asked


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


class Engine:
    """Asks the servers, in a thread of its own."""

    def __init__(self, options: ServerClientOptions, locks: list[Lock] | None = None) -> None:
        """locks: one for each server; None: plain connections."""
        # Fixed after construction.
        self._options = options
        self._locks: list[Lock | None] = [*(locks or [None] * len(options.servers))]
        self._process = os.getpid()

        # Shared with any thread.
        self._jobs: queue.SimpleQueue[_Asked | _Forget | _Stop] = queue.SimpleQueue()
        # Reentrant, because the finalizer of a client may call stop() in the middle of anything.
        self._lock = threading.RLock()
        self._closed = False  # under _lock: no request enters the queue any more
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)

        # The engine's thread only.
        self._is_running = True
        self._client = ServerClient(options, random.SystemRandom().random)
        self._asked: dict[int, _Asked] = {}
        self._in_progress: dict[AllocationRequest | str, _Asked] = {}  # those of _asked
        self._last_token = 0
        self._skipped_count = 0  # messages that are no reply
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._connections: list[ServerConnection] = []

        self._thread = threading.Thread(target=self._run, name="dti-client", daemon=True)
        self._thread.start()
        _engines.add(self)

    # Any thread.

    def submit(self, request: AllocationRequest | Change, timeout: float, future: Future[Any]) -> None:
        """Asks. The future gets an outcome for each program, or one for a change. If it is cancelled, the request is forgotten.

        timeout: seconds until the outcome is Unknown at the latest. future: new; the caller has it before the request
        can begin, so that an interruption at any moment can cancel it. Raises InvalidRequest, ValueError for a timeout
        that is not positive, RuntimeError if the client is closed, or was made before this process was forked.
        """
        if not 0 < timeout < math.inf:
            raise ValueError(f"timeout: must be a positive number of seconds, not {timeout}")
        give_up_at = time.monotonic() + timeout
        if isinstance(request, Change):
            asked = _Asked(request, encode_change(request), ChangeCollector(request), give_up_at, future)
        else:
            collector = OutcomeCollector(request, self._options.may_repeat)
            asked = _Asked(request, encode_request(request), collector, give_up_at, future)
        if os.getpid() != self._process:
            raise RuntimeError("the client was made before this process was forked; make one in each process")
        future.add_done_callback(lambda _: self._on_done(asked))
        with self._lock:
            if self._closed:
                raise RuntimeError("the client is closed")
            self._jobs.put(asked)
        self._wake()

    def stop(self) -> None:
        """Tells the thread to end. The outcome of requests in progress is Unknown. Never waits; may be called twice."""
        if os.getpid() != self._process:
            return
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(_Stop())
        self._wake()

    def close(self) -> None:
        """Ends the thread and the connections, and waits for that. May be called twice."""
        self.stop()
        if os.getpid() == self._process and threading.current_thread() is not self._thread:
            self._thread.join()

    def _on_done(self, asked: _Asked) -> None:
        """In the thread that cancelled the future, or in the engine's."""
        if asked.future.cancelled():
            self._jobs.put(_Forget(asked))
            self._wake()

    def _wake(self) -> None:
        try:
            self._wake_writer.send(b"\0")
        except OSError:  # it is full, so the thread wakes up anyway; or the thread has ended
            pass

    # The engine's thread. It performs the actions of each event before it looks at the next change of a connection.

    def _run(self) -> None:
        fault: BaseException = RuntimeError("the client is closed")
        try:
            try_time = min(max(self._options.request_timeout, _CONNECT_SECONDS_MIN), _CONNECT_SECONDS_MAX)
            self._connections = [ServerConnection(self._context, server, try_time, self._wake, lock)
                                 for server, lock in zip(self._options.servers, self._locks)]
            while self._is_running:
                self._wait()
                self._do_jobs()
                for server in range(len(self._connections)):
                    self._follow(server)
                self._tick()
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
                self._forget(job.asked)
            else:
                self._is_running = False
                self._client.give_up_all("the client was closed")
        self._perform_actions()

    def _next_job(self) -> _Asked | _Forget | _Stop | None:
        try:
            return self._jobs.get_nowait()
        except queue.Empty:
            return None

    def _begin(self, asked: _Asked) -> None:
        if asked.future.cancelled():
            return
        self._last_token += 1
        asked.token = self._last_token
        self._asked[asked.token] = asked  # so that it has an outcome even after a fault
        key = asked.request.part_id() if isinstance(asked.request, Change) else asked.request
        other = self._in_progress.get(key)
        if other is not None and other.future.cancelled():
            self._forget(other)
        elif other is not None:
            del self._asked[asked.token]
            _fail(asked.future, ValueError("the same request, with the same id, is in progress"))
            return
        asked.key = key
        self._in_progress[key] = asked
        if isinstance(asked.request, AllocationRequest) and not asked.request.programs:
            self._finish(asked)
            return
        facts = ClientRequest(asked.request.request_id, asked.collector.program_ids, asked.request.semester)
        self._client.send(asked.token, facts, asked.give_up_at, time.monotonic())

    def _forget(self, asked: _Asked) -> None:
        if asked.token in self._asked:
            self._client.forget(asked.token)
            self._remove(asked)

    def _remove(self, asked: _Asked) -> None:
        del self._asked[asked.token]
        del self._in_progress[asked.key]

    def _follow(self, server: int) -> None:
        connection = self._connections[server]
        while (change := connection.update(time.monotonic())) is not None:
            if isinstance(change, Lost):
                self._take_replies(server)  # that came just before the end
                connection.reset()
                self._client.on_connection_lost(server, change.reason, time.monotonic())
            else:
                self._client.on_connected(server, time.monotonic())
            self._perform_actions()
        self._take_replies(server)

    def _take_replies(self, server: int) -> None:
        """Performs the actions after the last reply, because an action may close the connection."""
        end_at = time.monotonic() + _TURN_SECONDS_MAX
        size = 0
        while size < _TURN_BYTES_MAX and time.monotonic() < end_at:
            body = self._connections[server].receive()
            if body is None:
                break
            size += len(body)
            self._take_reply(server, body)
        self._perform_actions()

    def _take_reply(self, server: int, body: bytes) -> None:
        reply = decode_any_reply(body)
        if reply is None:
            self._log_skipped(server)
            return
        if isinstance(reply, ChangeReply):
            parts = [(reply.part_id, reply.error.status if reply.error else Status.OK)]
            facts = ServerReply(reply.error, parts)
        else:
            parts = [(entry.program_id, entry.status) for entry in reply.programs]
            facts = ServerReply(reply.error, parts, reply.request_id, reply.semester)
        match = self._client.on_reply(server, facts, time.monotonic())
        if match is None:
            return
        asked = self._asked[match.token]
        if isinstance(asked.collector, ChangeCollector):
            asked.collector.take_reply(reply, match)
        elif isinstance(reply, AllocationReply):
            asked.collector.take_reply(reply, match)
        if match.is_over:
            self._finish(asked)

    def _tick(self) -> None:
        now = time.monotonic()
        if (wake_at := self._client.wake_at()) is not None and wake_at <= now:
            self._client.on_tick(now)
            self._perform_actions()

    def _perform_actions(self) -> None:
        for action in self._client.take_actions():
            if isinstance(action, ConnectServer):
                self._connections[action.server].connect(time.monotonic())
            elif isinstance(action, SendTry):
                if action.token in self._asked:  # it was not forgotten meanwhile
                    self._send(action.server, self._asked[action.token])
            elif isinstance(action, ResetServer):
                self._connections[action.server].reset()
            elif isinstance(action, NotKnown):
                if (asked := self._asked.get(action.token)) is not None:
                    asked.collector.take_not_known(action)
                    self._finish(asked)
            else:
                self._write_log(action)

    def _send(self, server: int, asked: _Asked) -> None:
        if self._connections[server].send(asked.body) and isinstance(asked.collector, ChangeCollector):
            asked.collector.count_sent()

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

    def _finish(self, asked: _Asked) -> None:
        outcomes = asked.collector.outcomes()
        if asked.future.set_running_or_notify_cancel():
            asked.future.set_result(outcomes)
        self._remove(asked)

    def _end(self, fault: BaseException) -> None:
        """The futures come first: their owners must not wait forever, whatever fails here."""
        for asked in self._asked.values():
            _fail(asked.future, fault)
        while (job := self._next_job()) is not None:  # since the fault
            if isinstance(job, _Asked):
                _fail(job.future, fault)
        try:
            for connection in self._connections:
                connection.reset()
        finally:
            self._context.destroy(0)
            self._wake_reader.close()
            self._wake_writer.close()


def _fail(future: Future[Any], fault: BaseException) -> None:
    if not future.done() and future.set_running_or_notify_cancel():
        future.set_exception(fault)


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Before the interpreter takes the modules away that the threads use."""
    for engine in list(_engines):
        engine.close()
