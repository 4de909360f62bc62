"""A ledger beside every answer to its clients, which must be in it."""

from tests_py.harness.challenge.ledger import time_of

HELD = ("HOLD-ALREADY-CONFIRMED", "HOLD-ALREADY-CANCELLED", "HOLD-EXPIRED")
WITH_FACTS = ("CONFLICT", "REFUSED", *HELD)
ABOUT_GRANTS = ("release-grant", "amend-grant", "confirm-hold", "extend-hold", "cancel-hold", "leave-wait-list")
READ_SECONDS = 0.05  # the server reads the ledger's time once for a group of requests: so much earlier than one of them came


class Books:
    """The ledger, the requests (Traffic) and the commands (Desk) of one store."""

    def __init__(self, ledger, traffic, desk):
        self._ledger = ledger
        self._traffic = traffic
        self._desk = desk
        self._found = []

    def faults(self):
        """Reads the ledger. Everything that is wrong so far, as (kind, sentence)."""
        self._ledger.read()
        for asked in _taken(self._traffic.new_answers):
            self._found += self._ledger.check_answers(asked)
        for command, reply in _taken(self._desk.new_answers):
            self._found += self._check_command(command.message, reply)
        for semester in self._ledger.semesters.values():
            for expired in _taken(semester.expired):
                self._found += self._check_expired(semester, *expired)
        return [*self._found, *self._traffic.faults, *self._desk.faults, *self._ledger.faults]

    def _check_command(self, message, reply):
        semester = self._ledger.semesters.get(message["semester"])
        if semester is None:
            return [("lost", f"{message} got {reply}, and {message['semester']} is not in the ledger")]
        if reply["status"] == "OK":
            return _check_made(message, reply, semester)
        if reply["status"] in WITH_FACTS and message["command"] in ABOUT_GRANTS:
            return _check_facts(message, reply, semester)
        return []

    def _check_expired(self, semester, key, end_of, at):
        """By the clock of the clients, a hold lasts as long as they asked for after they asked."""
        source = self._traffic.by_id.get(end_of) or self._desk.by_id.get(end_of)
        if source is None:
            return [("foreign", f"{semester.name}: the hold of {key} comes from {end_of}, which nobody has sent")]
        freed = time_of(at).timestamp()
        if freed < source.sent_at + source.hold_seconds - READ_SECONDS:
            return [("early", f"{semester.name}: {end_of} asked for {source.hold_seconds} s at {source.sent_at}, and the hold of "
                              f"{key} was freed at {freed}")]
        return []


def _check_made(message, reply, semester):
    """A change without any effect is OK and not stored: its seq is the one that it expects."""
    if message["command"] == "open-semester":
        return []
    seq = semester.commands.get(message["command-id"])
    if seq != reply["seq"] and (seq is not None or reply["seq"] != message["expects"]):
        return [("lost", f"{message} got {reply}, and the ledger has it as entry {seq}")]
    return []


def _check_facts(message, reply, semester):
    """The facts of a reply that changes nothing are those of the entry that it names."""
    grant = reply["grant"]
    rooms = grant and (grant["classrooms"], grant["labs"], grant["mobile-labs"])
    at = reply["seq"], message["faculty"], message["program"]
    if semester.rooms_at.get(at, "nothing" if reply["seq"] else None) != rooms:
        return [("lost", f"{message} got {reply}, and the ledger has other rooms at that entry")]
    return []


def _taken(values):
    """The values, which are taken out of their list."""
    taken = values[:]
    values.clear()
    return taken
