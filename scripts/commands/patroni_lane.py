"""One lane of the runs under Patroni, as a process of its own: FOLDER VERSION SEED LEASE KINDS. It prints its figures as a
line of JSON after each round, and what it did to stderr. On SIGTERM it finishes the current round, checks everything and
removes its cluster."""

import sys
from pathlib import Path

from scripts.commands.lanes import lane_calls
from scripts.commands.shared import FOUND
from tests_py.harness.patroni.cluster import CLIENT, PatroniCluster
from tests_py.harness.patroni.programs import patroni_program
from tests_py.harness.runs.patroni_lane import PatroniLane
from tests_py.harness.runs.run_figures import Broken


def main(folder, version, seed, lease_seconds, kinds):
    on_checked, goes_on = lane_calls()

    def say(text):
        print(text, file=sys.stderr, flush=True)

    cluster = PatroniCluster(patroni_program(version))
    try:
        cluster.start()
        with cluster.hosts.inside(CLIENT):
            lane = PatroniLane(Path(folder), cluster, seed, int(lease_seconds), on_checked, goes_on, say=say)
            try:
                lane.run(kinds.split(","))
            except Broken as broken:
                say(broken)
                cluster.keep_logs(Path(folder) / "nodes")
                return FOUND
    except BaseException:
        cluster.keep_logs(Path(folder) / "nodes")
        raise
    finally:
        cluster.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
