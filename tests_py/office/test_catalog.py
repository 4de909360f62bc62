"""dtictl catalog: programs are planned without a server, and added while servers run."""

import csv
import io
import json
import os
import subprocess

import pytest

from tests_py.harness.catalogs import all_pairs, write_pairs
from tests_py.harness.process import binary, clean_environment, run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import OK, Client, KeyList, grant, new_key, request, tcp
from tests_py.office.messages import SocketFile

NEW = [("Derecho", "Derecho Digital"), ("Gastronomía", "Cocina"), ("Gastronomía", "Pastelería")]
DIGITAL = request(SEMESTER, "derecho", ("derecho-digital", 3, 1))
INVALID = "INVALID-PROGRAM"


class Place:
    """A store, the programs that run on it, and the files that they read."""

    def __init__(self, folder, store):
        self.folder, self.store, self.admin = folder, store, folder / "a"

    def serve(self, *flags, admin=None, **options):
        return running(self.folder, *POOL, self.store.flag, f"--admin={admin or self.admin}", *flags, **options)

    def write(self, pairs, name="new.csv"):
        write_pairs(self.folder / name, pairs)
        return str(self.folder / name)

    def plan(self, file, *flags, output="plan.json"):
        """The exit code, the rows and the words beside them."""
        code, out, log = run(self.folder, "dtictl", "catalog", "plan", self.store.flag, "--format=json",
                             f"--output={self.folder / output}", *flags, file, seconds=120)
        return code, json.loads(out) if out else None, log

    def apply(self, *flags, output="plan.json", server=None):
        door = (f"--server={server}",) if server else (f"--admin={self.admin}",)
        return run(self.folder, "dtictl", "catalog", "apply", *door, *flags, str(self.folder / output), seconds=120)

    def list(self, *flags):
        code, out, log = run(self.folder, "dtictl", "catalog", "list", self.store.flag, "--format=json", *flags, seconds=60)
        assert code == 0, log
        return json.loads(out)

    def verify(self):
        code, out, log = run(self.folder, "dtictl", "verify", self.store.flag, seconds=60)
        assert code == 0, out + log


@pytest.fixture
def place(tmp_path, store):
    return Place(tmp_path, store)


@pytest.fixture
def served(place):
    with place.serve() as dti, Client(dti.endpoint) as client:
        place.dti, place.client = dti, client
        yield place


def test_programs_are_added_while_the_server_runs_and_get_rooms_at_once(served):
    assert grant(served.client, DIGITAL) == [(INVALID, 0, 0, 0)]
    code, rows, log = served.plan(served.write([*all_pairs()[:3], *NEW]))
    assert code == 10, log
    assert [(row["change"], row["faculty"], row["program"], row["new-faculty"]) for row in rows] == [
        ("added", "Derecho", "Derecho Digital", "no"), ("added", "Gastronomía", "Cocina", "yes"),
        ("added", "Gastronomía", "Pastelería", "no")]
    assert "+ 3 programs to add, with 1 new faculty\n= 3 programs are there already\n" in log
    assert "47 programs of the catalogue that the file does not have would stay" in log
    code, out, log = served.apply("--yes", "--note=new year")
    assert (code, out) == (0, "the catalogue has 11 faculties and 53 programs\n"), log
    assert ("now: the catalogue has 10 faculties and 50 programs\n" in log
            and "new.csv adds 3 programs: Derecho Digital of Derecho; Cocina of Gastronomía; " in log
            and "after: the catalogue has 53 programs, 3 more than now\n" in log), log
    assert grant(served.client, DIGITAL) == [(OK, 3, 1, 0)]
    assert grant(served.client, request(SEMESTER, "GASTRONOMÍA", ("pastelería", 1, 0))) == [(OK, 1, 0, 0)]
    served.verify()


def test_the_list_has_every_program_and_who_added_it(served):
    served.plan(served.write(NEW))
    assert served.apply("--yes", "--note=new year")[0] == 0
    listed = served.list()
    assert len(listed) == 53
    assert [(row["faculty"], row["program"]) for row in listed] == [*all_pairs(), *NEW]
    assert listed[0]["actor"] is None and listed[0]["command-id"] is None and listed[0]["entry"] == 2
    last = listed[-1]
    assert (last["program-id"], last["faculty-id"], last["state"], last["entry"]) == (53, 11, "active", 65)
    assert last["actor"].startswith("local/") and last["note"] == "new year"
    plan = json.loads((served.folder / "plan.json").read_text(encoding="utf-8"))
    assert {row["command-id"] for row in listed[50:]} == {plan["id"] + "-1"}
    assert [row["program"] for row in served.list("--faculty=gastronomía")] == ["Cocina", "Pastelería"]


def test_a_file_without_changes_exits_with_0(served):
    code, rows, log = served.plan(served.write(all_pairs()))
    assert (code, rows) == (0, []), log
    with SocketFile(served.admin) as office:
        added = {"store": "", "add": [{"faculty": "Artes", "programs": ["Danza Aérea"]}]}
        facts = office.order("change-catalog", 0, dry_run=True, **added)
        added["store"] = facts["catalog"]["store"]
        assert office.order("change-catalog", facts["seq"], **added)["status"] == OK
    served.dti.stop()
    code, out, log = served.apply("--yes")
    assert (code, out, "nothing is to be changed" in log) == (0, "", True), "an empty plan needs no server: " + log


def test_a_plan_that_was_applied_is_a_repeat_also_after_colleagues(served):
    served.plan(served.write(NEW[:1]))
    assert served.apply("--yes")[0] == 0
    served.plan(served.write(NEW), output="second.json")
    assert served.apply("--yes", output="second.json")[0] == 0
    for _ in range(2):
        code, out, log = served.apply("--yes")
        assert (code, "an earlier copy of this command has made the change" in log) == (0, True), log
        assert "53 programs" in out
    assert len(served.list()) == 53


def test_a_change_of_what_a_plan_touches_makes_it_stale_and_another_one_does_not(served):
    served.plan(served.write(NEW[:1], "one.csv"), output="one.json")
    served.plan(served.write(NEW[1:], "two.csv"), output="two.json")
    served.plan(served.write(NEW, "all.csv"), output="all.json")
    with SocketFile(served.admin) as office:
        opening = office.order("open-semester", command_id="o", semester="2026-10", classrooms=1, labs=1, mobile_labs=0)
        assert opening["status"] == OK
    assert served.apply("--yes", output="one.json")[0] == 0
    code, out, log = served.apply("--yes", output="all.json")
    assert (code, out, "CONFLICT" in log) == (1, "", True), log
    code, out, log = served.apply("--yes", output="two.json")
    assert (code, "the catalogue has 11 faculties and 53 programs" in out) == (0, True), log
    served.plan(served.write([("Gastronomía", "Panadería")], "three.csv"), output="three.json")
    served.plan(served.write([("Náutica", "Vela")], "four.csv"), output="four.json")
    assert served.apply("--yes", output="three.json")[0] == 0
    assert served.apply("--yes", output="four.json")[0] == 0, "three.json has added no faculty"
    assert served.plan(served.write(NEW, "all.csv"), output="all.json")[0] == 0, "all of it is there"
    assert len(served.list()) == 55
    served.verify()


def test_a_plan_is_for_one_store(served, tmp_path):
    served.plan(served.write(NEW))
    other = Place(tmp_path / "other", SqliteStore(tmp_path / "other"))
    other.folder.mkdir(exist_ok=True)
    with other.serve():
        code, out, log = run(tmp_path, "dtictl", "catalog", "apply", f"--admin={other.admin}", "--yes",
                             str(served.folder / "plan.json"))
        assert (code, out, "REFUSED: the command is for the store" in log) == (1, "", True), log
        assert len(other.list()) == 50


def test_no_plan_is_made_for_a_store_that_no_server_has_led(place):
    run(place.folder, "dtictl", "migrate", place.store.flag)
    code, rows, log = place.plan(place.write(NEW))
    assert (code, rows, "no server has led this store yet" in log) == (1, None, True), log


def test_a_dry_run_exits_with_10_and_changes_nothing(served):
    served.plan(served.write(NEW))
    code, out, log = served.apply("--dry-run")
    assert (code, out) == (10, "would be: the catalogue has 53 programs, 3 more than now\n"), log
    assert len(served.list()) == 50
    code, out, log = served.apply()
    assert (code, out, "--yes is needed" in log) == (2, "", True), log
    assert len(served.list()) == 50


def test_an_edited_plan_is_refused(served):
    served.plan(served.write(NEW))
    path = served.folder / "plan.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Cocina", "Cocina Fría"), encoding="utf-8")
    code, out, log = served.apply("--yes")
    assert (code, out, "was changed: its id does not fit it" in log) == (2, "", True), log


def test_all_errors_of_a_file_are_told_in_one_run(served):
    text = ("Código;PROGRAMA;Facultad\n1;derecho civil;Derecho\n2;;Artes\n3;Danza Aérea;Artes\n4;Cine;ARTES\n"
            "5;#REF!;Artes\n6;Pintura;\n")
    file = served.folder / "excel.csv"
    file.write_bytes(text.encode("cp1252"))
    code, rows, log = served.plan(str(file))
    assert (code, rows) == (1, None), log
    lines = log.splitlines()
    assert len(lines) == 6 and lines[-1] == "5 errors; nothing was planned"
    for line, start in zip(lines, ('line 2, column PROGRAMA, "derecho civil": ', "line 3, column PROGRAMA: ",
                                   'line 5, column Facultad, "ARTES": ', 'line 6, column PROGRAMA, "#REF!": ',
                                   "line 7, column Facultad: ")):
        assert line.startswith(f"{file}, {start}"), line
    assert not (served.folder / "plan.json").exists()
    assert served.plan(served.write(NEW))[0] == 10
    assert served.plan(str(file))[0] == 1
    assert not (served.folder / "plan.json").exists(), "an earlier plan must not be applied in place of one that failed"


def test_only_a_plan_is_replaced_by_a_plan(served):
    file = served.write(NEW)
    code, rows, log = served.plan(file, output="new.csv")
    assert (code, rows, "is there, and is no plan" in log) == (2, None, True), log
    assert "Cocina" in (served.folder / "new.csv").read_text(encoding="utf-8")
    served.plan(file)
    assert served.plan(file)[0] == 10
    served.plan(file, output="/dev/null")
    assert not os.path.isfile("/dev/null")


def test_names_that_look_like_another_one_are_pointed_out(served):
    pairs = all_pairs()
    faculty, program = next(pair for pair in pairs if "ñ" in pair[1])
    code, rows, log = served.plan(served.write([(faculty, program.replace("ñ", "n"))]))
    assert (code, rows[0]["looks-like"], "1 new name looks like another one" in log) == (10, program, True), log


def test_a_file_is_read_from_stdin(served):
    text = "facultad\tprograma\nDerecho\tDerecho Digital\n"
    done = subprocess.run([binary("dtictl"), "catalog", "plan", served.store.flag, "-"], input=text.encode("utf-16"),
                          capture_output=True, env=clean_environment(served.folder), timeout=60)
    assert (done.returncode, b"Derecho Digital" in done.stdout) == (10, True), done.stderr


def test_cells_that_a_spreadsheet_would_run_are_escaped_and_read_back(served):
    served.plan(served.write([("Artes", "''@Arte"), ("Artes", "+Danza")]))
    assert served.apply("--yes")[0] == 0
    code, out, _ = run(served.folder, "dtictl", "catalog", "list", served.store.flag, "--format=csv", "--faculty=Artes")
    assert code == 0
    assert [row["program"] for row in csv.DictReader(io.StringIO(out))][-2:] == ["''@Arte", "'+Danza"]
    (served.folder / "listed.csv").write_text(out, encoding="utf-8")
    code, rows, log = served.plan(str(served.folder / "listed.csv"))
    assert (code, rows) == (0, []), log


def test_a_plain_endpoint_takes_no_changes_and_a_key_of_the_office_does(place):
    server = new_key(place.folder, "dti")
    keys = KeyList(place.folder, ana="office")
    with place.serve(server.flag, keys.flag, "--listen=curve://127.0.0.1:0", "--listen=tcp://127.0.0.1:0") as dti:
        place.plan(place.write(NEW))
        plain = dti.line("ALSO").removeprefix("tcp://")
        code, _, log = place.apply("--yes", server=plain)
        assert (code, "UNAUTHORIZED" in log) == (4, True), log
        code, out, log = place.apply("--yes", keys["ana"].flag, server.server_flag, server=tcp(dti.endpoint).removeprefix("tcp://"))
        assert (code, "53 programs" in out) == (0, True), log
        assert place.list()[-1]["actor"] == "key/ana"
        until(lambda: "actor=key/ana command=change-catalog" in dti.log, what="the log line")


def pairs_of(count):
    return [(f"Faculty {i // 500}", f"Program number {i} of the large file") for i in range(count)]


def test_a_large_plan_is_several_commands(served):
    code, rows, log = served.plan(served.write(pairs_of(30_000)))
    assert (code, len(rows)) == (10, 30_000), log
    code, out, log = served.apply("--yes")
    assert (code, "70 faculties and 30050 programs" in out) == (0, True), out + log
    asked = request(SEMESTER, "Faculty 59", ("Program number 29999 of the large file", 1, 0))
    assert grant(served.client, asked) == [(OK, 1, 0, 0)]
    assert served.store.count("SELECT count(*) FROM registry WHERE command_id IS NOT NULL") == 3
    assert served.store.count("SELECT count(*) FROM ledger_note WHERE semester_id = 0") == 3
    code, out, log = served.apply("--yes")
    assert (code, "an earlier copy of this command has made the change" in log) == (0, True), log
    assert len(served.list()) == 30_050
    served.verify()


def step_of(plan, number):
    """The message of a step of a plan."""
    step = plan["steps"][number - 1]
    earlier = [f"{plan['id']}-{i}" for i in range(1, number)]
    return {"dti-command": 1, "command": "change-catalog", "command-id": f"{plan['id']}-{number}", "expects": step["expects"],
            "actor": "local/0", "store": plan["store"], "earlier": earlier, "add": step["add"]}


def read_plan(place):
    return json.loads((place.folder / "plan.json").read_text(encoding="utf-8"))


def test_a_plan_that_stopped_in_its_middle_goes_on_unless_a_colleague_came_between(served):
    pairs = [*pairs_of(12_000), ("Artes", "Danza Aérea")]
    served.plan(served.write(pairs))
    with SocketFile(served.admin) as office:
        assert office.ask(step_of(read_plan(served), 1))["status"] == OK
    code, out, log = served.apply("--dry-run")
    assert (code, "would be: the catalogue has 12051 programs, 2001 more than now" in out) == (10, True), out + log
    assert "1 of the 2 commands of the plan are made, and stay" in log
    served.plan(served.write([("Derecho", "Derecho Digital")], "other.csv"), output="other.json")
    assert served.apply("--yes", output="other.json")[0] == 0, "the plan does not touch it"
    served.plan(served.write([("Artes", "Danza Antigua")], "artes.csv"), output="artes.json")
    assert served.apply("--yes", output="artes.json")[0] == 0
    code, out, log = served.apply("--yes")
    assert (code, out, "CONFLICT" in log) == (1, "", True), log
    assert served.plan(served.write(pairs))[0] == 10, "a new plan has the rest"
    code, out, log = served.apply("--yes")
    assert (code, "12053 programs" in out) == (0, True), log
    assert len(served.list()) == 12_053
    served.verify()


def test_a_step_is_no_repeat_of_another_command_with_its_id(served):
    served.plan(served.write(NEW))
    message = step_of(read_plan(served), 1)
    with SocketFile(served.admin) as office:
        assert office.ask(message)["status"] == OK
        assert office.ask(message)["repeat"] is True
        other = office.ask(message | {"add": [{"faculty": "Derecho", "programs": ["Derecho Naval"]}]})
        assert other["status"] == "CONFLICT", other
    assert len(served.list()) == 53


def test_a_large_message_of_a_stranger_becomes_no_list_of_programs(served):
    message = step_of({"id": "p", "store": "s", "steps": [
        {"expects": 1, "add": [{"faculty": "f" * 200, "programs": ["p"] * 200_000}]}]}, 1)
    reply = served.client.ask(message)
    assert (reply["status"], "must have at most 10000 programs" in reply["detail"]) == ("INVALID-REQUEST", True), reply


def test_a_large_plan_does_not_cost_the_lead(postgresql, tmp_path):
    place = Place(tmp_path, postgresql)
    flags = ("--lease-seconds=2",)
    with place.serve(*flags) as first, place.serve(*flags, admin=tmp_path / "b", standby=True):
        assert place.plan(place.write(pairs_of(50_000)))[0] == 10
        code, out, log = place.apply("--yes")
        assert (code, "50050 programs" in out) == (0, True), out + log
        assert place.store.count("SELECT epoch FROM leadership") == 1, first.log
    place.verify()


def test_a_retry_after_a_crash_finds_its_change_and_makes_it_once(place):
    with place.serve() as dti:
        place.plan(place.write(NEW))
        with SocketFile(place.admin) as office:
            office.send(step_of(read_plan(place), 1))
            until(lambda: " office-command: " in dti.log, what="the commit")
            dti.crash()
    with place.serve() as dti, Client(dti.endpoint) as client:
        code, out, log = place.apply("--yes")
        assert (code, "an earlier copy of this command has made the change" in log) == (0, True), log
        assert grant(client, DIGITAL) == [(OK, 3, 1, 0)]
        assert len(place.list()) == 53
    place.verify()


def test_a_standby_knows_the_programs_when_it_takes_over(postgresql, tmp_path):
    place = Place(tmp_path, postgresql)
    flags = ("--lease-seconds=1",)
    with place.serve(*flags) as first, place.serve(*flags, admin=tmp_path / "b", standby=True) as second:
        place.plan(place.write(NEW))
        assert place.apply("--yes")[0] == 0
        with Client(second.endpoint) as client:
            assert client.ask(DIGITAL)["error-message"] == "NOT-LEADER"
        first.crash()
        second.wait_ready()
        with Client(second.endpoint) as client:
            assert grant(client, DIGITAL) == [(OK, 3, 1, 0)]
    place.verify()
