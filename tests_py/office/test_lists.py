"""The lists of the office: what each says of a store, in each format, on both databases."""

import csv
import io
import json

import pytest

from tests_py.harness.process import BROKEN_STDOUT, run_with_broken_stdout, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, PARTIAL, Client, grant, request
from tests_py.office.ledgers import dtictl, fill, fill_with_every_kind, hold_and_quota, listed, order, remove, turn_wait_list_on, without_times, write

GRANT_LIST = {
    "table": """\
SEMESTER  SEQ  AT                           FACULTY  PROGRAM        CLASSROOMS-WANTED  LABS-WANTED  CLASSROOMS-GRANTED  LABS-GRANTED  MOBILE-LABS-GRANTED  STATUS                               WAITS-SINCE  POSITION  EXPIRES-AT
2025-10     2  AT                           Derecho  Derecho Civil                  7            2                   7             2                    0  OK                                             -         -  -
2025-10     3  AT                           Derecho  Derecho Penal               1000           61                 370            58                    3  NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT            -         -  -
""",
    "csv": """\
semester,seq,at,faculty,program,classrooms-wanted,labs-wanted,classrooms-granted,labs-granted,mobile-labs-granted,status,waits-since,position,expires-at
2025-10,2,AT                         ,Derecho,Derecho Civil,7,2,7,2,0,OK,,,
2025-10,3,AT                         ,Derecho,Derecho Penal,1000,61,370,58,3,NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT,,,
""",
    "jsonl": """\
{"semester":"2025-10","seq":2,"at":"AT                         ","faculty":"Derecho","program":"Derecho Civil","classrooms-wanted":7,\
"labs-wanted":2,"classrooms-granted":7,"labs-granted":2,"mobile-labs-granted":0,"status":"OK","waits-since":null,"position":null,"expires-at":null}
{"semester":"2025-10","seq":3,"at":"AT                         ","faculty":"Derecho","program":"Derecho Penal","classrooms-wanted":1000,\
"labs-wanted":61,"classrooms-granted":370,"labs-granted":58,"mobile-labs-granted":3,"status":"NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT",\
"waits-since":null,"position":null,"expires-at":null}
"""}
HISTORY = """\
SEQ  AT                           KIND               ACTOR       NOTE            TEXT
  1  AT                           semester-opened    -           -               the semester was opened with 380 classrooms, 60 labs and 380 conversions
  2  AT                           granted            -           -               Derecho Civil of Derecho asked for 7 classrooms and 2 labs, and got all: 7 classrooms, 2 labs and 0 mobile labs
  3  AT                           granted            -           -               Derecho Penal of Derecho asked for 1000 classrooms and 61 labs, and got less: 370 classrooms, 58 labs and 3 mobile labs
  4  AT                           released           -           -               Derecho Civil of Derecho gave back 7 classrooms, 2 labs and 0 mobile labs, because its grant was amended
  5  AT                           granted            local/1000  smaller groups  Derecho Civil of Derecho now wants 5 classrooms and 2 labs, and got all: 5 classrooms, 2 labs and 0 mobile labs
  6  AT                           released           local/1000  moved to 2026   Derecho Civil of Derecho gave back 5 classrooms, 2 labs and 0 mobile labs
  7  AT                           capacity-changed   local/1000  -               the capacity changed to 400 classrooms, 60 labs and 380 conversions
  8  AT                           semester-closed    local/1000  -               the semester was closed
  9  AT                           semester-reopened  local/1000  -               the semester was reopened
 10  AT                           semester-closed    local/1000  the end         the semester was closed
"""
COMMANDS = [("status",), ("semester", "list"), ("grant", "list"), ("history",), ("totals",), ("alerts",),
            ("wait", "list"), ("hold", "list"), ("quota", "list"), ("catalog", "list"), ("grant", "show", "Derecho Penal")]


def objects(folder, *words):
    return json.loads(listed(folder, *words, "--format=json"))


def test_each_format_of_a_list_is_as_documented(store, tmp_path):
    fill(store, tmp_path)
    found = {name: without_times(listed(tmp_path, "grant", "list", store.flag, f"--format={name}")) for name in GRANT_LIST}
    assert found == GRANT_LIST
    lines = listed(tmp_path, "grant", "list", store.flag, "--format=jsonl").splitlines()
    assert objects(tmp_path, "grant", "list", store.flag) == [json.loads(line) for line in lines]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_gives_the_same_values_in_csv_and_json(sqlite, tmp_path, words):
    fill(sqlite, tmp_path)
    turn_wait_list_on(sqlite, tmp_path)
    hold_and_quota(sqlite, tmp_path)

    def output(form):
        status, stdout, _ = dtictl(tmp_path, *words, sqlite.flag, f"--format={form}")
        assert status == 0
        return stdout

    found = json.loads(output("json"))
    rows = list(csv.DictReader(io.StringIO(output("csv"))))
    as_csv = {None: "", True: "true", False: "false"}
    for row, of_json in zip(rows, found if isinstance(found, list) else [found], strict=True):
        assert row == {name: as_csv.get(value, str(value)) if not isinstance(value, int) or isinstance(value, bool) else str(value)
                       for name, value in of_json.items()}
    assert rows
    assert "\t" not in output("table") and output("table").strip()


def test_a_grant_that_was_released_is_not_held(store, tmp_path):
    fill_with_every_kind(store, tmp_path)
    grants = objects(tmp_path, "grant", "list", store.flag, f"--semester={SEMESTER}")
    assert [(it["program"], it["seq"], it["status"]) for it in grants] == [("Derecho Penal", 3, PARTIAL)]
    status, stdout, stderr = dtictl(tmp_path, "grant", "show", "derecho civil", store.flag, f"--semester={SEMESTER}", "--format=jsonl")
    assert (status, stderr) == (0, "dtictl grant show: Derecho Civil of Derecho holds nothing in 2025-10\n")
    entries = [json.loads(line) for line in stdout.splitlines()]
    assert [(it["seq"], it["kind"], it["status"], it["stands"]) for it in entries] == [
        (2, "granted", OK, False), (4, "released", None, False), (5, "granted", OK, False), (6, "released", None, False)]
    assert [(it["cause"], it["note"]) for it in entries] == [
        ("asked", None), ("amended", None), ("amended", "smaller groups"), ("released", "moved to 2026")]
    assert all(it["actor"].startswith("local/") for it in entries if it["note"])


def test_a_program_is_shown_with_what_it_holds_and_every_entry_about_it(store, tmp_path):
    fill(store, tmp_path)
    for words in (("Derecho Penal",), ("derecho", "PENAL"), ("--faculty=DERECHO", "derecho_penal")):
        status, stdout, stderr = dtictl(tmp_path, "grant", "show", store.flag, "--format=jsonl", *words)
        assert (status, stderr) == (0, "dtictl grant show: Derecho Penal of Derecho holds 370 classrooms, 58 labs and 3 mobile labs "
                                       "in 2025-10, since entry 3\n")
        assert [(json.loads(line)["seq"], json.loads(line)["stands"]) for line in stdout.splitlines()] == [(3, True)]


def test_the_history_has_every_kind_of_entry_in_words(store, tmp_path):
    fill_with_every_kind(store, tmp_path)
    assert without_times(listed(tmp_path, "history", store.flag, f"--semester={SEMESTER}")) == HISTORY
    since = listed(tmp_path, "history", store.flag, f"--semester={SEMESTER}", "--since=8", "--format=csv",
                   "--columns=seq,kind,note")
    assert since == "seq,kind,note\n9,semester-reopened,\n10,semester-closed,the end\n"
    columns = objects(tmp_path, "history", store.flag, f"--semester={SEMESTER}", "--since=5")
    assert [(it["program"], it["generation"], it["classrooms-granted"], it["classrooms-capacity"]) for it in columns[:3]] == [
        ("Derecho Civil", 2, 5, None), (None, None, None, 400), (None, None, None, None)]


def test_totals_and_semesters_agree_after_a_release_and_a_new_capacity(store, tmp_path):
    fill_with_every_kind(store, tmp_path)
    rooms = {"classrooms-capacity": 400, "labs-capacity": 60, "conversions-capacity": 380, "classrooms-granted": 370,
             "labs-granted": 58, "mobile-labs-granted": 3, "classrooms-left": 27, "labs-left": 2, "mobile-labs-left": 27}
    [semester] = objects(tmp_path, "semester", "list", store.flag)
    assert semester.pop("opened-at").endswith("Z")
    assert semester == {"name": SEMESTER, "state": "closed", **rooms, "wait-list": False, "entries": 10}
    [totals] = objects(tmp_path, "totals", store.flag)
    assert totals == {"semester": SEMESTER, "state": "closed", "grants": 1, "partial-grants": 1, **rooms,
                      "classrooms-lacking": 630, "labs-lacking": 0, "wait-list": False, "waiting": 0,
                      "entries": 10, "consistent": True, "holds": 0, "rounds": 0, "round-open": False,
                      "blocked-by-quota": 0, "quotas": None}


def test_a_semester_that_differs_from_its_ledger_is_told(store, tmp_path):
    fill(store, tmp_path)
    write(store, "UPDATE semester SET labs_left = 1 WHERE id = 1")
    status, stdout, stderr = dtictl(tmp_path, "totals", store.flag, "--format=json")
    assert status == 1 and json.loads(stdout)[0]["consistent"] is False
    assert stderr == "dtictl totals: a semester differs from its ledger: run dtictl verify\n"


def test_a_ledger_that_contradicts_itself_is_not_summed_up(store, tmp_path):
    fill(store, tmp_path)
    order(store, tmp_path, "resize-semester", classrooms=400, labs=60, mobile_labs=380)
    remove(store, 3)
    for words in (("totals",), ("grant", "list"), ("alerts",), ("history",)):
        status, _, stderr = dtictl(tmp_path, *words, store.flag)
        assert status == 1 and "entry 3: the entry is missing" in stderr, words


def test_alerts_are_the_partial_grants_with_what_they_lack(store, tmp_path):
    fill(store, tmp_path)
    columns = "--columns=faculty,program,classrooms-lacking,labs-lacking"
    assert listed(tmp_path, "alerts", store.flag, "--format=csv", columns) == (
        "faculty,program,classrooms-lacking,labs-lacking\nDerecho,Derecho Penal,630,0\n")
    assert listed(tmp_path, "alerts", store.flag, "--faculty=Artes", "--format=jsonl") == ""
    assert "WANTED" not in listed(tmp_path, "alerts", store.flag), "a table has no details"


def test_the_status_tells_who_leads_and_how_much_there_is(store, tmp_path):
    with running(tmp_path, *POOL, store.flag, "--lease-seconds=30") as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)))
        led = objects(tmp_path, "status", store.flag)
        assert (led["epoch"], led["leads"], led["leader"].split(":")[1]) == (1, True, str(dti.pid))
        assert (led["lease-until"] is None) == (store.kind == "sqlite")
        if store.kind == "postgresql":
            assert led["leader-endpoint"].endswith(f":{dti.port}")
    after = objects(tmp_path, "status", store.flag)
    assert after["leads"] is False and after["lease-until"] is None
    counts = ("semesters", "open-semesters", "faculties", "programs", "entries")
    assert [after[name] for name in counts] == [1, 1, 10, 50, 2]
    assert list(after)[-5:] == ["holds", "open-rounds", "quotas", "quotas-exceeded", "blocked-by-quota"]
    assert list(after.values())[-5:] == [0, 0, 0, 0, 0]
    assert len(after["store-id"]) == 32 and after["schema-version"] >= 3
    assert after["last-entry-at"] > after["led-since"]
    assert listed(tmp_path, "status", store.flag).splitlines()[3].split() == ["epoch", "1"]


def test_a_semester_must_be_named_if_several_are_open(store, tmp_path):
    fill(store, tmp_path)
    with running(tmp_path, "--semester=2026-04", "--classrooms=5", "--labs=1", store.flag):
        for words in (("grant", "list"), ("grant", "show", "Derecho Civil"), ("alerts",), ("history",)):
            status, stdout, stderr = dtictl(tmp_path, *words, store.flag)
            assert (status, stdout) == (2, "")
            assert stderr == (f"dtictl {' '.join(words[:1 + (words[0] == 'grant')])}: --semester: 2 semesters are open; name one of "
                              '"2025-10", "2026-04"\n')
        assert len(objects(tmp_path, "grant", "list", store.flag, "--semester=2025-10")) == 2
        assert [it["name"] for it in objects(tmp_path, "semester", "list", store.flag)] == ["2025-10", "2026-04"]


@pytest.mark.parametrize("words, reason", [
    (("grant", "list", "--semester=2030"), '--semester: no semester is "2030"; there are "2025-10"'),
    (("grant", "list", "--faculty=Letras"), '--faculty: faculty "Letras" is unknown'),
    (("grant", "show", "Latin"), 'PROGRAM: program "Latin" is unknown'),
    (("grant", "show", "--faculty=Artes", "Derecho Civil"), 'PROGRAM: program "Derecho Civil" of "Artes" is unknown'),
    (("grant", "show"), "PROGRAM is needed (see --help)"),
    (("history", "--since=4"), '--since: the ledger of semester "2025-10" ends with entry 3'),
    (("history", "--follow", "--format=json"), "--format: json has an end, and --follow has none; use jsonl"),
    (("alerts", "--columns=name"), None), (("status", "--semester=2025-10"), None), (("grant",), None), (("semester", "x"), None),
    (("totals", "--store=memory:"), None)], ids=lambda it: " ".join(it) if isinstance(it, tuple) else "")
def test_a_question_that_cannot_be_answered_is_2_with_one_line(sqlite, tmp_path, words, reason):
    fill(sqlite, tmp_path)
    flags = () if any(word.startswith("--store") for word in words) else (sqlite.flag,)
    status, stdout, stderr = dtictl(tmp_path, *words, *(flags if len(words) > 1 or words[0] != "grant" else ()))
    assert (status, stdout, stderr.count("\n")) == (2, "", 1), stderr
    assert reason is None or stderr.endswith(f": {reason}\n"), stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_store_that_is_not_there_is_1_and_is_not_made(tmp_path, words):
    status, stdout, stderr = dtictl(tmp_path, *words, f"--store=sqlite:{tmp_path}/none/dti.db")
    assert (status, stdout) == (1, "") and "none/dti.db: No such file or directory" in stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("kind", BROKEN_STDOUT)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_output_that_cannot_be_written_is_no_success(sqlite, tmp_path, words, kind):
    fill(sqlite, tmp_path)
    status, stderr = run_with_broken_stdout(tmp_path, BROKEN_STDOUT[kind], "dtictl", *words, sqlite.flag)
    assert status == 1 and "could not be written to stdout" in stderr


def test_the_config_file_of_a_server_names_the_store_and_the_semester(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    config = tmp_path / "dti.toml"
    config.write_text(f'semester = "{SEMESTER}"\nport = 0\nstore = "sqlite:{sqlite.path}"\n')
    assert len(objects(tmp_path, "grant", "list", f"--config={config}")) == 2
    config.write_text(config.read_text().replace(SEMESTER, "2030"))
    status, _, stderr = dtictl(tmp_path, "grant", "list", f"--config={config}")
    assert status == 2 and f'{config}:1: semester: no semester is "2030"' in stderr
