"""The benchmark's own sums: figures, verdicts, and the proof of a ledger; and runs that it refuses to count."""

import copy
import json
import sqlite3
from pathlib import Path

import pytest

from bench import drivers, figures, report
from bench.database import Fault
from bench.ledgers import COPY_SEMESTERS, Ledger
from bench.plan import (BARE_METHODS, BATCHES, CONNECTIONS_OF_OTHERS, IN_FLIGHT, PARTS, REPEATED,
                        SCRIPTS, STORES, Catalog, Point, make_plan)
from bench.targets import NOT_MEASURED, TARGETS, best_ceiling, judge, judge_all
from tests_py.harness.process import ROOT


# Figures.


@pytest.mark.parametrize("values, median, spread, is_wide", [
    ([5], 5, 0, False),
    ([10, 30, 20], 20, 1, True),
    ([100, 107, 115], 107, 15 / 107, False),
    ([100, 100, 115], 100, 0.15, False),
    ([100, 100, 116], 100, 0.16, True),
    ([1, 2, 3, 4], 2.5, 1.2, True),
    ([0, 0, 0], 0, 0, False),
])
def test_a_figure_is_the_median_and_how_far_its_values_lie_apart(values, median, spread, is_wide):
    figure = figures.figure(values)
    assert figure == {"median": median, "spread": pytest.approx(spread), "values": values}
    assert figures.is_wide(figure) is is_wide
    assert figures.marked(figure).endswith(" ~") is is_wide


@pytest.mark.parametrize("count, share, expected", [(1, 0.5, 1), (2, 0.5, 1), (3, 0.5, 2), (100, 0.99, 99),
                                                    (101, 0.99, 100), (1000, 0.999, 999), (10, 0.0, 1), (10, 1.0, 10)])
def test_a_percentile_is_the_least_value_that_enough_do_not_exceed(count, share, expected):
    assert figures.percentile(list(range(1, count + 1)), share) == expected


# Results as a run makes them; every target is met, by these.


def same(value):
    return {"median": value, "spread": 0.0, "values": [value] * 3}


def load_point(rate, p50=1000.0, p99=2000.0):
    return {"requests_per_second": same(rate), "decisions_per_second": same(5 * rate), "p50_us": same(p50),
            "p99_us": same(p99), "p999_us": same(3 * p99)}


def bare_point(rate, p50=200.0):
    return {"rows_per_second": same(rate), "p50_us": same(p50), "p99_us": same(2 * p50), "encode_share": same(0.2)}


@pytest.fixture
def results():
    def ledger(ratio):
        return {"early_rate": 200_000.0, "late_rate": 200_000.0 * ratio, "ratio": ratio, "rows_per_second": [200_000],
                "method": "unnest", "batch": 2000}

    echo = {str(at): load_point(100_000, p50=50.0) for at in IN_FLIGHT}
    ours = {store: {str(at): load_point(40_000, p50=260.0 if at == 1 else 1000.0) for at in IN_FLIGHT}
            for store in STORES}
    plan = make_plan(False, tuple(PARTS))
    return {
        "kind": "full", "parts": list(PARTS), "date": "2025-10-01 12:00 UTC", "commit": "unknown",
        "machine": {"cpu": "A | CPU", "cores": 2, "memory": "8 GiB", "kernel": "Linux 6.1", "system": "Debian"},
        "build": {"compiler": "GNU 12.2.0", "type": "RelWithDebInfo", "flags": "-O2 -g -DNDEBUG"},
        "versions": {"PostgreSQL": "15.5", "libzmq": "4.3.4", "SQLite": "3.40.1"}, "repetitions": plan.repetitions,
        "points": {"dti_load": {"seconds": 1.5, "warm_up": 0.3}, "pgbench": {"seconds": 2},
                   "dti_load from 1024 in flight": {"seconds": 2, "warm_up": 0.5}, "ledger_ceiling": {"seconds": 1.5},
                   "open loop": {"seconds": 5, "warm_up": 0.5},
                   "dti_load on memory: and the echo": {"seconds": 0.3, "warm_up": 0.05}},
        "duration_seconds": 700, "catalog": {"faculties": 1000, "programs": 500},
        "bytes": {"request": 657.0, "reply": 1076.0}, "ours": ours, "echo": echo,
        "others": {name: {str(connections): {"transactions_per_second": same(1000), "p50_us": same(900.0),
                                             "p99_us": same(3000.0)} for connections in CONNECTIONS_OF_OTHERS}
                   for name in SCRIPTS},
        "ceiling": {"insert": {"1": bare_point(4000)},
                    **{method: {str(batch): bare_point(100 * batch if batch < 1000 else 250_000) for batch in BATCHES}
                       for method in BARE_METHODS}},
        "open_loop": {"postgresql": {"rate": 20_000, "max_us": 9000.0, **{
            name: figure["median"] for name, figure in load_point(20_000).items()}}},
        "monitoring": {"1024": {"without": same(40_000), "with": same(39_600), "ratio": same(0.99)}},
        "secured": {"1024": {"plain": same(40_000), "secured": same(24_000), "ratio": same(0.6),
                             **{f"{name}_{at}_us": same(20_000.0) for name in ("plain", "secured")
                                for at in ("p50", "p99")}}},
        "repeats": {str(at): {"fresh": load_point(40_000), "repeats": load_point(80_000)} for at in REPEATED},
        "growth": {"rows": 5_000_000, "semesters": 100, "in_flight": 4096, "early_rows": [50_000, 250_000], "early_runs": 3,
                   "late_rows": [4_500_000, 5_000_000], "ours": ledger(0.6), "bare": ledger(0.6),
                   "one_semester": ledger(0.3),
                   "memory": {"empty_bytes": 2**26, "first_allocations": 1_000_000, "first_bytes": 2**27,
                              "last_allocations": 5_000_000, "last_bytes": 2**28, "bytes_per_allocation": 33.6},
                   "restart": {"ready_seconds": same(4.0), "read_seconds": same(4.0)}},
        "verified": [{"ledger": "PostgreSQL, repetition 1", "semesters": 18, "entries": 1018, "grants": 1000,
                      "faults": []}],
    }


# Targets: what to change in the results above, so that the target alone is just met, and just missed.
BOUNDS = {
    1: (("ours", "postgresql", "4096", "decisions_per_second"), 175_000, 174_999, {"others": 1000 * 7 / 6}),
    2: (("ours", "sqlite", "4096", "decisions_per_second"), 150_000, 149_999, {}),
    3: (("ours", "postgresql", "4096", "decisions_per_second"), 175_000, 174_999, {}),
    4: (("ours", "memory", "1024", "requests_per_second"), 35_000, 34_999, {}),
    5: (("ours", "postgresql", "1", "p50_us"), 312.5, 312.6, {}),
    6: (("ours", "postgresql", "64", "p99_us"), 3000.0, 3001.0, {}),
    7: (("growth", "memory", "bytes_per_allocation"), 120.0, 120.1, {}),
    8: (("growth", "restart", "ready_seconds"), 6.0, 6.01, {}),
    9: (("growth", "ours", "ratio"), 0.54, 0.539, {}),
    10: (("growth", "bare", "ratio"), 0.4701, 0.47, {}),
    11: (("repeats", "4096", "repeats", "requests_per_second"), 60_000, 59_999, {}),
    12: (("monitoring", "1024", "ratio"), 0.98, 0.979, {}),
    13: (("secured", "1024", "ratio"), 0.5, 0.499, {}),
}


def changed(results, path, value):
    results = copy.deepcopy(results)
    inner = results
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = same(value) if isinstance(inner[path[-1]], dict) else value
    return results


def test_every_target_is_judged_and_met_by_the_results_that_are_made_up(results):
    assert [target.number for target in TARGETS] == list(range(1, 14)) == list(BOUNDS)
    assert [verdict.verdict for verdict in judge_all(results)] == ["met"] * 13


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.number)
def test_a_target_is_met_up_to_its_bound_and_missed_beyond(results, target):
    path, met, missed, beside = BOUNDS[target.number]
    if "others" in beside:
        results = changed(results, ("others", "hot-row", "32", "transactions_per_second"), beside["others"])
    assert judge(target, changed(results, path, met)).verdict == "met"
    assert judge(target, changed(results, path, missed)).verdict == "missed"


@pytest.mark.parametrize("method", BARE_METHODS)
def test_the_ceiling_is_the_best_of_every_method_and_batch_and_is_named(results, method):
    results = changed(results, ("ceiling", method, "5000", "rows_per_second"), 300_000)
    found = best_ceiling(results)
    assert (found[0], found[1], found[2]["median"]) == (method, "5000", 300_000)
    [verdict] = [each for each in judge_all(results) if each.target.number == 3]
    assert f"({method}, 5000 a batch)" in verdict.result


@pytest.mark.parametrize("missing, numbers", [
    ("ours", {1, 2, 3, 4, 5, 6}), ("echo", {4, 5}), ("others", {1, 2}), ("ceiling", {3, 5}), ("repeats", {11}),
    ("growth", {7, 8, 9, 10}), ("open_loop", set())])
def test_a_target_of_which_a_part_is_missing_was_not_measured(results, missing, numbers):
    del results[missing]
    assert {verdict.target.number for verdict in judge_all(results) if verdict.verdict == NOT_MEASURED} == numbers


def test_a_fault_of_a_ledger_is_shown_and_fails_the_run(results, capsys):
    assert report.check(results)
    results["verified"][0]["faults"] = ["0001-10: head 3, 4 entries"]
    assert not report.check(results)
    assert "WRONG: PostgreSQL, repetition 1: 0001-10: head 3, 4 entries" in capsys.readouterr().out
    assert "WRONG: 0001-10: head 3, 4 entries" in report.page(results)


def test_a_run_of_all_parts_that_did_not_measure_a_target_fails(results, capsys):
    del results["repeats"]
    assert not report.check(results)
    assert "target 11 was not measured" in capsys.readouterr().out
    results["parts"].remove("repeats")
    assert report.check(results)


# What a run of dti_load must have found, so that it counts.


def found_by_load(**changes):
    return {"requests": 90, "decisions": 450, "statuses": {"OK": 450}, "errors": {}, "all_statuses": {"OK": 500},
            "all_errors": {}, "foreign_replies": 0, "ended_early": False, "seconds": 0.4, "sent_in_all": 100,
            "requests_per_second": 225.0, "decisions_per_second": 1125.0, "request_bytes": 657.0,
            "reply_bytes": 1076.0, "latency_us": {"p50": 1.0, "p99": 2.0, "p999": 3.0, "max": 4.0}, **changes}


@pytest.fixture
def commands(monkeypatch):
    """Notes all that would be measured; `commands.finds` is what dti_load then finds."""

    class Commands(list):
        finds = found_by_load()

        def run(self, command, _):
            self.append([str(word) for word in command])
            return json.dumps(self.finds)

    noted = Commands()
    monkeypatch.setattr(drivers, "run_program", noted.run)
    return noted


def load_something(**flags):
    return drivers.load(Path("/"), "127.0.0.1:6000", Catalog(10, 100), ["0001-10"], 64, Point(0.4, 0.1), **flags)


@pytest.mark.parametrize("changes, flags", [
    ({"all_statuses": {"OK": 500}, "sent_in_all": 140}, {"first": 40}),
    ({"all_statuses": {"OK": 9_000}}, {"repeats": 100, "first": 100}),
    ({"all_statuses": {}, "statuses": {}}, {"any_reply": True, "repeats": 100})], ids=["later", "repeats", "echo"])
def test_what_is_asked_for_is_compared_as_far_as_it_can_be(commands, changes, flags):
    commands.finds = found_by_load(**changes)
    assert load_something(**flags) == commands.finds


@pytest.mark.parametrize("flags", [{}, {"any_reply": True}, {"repeats": 100}], ids=["fresh", "echo", "repeats"])
@pytest.mark.parametrize("changes, named", [
    ({"foreign_replies": 1}, "1 replies to nothing that waited"),
    ({"all_errors": {"OVERLOADED": 2}}, "OVERLOADED"),
    ({"ended_early": True}, "used up 0.400 s after the warm-up")])
def test_a_run_in_which_something_is_wrong_is_a_fault_and_never_counts(commands, changes, named, flags):
    commands.finds = found_by_load(**changes)
    with pytest.raises(Fault, match=named):
        load_something(**flags)


@pytest.mark.parametrize("changes, named", [
    ({"all_statuses": {"OK": 499, "INVALID-PROGRAM": 1}}, "not every decision was OK"),
    ({"all_statuses": {"OK": 495}}, "500 programs asked, and answered {'OK': 495}"),
    ({"statuses": {"OK": 449}}, "450 decisions were counted")], ids=["outside the window", "unanswered", "in it"])
def test_a_decision_that_is_missing_or_not_ok_is_a_fault_wherever_it_is(commands, changes, named):
    commands.finds = found_by_load(**changes)
    with pytest.raises(Fault, match=named):
        load_something()


# The proof of a ledger.


class SqliteFile:
    """What Ledger wants to know of the stores that it belongs to."""

    def __init__(self):
        self.connection = sqlite3.connect(":memory:", isolation_level=None)

    def _address(self, name):
        return f"sqlite:{name}"

    def _rows(self, _, statement):
        return self.connection.execute(statement).fetchall()


GRANT = ("INSERT INTO ledger (seq, at, semester_id, program_id, generation, classrooms_wanted, labs_wanted, "
         "classrooms_granted, labs_granted, mobile_labs_granted, kind, status) "
         "VALUES (?, 0, ?, ?, ?, 1, 1, 1, 1, 0, 0, 0)")
CHARGE = ("UPDATE semester SET head = head + 1, classrooms_left = classrooms_left - 1, labs_left = labs_left - 1 "
          "WHERE id = ?")


@pytest.fixture
def ledger():
    """Two semesters, the second copied from the first as the benchmark does; 3 and 2 grants."""
    file = SqliteFile()
    connection = file.connection
    connection.executescript((ROOT / "sql/sqlite/0001_ledger.up.sql").read_text(encoding="utf-8"))
    connection.execute("INSERT INTO faculty VALUES (1, 'F', 'f')")
    connection.executemany("INSERT INTO program VALUES (?, 1, ?, ?)", [(i, f"P{i}", f"p{i}") for i in range(1, 6)])
    connection.execute("INSERT INTO semester VALUES (1, '0001-10', 1, 1, 100, 90, 100, 100, 90, 100, 1)")
    connection.execute("INSERT INTO ledger (seq, at, semester_id, classrooms_capacity, labs_capacity, "
                       "conversions_capacity, kind) VALUES (1, 0, 1, 100, 90, 100, 3)")
    for text in COPY_SEMESTERS:
        connection.execute(text.format(by=1, name="0002-10"))
    for semester, programs in ((1, (3, 1, 2)), (2, (5, 4))):
        for seq, program in enumerate(programs, 2):
            connection.execute(GRANT, (seq, semester, program, 1))
            connection.execute(CHARGE, (semester,))
    yield Ledger(file, "dti")
    connection.close()


GRANTS = {"0001-10": 3, "0002-10": 2}


def test_a_ledger_that_is_right_is_counted(ledger):
    assert ledger.verify(GRANTS) == {"semesters": 2, "entries": 7, "grants": 5, "faults": []}


@pytest.mark.parametrize("statements, named", [
    (["UPDATE semester SET classrooms_left = 96 WHERE id = 1"], "0001-10: capacity is not left + granted"),
    (["UPDATE semester SET labs_left = 89 WHERE id = 2"], "0002-10: capacity is not left + granted"),
    (["UPDATE semester SET head = 5 WHERE id = 2"], "0002-10: head 5, 3 entries, the last is 3, 2 grants"),
    (["UPDATE semester SET head = 5 WHERE id = 1",
      GRANT.replace("?, 0, ?, ?, ?", "6, 0, 1, 4, 1")], "0001-10: head 5, 5 entries, the last is 6, 4 grants"),
    ([GRANT.replace("?, 0, ?, ?, ?", "4, 0, 2, 5, 2"), CHARGE.replace("?", "2")],
     "1 programs were granted twice in a semester"),
], ids=["classrooms", "labs", "the head", "a gap", "granted twice"])
def test_each_fault_of_a_ledger_is_found(ledger, statements, named):
    for statement in statements:
        ledger._ledgers.connection.execute(statement)
    assert any(fault.startswith(named) for fault in ledger.verify(GRANTS)["faults"])


@pytest.mark.parametrize("grants, named", [
    ({"0001-10": 3}, "0002-10: 2 grants, and the driver was answered 0"),
    ({"0001-10": 4, "0002-10": 2}, "0001-10: 3 grants, and the driver was answered 4"),
    ({**GRANTS, "0003-10": 1}, "no semester 0003-10")])
def test_a_ledger_that_differs_from_what_the_driver_was_answered_is_found(ledger, grants, named):
    assert named in ledger.verify(grants)["faults"]
