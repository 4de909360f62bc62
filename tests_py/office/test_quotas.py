"""Quotas: the office limits the rooms of a faculty, and sees what the faculties hold."""

import pytest

from tests_py.harness.process import until
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import OK, PARTIAL, Client, grant, request
from tests_py.office.ledgers import listed
from tests_py.office.messages import SocketFile
from tests_py.office.test_wait_list import FACULTY, FIRST, FOURTH, SECOND, THIRD, Office, ask
from tests_py.office.test_watch import read_until
from tests_py.office.test_watch import start as start_watch

OTHER = "Derecho"
OTHER_PROGRAM = "Derecho Civil"


@pytest.fixture
def office(tmp_path, store):
    return Office(tmp_path, store)


def set_quota(office, *limits, faculty=FACULTY):
    return office.change("quota", "set", f"--faculty={faculty}", *limits, "--yes")


def try_quota(office, *words, faculty=FACULTY):
    return office.try_change("quota", *words[:1], f"--faculty={faculty}", *words[1:])


def detail_of(client, program, classrooms, labs):
    reply = client.ask(request(SEMESTER, FACULTY, (program, classrooms, labs), request_id=f"detail-of-{program}"))
    return reply["programs"][0].get("detail", "")


def test_a_hard_limit_is_not_exceeded_and_converts_no_classroom_for_nothing(office):
    with office.serve(pool=("--classrooms=20", "--labs=1")) as dti, Client(dti.endpoint) as client:
        out, log = set_quota(office, "--classrooms=6", "--labs=2")
        assert f"{FACULTY} in {SEMESTER} has at most 6 classrooms and at most 2 labs since entry 2" in out
        assert "next: dtictl quota list" in log
        assert ask(client, FIRST, 4, 4) == (PARTIAL, 4, 1, 1), "two labs, of which one is mobile"
        assert ask(client, SECOND, 4, 4) == (PARTIAL, 2, 0, 0), "no classroom becomes a lab that the quota forbids"
        assert detail_of(client, SECOND, 4, 4).startswith("the quota admits no more: faculty")
        [answer] = grant(client, request(SEMESTER, OTHER, (OTHER_PROGRAM, 13, 0), request_id="other"))
        assert answer == (OK, 13, 0, 0), "other faculties have what the quota leaves"
        [row] = office.rows("quota", "list")
        assert (row["faculty"], row["classrooms-limit"], row["classrooms-held"], row["classrooms-state"]) == (
            FACULTY, 6, 6, "reached")
        assert (row["labs-limit"], row["labs-soft"], row["labs-held"], row["labs-state"], row["seq"]) == (
            2, False, 2, "reached", 2)
    with office.serve(pool=("--classrooms=20", "--labs=1")) as dti, Client(dti.endpoint) as client:
        assert ask(client, THIRD, 1, 1) == (PARTIAL, 0, 0, 0), "the quota is known after a restart"
    office.verify()


def test_a_soft_limit_is_exceeded_and_shown(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        set_quota(office, "--labs=1", "--soft-labs")
        assert ask(client, FIRST, 1, 2) == (OK, 1, 2, 0)
        assert detail_of(client, FIRST, 1, 2).startswith("a soft limit is exceeded: faculty")
        [row] = office.rows("quota", "list")
        assert (row["classrooms-limit"], row["labs-limit"], row["labs-soft"], row["labs-state"]) == (
            None, 1, True, "exceeded")
        assert office.rows("history")[-2]["text"].startswith(f"the quota of {FACULTY} is now")
    office.verify()


def test_a_hard_limit_below_what_is_held_is_refused_with_the_numbers(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        assert ask(client, FIRST, 5, 2) == (OK, 5, 2, 0)
        code, out, log = try_quota(office, "set", "--classrooms=4", "--labs=2", "--yes")
        assert (code, out) == (1, ""), log
        assert "holds 5 classrooms and 2 labs with mobile labs, so its quota cannot be at most 4 classrooms" in log
        code, out, log = try_quota(office, "set", "--classrooms=4", "--labs=2", "--soft-classrooms", "--dry-run")
        assert (code, "would be: " in out) == (10, True), out + log
        assert office.rows("quota", "list") == []
        set_quota(office, "--classrooms=4", "--labs=2", "--soft-classrooms")
        code, out, log = try_quota(office, "set", "--classrooms=4", "--labs=2", "--soft-classrooms", "--yes")
        assert (code, "nothing is to be changed" in log) == (0, True), log
        out, _ = office.change("quota", "clear", f"--faculty={FACULTY}", "--yes")
        assert "has no quota since entry 4" in out
        assert office.rows("quota", "list") == []
    office.verify()


def test_the_wait_list_passes_over_a_faculty_at_its_limit_until_the_limit_is_raised(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        set_quota(office, "--classrooms=5")
        assert ask(client, FIRST, 5) == (OK, 5, 0, 0)
        assert ask(client, SECOND, 3) == (PARTIAL, 0, 0, 0)
        [answer] = grant(client, request(SEMESTER, OTHER, (OTHER_PROGRAM, 7, 0), request_id="other"))
        assert answer == (PARTIAL, 5, 0, 0)
        office.change("wait", "on", "--yes")
        rows = office.rows("wait", "list")
        assert [(row["program"], row["passed-over"]) for row in rows] == [
            (SECOND, "its faculty has all classrooms that its quota admits"), (OTHER_PROGRAM, "no classroom is left")]
        office.change("semester", "resize", "--classrooms=13", "--labs=2")
        until(lambda: office.held()[OTHER_PROGRAM] == (7, 0, 0), what="the top-up of the later place")
        assert office.waiting() == [(SECOND, 4)], "it keeps its place"
        set_quota(office, "--classrooms=7")
        until(lambda: office.held()[SECOND] == (1, 0, 0), what="the top-up after the limit was raised")
        office.change("quota", "clear", f"--faculty={FACULTY}", "--yes")
        office.change("semester", "resize", "--classrooms=20", "--labs=2")
        until(lambda: office.held()[SECOND] == (3, 0, 0), what="the rest")
        assert office.waiting() == []
    office.verify()


def test_totals_status_and_watch_show_the_use_of_each_quota_with_what_it_blocks(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        set_quota(office, "--classrooms=5")
        set_quota(office, "--classrooms=2", "--labs=1", "--soft-classrooms", faculty=OTHER)
        assert ask(client, FIRST, 5) == (OK, 5, 0, 0)
        assert ask(client, SECOND, 3) == (PARTIAL, 0, 0, 0)
        body = request(SEMESTER, OTHER, (OTHER_PROGRAM, 3, 1), request_id="other")
        assert client.ask(body | {"hold-seconds": 1000})["programs"][0]["status-message"] == OK
        office.change("wait", "on", "--yes")
        [totals] = office.rows("totals")
        assert (totals["holds"], totals["rounds"], totals["round-open"], totals["blocked-by-quota"]) == (1, 0, False, 1)
        quotas = [f"{FACULTY} 5 of 5 classrooms, 1 place blocked", f"{OTHER} 3 of 2 classrooms (soft), 1 of 1 labs"]
        assert sorted(totals["quotas"].split("; ")) == sorted(quotas)
        assert f"{OTHER} 3 of 2 classrooms (soft), 1 of 1 labs" in listed(office.folder, "totals", office.store.flag)
        status = office.rows("status")
        assert [status[name] for name in ("holds", "open-rounds", "quotas", "quotas-exceeded", "blocked-by-quota")] == [
            1, 0, 2, 1, 1]
        watch = start_watch(office.folder, office.store)
        try:
            line = read_until(watch.stdout.fileno(), b" labs\n" if OTHER > FACULTY else b"blocked\n").decode()
            assert "; 1 program waits; 1 open hold; " in line and all(text in line for text in quotas), line
        finally:
            watch.terminate()
            watch.communicate(timeout=20)
    office.verify()


def test_an_amendment_stays_within_the_quota(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        set_quota(office, "--labs=1")
        assert ask(client, FIRST, 1, 1) == (OK, 1, 1, 0)
        code, out, log = office.try_change(*office.about("grant", "amend", program=FIRST), "--classrooms=1", "--labs=2",
                                           "--yes")
        assert (code, out) == (1, ""), log
        assert "only 1 classrooms, 1 labs and 0 mobile labs" in log
        office.amend(FIRST, 2, 0)
        assert ask(client, FOURTH, 0, 1) == (OK, 0, 1, 0), "what it returned is free in the quota too"
    office.verify()


def test_a_command_that_expects_another_entry_changes_nothing(office):
    with office.serve() as dti:
        messages = SocketFile(office.admin)
        first = messages.order("set-quota", 0, command_id="c-1", faculty=FACULTY, classrooms=5)
        assert (first["status"], first["seq"], first["quota"]) == (
            OK, 2, {"classrooms": 5, "classrooms-held": 0, "labs-held": 0})
        again = messages.order("set-quota", 0, command_id="c-1", faculty=FACULTY, classrooms=5)
        assert (again["status"], again["repeat"], again["seq"]) == (OK, True, 2)
        assert messages.order("set-quota", 0, command_id="c-2", faculty=OTHER, labs=1)["status"] == OK, "of another faculty"
        late = messages.order("set-quota", 0, command_id="c-3", faculty=FACULTY, labs=9)
        assert (late["status"], late["seq"], late["quota"]["classrooms"]) == ("CONFLICT", 2, 5)
        unknown = messages.order("set-quota", 0, command_id="c-4", faculty="Alquimia", labs=9)
        assert unknown["status"] == "INVALID-FACULTY"
        assert dti.log.count("check failed") == 0
    office.verify()


def test_explain_names_the_quota_that_applied(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        set_quota(office, "--classrooms=6")
        assert ask(client, FIRST, 4) == (OK, 4, 0, 0)
        assert ask(client, SECOND, 5) == (PARTIAL, 2, 0, 0)
        office.change("quota", "clear", f"--faculty={FACULTY}", "--yes")
        out = listed(office.folder, "explain", office.store.flag, SECOND)
        assert (f'The quota of "{FACULTY}" was at most 6 classrooms, and its other programs held 4 classrooms and 0 labs with '
                "mobile labs: it admits 2 classrooms and 0 labs.") in out
        assert "3. Classrooms: it may have 2, and 6 were left: it gets 2." in out
