"""The figures of the runs under Patroni."""

import dataclasses

from tests_py.harness.patroni.faults import KINDS
from tests_py.harness.runs.run_figures import FAILOVER_FAULTS, RunFigures


def _list_of_each():
    return dataclasses.field(default_factory=lambda: {kind: [] for kind in KINDS})


@dataclasses.dataclass
class PatroniFigures(RunFigures):
    rounds: dict = dataclasses.field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    moved: dict = dataclasses.field(default_factory=lambda: dict.fromkeys(KINDS, 0))  # rounds with another primary
    gaps: dict = _list_of_each()  # in s: the longest time without a new grant that began before the fault ended
    return_gaps: dict = _list_of_each()  # in s: the same, for times that began later
    whole: dict = _list_of_each()  # in s, from the end of the fault until all three nodes replicate again
    stalled: dict = _list_of_each()  # requests that waited for more than a second
    void: int = 0  # rounds whose fault did not happen
    given_up: int = 0  # rounds that were not completed: what they waited for did not come about
    commands: list = dataclasses.field(default_factory=list)  # the options of each part of an interrupted run
    stale: list = dataclasses.field(default_factory=list)  # in s: how long a stale primary's server answered
    stale_answers: int = 0
    cancelled: int = 0  # commits
    promotions: int = 0  # by the timelines
    unexpected: int = 0  # promotions in rounds whose fault does not ask for one
    stalls: int = 0  # of the measuring process
    loads: list = dataclasses.field(default_factory=list)  # of the machine, at the end of each round
    waits: list = dataclasses.field(default_factory=list)  # in s, the longest of each round
    history: list = dataclasses.field(default_factory=list)  # of each round: timeline, primary, kind
    faults: dict = dataclasses.field(default_factory=lambda: dict.fromkeys(FAILOVER_FAULTS, 0))
