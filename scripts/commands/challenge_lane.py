"""One lane of the challenge, as a process of its own: FOLDER STORE SEED TASK... A task is KEY:PROGRAMS, a round of that
scenario, or KEY, its naive way. The lane prints its figures as a line of JSON after each task. On SIGTERM it finishes the
current task."""

import contextlib
import shutil
import sys
from pathlib import Path

from scripts.commands.crash_lane import dump
from scripts.commands.lanes import lane_calls
from scripts.commands.shared import FOUND
from tests_py.harness.challenge.figures import ChallengeFigures
from tests_py.harness.challenge.round import play
from tests_py.harness.challenge.scenarios import SCENARIOS
from tests_py.harness.database_faults import let_recover_quickly
from tests_py.harness.postgresql import scratch_cluster
from tests_py.harness.runs.run_figures import Broken


def main(folder, store, seed, *tasks):
    on_checked, goes_on = lane_calls()
    figures = ChallengeFigures()
    with scratch_cluster() if store == "postgresql" else contextlib.nullcontext() as cluster:
        if cluster:
            let_recover_quickly(cluster)
        for number, task in enumerate(tasks):
            if not goes_on():
                break
            key, _, programs = task.partition(":")
            place = Path(folder) / f"{number}-{key}"
            if not programs:
                requests, faults = SCENARIOS[key].naive(place)
                figures.count(key, naive_requests=requests, naive_faults=faults)
                shutil.rmtree(place)
            else:
                try:
                    counted, answers = play(SCENARIOS[key], place, cluster, f"{seed}/{number}/{key}", int(programs))
                except Broken as broken:
                    sentence, faults, broken_store = broken.args
                    figures.note(key, faults)
                    on_checked(figures)
                    print(sentence, file=sys.stderr)
                    if cluster:
                        dump(cluster, broken_store, place / "store.sql")
                    return FOUND
                figures.count(key, faults=0, **counted)
                figures.answers += answers
            on_checked(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
