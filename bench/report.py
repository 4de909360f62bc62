"""Writes results.json and RESULTS.md; prints the tables."""

import json

from bench.plan import PARTS
from bench.tables import all_tables, as_markdown, as_text, how_measured
from bench.targets import NOT_MEASURED, judge_all
from scripts.commands.shared import say


def minutes(seconds):
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} minutes"


def write(results, folder):
    """Into the folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "RESULTS.md").write_text(page(results), encoding="utf-8")


def page(results):
    """RESULTS.md"""
    machine, versions, build = results["machine"], results["versions"], results["build"]
    targets, *tables = all_tables(results)
    lines = ["# Results", "", f"Made by `./scripts/bench{' --quick' if results['kind'] == 'quick' else ' --record'}`"
             f" on {results['date']}, in {minutes(results['duration_seconds'])}, at commit {results['commit']}. The "
             "same run draws throughput.svg and latency.svg beside its results.json, in build/bench-results.", "",
             f"{machine['cpu']}, {machine['cores']} cores, {machine['memory']}; {machine['system']}, "
             f"{machine['kernel']}; " + ", ".join(f"{name} {version}" for name, version in versions.items())
             + f"; built by {build['compiler']}, {build['type']} ({build['flags']}).", ""]
    if results["kind"] == "quick":
        lines += ["A quick run: short points, and a ledger of "
                  f"{results['growth']['rows']:,} rows for growth. The figures of a full run are steadier."
                  if "growth" in results else "A quick run: short points. The figures of a full run are steadier.", ""]
    lines += [as_markdown(targets), ""]
    lines += ["## How to read it", "", *(f"- {sentence}" for sentence in how_measured(results)), ""]
    for table in tables:
        lines += [as_markdown(table), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def show(results):
    targets, *tables = all_tables(results)
    for table in [*tables, targets]:
        say("\n" + as_text(table))


def check(results):
    """Says what is wrong with the ledgers, or was not measured although it should have been; is nothing?"""
    faults = [f"{each['ledger']}: {fault}" for each in results["verified"] for fault in each["faults"]]
    if set(results["parts"]) == set(PARTS):
        faults += [f"target {each.target.number} was not measured" for each in judge_all(results)
                   if each.verdict == NOT_MEASURED]
    for fault in faults:
        say(f"WRONG: {fault}")
    return not faults
