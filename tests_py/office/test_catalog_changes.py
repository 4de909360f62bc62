"""dtictl catalog rename and retire: what programs, faculties and the office see afterwards, on every kind of store."""

import json

import pytest

from tests_py.harness.catalogs import all_pairs, write_pairs
from tests_py.harness.process import run, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, PARTIAL, Client, grant, request
from tests_py.office.messages import SocketFile

INVALID = "INVALID-PROGRAM"
CIVIL, PENAL, PRIVADO = "Derecho Civil", "Derecho Penal", "Derecho Privado"


class Place:
    def __init__(self, folder, store):
        self.folder, self.store, self.admin = folder, store, folder / "a"

    def serve(self, *flags):
        return running(self.folder, *POOL, self.store.flag, f"--admin={self.admin}", *flags)

    def change(self, verb, program, *flags, door=None):
        return run(self.folder, "dtictl", "catalog", verb, "--faculty=Derecho", f"--program={program}",
                   door or f"--admin={self.admin}", *flags, seconds=60)

    def made(self, verb, program, *flags):
        code, out, log = self.change(verb, program, "--yes", *flags)
        assert code == 0, out + log
        return out, log

    def rows(self, *words):
        code, out, log = run(self.folder, "dtictl", *words, self.store.flag, "--format=json", seconds=60)
        assert code == 0, log
        return json.loads(out)

    def programs(self):
        return {row["program"]: row["state"] for row in self.rows("catalog", "list", "--faculty=Derecho")}

    def verify(self):
        code, out, log = run(self.folder, "dtictl", "verify", self.store.flag, seconds=60)
        assert code == 0, out + log


@pytest.fixture
def place(tmp_path, store):
    return Place(tmp_path, store)


@pytest.fixture
def served(place):
    with place.serve() as dti, Client(dti.endpoint) as client:
        place.client = client
        yield place


def ask(place, program, classrooms=3, labs=1):
    [answer] = grant(place.client, request(SEMESTER, "Derecho", (program, classrooms, labs), request_id=f"of-{program}"))
    return answer


def detail_of(place, program):
    return str(place.client.ask(request(SEMESTER, "Derecho", (program, 3, 1), request_id=f"again-{program}")))


def test_a_renamed_program_keeps_its_grant_and_is_known_by_its_new_name_everywhere(served):
    assert ask(served, CIVIL) == (OK, 3, 1, 0)
    code, out, log = served.change("rename", CIVIL, f"--to={PRIVADO}", "--dry-run")
    assert (code, out) == (10, f"would be: the catalogue has {PRIVADO} of Derecho\n"), log
    code, out, log = served.change("rename", CIVIL, f"--to={PRIVADO}")
    assert (code, "--yes is needed" in log) == (2, True), log
    out, log = served.made("rename", "derecho_civil", f"--to={PRIVADO}", "--note=the council")
    assert out == f"the catalogue has {PRIVADO} of Derecho\n"
    assert ask(served, PRIVADO) == (OK, 3, 1, 0)
    assert ask(served, CIVIL)[0] == INVALID
    assert f'the program is called "{PRIVADO}" now' in detail_of(served, CIVIL)
    assert served.programs() == {PRIVADO: "active", PENAL: "active"} | {
        name: "active" for faculty, name in all_pairs() if faculty == "Derecho" and name not in (CIVIL, PENAL)}
    [row] = served.rows("grant", "list")
    assert (row["program"], row["classrooms-granted"]) == (PRIVADO, 3)
    assert served.rows("history")[-1]["program"] == PRIVADO
    code, out, log = run(served.folder, "dtictl", "grant", "show", CIVIL, served.store.flag)
    assert (code, f'"{PRIVADO}" now' in log) == (2, True), log
    served.verify()


def test_a_retired_program_keeps_its_grant_and_gets_no_new_one(served):
    assert ask(served, CIVIL) == (OK, 3, 1, 0)
    served.made("retire", CIVIL)
    served.made("retire", PENAL)
    assert ask(served, CIVIL) == (OK, 3, 1, 0)
    assert ask(served, PENAL)[0] == INVALID
    assert "the program is retired: it gets no new rooms" in detail_of(served, PENAL)
    assert served.programs()[PENAL] == "retired"
    code, out, log = served.change("retire", CIVIL, "--yes")
    assert (code, "nothing is to be changed" in log) == (0, True), log
    code, out, log = served.change("rename", CIVIL, "--to=Otro", "--yes")
    assert (code, "retired" in log) == (1, True), log
    amend = ("grant", "amend", f"--semester={SEMESTER}", "--faculty=Derecho", f"--program={CIVIL}", f"--admin={served.admin}", "--yes")
    code, _, log = run(served.folder, "dtictl", *amend, "--classrooms=4", "--labs=1")
    assert (code, "retired" in log) == (1, True), log
    assert run(served.folder, "dtictl", *amend, "--classrooms=2", "--labs=1")[0] == 0
    assert run(served.folder, "dtictl", *("grant", "release", *amend[2:]))[0] == 0
    assert ask(served, CIVIL)[0] in (INVALID, "GRANT-RELEASED")
    served.verify()


def test_a_program_that_waits_is_not_retired_and_a_retired_one_never_waits(served):
    assert ask(served, CIVIL, 380, 0) == (OK, 380, 0, 0)
    assert ask(served, PENAL, 5, 0) == (PARTIAL, 0, 0, 0)
    with SocketFile(served.admin) as office:
        assert office.order("set-wait-list", 0, wait_list=True, command_id="on")["status"] == OK
        code, _, log = served.change("retire", PENAL, "--yes")
        assert (code, "a place in the wait list" in log) == (1, True), log
        assert office.order("set-wait-list", 4, wait_list=False, command_id="off")["status"] == OK
        served.made("retire", PENAL)
        refused = office.order("set-wait-list", 5, wait_list=True, command_id="on-2")
        assert (refused["status"], PENAL in refused["detail"]) == ("REFUSED", True), refused
        amended = office.order("amend-grant", 3, faculty="Derecho", program=PENAL, classrooms=0, labs=0, command_id="whole")
        assert amended["status"] == OK, amended
        assert office.order("set-wait-list", 5, wait_list=True, command_id="on-3")["status"] == OK
    served.verify()


def test_a_name_is_never_given_to_another_program_and_an_id_never_again(served):
    served.made("rename", CIVIL, f"--to={PRIVADO}")
    for to in (CIVIL, "derecho privado", PRIVADO):
        code, _, log = served.change("rename", PENAL, f"--to={to}", "--yes")
        assert (code, "is taken" in log) == (1, True), (to, log)
    write_pairs(served.folder / "old.csv", [("Derecho", CIVIL), ("Derecho", PENAL)])
    code, _, log = run(served.folder, "dtictl", "catalog", "plan", served.store.flag, str(served.folder / "old.csv"))
    assert (code, "= 2 programs are there already" in log) == (0, True), log
    served.made("rename", PRIVADO, f"--to={CIVIL}")
    assert ask(served, CIVIL) == (OK, 3, 1, 0)
    served.verify()


def test_a_colleague_who_came_first_is_a_conflict_and_a_repeat_is_none(served):
    with SocketFile(served.admin) as office:
        facts = office.order("retire-program", 0, dry_run=True, faculty="Derecho", program=CIVIL)
        assert (facts["status"], facts["program"]) == (
            "CONFLICT", {"faculty": "Derecho", "program": CIVIL, "retired": False}), facts
        store, seq = facts["catalog"]["store"], facts["seq"]
        rename = {"faculty": "Derecho", "program": CIVIL, "new_name": PRIVADO, "store": store, "command_id": "r-1"}
        assert office.order("rename-program", seq, **rename)["status"] == OK
        again = office.order("rename-program", seq, **rename)
        assert (again["status"], again["repeat"], again["program"]["program"]) == (OK, True, PRIVADO), again
        other = office.order("retire-program", seq, faculty="Derecho", program=PENAL, store=store, command_id="r-2")
        assert other["status"] == "CONFLICT", other
        lost = office.order("rename-program", other["seq"], **(rename | {"command_id": "r-3"}))
        assert (lost["status"], PRIVADO in lost["detail"]) == (INVALID, True), lost
        missing = office.order("retire-program", other["seq"], faculty="Derecho", program=PENAL, command_id="r-4")
        assert missing["status"] == "INVALID-REQUEST", missing
    code, _, log = served.change("rename", PENAL, "--to=X", "--yes", "--command-id=r-5", f"--expects={seq}")
    assert (code, "CONFLICT" in log) == (1, True), log


def test_a_crash_and_a_restart_with_the_old_file_keep_the_changes(place):
    with place.serve() as dti, Client(dti.endpoint) as client:
        place.client = client
        assert ask(place, CIVIL) == (OK, 3, 1, 0)
        place.made("rename", CIVIL, f"--to={PRIVADO}")
        place.made("retire", PENAL)
        dti.crash()
    write_pairs(place.folder / "old.csv", all_pairs())
    with place.serve(f"--catalog={place.folder / 'old.csv'}") as dti, Client(dti.endpoint) as client:
        place.client = client
        assert ask(place, PRIVADO) == (OK, 3, 1, 0)
        assert (ask(place, CIVIL)[0], ask(place, PENAL)[0]) == (INVALID, INVALID)
        assert len(place.rows("catalog", "list")) == len(all_pairs())
    place.verify()


def test_a_standby_that_takes_over_knows_the_changes(tmp_path, postgresql):
    place = Place(tmp_path, postgresql)
    with place.serve("--lease-seconds=1") as first, Client(first.endpoint) as client:
        place.client = client
        assert ask(place, CIVIL) == (OK, 3, 1, 0)
        (tmp_path / "second").mkdir()
        with running(tmp_path / "second", postgresql.flag, f"--admin={tmp_path / 'b'}", "--lease-seconds=1",
                     standby=True) as second:
            place.made("rename", CIVIL, f"--to={PRIVADO}")
            place.made("retire", PENAL)
            first.crash()
            second.wait_ready()
            with Client(second.endpoint) as other:
                place.client = other
                assert ask(place, PRIVADO) == (OK, 3, 1, 0)
                assert (ask(place, CIVIL)[0], ask(place, PENAL)[0]) == (INVALID, INVALID)
    place.verify()


def test_an_export_and_a_copy_have_the_changes(place, tmp_path):
    with place.serve() as dti, Client(dti.endpoint) as client:
        place.client = client
        ask(place, CIVIL)
        place.made("rename", CIVIL, f"--to={PRIVADO}")
        place.made("retire", PENAL)
    code, out, log = run(tmp_path, "dtictl", "ledger", "export", place.store.flag, f"--output={tmp_path}/all.jsonl", seconds=60)
    assert code == 0, log
    copy = f"--store=sqlite:{tmp_path}/copy.db"
    code, out, log = run(tmp_path, "dtictl", "ledger", "import", copy, f"{tmp_path}/all.jsonl", seconds=60)
    assert code == 0, log
    code, out, log = run(tmp_path, "dtictl", "catalog", "list", copy, "--format=json", "--faculty=Derecho")
    assert {row["program"]: row["state"] for row in json.loads(out)}[PENAL] == "retired"
    assert PRIVADO in out


def test_the_reports_and_views_have_the_name_of_now(served):
    ask(served, CIVIL)
    served.made("rename", CIVIL, f"--to={PRIVADO}")
    names = [row[0] for row in served.store.rows("SELECT program FROM allocation")]
    assert names == [PRIVADO]
    assert {row[0] for row in served.store.rows("SELECT program FROM history WHERE program IS NOT NULL")} == {PRIVADO}
