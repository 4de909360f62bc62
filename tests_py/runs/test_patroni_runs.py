"""scripts/patroni-runs in small: one fault of a real cluster under Patroni, and checks that do find what is wrong."""

from random import Random
from types import SimpleNamespace

import pytest

from scripts.commands import patroni_runs
from tests_py.harness.patroni.cluster import CLIENT, PatroniCluster, View, view_of
from tests_py.harness.patroni.faults import KINDS
from tests_py.harness.patroni.programs import NEWEST, missing, patroni_program
from tests_py.harness.patroni.settings import CLUSTER, PARAMETERS, POSTGRESQL, values
from tests_py.harness.process import ROOT
from tests_py.harness.runs.crash_load import Requests
from tests_py.harness.runs.patroni_figures import PatroniFigures
from tests_py.harness.runs.patroni_lane import PatroniLane, leading_times
from tests_py.harness.runs.patroni_load import PatroniLoad
from tests_py.harness.runs.run_figures import Broken

SEED = 20261129
WHOLE = {"members": [{"name": "node1", "role": "replica", "state": "streaming", "timeline": 3},
                     {"name": "node2", "role": "leader", "state": "running", "timeline": 3},
                     {"name": "node3", "role": "sync_standby", "state": "streaming", "timeline": 3}]}


@pytest.fixture
def patroni():
    reason = missing()
    if reason:
        pytest.skip(reason)
    program = patroni_program(NEWEST)
    if program is None:
        pytest.skip(f"Patroni {NEWEST} is not there: scripts/patroni-runs installs it")
    return program


def test_after_a_switchover_every_answer_is_in_the_ledger_of_the_next_primary_once(patroni, tmp_path):
    cluster = PatroniCluster(patroni)
    try:
        cluster.start()
        with cluster.hosts.inside(CLIENT):
            figures = PatroniLane(tmp_path, cluster, SEED).run(["switchover"])
    finally:
        cluster.remove()
    assert figures.sentences == [] and sum(figures.faults.values()) == 0
    assert figures.rounds["switchover"] == 1 <= figures.promotions  # a busy machine may move the primary once more
    assert figures.answers > figures.repeats > 0 and figures.entries > 0
    assert list(tmp_path.iterdir()) == [] and not cluster.folder.exists()


def test_a_cluster_is_whole_only_if_its_leader_sends_to_both_standbys():
    view = view_of(WHOLE, at=7.0)
    assert (view.leader, view.sync, view.follower(), view.timeline) == ("node2", "node3", "node1", 3)
    assert view.looks_whole and not view.is_whole
    assert View(view.leader, view.sync, view.timeline, view.roles, view.at, streams_at=7.0).is_whole


@pytest.mark.parametrize("number, change", [
    (0, {"timeline": 2}), (0, {"state": "starting"}), (2, {"role": "replica"}), (1, {"state": "crashed"})])
def test_a_cluster_with_a_node_that_lags_or_starts_is_not_whole(number, change):
    members = [{**member, **(change if place == number else {})} for place, member in enumerate(WHOLE["members"])]
    assert not view_of({"members": members}, at=7.0).looks_whole


def load_with_grants(*times):
    load = PatroniLoad(Requests(Random(SEED), 10), [], Random(SEED))
    load.grants = list(times)
    return load


@pytest.mark.parametrize("grants, gap", [
    ([1, 2, 3, 4, 9, 10], 5), ([1, 9, 10, 30], 8), ([1, 2, 3, 4, 5, 6, 20, 40], 14), ([8, 9], 0)])
def test_a_gap_is_the_longest_time_without_a_grant_that_began_before_the_fault_ended(grants, gap):
    assert load_with_grants(*grants).longest_gap(begin=3.5, end=7) == gap


def test_a_server_that_answers_on_a_stale_primary_after_its_lease_is_found():
    lane = PatroniLane("unused", SimpleNamespace(), SEED, lease_seconds=5)
    lane._note_stale([0.1, 5.9])
    assert lane.figures.stale == [5.9] and lane.figures.stale_answers == 2
    with pytest.raises(Broken, match="answered for 6.10 s"):
        lane._note_stale([0.1, 6.1])
    assert lane.figures.faults["stale"] == 1


def test_the_log_of_a_server_tells_when_it_took_over():
    log = ("1970-01-01T00:00:07.500Z info leading: epoch 1, 1 open semesters\n"
           "1970-01-01T00:00:08.000Z info standing-by: leading: no\n1970-01-01T00:01:00.000Z info leading: epoch 3\n")
    assert leading_times(log) == [7.5, 60.0]


def test_what_is_left_of_a_run_has_the_kinds_that_were_not_done():
    options = SimpleNamespace(kinds=["switchover", "node-cut"], faults=3, seed=SEED)
    assert sorted(patroni_runs.plan(options, dict.fromkeys(KINDS, 0))) == ["node-cut"] * 3 + ["switchover"] * 3
    assert patroni_runs.plan(options, {"switchover": 3, "node-cut": 2}) == ["node-cut"]


def test_figures_of_lanes_add_up():
    one, other = PatroniFigures(), PatroniFigures()
    for figures, gap in ((one, 1.5), (other, 2.5)):
        figures.rounds["switchover"] = 2
        figures.gaps["switchover"] = [gap]
        figures.stale = [gap]
    one.add(other)
    assert one.rounds["switchover"] == 4 and one.gaps["switchover"] == [1.5, 2.5] and one.stale == [1.5, 2.5]


def test_the_times_of_patroni_fit_together_and_operators_find_each_setting_with_its_value():
    times = values(CLUSTER)
    assert times["loop_wait"] + 2 * times["retry_timeout"] <= times["ttl"]
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    for name, value, _ in (*CLUSTER, *POSTGRESQL, *PARAMETERS):
        shown = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
        assert f"| `{name}` | `{shown}` |" in page, name
