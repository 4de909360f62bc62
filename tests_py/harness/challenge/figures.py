"""What a challenge has found so far."""

import dataclasses

from tests_py.harness.runs.run_figures import SENTENCES_MAX


@dataclasses.dataclass
class ChallengeFigures:
    """The dictionaries have a number for each scenario, by its key. Everything that is counted has been checked."""

    answers: int = 0
    rounds: dict = dataclasses.field(default_factory=dict)
    requests: dict = dataclasses.field(default_factory=dict)  # a request with 5 programs counts 5, and so does each copy
    commands: dict = dataclasses.field(default_factory=dict)
    kills: dict = dataclasses.field(default_factory=dict)
    entries: dict = dataclasses.field(default_factory=dict)
    faults: dict = dataclasses.field(default_factory=dict)
    naive_requests: dict = dataclasses.field(default_factory=dict)
    naive_faults: dict = dataclasses.field(default_factory=dict)
    sentences: list = dataclasses.field(default_factory=list)

    def add(self, other):
        for field in dataclasses.fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if isinstance(mine, dict):
                setattr(self, field.name, {k: mine.get(k, 0) + theirs.get(k, 0) for k in {**mine, **theirs}})
            else:
                setattr(self, field.name, mine + theirs)

    def count(self, key, **numbers):
        for name, number in numbers.items():
            column = getattr(self, name)
            column[key] = column.get(key, 0) + number

    def note(self, key, faults):
        """`faults`: sentences."""
        self.count(key, faults=len(faults))
        self.sentences += [f"{key}: {fault}" for fault in faults[:SENTENCES_MAX - len(self.sentences)]]
