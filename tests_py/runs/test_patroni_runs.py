"""scripts/patroni-runs in small: one fault of a real cluster under Patroni, and checks that do find what is wrong."""

import os
import signal
import subprocess
from random import Random
from types import SimpleNamespace

import pytest

from scripts.commands import patroni_runs
from tests_py.harness import networks
from tests_py.harness.patroni import cluster
from tests_py.harness.patroni.cluster import CLIENT, PatroniCluster, View, view_of
from tests_py.harness.patroni.faults import KINDS
from tests_py.harness.patroni.programs import NEWEST, missing, patroni_program
from tests_py.harness.patroni.settings import CLUSTER, operators_configuration, values
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
def patroni(request):
    if not any("test_patroni_runs" in argument for argument in request.config.args):
        pytest.skip("a cluster under Patroni takes minutes: name this file to have it")
    reason = missing()
    if reason:
        pytest.skip(reason)
    program = patroni_program(NEWEST)
    if program is None:
        pytest.skip(f"Patroni {NEWEST} is not there: scripts/patroni-runs installs it")
    return program


def test_after_a_switchover_every_answer_is_in_the_ledger_of_the_next_primary_once(patroni, tmp_path):
    nodes = PatroniCluster(patroni)
    try:
        nodes.start()
        with nodes.hosts.inside(CLIENT):
            figures = PatroniLane(tmp_path, nodes, SEED).run(["switchover"])
    finally:
        nodes.remove()
    assert figures.sentences == [] and sum(figures.faults.values()) == 0
    assert figures.rounds["switchover"] == 1 <= figures.promotions  # a busy machine may move the primary once more
    assert figures.answers > figures.repeats > 0 and figures.entries > 0
    assert list(tmp_path.iterdir()) == [] and not nodes.folder.exists()


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


def lane_after_a_stale_primary(log, *answers):
    lane = PatroniLane("unused", SimpleNamespace(describe=lambda: ""), SEED)
    lane._servers = [SimpleNamespace(log=log, describe=lambda: "")]
    lane._load = SimpleNamespace(answers=answers)
    return lane


def test_answers_on_a_stale_primary_are_those_before_the_next_lead():
    lane = lane_after_a_stale_primary("1970-01-01T00:00:05.000Z info leading: epoch 1\n"
                                      "1970-01-01T00:00:30.000Z info leading: epoch 2\n", 9, 11, 12.5, 31)
    assert lane._answers_of_stale(SimpleNamespace(began_at_utc=10)) == [1, 2.5]


def test_a_stale_primary_without_a_next_lead_is_no_round():
    lane = lane_after_a_stale_primary("1970-01-01T00:00:05.000Z info leading: epoch 1\n", 11)
    with pytest.raises(AssertionError, match="no server says that it took over"):
        lane._answers_of_stale(SimpleNamespace(began_at_utc=10))


def lane_whose_rounds_are(monkeypatch, rounds, seen):
    lane = PatroniLane("unused", SimpleNamespace(), SEED)
    monkeypatch.setattr(lane, "_begin_store", lambda: None)
    monkeypatch.setattr(lane, "_end_store", lambda: None)
    lane._requests = SimpleNamespace(fresh_left=10**6)

    def one_round(kind):
        seen.append(kind)
        return rounds(kind)

    monkeypatch.setattr(lane, "_round", one_round)
    return lane


def test_a_round_whose_fault_did_not_happen_is_done_once_more(monkeypatch):
    seen = []
    lane_whose_rounds_are(monkeypatch, lambda kind: kind != "commit-cancelled", seen).run(["commit-cancelled", "switchover"])
    assert seen == ["commit-cancelled", "switchover", "commit-cancelled"]


def test_a_round_that_is_not_completed_is_counted(monkeypatch):
    def fails(kind):
        raise AssertionError("nothing came about")

    lane = lane_whose_rounds_are(monkeypatch, fails, [])
    with pytest.raises(AssertionError, match="nothing came about"):
        lane.run(["switchover"])
    assert lane.figures.given_up == 1


def test_a_commit_that_was_not_cancelled_is_no_fault():
    nodes = SimpleNamespace(nodes=dict.fromkeys(("node1", "node2", "node3")), hosts=None)
    fault = KINDS["commit-cancelled"](nodes, view_of(WHOLE, at=7.0), Random(SEED))
    assert fault.is_void
    fault.cancelled = 1
    assert not fault.is_void


def test_what_a_process_that_is_gone_has_left_is_removed_with_its_processes(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "PLACE", tmp_path)
    monkeypatch.setattr(networks, "NAMESPACES", tmp_path)
    gone = subprocess.Popen(["true"])
    gone.wait()
    left, used = (tmp_path / f"dti-patroni-{pid}-folder" for pid in (gone.pid, os.getpid()))
    for folder in (left, used):
        (folder / "node1").mkdir(parents=True)
    with subprocess.Popen(["sleep", "600"], cwd=left / "node1") as etcd:
        cluster.remove_left_over_of_the_dead()
        assert etcd.wait(10) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == [used]


def test_runs_with_other_leases_have_states_of_their_own_and_the_record_names_each_part(monkeypatch, tmp_path):
    monkeypatch.setattr(patroni_runs, "RUNS", tmp_path)
    monkeypatch.setattr(patroni_runs, "LaneProcess", lambda *_: SimpleNamespace(figures=PatroniFigures()))

    def run_with(faults, lease_seconds=5):
        options = SimpleNamespace(version=NEWEST, seed=1, lease_seconds=lease_seconds, faults=faults, jobs=1,
                                  kinds=["switchover"])
        return patroni_runs.PatroniRun(options, NEWEST, "a commit")

    assert run_with(2).folder != run_with(2, lease_seconds=1).folder
    first, second = run_with(2), run_with(11)
    first._start_lanes()
    second.figures_before = first.figures
    second._start_lanes()
    assert [command.split()[1] for command in second.figures.commands] == ["--faults=2", "--faults=11"]


def test_a_record_shows_the_first_faults_each_cut_and_says_how_many_more_there_are():
    figures = PatroniFigures()
    figures.note([("lost", "x" * 500)] * 25)
    lines = patroni_runs.found_lines(figures)
    assert lines[-2] == "- and 5 more"
    assert all(len(line) < 210 for line in lines)


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


def test_the_times_of_patroni_fit_together_and_operators_find_the_same_settings_in_one_block():
    times = values(CLUSTER)
    assert times["loop_wait"] + 2 * times["retry_timeout"] <= times["ttl"]
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert "\n```yaml\n" + "\n".join(operators_configuration()) + "\n```\n" in page
