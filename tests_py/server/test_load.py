"""The benchmark's programs against real servers: what dti_load counts is what the ledger has."""

import json
import signal
import threading
from pathlib import Path

import pytest

from tests_py.harness.process import Daemon, binary, owned, run, running
from tests_py.harness.wire import OK, Router

pytestmark = pytest.mark.skipif(not Path(binary("dti_load")).exists(), reason="dti_load is not built: DTI_BUILD_BENCH")

SEMESTERS = ("2025-10", "2026-01")
POOL = (f"--semester={SEMESTERS[0]}", "--classrooms=1000000", "--labs=1000000")
MADE = ("--faculties=12", "--programs=52")  # a faculty's last request has two programs
PROGRAMS = 12 * 52
REQUESTS = 12 * 11


def load(folder, address, *flags, seconds=20):
    """The result of a run that must succeed."""
    status, stdout, stderr = run(folder, "dti_load", f"--server={address}", "--format=json", *flags, seconds=seconds)
    assert status == 0, stderr
    return json.loads(stdout)


@pytest.fixture
def made(tmp_path):
    """The flag that gives a server the catalogue of MADE."""
    path = tmp_path / "made.csv"
    assert run(tmp_path, "dti_load", *MADE, f"--write-catalog={path}")[0] == 0
    return f"--catalog={path}"


@pytest.fixture
def memory(tmp_path, made):
    with running(tmp_path, "--store=memory:", *POOL, made) as dti:
        yield dti


def check_sums(result):
    assert result["requests"] == result["fresh_requests"] + result["repeat_requests"]
    assert result["decisions"] == sum(result["statuses"].values())
    assert result["foreign_replies"] == 0
    assert result["requests_per_second"] == pytest.approx(result["requests"] / result["seconds"], abs=0.1)
    latency = result["latency_us"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p999"] <= latency["max"]
    assert latency["mean"] <= latency["max"] <= result["seconds"] * 1e6


def test_every_program_is_asked_once_granted_and_counted_as_in_the_ledger(sqlite, tmp_path, made):
    with running(tmp_path, sqlite.flag, *POOL, made):
        pass
    flags = (sqlite.flag, f"--semester={SEMESTERS[1]}", "--classrooms=1000000", "--labs=1000000")
    with running(tmp_path, *flags) as dti:
        result = load(tmp_path, dti.address, *MADE, f"--semesters={','.join(SEMESTERS)}", "--classrooms=3", "--labs=2")
    check_sums(result)
    assert (result["requests"], result["decisions"]) == (2 * REQUESTS, 2 * PROGRAMS)
    assert (result["statuses"], result["errors"]) == ({OK: 2 * PROGRAMS}, {})
    assert (result["sent_in_all"], result["repeat_requests"]) == (2 * REQUESTS, 0)
    assert [(p["semester"], p["requests"], p["decisions"]) for p in result["parts"]] == [
        (semester, REQUESTS, PROGRAMS) for semester in SEMESTERS]
    assert sum(part["seconds"] for part in result["parts"]) == pytest.approx(result["seconds"])
    for semester in SEMESTERS:
        assert set(sqlite.allocations(semester).values()) == {(OK, 3, 2, 0)}
        assert len(sqlite.allocations(semester)) == PROGRAMS
    sqlite.check_conserved()


def test_repeats_are_answered_as_before_and_change_nothing(sqlite, tmp_path, made):
    with running(tmp_path, sqlite.flag, *POOL, made) as dti:
        result = load(tmp_path, dti.address, *MADE, "--repeats=60", "--requests=100", "--in-flight=8")
        check_sums(result)
        assert result["requests"] == 100 and result["repeat_requests"] > 20
        assert set(result["statuses"]) == {OK}
        used = result["sent_in_all"]
        assert used == result["fresh_requests"]
        before = sqlite.rows("SELECT * FROM history")
        assert len(sqlite.allocations()) == len(before) - 1  # the opening

        again = load(tmp_path, dti.address, *MADE, "--repeats=100", f"--first={used}", "--requests=150")
        check_sums(again)
        assert (again["repeat_requests"], again["fresh_requests"], set(again["statuses"])) == (150, 0, {OK})
        assert sqlite.rows("SELECT * FROM history") == before

        rest = load(tmp_path, dti.address, *MADE, f"--first={used}")
        assert (rest["fresh_requests"], rest["sent_in_all"]) == (REQUESTS - used, REQUESTS)
        assert len(sqlite.allocations()) == PROGRAMS


def test_an_open_loop_sends_at_its_rate(tmp_path, memory):
    result = load(tmp_path, memory.address, *MADE, "--rate=300", "--requests=90")
    check_sums(result)
    assert (result["requests"], result["sent_in_all"], set(result["statuses"])) == (90, 90, {OK})
    assert result["seconds"] >= 89 / 300  # the last is due then


def stall(router, count, begin, held):
    """A server that grants all `count` requests, but those that come after the first `begin` not until `held` have
    gathered and nothing has come for half a second."""
    waiting = []
    for number in range(1, count + 1):
        waiting.append(router.receive())
        if begin < number < begin + held:
            continue
        if number == begin + held:
            assert router.receives_nothing(0.5)
        for peer, (delimiter, body) in waiting:
            request = json.loads(body)
            programs = [{"program-id": p["program-id"], "program-name": p["program-name"], "status-message": OK}
                        for p in request["programs"]]
            reply = {"semester": request["semester"], "error-found": False, "error-message": "", "programs": programs,
                     "request-id": request["request-id"]}
            router.send(peer, delimiter, json.dumps(reply, separators=(",", ":")))
        waiting.clear()


def test_an_open_loop_counts_all_that_was_due_in_its_window_also_behind_a_stall_at_its_end(tmp_path):
    with Router() as router:
        server = threading.Thread(target=stall, args=(router, 100, 50, 10), daemon=True)
        server.start()
        result = load(tmp_path, router.address, *MADE, "--rate=200", "--warm-up=0.1", "--seconds=0.4", "--in-flight=10")
        server.join()
    assert (result["requests"], result["seconds"], result["ended_early"]) == (80, 0.4, False)  # 20 in the warm-up
    assert result["requests_per_second"] == 200
    assert (result["sent_in_all"], set(result["all_statuses"])) == (100, {OK})
    # The stall is half a second; of the 80, those that were due in it waited long: from 50 on, some two thirds.
    latency = result["latency_us"]
    assert latency["max"] > 450_000 and latency["p90"] > 250_000 and latency["p50"] > 50_000


@pytest.mark.parametrize("rate", [(), ("--rate=2000",)], ids=["closed loop", "open loop"])
@pytest.mark.parametrize("seconds, ended_early", [(0.03, False), (20, True)])
def test_a_window_that_the_requests_did_not_suffice_for_is_said_to_have_ended_early(tmp_path, rate, seconds,
                                                                                   ended_early):
    with owned(Daemon([binary("dti_echo"), "--port=0"], tmp_path)) as echo:
        echo.wait_ready()
        programs = 12 if ended_early else 1000
        result = load(tmp_path, echo.address, "--faculties=500", f"--programs={programs}", "--any-reply", *rate,
                      "--in-flight=1", f"--seconds={seconds}")
    assert result["ended_early"] is ended_early
    assert (result["seconds"] == seconds) is not ended_early


def test_what_is_answered_outside_of_the_window_is_in_the_counts_of_the_whole_run_alone(tmp_path, memory):
    result = load(tmp_path, memory.address, *MADE, "--rate=1000", "--warm-up=0.05", "--requests=100")
    check_sums(result)
    assert (result["requests"], result["all_statuses"]) == (50, {OK: sum(result["all_statuses"].values())})
    assert sum(result["all_statuses"].values()) > sum(result["statuses"].values())
    refused = load(tmp_path, memory.address, *MADE, "--semesters=1999-10", "--rate=1000", "--warm-up=0.05",
                   "--requests=100")
    assert (refused["errors"], refused["all_errors"]) == ({"INVALID-SEMESTER": 50}, {"INVALID-SEMESTER": 100})


def refuse_each_once(router, count, error):
    """A server that refuses each request the first time, and grants all the second time."""
    seen = set()
    for _ in range(2 * count):
        peer, (delimiter, body) = router.receive()
        request = json.loads(body)
        code = "" if body in seen else error
        seen.add(body)
        programs = [{"program-id": p["program-id"], "program-name": p["program-name"], "status-message": code or OK}
                    for p in request["programs"]]
        reply = {"semester": request["semester"], "error-found": bool(code), "error-message": code,
                 "programs": programs, "retry-after-ms": 20, "request-id": request["request-id"]}
        router.send(peer, delimiter, json.dumps(reply, separators=(",", ":")))


def test_what_is_refused_for_now_is_asked_again_to_the_byte_and_counted(tmp_path):
    with Router() as router:
        server = threading.Thread(target=refuse_each_once, args=(router, REQUESTS, "OVERLOADED"))
        server.start()
        result = load(tmp_path, router.address, *MADE)
        server.join()
    check_sums(result)
    assert (result["requests"], result["errors"]) == (REQUESTS, {"OVERLOADED": REQUESTS})
    assert result["all_errors"] == result["errors"]
    assert result["statuses"] == {OK: PROGRAMS}
    assert result["latency_us"]["p50"] >= 20_000  # it counts from the first try


def test_what_is_refused_for_good_is_counted_and_not_asked_again(tmp_path, memory):
    result = load(tmp_path, memory.address, *MADE, "--semesters=1999-10")
    assert (result["requests"], result["errors"]) == (0, {"INVALID-SEMESTER": REQUESTS})


def test_the_echo_answers_with_so_many_bytes_that_the_request_can_be_found_in(tmp_path):
    with owned(Daemon([binary("dti_echo"), "--port=0", "--reply-bytes=200"], tmp_path)) as echo:
        echo.wait_ready()
        result = load(tmp_path, echo.address, *MADE, "--any-reply", "--in-flight=1000")
        assert (result["requests"], result["decisions"], result["reply_bytes"]) == (REQUESTS, PROGRAMS, 200)
        many = load(tmp_path, echo.address, "--faculties=1000", "--programs=100", "--any-reply", "--in-flight=4096")
        assert (many["requests"], many["foreign_replies"]) == (20_000, 0)  # none is lost
        echo.signal(signal.SIGTERM)
        assert echo.exit_status() == 0


@pytest.mark.parametrize("method, batch", [("insert", 1), ("unnest", 7), ("copy", 7), ("copy-binary", 7)])
@pytest.mark.parametrize("ids", [(), ("--no-request-id",)], ids=["request ids", "no request ids"])
def test_each_method_of_the_ceiling_writes_rows_that_the_ledger_accepts(postgresql, tmp_path, method, batch, ids):
    cluster, database = postgresql.cluster, postgresql.database
    flags = [f"--batch={batch}"] if batch > 1 else []
    status, stdout, stderr = run(tmp_path, "ledger_ceiling", f"--conninfo={cluster.uri(database)}",
                                 f"--method={method}", "--semesters=2", "--programs=10", "--rows=18",
                                 "--report-every=9", *flags, *ids)
    assert status == 0, stderr
    result = json.loads(stdout)
    batches = {1: 18, 7: 4}[batch]  # a batch ends with its semester
    assert (result["rows"], result["batches"], len(result["intervals"])) == (18, batches, {1: 2, 7: 1}[batch])
    # The table's rate is that of writing: making the rows is no part of it.
    assert result["rows_per_second"] == pytest.approx(18 / result["write_seconds"], rel=0.001)
    assert 0 < result["encode_seconds"] <= result["seconds"] - result["write_seconds"]
    rows = postgresql.rows("SELECT semester_id, seq, program_id, generation, classrooms_wanted, labs_wanted,"
                           " classrooms_granted, labs_granted, mobile_labs_granted, kind, status, length(request_id),"
                           " now() - at < interval '1 minute' FROM ledger ORDER BY 1, 2")
    length = None if ids else 36
    programs = [row[2] for row in rows]
    assert rows == [(1 + i // 10, 2 + i % 10, programs[i], 1, 1, 1, 1, 1, 0, 0, 0, length, "t") for i in range(18)]
    assert sorted(programs[:10]) == list(range(1, 11)) and programs[10:] == programs[:8]
    assert programs[:10] != sorted(programs[:10])
