"""Requests and their outcomes, as the caller sees them. All of these are immutable and may be shared by threads."""

from __future__ import annotations

import enum
import json
import operator
import uuid
from dataclasses import dataclass, field

PROGRAMS_MAX = 1_000  # in one request
NAME_BYTES_MAX = 200  # of a program or a faculty, in UTF-8
SEMESTER_BYTES_MAX = 64
ID_BYTES_MAX = 64
ROOMS_MAX = 1_000_000  # of one kind
HOLD_SECONDS_MAX = 30 * 86_400
REQUEST_BYTES_MAX = 1024 * 1024  # a server closes the connection above it


class Status(enum.StrEnum):
    """A status of docs/protocol.md, in the order in which a server checks for it. The value is the text on the wire."""

    INVALID_REQUEST = "INVALID-REQUEST"
    UNAUTHORIZED = "UNAUTHORIZED"
    NOT_LEADER = "NOT-LEADER"
    OVERLOADED = "OVERLOADED"
    UNAVAILABLE = "UNAVAILABLE"
    INVALID_SEMESTER = "INVALID-SEMESTER"
    INVALID_FACULTY = "INVALID-FACULTY"
    CONFLICT = "CONFLICT"
    REFUSED = "REFUSED"
    HOLD_ALREADY_CONFIRMED = "HOLD-ALREADY-CONFIRMED"
    HOLD_ALREADY_CANCELLED = "HOLD-ALREADY-CANCELLED"
    HOLD_EXPIRED = "HOLD-EXPIRED"
    INVALID_PROGRAM = "INVALID-PROGRAM"
    GRANT_RELEASED = "GRANT-RELEASED"
    ALREADY_HAS_RESOURCES = "PROGRAM-ALREADY-HAS-RESOURCES-FOR-SEMESTER"
    NOT_ENOUGH_RESOURCES = "NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT"
    OK = "OK"

    @property
    def may_retry(self) -> bool:
        """May the same request succeed when it is sent again, to this server or another one?"""
        return self in (Status.NOT_LEADER, Status.OVERLOADED, Status.UNAVAILABLE)

    @property
    def is_whole_request(self) -> bool:
        """Does the status belong to the whole request, and not to one of its programs?"""
        return self not in (Status.INVALID_PROGRAM, Status.GRANT_RELEASED, *_WITH_GRANT)

    @property
    def carries_grant(self) -> bool:
        """Do the rooms of a grant come with it?"""
        return self in _WITH_GRANT


_WITH_GRANT = (Status.ALREADY_HAS_RESOURCES, Status.NOT_ENOUGH_RESOURCES, Status.OK)


class InvalidRequest(ValueError):
    """A server would reject the whole request, whatever its state. Nothing was sent.

    `status` and `detail` are those of the server's reply.
    """

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """The rooms that one program wants. AllocationRequest checks the values.

    name: as the catalogue has it; case, spaces, `_` and `-` do not matter. At most 200 bytes in UTF-8.
    classrooms, labs: 0 to 1,000,000 each.
    """

    name: str
    classrooms: int
    labs: int


def fresh_request_id() -> str:
    """A request-id that was never used before: a UUID of version 4."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class AllocationRequest:
    """What a faculty asks for its programs. The server grants rooms to all of these programs together or to none.

    semester: compared byte for byte. 1 to 64 bytes in UTF-8.
    faculty: as the catalogue has it. 1 to 200 bytes in UTF-8.
    programs: at most 1,000. Each gets its own outcome.
    request_id: 1 to 64 bytes, and another one for each request. The default is a fresh UUID. Servers write it into the
        ledger. To ask again after Unknown, ask with the same object or an equal one: the request-id is a part of it.
    hold_seconds: 1 to 2,592,000 (30 days). New grants then are holds: they end by themselves after this time, unless the
        same request with another request_id and without hold_seconds confirms them. None: the grants are firm.

    Raises InvalidRequest.
    """

    semester: str
    faculty: str
    programs: tuple[ProgramRequest, ...]
    request_id: str = field(default_factory=fresh_request_id)
    hold_seconds: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "programs", tuple(_with_plain_numbers(program) for program in self.programs))
        if self.hold_seconds is not None:
            object.__setattr__(self, "hold_seconds", _plain_number(self.hold_seconds))
        _check(self)

    def program_ids(self) -> tuple[str, ...]:
        """The program-id of each program on the wire.

        They are made from the whole request, so that a repeat has the same ones, and so that a late reply to another
        request with the same request-id never looks like a reply to this one.
        """
        asked = [(program.name, program.classrooms, program.labs) for program in self.programs]
        held = [] if self.hold_seconds is None else [self.hold_seconds]
        seed = json.dumps([self.request_id, self.semester, self.faculty, asked, *held])
        request = uuid.uuid5(_PROGRAM_IDS, seed)
        return tuple(str(uuid.uuid5(request, str(index))) for index in range(len(asked)))


_PROGRAM_IDS = uuid.UUID("5d0a8c0e-3f0c-4b52-9a51-6f8a1f2f7c11")


def _check(request: AllocationRequest) -> None:
    """In the order of the server, because its reply names the first fault."""
    check_text("semester", request.semester, 0, SEMESTER_BYTES_MAX)
    check_text("faculty-name", request.faculty, 0, NAME_BYTES_MAX)
    if len(request.programs) > PROGRAMS_MAX:
        raise InvalidRequest(Status.INVALID_REQUEST, f"programs: must hold at most {PROGRAMS_MAX:,} entries")
    for index, program in enumerate(request.programs):
        check_text(f"programs[{index}].program-name", program.name, 0, NAME_BYTES_MAX)
        check_rooms(f"programs[{index}].classrooms", program.classrooms)
        check_rooms(f"programs[{index}].labs", program.labs)
    check_text("request-id", request.request_id, 1, ID_BYTES_MAX)
    seconds = request.hold_seconds
    if seconds is not None and (type(seconds) is not int or not 1 <= seconds <= HOLD_SECONDS_MAX):
        raise InvalidRequest(Status.INVALID_REQUEST,
                             f"hold-seconds: must be a whole number from 1 to {HOLD_SECONDS_MAX:,}")
    if not request.semester:
        raise InvalidRequest(Status.INVALID_SEMESTER, "an empty semester is not open")
    if not request.faculty:
        raise InvalidRequest(Status.INVALID_FACULTY, "an empty name is not a faculty")


def check_text(key: str, text: str, least: int, most: int) -> None:
    bounds = f"at most {most}" if least == 0 else f"{least} to {most}"
    if not isinstance(text, str):
        raise InvalidRequest(Status.INVALID_REQUEST, f"{key}: must be a text of {bounds} bytes")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidRequest(Status.INVALID_REQUEST, f"{key}: contains a lone surrogate") from None
    if "\0" in text:
        raise InvalidRequest(Status.INVALID_REQUEST, f"{key}: contains U+0000")
    if not least <= size <= most:
        raise InvalidRequest(Status.INVALID_REQUEST, f"{key}: must be a text of {bounds} bytes")


def _with_plain_numbers(program: ProgramRequest) -> ProgramRequest:
    """Numbers of other libraries, such as numpy.int64, become int. What is no whole number stays as it is."""
    numbers = [_plain_number(number) for number in (program.classrooms, program.labs)]
    return ProgramRequest(program.name, *numbers)


def _plain_number(number: int) -> int:
    if isinstance(number, bool):
        return number
    try:
        return operator.index(number)
    except TypeError:
        return number


def check_rooms(key: str, rooms: int) -> None:
    if type(rooms) is not int or not 0 <= rooms <= ROOMS_MAX:  # bool is a subclass of int
        raise InvalidRequest(Status.INVALID_REQUEST, f"{key}: must be a whole number from 0 to {ROOMS_MAX:,}")


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of a grant. labs does not include mobile labs. A mobile lab is a classroom converted into a lab."""

    classrooms: int
    labs: int
    mobile_labs: int


@dataclass(frozen=True, slots=True)
class Granted:
    """The program holds these rooms. The grant stands until it is changed, and is on the server's disk.

    is_whole: True: all rooms that the program wants. False: a part of them, which may be no rooms at all.
    expires_at: of a hold, the time at which it ends, such as 2026-12-01T10:00:00.000000Z. None: the grant is firm.
    """

    program: str
    rooms: Rooms
    is_whole: bool
    detail: str = ""
    expires_at: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The program got no rooms by this request, and the same request will not get any later.

    status: such as Status.INVALID_PROGRAM.
    detail: a sentence for people; may be empty.
    holds: with Status.ALREADY_HAS_RESOURCES, the rooms that the program got by an earlier request with other numbers.
    """

    program: str
    status: Status
    detail: str = ""
    holds: Rooms | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """No server gave a final reply in time. Ask again with the same request: no program is granted rooms twice.

    reason: a clause for people, with what to do. With an old server (retries=0) a repeat is not safe.
    was_sent: False: no server can have read the request. True: rooms may have been granted.
    """

    program: str
    reason: str
    was_sent: bool


Outcome = Granted | Refused | Unknown
