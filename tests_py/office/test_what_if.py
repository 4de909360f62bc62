"""dtictl what-if: what requests would get, as a server decides or by a policy, from a store that stays as it is."""

import csv
import random
import re

import pytest

from tests_py.harness.catalogs import all_pairs, write_catalog, write_pairs
from tests_py.harness.process import BROKEN_STDOUT, ROOT, run, run_with_broken_stdout, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import HAS_ALREADY, OK, PARTIAL, Client, answers, grant, request
from tests_py.office.plans import grant_of, make_store, what_if, what_if_csv, write_requests

NEEDED = ("faculty", "program", "classrooms", "labs")


def test_a_server_decides_as_what_if_said_and_what_if_changes_nothing(store, tmp_path):
    seed = random.randrange(2 ** 32)
    print("seed", seed)
    draw = random.Random(seed)
    pairs = all_pairs()
    draw.shuffle(pairs)
    held = pairs[:8]
    rows = [(faculty, program, draw.randrange(20), draw.randrange(6)) for faculty, program in pairs]
    file = write_requests(tmp_path / "requests.csv", NEEDED, rows)
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        for faculty, program in held:
            grant(client, request(SEMESTER, faculty, (program, draw.randrange(20), draw.randrange(6))))
        before = store.rows("SELECT count(*) FROM ledger"), store.left()
        planned, words = what_if(tmp_path, store.flag, file)
        assert (store.rows("SELECT count(*) FROM ledger"), store.left()) == before
        assert f'semester "{SEMESTER}" at entry 9: left ' in words
        assert {(row["semester"], row["head"]) for row in planned} == {(SEMESTER, 9)}
        for row, (faculty, program, classrooms, labs) in zip(planned, rows, strict=True):
            (answered,) = answers(client.ask(request(SEMESTER, faculty, (program, classrooms, labs))))
            assert (row["faculty"], row["program"]) == (faculty, program)
            assert (row["status"], *grant_of(row)) == answered
            assert (row["limited-by"] is None) == (row["status"] == OK or (faculty, program) in held)
        assert {row["status"] for row in planned} >= {OK, HAS_ALREADY}


def test_a_program_with_a_grant_keeps_it_and_takes_no_part_in_a_round(store, tmp_path):
    catalog = write_catalog(tmp_path / "catalog.csv", "F", ["a", "b", "c"])
    with running(tmp_path, f"--semester={SEMESTER}", "--classrooms=20", "--labs=0", store.flag, catalog) as dti, \
            Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "F", ("b", 8, 0)))
        file = write_requests(tmp_path / "r.csv", NEEDED, [("F", "a", 10, 0), ("F", "b", 9, 0), ("F", "c", 10, 0)])
        rows, words = what_if(tmp_path, store.flag, "--policy=max-min", file)
    assert [(row["status"], row["classrooms"], row["first-come"], row["difference"]) for row in rows] == [
        (PARTIAL, 6, 10, -4), (HAS_ALREADY, 8, 8, 0), (PARTIAL, 6, 2, 4)]
    assert "3 requests, a round by max-min: 0 get all, 2 get a part, 0 get nothing; 1 holds a grant already\n" in words
    assert "1 program gains 4 rooms, 1 program loses 4 rooms\n" in words


def test_the_semester_must_be_named_if_several_are_open(store, tmp_path):
    for semester in ("2025-10", "2025-20"):
        make_store(tmp_path, store, "--catalog=" + str(ROOT / "data/catalog.csv"), f"--semester={semester}",
                   "--classrooms=5", "--labs=1")
    file = write_requests(tmp_path / "r.csv", NEEDED, [(*all_pairs()[0], 1, 1)])
    status, stdout, stderr = run(tmp_path, "dtictl", "what-if", store.flag, file)
    assert (status, stdout) == (2, "")
    assert '2 semesters are open; name one of "2025-10", "2025-20"' in stderr
    assert what_if(tmp_path, store.flag, "--semester=2025-20", file)[0][0]["semester"] == "2025-20"
    status, _, stderr = run(tmp_path, "dtictl", "what-if", store.flag, "--semester=2025-30", file)
    assert status == 2 and 'no semester is "2025-30"; there are "2025-10", "2025-20"' in stderr


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A store with 50 programs and no rooms, for --capacity."""
    folder = tmp_path_factory.mktemp("empty")
    store = SqliteStore(folder)
    catalog = write_catalog(folder / "catalog.csv", "F", [f"p{i}" for i in range(50)])
    make_store(folder, store, catalog, f"--semester={SEMESTER}", "--classrooms=0", "--labs=0")
    return store


def plan(empty, folder, policy, capacity, asks, **columns):
    """The grants of programs p0, p1, …; the columns have a value for each of them."""
    rows = [("F", f"p{i}", *ask, *(values[i] for values in columns.values())) for i, ask in enumerate(asks)]
    file = write_requests(folder / "requests.csv", (*NEEDED, *columns), rows)
    return [grant_of(row) for row in what_if(folder, empty.flag, f"--policy={policy}", f"--capacity={capacity}", file)[0]]


# The rows of textbooks and of other schedulers, in whole rooms of one kind; halves of weights are doubled.
ONE_KIND = [
    ("max-min, doorman", "max-min", 120, (1000, 50, 10), {}, (60, 50, 10)),
    ("max-min, doorman's test", "max-min", 120, (1000, 60, 10), {}, (55, 55, 10)),
    ("weighted, doorman's subclients", "weighted", 120, (1000, 500, 200), {"weight": (6, 4, 2)}, (60, 40, 20)),
    ("weighted, doorman's weights", "weighted", 1000, (2000, 500, 700), {"weight": (10, 10, 30)}, (200, 200, 600)),
    ("max-min, Hadoop", "max-min", 40, (100, 50, 11, 3), {}, (13, 13, 11, 3)),
    ("weighted, Hadoop", "weighted", 45, (1000,) * 4, {"weight": (4, 2, 2, 1)}, (20, 10, 10, 5)),
    ("weighted with limits, Hadoop", "weighted", 45, (10, 11, 30, 20), {"weight": (4, 2, 2, 1)}, (10, 11, 16, 8)),
    ("floors, Hadoop", "floors", 40, (1000,) * 4, {"floor": (20, 18, 0, 2)}, (20, 18, 0, 2)),
    ("weighted floors, Hadoop", "floors", 45, (1000,) * 4, {"weight": (4, 2, 2, 1), "floor": (20, 0, 5, 15)},
     (20, 5, 5, 15)),
    ("weighted max-min, Keshav", "weighted", 16, (4, 2, 10, 4), {"weight": (5, 8, 1, 2)}, (4, 2, 6, 4)),
    ("largest remainder, 49 seats", "proportional", 49, (300, 700, 9000), {}, (2, 3, 44)),
    ("largest remainder, 51 seats: the Alabama paradox", "proportional", 51, (300, 700, 9000), {}, (1, 4, 46)),
]


@pytest.mark.parametrize("policy, classrooms, asks, columns, expected", [row[1:] for row in ONE_KIND],
                         ids=[row[0] for row in ONE_KIND])
def test_golden_rounds_of_one_kind(empty, tmp_path, policy, classrooms, asks, columns, expected):
    grants = plan(empty, tmp_path, policy, f"{classrooms},0,0", [(ask, 0) for ask in asks], **columns)
    assert grants == [(rooms, 0, 0) for rooms in expected]


FOUR = [(10, 4), (6, 4), (2, 4), (12, 0)]
TWO_KINDS = [
    ("max-min with conversion", "max-min", "20,6,20", FOUR, [(3, 2, 2), (3, 2, 2), (2, 2, 2), (6, 0, 0)]),
    ("first come, the same", "first-come", "20,6,20", FOUR, [(10, 4, 0), (6, 2, 2), (0, 0, 2), (0, 0, 0)]),
    ("proportional, the same", "proportional", "20,6", FOUR, [(5, 3, 1), (2, 2, 2), (0, 1, 3), (7, 0, 0)]),
    ("the limit of conversions binds", "max-min", "20,2,3", [(0, 10), (10, 0)], [(0, 2, 3), (10, 0, 0)]),
    ("dominant resources, whole bundles", "drf", "9,18,0", [(1, 4), (3, 1)], [(1, 4, 0), (3, 1, 0)]),
]


@pytest.mark.parametrize("policy, capacity, asks, expected", [row[1:] for row in TWO_KINDS],
                         ids=[row[0] for row in TWO_KINDS])
def test_golden_rounds_of_two_kinds(empty, tmp_path, policy, capacity, asks, expected):
    assert plan(empty, tmp_path, policy, capacity, asks) == expected


def test_a_golden_round_of_the_size_of_the_course(empty, tmp_path):
    grants = plan(empty, tmp_path, "max-min", "380,60", [(10, 4)] * 50)
    assert sorted(map(sum, grants)) == [8] * 10 + [9] * 40


def test_lots_decide_only_the_last_room(empty, tmp_path):
    file = write_requests(tmp_path / "r.csv", NEEDED, [("F", f"p{i}", 10, 0) for i in range(4)])
    flags = (empty.flag, "--policy=max-min", "--capacity=22,0", file)
    results = {number: [row["classrooms"] for row in what_if(tmp_path, f"--lot={number}", *flags)[0]]
               for number in range(12)}
    assert [row["classrooms"] for row in what_if(tmp_path, *flags)[0]] == [6, 6, 5, 5]
    assert all(sorted(grants) == [5, 5, 6, 6] for grants in results.values())
    assert len({tuple(grants) for grants in results.values()}) > 1
    assert results[3] == [row["classrooms"] for row in what_if(tmp_path, "--lot=3", *flags)[0]]


def test_each_fault_of_a_file_is_told_in_one_run(empty, tmp_path):
    (tmp_path / "r.csv").write_bytes(
        "facultad;programa;salones;laboratorios\r\nF;p0;diez;-1\r\nG;p1;1;1\r\nF;ñ;1;\r\nF;P-0;1;1\r\nF;p 0;1;1\r\n"
        .encode("cp1252"))
    status, stdout, stderr = run(tmp_path, "dtictl", "what-if", empty.flag, "r.csv")
    assert (status, stdout) == (1, "")
    assert stderr.splitlines() == [
        'r.csv, line 2, column salones: "diez" is not a number: write only digits',
        'r.csv, line 2, column laboratorios: "-1" must be between 0 and 1,000,000',
        'r.csv, line 3, column facultad: "G" is no faculty of the catalogue',
        'r.csv, line 4, column programa: "ñ" is no program of the faculty F',
        "r.csv, line 4, column laboratorios: the value is missing: write 0 if the program wants none",
        'r.csv, line 5, column programa: "P-0" is the same program as in line 2',
        'r.csv, line 6, column programa: "p 0" is the same program as in line 2',
        "7 errors; nothing was decided"]


def test_a_capacity_below_the_grants_is_refused(store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 100, 0)))
    file = write_requests(tmp_path / "r.csv", NEEDED, [("Derecho", "Derecho Penal", 1000, 0)])
    status, stdout, stderr = run(tmp_path, "dtictl", "what-if", store.flag, "--capacity=99,60", file)
    assert (status, stdout) == (1, "")
    assert "the grants of the semester need more than that capacity" in stderr
    rows, words = what_if(tmp_path, store.flag, "--capacity=120,60", file)
    assert rows[0]["classrooms"] == 20
    assert "with a capacity of 120 classrooms, 60 labs and 120 conversions, left would be 20 classrooms" in words


@pytest.mark.parametrize("kind", BROKEN_STDOUT)
def test_a_list_that_cannot_be_written_is_told(empty, tmp_path, kind):
    file = write_requests(tmp_path / "r.csv", NEEDED, [("F", "p0", 1, 0)])
    status, stderr = run_with_broken_stdout(tmp_path, BROKEN_STDOUT[kind], "dtictl", "what-if", empty.flag, file)
    assert status == 1 and "the output could not be written to stdout" in stderr


# The example of docs/policies.md.

def page_example():
    """The catalogue's pairs, the file and the table policy -> [(rooms, classrooms, labs, mobile labs), …] of the page."""
    text = (ROOT / "docs/policies.md").read_text(encoding="utf-8").split("\n## Example\n")[1]
    file = re.search(r"^```csv\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]
    rows = list(csv.DictReader(file.splitlines()))
    table = {policy: [tuple(map(int, re.findall(r"\d+", cell))) for cell in cells.strip(" |").split("|")]
             for policy, cells in re.findall(r"^\| `([a-z-]+)` \| (.*)$", text, re.MULTILINE)}
    return file, [(row["faculty"], row["program"]) for row in rows], table


def store_of_the_page(folder, file, pairs):
    """A store with the rooms of the example, and its file of requests beside it."""
    store = SqliteStore(folder)
    make_store(folder, store, write_pairs(folder / "catalog.csv", pairs), f"--semester={SEMESTER}", "--classrooms=20", "--labs=6")
    (folder / "requests.csv").write_text(file, encoding="utf-8")
    return store


def test_the_page_of_policies_has_what_the_tool_grants_and_all_policies_differ(tmp_path):
    file, pairs, table = page_example()
    store = store_of_the_page(tmp_path, file, pairs)
    made = {policy: [(row["rooms"], *grant_of(row)) for row in what_if(tmp_path, store.flag, f"--policy={policy}",
                                                                      "requests.csv")[0]] for policy in table}
    assert made == table and len(table) == 7
    assert len({tuple(grants) for grants in made.values()}) == len(made)


def test_the_page_of_policies_shows_the_output_of_the_tool(tmp_path):
    file, pairs, _ = page_example()
    store = store_of_the_page(tmp_path, file, pairs)
    text = (ROOT / "docs/policies.md").read_text(encoding="utf-8")
    command, shown = re.search(r"^```text\n\$ dtictl what-if (.*?)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL).groups()
    status, stdout, stderr = run(tmp_path, "dtictl", "what-if", store.flag, *command.split())
    assert (status, stderr + stdout) == (0, shown)


def test_a_result_can_be_the_next_file(empty, tmp_path):
    file = write_requests(tmp_path / "r.csv", NEEDED, [("F", f"p{i}", i, 1) for i in range(9)])
    flags = (empty.flag, "--capacity=30,5")
    first = what_if_csv(tmp_path, *flags, file)
    again = write_requests(tmp_path / "again.csv", ("faculty", "program", "classrooms-wanted", "labs-wanted"),
                           [(row["faculty"], row["program"], row["classrooms-wanted"], row["labs-wanted"]) for row in first])
    assert what_if_csv(tmp_path, *flags, again) == first
