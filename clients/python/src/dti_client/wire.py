"""Requests and replies as bytes. Source: docs/protocol.md, "Faculty to server". Pure functions; any thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .messages import REQUEST_BYTES_MAX, ROOMS_MAX, AllocationRequest, InvalidRequest, Rooms, Status

# Old servers send this sentence, misspelt, where other servers send a status.
_OLD_INVALID_SEMESTER = "faculty semester is not the proccesed one"
_STATUS_TEXT_MAX = 100  # characters that are kept


@dataclass(frozen=True, slots=True)
class RequestError:
    """The whole request failed. status: UNAVAILABLE if the server's status, status_text, is not known here.

    retry_after: seconds.
    """

    status: Status
    detail: str = ""
    retry_after: float | None = None
    leader: str = ""  # host:port, with NOT_LEADER; empty if it is not known
    status_text: str = ""  # of a status that is not known here


@dataclass(frozen=True, slots=True)
class RepliedProgram:
    """One entry of a reply. status: UNAVAILABLE if the server's status, status_text, is not known here."""

    program_id: str
    status: Status
    rooms: Rooms | None = None  # with a status that carries a grant
    detail: str = ""
    status_text: str = ""  # of a status that is not known here
    expires_at: str | None = None  # of a hold


@dataclass(frozen=True, slots=True)
class AllocationReply:
    """A server's reply. Entries that cannot be read are left out. Of two with the same program-id, the first counts."""

    error: RequestError | None = None
    programs: tuple[RepliedProgram, ...] = ()
    request_id: str | None = None
    semester: str | None = None


def encode_request(request: AllocationRequest) -> bytes:
    """The body of the message. Raises InvalidRequest if it is longer than a server reads."""
    programs = [
        {"program-id": program_id, "program-name": program.name, "classrooms": program.classrooms, "labs": program.labs}
        for program_id, program in zip(request.program_ids(), request.programs, strict=True)
    ]
    body = {"semester": request.semester, "faculty-name": request.faculty, "programs": programs,
            "request-id": request.request_id}
    if request.hold_seconds is not None:
        body["hold-seconds"] = request.hold_seconds
    encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    if len(encoded) > REQUEST_BYTES_MAX:
        raise InvalidRequest(Status.INVALID_REQUEST, f"the message is longer than {REQUEST_BYTES_MAX:,} bytes")
    return encoded


def body_of(frames: Sequence[bytes]) -> bytes:
    """The body of a message: the frame after the first empty one that is not the last, or else the first frame."""
    for index, frame in enumerate(frames[:-1]):
        if not frame:
            return frames[index + 1]
    return frames[0]


def decode_reply(body: bytes) -> AllocationReply | None:
    """The reply; None if the body is no reply: not JSON, not an object, or with something that the protocol forbids."""
    root = members_of(body)
    return None if root is None else reply_of(root)


def reply_of(root: dict[str, Any]) -> AllocationReply:
    """The reply that has these members."""
    programs = root.get("programs")
    entries: dict[str, RepliedProgram] = {}
    for entry in programs if isinstance(programs, list) else []:
        if (program := _program(entry)) is not None:
            entries.setdefault(program.program_id, program)
    return AllocationReply(
        error=_error(root) if root.get("error-found") is True else None,
        programs=tuple(entries.values()),
        request_id=_optional_text(root, "request-id"),
        semester=_optional_text(root, "semester"),
    )


def members_of(body: bytes) -> dict[str, Any] | None:
    """The members of a JSON object; None if the body is none, or has something that the protocol forbids."""
    try:
        root = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_reject)
    except (ValueError, RecursionError):
        return None
    return root if isinstance(root, dict) else None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is given twice")
    for text in (*members, *members.values()):
        if isinstance(text, str):
            text.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
            if "\0" in text:
                raise ValueError("a text contains U+0000")
    return members


def _reject(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _optional_text(members: dict[str, Any], key: str) -> str | None:
    value = members.get(key)
    return value if isinstance(value, str) else None


def _text(members: dict[str, Any], key: str) -> str:
    return _optional_text(members, key) or ""


def _whole_number(value: Any) -> int | None:
    """As the protocol has it: written without a fraction or an exponent, and at most ROOMS_MAX."""
    return value if type(value) is int and 0 <= value <= ROOMS_MAX else None


def _status(text: str) -> tuple[Status, str]:
    """The status, and the text of one that is not known here."""
    if text.lower() == _OLD_INVALID_SEMESTER:
        return Status.INVALID_SEMESTER, ""
    try:
        return Status(text), ""
    except ValueError:
        return Status.UNAVAILABLE, text[:_STATUS_TEXT_MAX]


def _error(root: dict[str, Any]) -> RequestError:
    text = _text(root, "error-message")
    status, status_text = _status(text)
    if not status.is_whole_request:
        status, status_text = Status.UNAVAILABLE, text
    milliseconds = _whole_number(root.get("retry-after-ms"))
    return RequestError(
        status=status,
        detail=_text(root, "detail"),
        retry_after=None if milliseconds is None else milliseconds / 1_000,
        leader=_text(root, "leader"),
        status_text=status_text,
    )


def _program(entry: Any) -> RepliedProgram | None:
    if not isinstance(entry, dict):
        return None
    program_id, status_text = _text(entry, "program-id"), _optional_text(entry, "status-message")
    if not program_id or status_text is None:
        return None
    status, unknown_text = _status(status_text)
    rooms = None
    if status.carries_grant:
        rooms = rooms_of(entry)
        if rooms is None:
            return None
    expires_at = _optional_text(entry, "expires-at") if rooms else None
    return RepliedProgram(program_id, status, rooms, _text(entry, "detail"), unknown_text, expires_at)


def rooms_of(entry: dict[str, Any]) -> Rooms | None:
    """The rooms of a grant; None if a number is missing or is none."""
    classrooms, labs, mobile_labs = (_whole_number(entry.get(key)) for key in ("classrooms", "labs", "mobile-labs"))
    if classrooms is None or labs is None or mobile_labs is None:
        return None
    return Rooms(classrooms, labs, mobile_labs)
