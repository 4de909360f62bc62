"""What was aimed at, and whether the results are there."""

import operator
from dataclasses import dataclass
from typing import Callable

from bench.figures import MARK, is_wide, number
from bench.plan import BARE_METHODS

COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt}
PEAK = "4096"  # in flight
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Outcome:
    """What the results say of a target."""

    value: float
    is_wide: bool = False  # it rests on a figure that is marked
    beside: str = ""  # what is good to know with it


@dataclass(frozen=True)
class Target:
    number: int
    what: str
    comparison: str
    bound: float
    outcome: Callable  # of the results; KeyError: a part of it was not measured
    scales: bool = False  # a quick run has it on a smaller ledger


def ratio(above, below, beside=""):
    """Of two figures' medians."""
    return Outcome(above["median"] / below["median"], is_wide(above) or is_wide(below), beside)


def over_hot_row(results, store):
    return ratio(results["ours"][store][PEAK]["decisions_per_second"],
                 results["others"]["hot-row"]["32"]["transactions_per_second"])


def best_ceiling(results):
    """(method, batch, figure) of the greatest rate at which the bare table took rows, by any method."""
    return max(((method, batch, point["rows_per_second"]) for method in BARE_METHODS
                for batch, point in results["ceiling"][method].items()), key=lambda each: each[2]["median"])


def over_ceiling(results):
    method, batch, rate = best_ceiling(results)
    return ratio(results["ours"]["postgresql"][PEAK]["decisions_per_second"], rate, f"{method}, {batch} a batch")


def over_echo(results):
    return ratio(results["ours"]["memory"]["1024"]["requests_per_second"],
                 results["echo"]["1024"]["requests_per_second"])


def alone(results):
    ours, echo = results["ours"]["postgresql"]["1"]["p50_us"], results["echo"]["1"]["p50_us"]
    commit = results["ceiling"]["insert"]["1"]["p50_us"]
    return Outcome(ours["median"] / (echo["median"] + commit["median"]), any(map(is_wide, (ours, echo, commit))),
                   f"{number(ours['median'])} over {number(echo['median'])} + {number(commit['median'])} µs")


def tail(results):
    def of(store):
        point = results["ours"][store]["64"]
        return ratio(point["p99_us"], point["p50_us"])

    others = ", ".join(f"{store} {number(of(store).value)}" for store in ("sqlite", "memory")
                       if "64" in results["ours"].get(store, {}))
    return Outcome(of("postgresql").value, of("postgresql").is_wide, others)


def bytes_held(results):
    return Outcome(results["growth"]["memory"]["bytes_per_allocation"])


def ready_again(results):
    restart = results["growth"]["restart"]
    return ratio(restart["ready_seconds"], restart["read_seconds"],
                 f"{number(restart['ready_seconds']['median'])} over {number(restart['read_seconds']['median'])} s")


def grown(results):
    growth = results["growth"]
    return Outcome(growth["ours"]["ratio"] / growth["bare"]["ratio"],
                   beside=f"{number(growth['ours']['ratio'])} over {number(growth['bare']['ratio'])}")


def repeated(results):
    at = results["repeats"][PEAK]
    return ratio(at["repeats"]["requests_per_second"], at["fresh"]["requests_per_second"])


def monitored(results):
    at = results["monitoring"]["1024"]
    return Outcome(at["ratio"]["median"], is_wide(at["ratio"]), f"{len(at['ratio']['values'])} pairs")


def secured(results):
    at = results["secured"]["1024"]
    return Outcome(at["ratio"]["median"], is_wide(at["ratio"]), f"{len(at['ratio']['values'])} pairs")


TARGETS = (
    Target(1, "PostgreSQL, 4096 in flight: durable decisions/s over hot-row transactions/s at 32 connections", ">=",
           150, lambda results: over_hot_row(results, "postgresql")),
    Target(2, "SQLite, 4096 in flight: durable decisions/s over hot-row transactions/s at 32 connections", ">=",
           150, lambda results: over_hot_row(results, "sqlite")),
    Target(3, "PostgreSQL, 4096 in flight: decisions/s over the ledger table's ceiling, the best of COPY and unnest "
           "at any batch size", ">=", 0.7, over_ceiling),
    Target(4, "memory:, 1024 in flight: requests/s over the echo's, same sizes", ">=", 0.35, over_echo),
    Target(5, "1 in flight, PostgreSQL: p50 over (echo p50 + p50 of one commit of one ledger row)", "<=", 1.25, alone),
    Target(6, "64 in flight, PostgreSQL: p99 over p50", "<=", 3, tail),
    Target(7, "memory per allocation held, all programs of a semester holding, bytes", "<=", 120, bytes_held,
           scales=True),
    Target(8, "ready again with 5 million ledger rows over the time to read the table out once", "<=", 1.5, ready_again,
           scales=True),
    Target(9, "throughput with 5 million rows over that with 50 thousand, over the same ratio of the bare ledger table",
           ">=", 0.9, grown, scales=True),
    Target(10, "the bare ledger table's own ratio", ">", 0.47,
           lambda results: Outcome(results["growth"]["bare"]["ratio"]), scales=True),
    Target(11, "repeats over fresh, requests/s, PostgreSQL", ">=", 1.5, repeated),
    Target(12, "SQLite, 1024 in flight: requests/s with --http and a scrape a second over those without, median of the "
           "pairs", ">=", 0.98, monitored),
    Target(13, "SQLite, 1024 in flight: requests/s at a secured endpoint over those at a plain one, median of the pairs",
           ">=", 0.5, secured),
)


@dataclass(frozen=True)
class Verdict:
    target: Target
    needed: str
    result: str
    verdict: str  # met, missed, not measured; (scaled) if the run was not of full size


def judge(target, results):
    needed = f"{target.comparison} {target.bound:g}"
    try:
        outcome = target.outcome(results)
    except KeyError:
        return Verdict(target, needed, "", NOT_MEASURED)
    met = COMPARISONS[target.comparison](outcome.value, target.bound)
    result = number(outcome.value) + (f" {MARK}" if outcome.is_wide else "")
    result += f" ({outcome.beside})" if outcome.beside else ""
    scaled = target.scales and results["kind"] == "quick"
    return Verdict(target, needed, result, ("met" if met else "missed") + (" (scaled)" if scaled else ""))


def judge_all(results):
    return [judge(target, results) for target in TARGETS]
