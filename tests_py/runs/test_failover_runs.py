"""scripts/failover-runs in small: leaders killed, stopped and paused, and checks that do find what is wrong."""

import json
import re
from random import Random
from types import SimpleNamespace

import pytest

from scripts.commands import failover_runs
from tests_py.harness.runs import failover_load
from tests_py.harness.runs.crash_load import Requests
from tests_py.harness.runs.failover_lane import FailoverLane, was_stored
from tests_py.harness.runs.failover_load import FacultyLoad
from tests_py.harness.runs.failover_programs import RealPrograms
from tests_py.harness.runs.run_figures import FAILOVERS, FailoverFigures
from tests_py.harness.wire import HAS_ALREADY, OK, PARTIAL

SEED = 20251121
LEASE = 1
OF_EACH = 3


def test_nine_leaders_go_and_every_answer_of_any_of_them_is_in_the_ledger_once(cluster, tmp_path):
    kinds = list(FAILOVERS) * OF_EACH
    Random(SEED).shuffle(kinds)
    figures = FailoverLane(tmp_path, cluster, SEED, LEASE, programs_each=2500).run(kinds)
    assert figures.sentences == [] and sum(figures.faults.values()) == 0
    assert figures.answers > figures.repeats > 0 and figures.entries > 0
    assert figures.program_answers > len(kinds) * 3
    assert figures.told_to_come_again > 0, "no standby was asked"
    assert figures.life_answers > 0 and all(figures.life[name] for name in ("holds", "expired", "released", "rounds")), figures.life
    assert sum(figures.rounds.values()) + figures.void >= len(kinds)
    assert sum(map(len, figures.gaps.values())) == sum(figures.rounds.values())  # how long: the long runs check it
    assert list(tmp_path.iterdir()) == []


def reply(*programs, request_id="r1"):
    return json.dumps({"request-id": request_id, "programs": [
        {"program-name": name, "status-message": status, "classrooms": classrooms, "labs": labs, "mobile-labs": mobile}
        for name, (status, classrooms, labs, mobile) in programs]}).encode()


@pytest.mark.parametrize("programs, expected", [
    ([("a", (OK, 2, 1, 0))], True),
    ([("a", (HAS_ALREADY, 2, 1, 0)), ("nobody's", ("INVALID-PROGRAM", 0, 0, 0))], True),
    ([("a", (OK, 2, 1, 0)), ("b", (OK, 1, 0, 0))], False),
    ([("b", (PARTIAL, 0, 0, 0))], False),
    ([("b", (HAS_ALREADY, 1, 0, 0))], False),
    ([("a", (OK, 3, 1, 0))], False),
    ([("a", (PARTIAL, 2, 1, 0))], False)])
def test_an_answer_that_was_not_in_the_ledger_before_the_pause_ended_is_found(programs, expected):
    requests = SimpleNamespace(by_id={"r1": SimpleNamespace(faculty="Derecho")})
    stored = {("Derecho", "a"): (OK, 2, 1, 0), ("Artes", "b"): (OK, 1, 0, 0)}
    assert was_stored(stored, requests, reply(*programs)) is expected


def test_a_request_that_nobody_answers_is_found(monkeypatch):
    monkeypatch.setattr(failover_load, "BUDGET_SECONDS", 0.3)
    requests = Requests(Random(SEED), 10)
    requests.begin_semester("s")
    load = FacultyLoad(requests, ["127.0.0.1:1", "127.0.0.1:2"], Random(SEED))  # no process listens there
    load.pump(0.1, 5)
    assert load.unanswered == 0 and not load.is_settled
    load.settle(5)
    assert load.unanswered == 5 and len(requests.waiting) == 5


def test_what_real_programs_were_told_is_compared_with_the_ledger(tmp_path):
    programs = RealPrograms(tmp_path, Random(SEED))
    programs.asked = {name: (1, 0) for name in ("fits", "lost", "other", "unknown")}
    programs.told = {name: ((1, 0), (OK, 1, 0, 0)) for name in ("fits", "lost", "other")}
    rows = [("fits", "w", OK, 1, 0, 0), ("other", "x", PARTIAL, 0, 0, 0), ("unknown", "y", OK, 1, 0, 0),
            ("nobody's", "z", OK, 1, 0, 0)]
    asked = programs.as_asked(SimpleNamespace(rows=lambda statement: rows), "s")
    assert [(kind, sentence.split()[0]) for kind, sentence in programs.faults] == [("lost", "other"), ("lost", "lost")]
    assert {key: one.programs for key, one in asked.items()} == {
        "w": [("fits", 1, 0)], "x": [("other", 1, 0)], "y": [("unknown", 1, 0)]}  # z has no owner


def test_a_gap_that_is_too_long_is_said():
    figures = FailoverFigures()
    figures.gaps = {"crash": [1.9, 2.0], "stop": [0.999, 1.2], "pause": [2.4, 2.6]}
    said = failover_runs.too_slow(SimpleNamespace(lease_seconds=1), figures)
    assert [re.search(r"for (\S+) s", sentence)[1] for sentence in said] == ["2.000", "1.200", "2.600"]


def test_what_is_left_of_a_run_has_the_kinds_that_were_not_done():
    options = SimpleNamespace(crashes=5, stops=3, pauses=2, seed=SEED)
    whole = failover_runs.plan(options, {"crash": 0, "stop": 0, "pause": 0})
    left = failover_runs.plan(options, {"crash": 4, "stop": 3, "pause": 0})
    assert sorted(whole) == ["crash"] * 5 + ["pause"] * 2 + ["stop"] * 3
    assert sorted(left) == ["crash", "pause", "pause"]
