"""What ServerClient is told, and what it tells its owner to do. All of these are immutable."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from .messages import Status
from .wire import RequestError


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """The facts of a request that the client needs. program_ids: of the parts that servers answer, at least one."""

    request_id: str
    program_ids: tuple[str, ...]
    semester: str


@dataclass(frozen=True, slots=True)
class ServerReply:
    """The facts of a reply that the client reads.

    parts: program-id and status, each program-id once; empty if the reply lists no program.
    """

    error: RequestError | None = None
    parts: Sequence[tuple[str, Status]] = ()
    request_id: str | None = None
    semester: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyMatch:
    """Which request a reply answers.

    is_over: True: the reply answers each part that has no answer yet, and its error answers the parts that it does not
    list. False: the server refused the request for now. The reply answers the listed parts with a final status only,
    and the request goes on.
    """

    token: int
    is_over: bool

    def answers(self, status: Status) -> bool:
        """Does the reply answer a part that it lists with this status?"""
        return self.is_over or not status.may_retry


@dataclass(frozen=True, slots=True)
class ConnectServer:
    """Action: make a connection to a server, unless one is established or being made."""

    server: int


@dataclass(frozen=True, slots=True)
class SendTry:
    """Action: send the request's body over the established connection to the server with that index.

    The owner must not keep the body for a later connection: by then, the request may have been sent elsewhere, or been
    given up.
    """

    server: int
    token: int


@dataclass(frozen=True, slots=True)
class ResetServer:
    """Action: close the connection to a server, or end the attempt to make one."""

    server: int


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Action: no server answered the request (or its remaining parts), and the client has given it up."""

    token: int
    reason: str  # a clause
    was_sent: bool  # a server may have read it


class EventKind(enum.Enum):
    SENT = enum.auto()
    TRY_LOST = enum.auto()
    TRY_REFUSED = enum.auto()
    ANSWERED = enum.auto()
    GIVEN_UP = enum.auto()


@dataclass(frozen=True, slots=True)
class RequestEvent:
    """Action: log an event of a request. message: a clause."""

    kind: EventKind
    token: int
    server: int
    message: str


Action = ConnectServer | SendTry | ResetServer | NotKnown | RequestEvent
