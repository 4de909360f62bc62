"""dtictl explain: why a program got its rooms, from the ledger alone."""

import json
import re

import pytest

from tests_py.harness.catalogs import write_pairs
from tests_py.harness.process import BROKEN_STDOUT, ROOT, run, run_with_broken_stdout, running
from tests_py.harness.scenario import SEMESTER, Model
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import OK, PARTIAL, Client, grant, request
from tests_py.office.ledgers import order, write

PAIRS = [("Engineering", "Civil Engineering"), ("Engineering", "Systems Engineering"), ("Sciences", "Physics"),
         ("Law", "Law"), ("Sciences", "Law")]
ASKS = [(*pair, *want) for pair, want in zip(PAIRS, [(10, 4), (6, 4), (2, 4), (12, 0)])]


def fill(store, folder):
    with running(folder, store.flag, write_pairs(folder / "catalog.csv", PAIRS), f"--semester={SEMESTER}",
                 "--classrooms=20", "--labs=6") as dti, Client(dti.endpoint) as client:
        for faculty, program, *want in ASKS:
            grant(client, request(SEMESTER, faculty, (program, *want), request_id=f"ask-of-{program.replace(' ', '-')}"))


def explain(folder, *flags):
    status, stdout, stderr = run(folder, "dtictl", "explain", *flags)
    assert (status, stderr) == (0, "")
    return stdout


def explain_json(folder, *flags):
    return json.loads(explain(folder, "--format=json", *flags))


def test_each_grant_is_explained_with_the_numbers_of_the_rule(store, tmp_path):
    fill(store, tmp_path)
    model = Model(20, 6)
    for seq, (faculty, program, classrooms, labs) in enumerate(ASKS, start=2):
        before = model.classrooms, model.labs, model.conversions
        status, *granted = model.grant(classrooms, labs)
        found = explain_json(tmp_path, store.flag, f"--faculty={faculty}", program)
        assert (found["seq"], found["faculty"], found["program"]) == (seq, faculty, program)
        assert found["request-id"] == f"ask-of-{program.replace(' ', '-')}"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found["at"])
        assert tuple(found["before"].values()) == before
        assert tuple(found["after"].values()) == (model.classrooms, model.labs, model.conversions)
        assert [found["granted"][kind] for kind in ("classrooms", "labs", "mobile-labs")] == granted
        assert [found["steps"][kind]["granted"] for kind in ("classrooms", "labs", "mobile-labs")] == granted
        assert found["status"] == status and found["follows-rule"] is True
        assert (found["come-back"] == []) == (status == OK)
    assert found["head"] == 5 and tuple(found["left-now"].values()) == (0, 0, 16)


def test_rooms_that_come_back_make_the_grant_whole(store, tmp_path):
    fill(store, tmp_path)
    found = explain_json(tmp_path, store.flag, "Physics")
    ways = [tuple(way.values()) for way in found["come-back"]]
    assert ways == [(0, 4, 0), (4, 0, 0)]
    for classrooms, labs, conversions in ways:
        left = found["before"]
        model = Model(left["classrooms"] + classrooms, left["labs"] + labs, left["conversions"] + conversions)
        assert model.grant(2, 4)[0] == OK


def test_the_page_shows_the_text_of_the_tool(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    page = (ROOT / "docs/what-if.md").read_text(encoding="utf-8")
    command, shown = re.search(r"^```text\n\$ dtictl explain (.*?)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL).groups()
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", explain(tmp_path, sqlite.flag, *command.split()))
    assert text == re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", shown)


def test_releases_changes_of_the_capacity_and_the_end_of_a_semester_are_told(store, tmp_path):
    fill(store, tmp_path)
    order(store, tmp_path, "release-grant", faculty="Engineering", program="Civil Engineering")
    order(store, tmp_path, "resize-semester", classrooms=25, labs=7, mobile_labs=18)
    with running(tmp_path, store.flag) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Sciences", ("Law", 2, 6)))
    order(store, tmp_path, "close-semester")
    flags = store.flag, f"--semester={SEMESTER}"
    released = explain_json(tmp_path, *flags, "Civil Engineering")
    assert (released["seq"], released["released-at"], released["closed-at"]) == (2, 6, 9)
    kept = explain(tmp_path, *flags, "Physics")
    assert kept.endswith("entry 7 changed the capacity of the semester; the grant stayed as it was\n"
                         "entry 9 closed the semester\n"
                         "now, at entry 9, left: 12 classrooms, 0 labs and 13 conversions\n")
    law = explain_json(tmp_path, *flags, "--faculty=Sciences", "Law")
    assert tuple(law["capacity"].values()) == (25, 7, 18) and tuple(law["before"].values()) == (15, 5, 14)
    assert tuple(law["granted"].values()) == (2, 5, 1) and law["status"] == OK


def test_an_amended_grant_is_explained_by_what_it_kept_and_what_was_left(store, tmp_path):
    fill(store, tmp_path)
    order(store, tmp_path, "release-grant", faculty="Engineering", program="Civil Engineering")
    order(store, tmp_path, "amend-grant", faculty="Sciences", program="Physics", classrooms=4, labs=5)
    found = explain_json(tmp_path, store.flag, "Physics")
    assert (found["seq"], found["generation"], found["follows-rule"], found["status"]) == (8, 2, True, OK)
    assert found["amendment"] == {"held": {"classrooms": 0, "labs": 0, "mobile-labs": 2}, "kept": {"classrooms": 0, "labs": 0},
                                  "top-up": False, "returned-for-others": False}
    assert tuple(found["before"].values()) == (12, 4, 18) and tuple(found["granted"].values()) == (4, 4, 1)
    assert explain(tmp_path, store.flag, "Physics").splitlines()[1:3] == [
        "It wants 4 classrooms and 5 labs, and got 4 classrooms, 4 labs and 1 mobile labs: OK",
        "The grant was amended: it held 0 classrooms, 0 labs and 2 mobile labs, keeps 0 classrooms and 0 labs of them, and returned "
        "the others first."]
    order(store, tmp_path, "amend-grant", faculty="Sciences", program="Physics", classrooms=3, labs=5)
    found = explain_json(tmp_path, store.flag, "Physics")
    assert found["amendment"]["kept"] == {"classrooms": 3, "labs": 4} and found["steps"]["labs"]["wanted"] == 1


@pytest.mark.parametrize("code, flags, reason", [
    (1, ["--faculty=Sciences", "Law"], '"Law" of "Sciences" has no grant in semester "2025-10" up to entry 5; left: 0 classrooms'),
    (2, ["Law"], 'several faculties have a program "Law": name one of "Sciences", "Law"'),
    (2, ["Chemistry"], 'program "Chemistry" is unknown'),
    (2, ["--faculty=Arts", "Law"], '--faculty: faculty "Arts" is unknown'),
    (2, ["--faculty=Law", "Physics"], 'program "Physics" of "Law" is unknown'),
    (2, ["--semester=2025_10", "Physics"], '--semester: no semester is "2025_10", but one is "2025-10"'),
], ids=lambda it: " ".join(it) if isinstance(it, list) else "")
def test_what_is_not_there_is_told_in_a_line(sqlite, tmp_path, code, flags, reason):
    fill(sqlite, tmp_path)
    status, stdout, stderr = run(tmp_path, "dtictl", "explain", sqlite.flag, *flags)
    assert (status, stdout) == (code, "") and reason in stderr and stderr.count("\n") == 1


def test_a_grant_that_the_rule_does_not_give_is_told(store, tmp_path):
    fill(store, tmp_path)
    if store.kind == "sqlite":
        write(store, "DROP TRIGGER ledger_is_not_updated", "UPDATE ledger SET labs_granted = 1, status = 1 WHERE seq = 3",
                "UPDATE semester SET labs_left = 1")
    else:
        write(store, "SET session_replication_role = replica",
                "UPDATE ledger SET labs_granted = 1, status = 1 WHERE seq = 3", "UPDATE semester SET labs_left = 1")
    status, stdout, _ = run(tmp_path, "dtictl", "explain", store.flag, "Systems Engineering")
    assert status == 1
    assert ("DIFFERS: the ledger has 6 classrooms, 1 labs and 2 mobile labs, which the rule does not give: run dtictl "
            "verify\n") in stdout


def test_a_semester_whose_row_differs_from_its_ledger_is_not_explained(store, tmp_path):
    fill(store, tmp_path)
    write(store, "UPDATE semester SET labs_left = 1")
    for command in (["explain", "Physics"], ["what-if", str(ROOT / "docs/policies.md")]):
        status, stdout, stderr = run(tmp_path, "dtictl", command[0], store.flag, command[1])
        assert (status, stdout) == (1, "") and stderr
    assert "its row has other rooms left than its ledger; dtictl verify tells more" in run(
        tmp_path, "dtictl", "explain", store.flag, "Physics")[2]


def test_a_grant_is_explained_while_a_server_runs(store, tmp_path):
    with running(tmp_path, store.flag, write_pairs(tmp_path / "catalog.csv", PAIRS), f"--semester={SEMESTER}",
                 "--classrooms=3", "--labs=0") as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Sciences", ("Physics", 9, 0)))
        found = explain_json(tmp_path, store.flag, "physics")
        assert (found["status"], found["request-id"], found["come-back"]) == (
            PARTIAL, None, [{"classrooms": 6, "labs": 0, "conversions": 0}])


@pytest.mark.parametrize("kind", BROKEN_STDOUT)
def test_a_report_that_cannot_be_written_is_told(sqlite, tmp_path, kind):
    fill(sqlite, tmp_path)
    status, stderr = run_with_broken_stdout(tmp_path, BROKEN_STDOUT[kind], "dtictl", "explain", sqlite.flag, "Physics")
    assert status == 1 and "the output could not be written to stdout" in stderr


def test_the_largest_and_the_last_grants_are_listed(tmp_path):
    store = SqliteStore(tmp_path)
    pairs = [("F", f"p{i}") for i in range(9)]
    with running(tmp_path, store.flag, write_pairs(tmp_path / "catalog.csv", pairs), f"--semester={SEMESTER}",
                 "--classrooms=36", "--labs=0") as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "F", *[(f"p{i}", i, 0) for i in (8, 7, 6, 5, 4, 3, 2, 1)]))
        grant(client, request(SEMESTER, "F", ("p0", 1, 0)))
    (held,) = explain_json(tmp_path, store.flag, "p0")["granted-before"]
    assert (held["kind"], held["programs"], held["rooms"]) == ("classrooms", 8, 36)
    assert [(it["program"], it["rooms"]) for it in held["largest"]] == [(f"p{i}", i) for i in (8, 7, 6, 5, 4)]
    assert [(it["program"], it["seq"]) for it in held["last"]] == [("p1", 9), ("p2", 8), ("p3", 7), ("p4", 6), ("p5", 5)]
    text = explain(tmp_path, store.flag, "p0")
    assert '  the last grants: "p1" of "F" 1 (entry 9), "p2" of "F" 2 (entry 8)' in text
