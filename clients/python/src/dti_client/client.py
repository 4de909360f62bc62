"""The two clients: Client waits in the calling thread, AsyncClient in an asyncio task. Both are thin."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Iterable
from concurrent.futures import Future
from types import TracebackType

from .changes import Change, ChangeOutcome, Holding, NotChanged, holding_of, look_of
from .engine import Engine, Outcomes, check_servers
from .keys import make_locks
from .messages import AllocationRequest, Unknown
from .server_client import ServerClientOptions

DEFAULT_TIMEOUT = 25.0  # seconds, as a faculty's


class _Base:
    """What both clients have: a thread of their own with the connections, which ends with the object."""

    def __init__(self, servers: Iterable[str], *, request_timeout: float = 2.0, retries: int | None = None,
                 key_file: str | os.PathLike[str] | None = None,
                 server_keys: str | Iterable[str] | None = None) -> None:
        """servers: HOST:PORT of each server, at least one; spelled as the servers advertise themselves, so that a
            standby can name the leader. A name may have several addresses; an IPv6 address stands in brackets.
        request_timeout: seconds that one try may take before the client asks the next server.
        retries: None: the client tries until the timeout of ask(). 0: it never sends a request again that a server may
            have read, as an old server needs it (docs/operations.md, Old servers).
        key_file, server_keys: for secured endpoints: the file that `dtictl key new` made for this program, and the
            public key of the servers (64 hexadecimal digits), or one for each. None: plain connections.

        Does not connect yet. Raises ValueError or TypeError for arguments that cannot be right, OSError for
        a key file that cannot be read.
        """
        if not request_timeout > 0:
            raise ValueError(f"request_timeout: must be a positive number of seconds, not {request_timeout}")
        checked = check_servers(servers)
        locks = make_locks(key_file, server_keys, len(checked))
        self._engine = Engine(ServerClientOptions(checked, request_timeout, retries), locks)
        # If the object is dropped without close(), its thread is only told to end: a finalizer runs in any thread, in
        # the middle of anything, and must not wait. At the end of the program, the engine sees to it itself.
        weakref.finalize(self, self._engine.stop).atexit = False


class Client(_Base):
    """Asks servers for rooms. Any number of threads may use one client at the same time.

    After a fork, make a new one in the child process.
    """

    def ask(self, request: AllocationRequest, *, timeout: float = DEFAULT_TIMEOUT) -> Outcomes:
        """Asks, and waits for an outcome for each program, in the order of the request.

        The client finds the leader and repeats the request with the same ids until a server answers or `timeout`
        seconds are over. No error of a network or a server is raised: such an outcome is Unknown. Then ask again with
        the same request; programs that were granted rooms meanwhile get the same grant.

        Raises InvalidRequest (nothing was sent), ValueError (timeout; or the same request is in progress), RuntimeError
        (the client is closed, or is another process's).
        """
        future: Future[Outcomes] = Future()
        try:
            self._engine.submit(request, timeout, future)
            return future.result()
        finally:
            future.cancel()  # if it was interrupted, by Ctrl-C for instance

    def look(self, change: Change, *, timeout: float = DEFAULT_TIMEOUT) -> Holding | NotChanged | Unknown:
        """What the program holds now. Nothing is changed. The `seq` of the Holding is what a change expects.

        NotChanged: a server does not tell, such as with UNAUTHORIZED. Raises as ask() does.
        """
        return holding_of(self.change(look_of(change), timeout=timeout))

    def change(self, change: Change, *, timeout: float = DEFAULT_TIMEOUT) -> ChangeOutcome:
        """Changes the grant of a program, and waits for the outcome.

        The client finds the leader, and repeats the change with the same command-id until a server answers or `timeout`
        seconds are over. After Unknown, ask again with the same change: it is never made twice. Raises as ask() does.
        """
        future: Future[tuple[ChangeOutcome]] = Future()
        try:
            self._engine.submit(change, timeout, future)
            return future.result()[0]
        finally:
            future.cancel()

    def close(self) -> None:
        """Closes the connections. Requests that other threads wait for become Unknown."""
        self._engine.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class AsyncClient(_Base):
    """Asks servers for rooms. Any number of tasks, and of event loops, may use one client at the same time.

    After a fork, make a new one in the child process.
    """

    async def ask(self, request: AllocationRequest, *, timeout: float = DEFAULT_TIMEOUT) -> Outcomes:
        """As Client.ask(). If the task is cancelled, the client forgets the request; a server may still grant it."""
        future: Future[Outcomes] = Future()
        try:
            self._engine.submit(request, timeout, future)
            return await asyncio.wrap_future(future)
        finally:
            future.cancel()  # if it was interrupted

    async def look(self, change: Change, *, timeout: float = DEFAULT_TIMEOUT) -> Holding | NotChanged | Unknown:
        """As Client.look()."""
        return holding_of(await self.change(look_of(change), timeout=timeout))

    async def change(self, change: Change, *, timeout: float = DEFAULT_TIMEOUT) -> ChangeOutcome:
        """As Client.change(). If the task is cancelled, the client forgets the change; a server may still make it."""
        future: Future[tuple[ChangeOutcome]] = Future()
        try:
            self._engine.submit(change, timeout, future)
            return (await asyncio.wrap_future(future))[0]
        finally:
            future.cancel()

    async def close(self) -> None:
        """Closes the connections. Requests that other tasks wait for become Unknown."""
        await asyncio.to_thread(self._engine.close)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.close()
