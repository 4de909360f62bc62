"""One lane of the crash runs, as a process of its own: FOLDER STORE KILL KILLS SEED. It prints its figures as a line of
JSON after each check. On SIGTERM it finishes the current kill, checks everything and removes its cluster."""

import contextlib
import subprocess
import sys
from pathlib import Path

from scripts.commands.lanes import lane_calls
from scripts.commands.shared import FOUND
from tests_py.harness.runs.crash_lane import Lane
from tests_py.harness.database_faults import let_recover_quickly
from tests_py.harness.postgresql import scratch_cluster
from tests_py.harness.runs.run_figures import Broken


def dump(cluster, store, path):
    """The database as SQL: the cluster will be removed."""
    with open(path, "wb") as out:
        subprocess.run(["pg_dump", "-h", cluster.folder, "-p", str(cluster.port), "-U", "postgres", store.database],
                       stdout=out, check=True)


def main(folder, store, kill, kills, seed):
    on_checked, goes_on = lane_calls()

    with scratch_cluster() if store == "postgresql" else contextlib.nullcontext() as cluster:
        if cluster:
            let_recover_quickly(cluster)
        lane = Lane(Path(folder), cluster, seed, kill, on_checked=on_checked, goes_on=goes_on)
        try:
            lane.run(int(kills))
        except Broken as broken:
            print(broken, file=sys.stderr)
            if cluster:
                dump(cluster, lane.store, Path(folder) / "store.sql")
            return FOUND
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
