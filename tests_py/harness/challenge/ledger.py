"""Reads a ledger with SQL and counts what may not be. It shares no code with the server: only the rules of the documents."""

import bisect
import collections
import datetime

from tests_py.harness.wire import HAS_ALREADY, OK, PARTIAL

COLUMNS = ("seq", "kind", "faculty", "program", "generation", "classrooms_wanted", "labs_wanted", "classrooms_granted",
           "labs_granted", "mobile_labs_granted", "status", "classrooms_capacity", "labs_capacity",
           "conversions_capacity", "request_id", "cause", "command_id", "waits_since", "setting", "at", "expires_at",
           "classrooms_limit", "classrooms_limit_is_soft", "labs_limit", "labs_limit_is_soft", "terms")
RELEASED = "GRANT-RELEASED"
ENDS = ("released", "cancelled", "expired")  # the causes after which a program holds nothing
LATE = datetime.timedelta(seconds=20)  # a busy machine, whose server is killed, frees a hold no later than that after its end
UNLIMITED = 10**9

Entry = collections.namedtuple("Entry", COLUMNS)


class Holding:
    """What a program holds, and its place in the list if its grant is not whole."""

    __slots__ = ("end_of", "expires_at", "generation", "place", "request_id", "rooms", "wanted")

    def __init__(self, entry):
        self.generation = entry.generation
        self.wanted = entry.classrooms_wanted, entry.labs_wanted
        self.rooms = rooms_of(entry)
        self.request_id = entry.request_id  # of the request that asked for it, also after top-ups and amendments
        self.expires_at = entry.expires_at  # None: firm
        self.end_of = entry.request_id  # the request, or the command of the last extension, that the end is counted from
        self.place = None

    @property
    def lacks(self):
        classrooms, labs, mobile_labs = self.rooms
        return self.wanted[0] - classrooms, self.wanted[1] - labs - mobile_labs

    def may_use(self, left, admitted):
        """docs/adr/0029: what a place may have of what is left, within what the quota of its faculty still admits."""
        classrooms, labs, conversions = left
        lacks_classrooms, lacks_labs = self.lacks
        return (min(lacks_classrooms, admitted[0]) > 0 and (classrooms > 0 or (self.rooms[2] > 0 and labs > 0))
                or min(lacks_labs, admitted[1]) > 0 and (labs > 0 or min(classrooms, conversions) > 0))


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def rooms_of(entry):
    return entry.classrooms_granted, entry.labs_granted, entry.mobile_labs_granted


class Semester:
    """The ledger of one semester, entry by entry. `faults`: what may not be, as (kind, sentence).

    over: more granted than there is, or than a hard quota; doubled: two grants at once, or of one request; early, late: a
    hold that ends before its end, or is there after it; overtaken: the order of the wait list; torn: a round in part;
    foreign: no entry of a client; sums: everything else."""

    def __init__(self, name):
        self.name = name
        self.faults = []
        self.head = 0
        self.capacity = (0, 0, 0)
        self.granted = (0, 0, 0)
        self.is_open = True
        self.has_list = False
        self.was_closed = False
        self.held = {}  # (faculty, program) -> Holding
        self.last_seq = {}  # (faculty, program), or the capacity: the last entry about it
        self.rooms_at = {}  # (seq, faculty, program) -> the rooms held after this entry, or None
        self.grants = collections.defaultdict(list)  # (faculty, program) -> (wanted, status, rooms) of each grant
        self.asked = {}  # (request-id, faculty, program) -> wanted, of each grant that a request asked for
        self.ended = set()  # (request-id, faculty, program) of those that have ended
        self.ends = collections.defaultdict(set)  # (faculty, program) -> each end of a hold
        self.commands = {}  # command-id -> the seq of its last entry
        self.holds = {}  # (faculty, program) -> the end of the hold that is open
        self.expired = []  # (faculty, program), what its end was counted from, when it expired; of those not looked at yet
        self._round_lacks = 0  # grants of the last round that were not read yet
        self._quotas = {}  # faculty -> its hard limits of classrooms and of labs
        self._faculties = collections.defaultdict(lambda: (0, 0))  # what its programs hold: classrooms, labs with mobile labs
        self._places = []  # (place, faculty, program) in order
        self._before = None  # what was held before an amendment or a top-up

    @property
    def left(self):
        classrooms, labs, conversions = self.capacity
        given_classrooms, given_labs, mobile_labs = self.granted
        return classrooms - given_classrooms - mobile_labs, labs - given_labs, conversions - mobile_labs

    def admitted(self, faculty):
        """Classrooms and labs that the hard quota of a faculty still leaves."""
        return tuple(limit - held for limit, held in zip(self._quotas.get(faculty, (UNLIMITED,) * 2), self._faculties[faculty]))

    def first_place(self):
        """(faculty, program) of the first place that may use something of what is left."""
        left = self.left
        if not self.has_list or (left[0] <= 0 and left[1] <= 0):
            return None
        return next((key for _, *key in self._places if self.held[tuple(key)].may_use(left, self.admitted(key[0]))), None)

    def apply(self, entry):
        if entry.cause != "round":
            self.check_round_is_whole()
        if entry.seq != self.head + 1:
            self._fault(entry, f"comes after entry {self.head}")
        self.head = entry.seq
        if entry.command_id and entry.cause != "round":
            self.commands[entry.command_id] = entry.seq
        if self.holds and entry.cause != "expired":
            self._check_ends(entry)
        getattr(self, "_on_" + entry.kind.replace("-", "_"), self._on_other)(entry)
        if min(self.left) < 0:
            self._fault(entry, f"more is granted than there is: {self.left} are left", "over")
        if entry.faculty and min(self.admitted(entry.faculty)) < 0:
            self._fault(entry, f"more than the quota of {entry.faculty}: {self.admitted(entry.faculty)} are left of it", "over")

    def _check_ends(self, entry):
        """A hold that has ended is no longer resolved, and has its rooms only as long as a change of the server takes."""
        for key, end in self.holds.items():
            if end <= entry.at and key == (entry.faculty, entry.program) and (
                    entry.kind in ("confirmed", "hold-extended") or entry.cause in ("cancelled", "confirmed-in-part")):
                self._fault(entry, f"the hold of {key} has ended before, at {end}", "late")
            if end < entry.at and time_of(entry.at) - time_of(end) > LATE:
                self._fault(entry, f"the hold of {key} has ended long before, at {end}, and has the rooms", "late")

    def finish(self):
        """Faults of the last state."""
        if self.is_open and (key := self.first_place()):
            self.faults.append(("overtaken", f"{self.name}: {self.left} are left, and {key} waits for them"))

    def check_round_is_whole(self):
        """Call it at any moment: a store never shows a part of a round."""
        if self._round_lacks:
            self.faults.append(("torn", f"{self.name}: {self._round_lacks} grants of the round are missing after entry {self.head}"))
            self._round_lacks = 0

    def _fault(self, entry, sentence, kind="sums"):
        self.faults.append((kind, f"{self.name}, entry {entry.seq}, {entry.kind} {entry.cause or ''}: {sentence}"))

    def _on_semester_opened(self, entry):
        self._on_capacity_changed(entry)

    def _on_capacity_changed(self, entry):
        self.capacity = entry.classrooms_capacity, entry.labs_capacity, entry.conversions_capacity
        self.last_seq["capacity"] = entry.seq

    def _on_semester_closed(self, _entry):
        self.is_open = False
        self.was_closed = True

    def _on_semester_reopened(self, _entry):
        self.is_open = True

    def _on_setting(self, entry):
        self.has_list = entry.setting == "wait-list-on"

    def _on_quota_set(self, entry):
        limits = ((entry.classrooms_limit, entry.classrooms_limit_is_soft), (entry.labs_limit, entry.labs_limit_is_soft))
        self._quotas[entry.faculty] = tuple(UNLIMITED if limit is None or soft in (1, "t", "true") else limit
                                            for limit, soft in limits)
        self.last_seq["quota", entry.faculty] = entry.seq

    def _on_round_opened(self, entry):
        self.last_seq["rounds"] = entry.seq

    def _on_round(self, entry):
        terms = dict(term.split("=") for term in entry.terms.split())
        if int(terms["opened"]) != self.last_seq.get("rounds"):
            self._fault(entry, f"the last entry about rounds is {self.last_seq.get('rounds')}")
        if first := self.first_place():
            self._fault(entry, f"the round overtakes {first}, which may use what is left: {self.left}", "overtaken")
        self.last_seq["rounds"] = entry.seq
        self._round_lacks = int(terms["grants"])

    def _on_granted(self, entry):
        key = entry.faculty, entry.program
        if entry.cause == "round":
            self._round_lacks -= 1
            if self._round_lacks < 0:
                self._fault(entry, f"{key} gets rooms of no round")
                self._round_lacks = 0
        if key in self.held:
            self._fault(entry, f"{key} gets a second grant", "doubled")
            self._drop_place(key, self.held[key])
        if not self.is_open:
            self._fault(entry, "the semester is closed")
        if entry.cause == "asked":
            self._on_asked(entry, key)
        holding = self.held[key] = Holding(entry)
        if holding.rooms[0] > holding.wanted[0] or sum(holding.rooms[1:]) > holding.wanted[1] or min(holding.rooms) < 0:
            self._fault(entry, f"{key} gets {holding.rooms} and wants {holding.wanted}")
        if self._before:
            holding.request_id, holding.end_of = self._before.request_id, self._before.end_of
        self._count(key, holding, 1)
        self._give_place(entry, key, holding)
        self._before = None
        self._note(entry, key, holding.rooms)
        self.grants[key].append((holding.wanted, entry.status, holding.rooms))

    def _on_asked(self, entry, key):
        if first := self.first_place():
            self._fault(entry, f"{key} overtakes {first}, which may use what is left: {self.left}", "overtaken")
        if entry.request_id is not None:
            if (entry.request_id, *key) in self.asked:
                self._fault(entry, f"{entry.request_id} grants {key} once more", "doubled")
            self.asked[entry.request_id, *key] = entry.classrooms_wanted, entry.labs_wanted
        classrooms, labs, conversions = map(lambda rooms: max(0, rooms), self.left)
        admitted = self.admitted(entry.faculty)
        classrooms_wanted, labs_wanted = min(entry.classrooms_wanted, admitted[0]), min(entry.labs_wanted, admitted[1])
        mobile_labs = min(max(0, labs_wanted - labs), conversions, classrooms)
        rule = min(classrooms_wanted, classrooms - mobile_labs), min(labs_wanted, labs), mobile_labs
        if rule != rooms_of(entry):
            self._fault(entry, f"{key} gets {rooms_of(entry)}, and by the rule {rule}")

    def _give_place(self, entry, key, holding):
        before = self._before
        if max(holding.lacks) > 0:
            holding.place = entry.seq
            if before and (entry.cause == "topped-up" or all(new <= old for new, old in zip(holding.wanted, before.wanted))):
                holding.place = before.place
        if entry.cause == "topped-up" and (before is None or entry.waits_since != before.place):
            self._fault(entry, f"{key} waits since {before and before.place}, not since {entry.waits_since}", "overtaken")
        if holding.place is not None:
            bisect.insort(self._places, (holding.place, *key))

    def _on_released(self, entry):
        key = entry.faculty, entry.program
        holding = self.held.get(key)
        if holding is None or (holding.rooms, holding.generation) != (rooms_of(entry), entry.generation):
            self._fault(entry, f"{key} holds {holding and holding.rooms}, and gives back {rooms_of(entry)}")
            return
        if entry.cause == "topped-up" and (first := self.first_place()) != list(key):
            self._fault(entry, f"{key} is topped up, and {first} is the first that may use what is left: {self.left}", "overtaken")
        self._before = holding
        self._drop_place(key, holding)
        del self.held[key]
        self._count(key, holding, -1)
        self._note(entry, key, None)
        if entry.cause == "expired":
            self.expired.append((key, holding.end_of, entry.at))
            if holding.expires_at is None or entry.at < holding.expires_at:
                self._fault(entry, f"the hold of {key} ends at {holding.expires_at}, and it is {entry.at}", "early")
        if entry.cause in ("cancelled", "confirmed-in-part") and holding.expires_at is None:
            self._fault(entry, f"{key} has no open hold", "late")
        if entry.cause in ENDS:
            self._before = None
            self.ended.add((holding.request_id, *key))

    def _on_confirmed(self, entry):
        key = entry.faculty, entry.program
        if self.holds.pop(key, None) is None:
            self._fault(entry, f"{key} has no open hold", "late")
            return
        self.held[key].expires_at = None
        self._note(entry, key, self.held[key].rooms)

    def _on_hold_extended(self, entry):
        key = entry.faculty, entry.program
        if key not in self.holds or entry.expires_at <= self.holds[key]:
            self._fault(entry, f"the hold of {key} ends at {self.holds.get(key)}, and later at {entry.expires_at}")
            return
        self.held[key].expires_at = self.holds[key] = entry.expires_at
        self.held[key].end_of = entry.command_id
        self.ends[key].add(entry.expires_at)
        self._note(entry, key, self.held[key].rooms)

    def _on_waiting_left(self, entry):
        key = entry.faculty, entry.program
        holding = self.held.get(key)
        if holding is None or holding.place is None:
            self._fault(entry, f"{key} has no place to leave")
            return
        self._drop_place(key, holding)
        holding.place = None
        self._note(entry, key, holding.rooms)

    def _on_other(self, entry):
        self._fault(entry, "is no entry of this scenario", "foreign")

    def _count(self, key, holding, sign):
        """Adds or removes the rooms of a program."""
        rooms = [sign * number for number in holding.rooms]
        self.granted = tuple(map(sum, zip(self.granted, rooms)))
        classrooms, labs = self._faculties[key[0]]
        self._faculties[key[0]] = classrooms + rooms[0], labs + rooms[1] + rooms[2]
        self.holds.pop(key, None)
        if sign > 0 and holding.expires_at is not None:
            self.holds[key] = holding.expires_at
            self.ends[key].add(holding.expires_at)

    def _drop_place(self, key, holding):
        if holding.place is not None:
            del self._places[bisect.bisect_left(self._places, (holding.place, *key))]

    def _note(self, entry, key, rooms):
        self.last_seq[key] = entry.seq
        self.rooms_at[entry.seq, *key] = rooms


class Ledger:
    """The semesters of a store. read() takes the entries that are new since the last time."""

    def __init__(self, store, names="%"):
        """`names`: a pattern of SQL; other semesters are not read."""
        self._store = store
        self._names = names
        self.semesters = {}

    @property
    def faults(self):
        return [fault for semester in self.semesters.values() for fault in semester.faults]

    @property
    def entries(self):
        return sum(semester.head for semester in self.semesters.values())

    def read(self):
        known = " OR ".join(f"(semester = '{name}' AND seq > {semester.head})" for name, semester in self.semesters.items())
        names = ", ".join(f"'{name}'" for name in self.semesters)
        new = f"({known} OR semester NOT IN ({names}))" if known else "true"
        for name, *row in self._store.rows(f"SELECT semester, {', '.join(COLUMNS)} FROM history "
                                           f"WHERE semester LIKE '{self._names}' AND {new} ORDER BY semester, seq"):
            self.semesters.setdefault(name, Semester(name)).apply(Entry(*row))
        for semester in self.semesters.values():
            semester.check_round_is_whole()

    def check_answers(self, asked):
        """Faults: answers to this request that the ledger does not have."""
        semester = self.semesters.get(asked.semester)
        if semester is None:
            return [("lost", f"{asked.request_id} was answered for {asked.semester}, which is not in the ledger")]
        faults = []
        if asked.is_refused and not semester.was_closed:
            faults.append(("refused", f"{asked.request_id} was refused, and {asked.semester} was never closed"))
        for name, wanted, status, rooms in asked.answers:
            key = asked.faculty, name
            grants = semester.grants.get(key, ())
            if status in (OK, PARTIAL):
                is_true = (wanted, status, rooms) in grants
            elif status == HAS_ALREADY:
                is_true = any(wanted != other and rooms == given for other, _, given in grants)
            else:
                is_true = status == RELEASED and (asked.request_id, *key) in semester.ended
            if not is_true:
                faults.append(("lost", f"{asked.request_id} got {status} {rooms} for {wanted} of {key}, and the ledger has {grants}"))
        for name, end in asked.ends:
            if end not in semester.ends[asked.faculty, name]:
                faults.append(("lost", f"{asked.request_id} got a hold of {name} that ends at {end}, and the ledger has no such end"))
        return faults

    def check_asked(self, by_id):
        """Faults: grants that no request asked for, and grants of requests without an answer."""
        faults = []
        for semester in self.semesters.values():
            for (request_id, faculty, program), wanted in semester.asked.items():
                one = by_id.get(request_id)
                if one is None or (one.semester, one.faculty) != (semester.name, faculty) or (program, *wanted) not in one.programs:
                    faults.append(("foreign", f"{semester.name}: no request asks for {wanted} for {program} of {faculty} as {request_id}"))
                elif not one.answers and not (one.is_refused and semester.was_closed):  # its repeat came after the close
                    faults.append(("lost", f"{semester.name}: {request_id} has a grant for {program}, and no answer"))
        return faults
