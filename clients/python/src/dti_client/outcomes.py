"""How replies become the outcomes of a request's programs. No I/O. Thread: one."""

from __future__ import annotations

from .actions import NotKnown, ReplyMatch
from .messages import AllocationRequest, Granted, Outcome, Refused, Status, Unknown
from .wire import AllocationReply, RepliedProgram

_ASK_AGAIN = "; ask again, it is safe"
_NOTHING_SENT = "; nothing was asked of a server: ask again"
_MAY_BE_GRANTED = ("; rooms may have been granted: before you ask again, look at the server's log, because an old DTI "
                   "server grants a repeat once more")


class OutcomeCollector:
    """Collects an outcome for each program of one request. The first outcome of a program stands."""

    def __init__(self, request: AllocationRequest, repeats_are_safe: bool = True) -> None:
        """repeats_are_safe: False: the server may be an old one."""
        self._advice = _ASK_AGAIN if repeats_are_safe else _MAY_BE_GRANTED
        self._names = {program_id: program.name
                       for program_id, program in zip(request.program_ids(), request.programs, strict=True)}
        self._outcomes: dict[str, Outcome] = {}

    @property
    def program_ids(self) -> tuple[str, ...]:
        return tuple(self._names)

    def take_reply(self, reply: AllocationReply, match: ReplyMatch) -> None:
        """The reply answers the programs that it lists with a final status and, if it is the last, all others."""
        error = reply.error
        for entry in reply.programs:
            if match.answers(entry.status):
                self._add(entry, error.detail if error else "")
        if not match.is_over:
            return
        for program_id in self._names:
            if error is None:
                self._add_unknown(program_id, "the server's reply does not list the program", was_sent=True)
            else:
                self._add(RepliedProgram(program_id, error.status, status_text=error.status_text), error.detail)

    def take_not_known(self, action: NotKnown) -> None:
        """No other reply will come."""
        for program_id in self._names:
            self._add_unknown(program_id, action.reason, action.was_sent)

    def outcomes(self) -> tuple[Outcome, ...]:
        """In the order of the request's programs, each of which must have one."""
        return tuple(self._outcomes[program_id] for program_id in self._names)

    def _add(self, entry: RepliedProgram, error_detail: str) -> None:
        name = self._names.get(entry.program_id)
        if name is None:  # an entry of another request
            return
        status, rooms, detail = entry.status, entry.rooms, entry.detail or error_detail
        if status.may_retry:
            said = f"a server replied {entry.status_text or status}" + (f" ({detail})" if detail else "")
            self._add_unknown(entry.program_id, said, was_sent=True)
        elif rooms is not None and status is not Status.ALREADY_HAS_RESOURCES:
            self._outcomes.setdefault(entry.program_id, Granted(name, rooms, status is Status.OK, detail, entry.expires_at))
        else:
            self._outcomes.setdefault(entry.program_id, Refused(name, status, detail, rooms))

    def _add_unknown(self, program_id: str, reason: str, was_sent: bool) -> None:
        advice = self._advice if was_sent else _NOTHING_SENT
        self._outcomes.setdefault(program_id, Unknown(self._names[program_id], reason + advice, was_sent))
