"""Changes of a grant: what a faculty asks about a program that holds rooms, and what comes of it. No I/O. Any thread.

Source: docs/protocol.md, "Commands of programs".
"""

from __future__ import annotations

import enum
import json
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from .actions import NotKnown, ReplyMatch
from .messages import (ID_BYTES_MAX, NAME_BYTES_MAX, SEMESTER_BYTES_MAX, InvalidRequest, Rooms, Status, Unknown, check_rooms,
                       check_text)
from .wire import AllocationReply, RequestError, members_of, reply_of, rooms_of

NOTE_BYTES_MAX = 500
_SEQ_MAX = 2**63 - 1
_REPEAT = "; ask again with the same change, it is safe"
_NOTHING_SENT = "; nothing was asked of a server: ask again"


class ChangeKind(enum.StrEnum):
    """What is to become of the grant. The value is the text on the wire."""

    RELEASE = "release-grant"
    AMEND = "amend-grant"
    CONFIRM = "confirm-hold"
    CANCEL = "cancel-hold"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the grant that a program holds. The key of the client must be that of its faculty.

    expects: Holding.seq, as Client.look() has told it. If another entry is the last one about the program, nothing is
        changed: the outcome is NotChanged with CONFLICT.
    classrooms, labs: of AMEND: the rooms that the program wants from now on. Of CONFIRM: both, for a part of the hold, or
        neither.
    accepts_part: of AMEND: a part is better than nothing.
    note: why, for the ledger; one line of at most 500 bytes.
    command_id: 1 to 64 bytes; the default is a fresh UUID. To ask again after Unknown, ask with the same object or an equal
        one.

    Raises InvalidRequest.
    """

    kind: ChangeKind
    semester: str
    faculty: str
    program: str
    expects: int = 0
    classrooms: int | None = None
    labs: int | None = None
    accepts_part: bool = False
    note: str = ""
    command_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    dry_run: bool = False

    def __post_init__(self) -> None:
        check_text("command-id", self.command_id, 1, ID_BYTES_MAX)
        if type(self.expects) is not int or not 0 <= self.expects <= _SEQ_MAX:
            raise InvalidRequest(Status.INVALID_REQUEST, "expects: must be a whole number")
        check_text("note", self.note, 0, NOTE_BYTES_MAX)
        check_text("semester", self.semester, 0, SEMESTER_BYTES_MAX)
        check_text("faculty", self.faculty, 0, NAME_BYTES_MAX)
        check_text("program", self.program, 0, NAME_BYTES_MAX)
        numbers = {"classrooms": self.classrooms, "labs": self.labs}
        if (self.classrooms is None) != (self.labs is None) or (self.kind is ChangeKind.AMEND and self.labs is None):
            raise InvalidRequest(Status.INVALID_REQUEST, "classrooms and labs: must both be numbers")
        if self.labs is not None and self.kind not in (ChangeKind.AMEND, ChangeKind.CONFIRM):
            raise InvalidRequest(Status.INVALID_REQUEST, f"classrooms and labs: do not belong to {self.kind}")
        for key, number in numbers.items():
            if number is not None:
                check_rooms(key, number)

    # What the engine needs to know of a request.

    @property
    def request_id(self) -> str:
        return self.command_id

    def part_id(self) -> str:
        """Names the change within this process. A dry run may have the same command-id."""
        return _part_id(self.command_id, self.dry_run)


def _part_id(command_id: str, dry_run: bool) -> str:
    return f"{'try' if dry_run else 'do'} {command_id}"


@dataclass(frozen=True, slots=True)
class Holding:
    """What a program holds. seq: the number of the last ledger entry about it; 0: there is none.

    rooms: None: it holds nothing. wanted: classrooms and labs. expires_at: of a hold, its end; None: the grant is firm.
    """

    seq: int
    rooms: Rooms | None
    wanted: tuple[int, int] | None
    expires_at: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The change is made, and on the server's disk; or, of a dry run, it would be. holding: after it.

    is_repeat: an earlier copy of the change has made it.
    """

    program: str
    holding: Holding
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class NotChanged:
    """A server has decided against the change. holding: what is true now, if the server has told it.

    status: such as Status.CONFLICT: another entry is the last one about the program than the change expects.
    may_be_made_before: the client sent the change more than once, and of an earlier copy it only knows that no server has
        refused it for now. That copy may have made the change. Look before you ask for anything else: the ledger has the
        command_id. The same holds after an outcome of the same change that was Unknown with was_sent.
    """

    program: str
    status: Status
    detail: str = ""
    holding: Holding | None = None
    may_be_made_before: bool = False


ChangeOutcome = Changed | NotChanged | Unknown


def look_of(change: Change) -> Change:
    """A dry run that expects no entry. Its outcome has the facts."""
    return replace(change, expects=0, dry_run=True, command_id=str(uuid.uuid4()))


def holding_of(outcome: ChangeOutcome) -> Holding | NotChanged | Unknown:
    """What the outcome of look_of() tells. A server that decides against the dry run has the facts in its reply, too."""
    return outcome if isinstance(outcome, Unknown) else outcome.holding or outcome


@dataclass(frozen=True, slots=True)
class ChangeReply:
    """A server's reply to a change. error: None: it is made."""

    part_id: str
    error: RequestError | None
    holding: Holding | None
    is_repeat: bool


def encode_change(change: Change) -> bytes:
    """The body of the message."""
    body: dict[str, Any] = {"dti-command": 1, "command": str(change.kind), "command-id": change.command_id,
                            "expects": change.expects}
    if change.note:
        body["note"] = change.note
    if change.dry_run:
        body["dry-run"] = True
    body |= {"semester": change.semester, "faculty": change.faculty, "program": change.program}
    if change.labs is not None:
        body |= {"classrooms": change.classrooms, "labs": change.labs}
    if change.accepts_part:
        body["accepts-part"] = True
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def decode_any_reply(body: bytes) -> AllocationReply | ChangeReply | None:
    """The reply to a request or to a change, from one parse; None if the body is neither."""
    members = members_of(body)
    if members is None:
        return None
    return _change_reply(members) if "dti-command" in members else reply_of(members)


def _change_reply(members: dict[str, Any]) -> ChangeReply | None:
    """None: it is of another version, or cannot be read."""
    if members["dti-command"] != 1:
        return None
    command_id, status_text = members.get("command-id"), members.get("status")
    if not isinstance(command_id, str) or not isinstance(status_text, str):
        return None
    error = _error(members, status_text)
    holding = _holding(members)
    if error is None and holding is None:
        return None
    return ChangeReply(_part_id(command_id, members.get("dry-run") is True), error, holding, members.get("repeat") is True)


def _error(members: dict[str, Any], status_text: str) -> RequestError | None:
    try:
        status, unknown = Status(status_text), ""
    except ValueError:
        status, unknown = Status.UNAVAILABLE, status_text[:100]
    if status is Status.OK:
        return None
    detail, leader, pause = members.get("detail"), members.get("leader"), members.get("retry-after-ms")
    return RequestError(
        status=status,
        detail=detail if isinstance(detail, str) else "",
        retry_after=pause / 1_000 if type(pause) is int and 0 <= pause <= 1_000_000 else None,
        leader=leader if isinstance(leader, str) else "",
        status_text=unknown,
    )


def _holding(members: dict[str, Any]) -> Holding | None:
    seq, grant = members.get("seq"), members.get("grant")
    if type(seq) is not int or not 0 <= seq <= _SEQ_MAX or "grant" not in members:
        return None
    if grant is None:
        return Holding(seq, None, None)
    if not isinstance(grant, dict) or (rooms := rooms_of(grant)) is None:
        return None
    wanted = grant.get("wanted-classrooms"), grant.get("wanted-labs")
    if any(type(number) is not int for number in wanted):
        return None
    expires_at = members.get("expires-at")
    return Holding(seq, rooms, wanted, expires_at if isinstance(expires_at, str) else None)


class ChangeCollector:
    """The outcome of one change, from the replies of servers."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._outcome: ChangeOutcome | None = None
        self._sent = 0  # copies
        self._refused = 0  # copies that no server will decide

    @property
    def program_ids(self) -> tuple[str, ...]:
        return (self._change.part_id(),)

    def count_sent(self) -> None:
        """A copy of the change was sent to a server."""
        self._sent += 1

    def take_reply(self, reply: AllocationReply | ChangeReply, match: ReplyMatch) -> None:
        """A refusal for now is no outcome: the change goes on."""
        if not match.is_over:
            if reply.error is not None and reply.error.status in (Status.NOT_LEADER, Status.OVERLOADED):
                self._refused += 1
            return
        program = self._change.program
        has_other_copy = not self._change.dry_run and self._sent > self._refused + 1
        if not isinstance(reply, ChangeReply):
            self._outcome = NotChanged(program, Status.INVALID_REQUEST, "the server is of an earlier version, and knows no commands",
                                       may_be_made_before=has_other_copy)
        elif reply.error is not None:
            self._outcome = NotChanged(program, reply.error.status, reply.error.detail, reply.holding, has_other_copy)
        else:
            assert reply.holding is not None
            self._outcome = Changed(program, reply.holding, reply.is_repeat)

    def take_not_known(self, action: NotKnown) -> None:
        """No other reply will come."""
        advice = _REPEAT if action.was_sent else _NOTHING_SENT
        self._outcome = Unknown(self._change.program, action.reason + advice, action.was_sent)

    def outcomes(self) -> tuple[ChangeOutcome, ...]:
        assert self._outcome is not None
        return (self._outcome,)
