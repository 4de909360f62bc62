"""The figures of the crash and failover runs, and the faults that these runs can find."""

import dataclasses

FAILOVERS = ("crash", "stop", "pause")
REQUEST_TIMEOUT_SECONDS = 0.5  # of the clients
SENTENCES_MAX = 20
CRASH_FAULTS = {"lost": "lost", "doubled": "doubled", "changed": "changed", "torn": "stored in part",
                "foreign": "stored and not asked for", "refused": "refused without a reason",
                "sums": "sums, order or rule broken"}
LIFE_FAULTS = {"over": "above the capacity or a quota", "early": "holds freed early", "late": "holds kept or resolved after their end",
               "overtaken": "overtaken on a wait list"}
FAILOVER_FAULTS = {"unanswered": "requests without an answer", "stale": "answered by a replaced leader",
                   **CRASH_FAULTS}


class Broken(Exception):
    """A fault was found; the figures say which."""


@dataclasses.dataclass
class RunFigures:
    """The figures so far. All answers that are counted here have been compared with the ledger."""

    answers: int = 0
    repeats: int = 0
    told_to_come_again: int = 0
    entries: int = 0
    stores: int = 0
    faults: dict = dataclasses.field(default_factory=lambda: dict.fromkeys(CRASH_FAULTS, 0))
    sentences: list = dataclasses.field(default_factory=list)

    def count_up(self, counts, counts_before):
        """Both by the names of figures."""
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count - counts_before.get(name, 0))

    def add(self, other):
        for field in dataclasses.fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if isinstance(mine, dict):
                setattr(self, field.name, {k: mine.get(k, 0) + theirs.get(k, 0) for k in {**mine, **theirs}})
            else:
                setattr(self, field.name, mine + theirs)

    def note(self, faults):
        """`faults`: (kind, sentence) of each."""
        for kind, sentence in faults:
            self.faults[kind] += 1
            if len(self.sentences) < SENTENCES_MAX:
                self.sentences.append(f"{kind}: {sentence}")

    def fault_rows(self):
        return [({**FAILOVER_FAULTS, **LIFE_FAULTS}[kind], count) for kind, count in self.faults.items()]


@dataclasses.dataclass
class LifeFigures:
    """The whole life of grants, beside the plain requests."""

    life_answers: int = 0
    life: dict = dataclasses.field(default_factory=dict)  # what the ledgers have of it

    def count_life(self, counts):
        self.life = {name: self.life.get(name, 0) + count for name, count in counts.items()}

    def life_rows(self):
        return [("answers about holds, the office and rounds", f"{self.life_answers:,}"),
                ("in the ledger of it", ", ".join(f"{count:,} {name}" for name, count in self.life.items()))]


@dataclasses.dataclass
class CrashFigures(RunFigures, LifeFigures):
    kills: int = 0
    kills_by_moment: dict = dataclasses.field(default_factory=dict)
    semesters: int = 0
    ready: list = dataclasses.field(default_factory=list)  # seconds from the start of a server to READY
    back: list = dataclasses.field(default_factory=list)  # seconds from a database that is back to a served request
    faults: dict = dataclasses.field(default_factory=lambda: dict.fromkeys({**CRASH_FAULTS, **LIFE_FAULTS}, 0))


@dataclasses.dataclass
class FailoverFigures(RunFigures, LifeFigures):
    rounds: dict = dataclasses.field(default_factory=lambda: dict.fromkeys(FAILOVERS, 0))
    gaps: dict = dataclasses.field(default_factory=lambda: {kind: [] for kind in FAILOVERS})  # in s, see gap_max()
    void: int = 0  # rounds that were not measured: this process stalled, or the lead moved by itself
    program_answers: int = 0
    answered_after_pause: int = 0  # by a leader that resumed, before it stood by
    longest_wait: float = 0.0
    longest_program_wait: float = 0.0
    faults: dict = dataclasses.field(default_factory=lambda: dict.fromkeys({**FAILOVER_FAULTS, **LIFE_FAULTS}, 0))


def gap_max(kind, lease_seconds):
    """The promised limit, in seconds, from the fault to the first answer of the next leader. A leader that pauses
    breaks no connection: clients leave it when it does not answer a request in time."""
    return {"stop": 1, "crash": lease_seconds + 1, "pause": lease_seconds + 1 + REQUEST_TIMEOUT_SECONDS}[kind]
