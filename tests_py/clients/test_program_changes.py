"""A program changes its own grant through its faculty: release, amend, confirm and cancel. What comes of it is in the ledger, and
a program, a faculty or a stranger can change no grant of others."""

import json
import sqlite3

import pytest

from tests_py.harness.process import run, running, running_faculty
from tests_py.harness.rooms import faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, KeyList, grant, lock, new_key, request, tcp
from tests_py.office.messages import command

SECURED = "--listen=curve://127.0.0.1:0"
PLAIN = "--listen=tcp://127.0.0.1:0"
CIVIL = ("Derecho", "Derecho Civil")


class Place:
    """A server, the faculty Derecho with a list that knows the keys of two programs, and their keys."""

    def __init__(self, folder):
        self.folder = folder
        self.store_flag = f"--store=sqlite:{folder}/dti.db"
        self.server_key = new_key(folder, "dti")
        self.keys = KeyList(folder, derecho="faculty:Derecho", medicina="faculty:Medicina", office="office")
        of_faculty = folder / "faculty"
        of_faculty.mkdir()
        self.programs = KeyList(of_faculty, civil="program:Derecho Civil", penal="program:derecho-penal",
                                all="faculty:Derecho", office="office", auditor="auditor", other="faculty:Medicina")

    def serve(self, *flags, folder="first", **options):
        pool = () if options.get("standby") else POOL
        return running(self.folder / folder, *pool, self.store_flag, SECURED, f"--admin={self.folder}/{folder}.admin",
                       self.server_key.flag, self.keys.flag, *flags, **options)

    def faculty(self, *servers, programs_min=1, flags=(), **options):
        addresses = [tcp(server.endpoint).removeprefix("tcp://") for server in servers]
        keys = self.server_key.server_flag + (f",{self.server_key.public}" * (len(servers) - 1))
        return running_faculty(self.folder, *faculty_flags(*addresses), f"--min-programs={programs_min}", SECURED,
                               self.keys["derecho"].flag, keys, self.programs.flag, *flags, **options)

    def program(self, faculty, *flags, name="Derecho Civil", key="civil"):
        return run(self.folder, "program", f"--name={name}", f"--semester={SEMESTER}",
                   f"--faculty-server={faculty.endpoint.removeprefix('curve://')}", self.keys["derecho"].server_flag,
                   self.programs[key].flag, "--timeout=20", *flags)

    def client(self, daemon, key, server):
        return Client(tcp(daemon.endpoint), prepare=lambda it: lock(it, key, server))

    def entries(self):
        """seq, kind, actor and note of each entry that a command has made."""
        with sqlite3.connect(f"file:{self.folder}/dti.db?mode=ro", uri=True) as store:
            return store.execute("SELECT seq, kind, actor, note FROM history WHERE actor IS NOT NULL ORDER BY seq").fetchall()

    def verify(self):
        status, out, log = run(self.folder, "dtictl", "verify", f"--store=sqlite:{self.folder}/dti.db")
        assert status == 0, out + log


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_a_program_amends_and_releases_its_grant_and_the_ledger_has_its_key_and_the_reason(place):
    with place.serve() as dti, place.faculty(dti) as faculty:
        status, out, log = place.program(faculty, "--classrooms=7", "--labs=2")
        assert status == 0, out + log
        status, out, log = place.program(faculty, "--change=amend", "--classrooms=5", "--labs=1", "--note=smaller groups")
        assert (status, out) == (0, f"Derecho Civil in {SEMESTER}: OK, 5 classrooms and 1 labs (0 of them mobile)\n"), log
        status, out, log = place.program(faculty, "--change=amend", "--classrooms=1000", "--labs=1")
        assert (status, "REFUSED, 5 classrooms and 1 labs" in out) == (4, True), out + log
        status, out, log = place.program(faculty, "--change=amend", "--classrooms=1000", "--labs=1", "--accept-part")
        assert (status, "OK, 380 classrooms and 1 labs" in out) == (3, True), out + log
        status, out, log = place.program(faculty, "--change=release", "--json", "--note=moved")
        assert status == 0, out + log
        assert (json.loads(out)["status"], json.loads(out)["grant"]) == (OK, None)
        status, out, log = place.program(faculty, "--change=release")
        assert (status, "REFUSED, no rooms" in out) == (4, True), out + log
        assert not list(place.folder.glob("*_2025-10.1.txt")), "a change writes no result file"
        status, out, log = place.program(faculty, "--classrooms=3", "--labs=1")
        assert status == 0, "the same program asks again: " + out + log
    actors = {(actor, note) for _, _, actor, note in place.entries()}
    assert actors == {("key/derecho/civil", note) for note in ("smaller groups", "moved", "")}
    place.verify()


def test_a_program_confirms_a_part_of_its_hold_and_cancels_another(place):
    with place.serve() as dti, place.faculty(dti) as faculty:
        for key, name in (("civil", "Derecho Civil"), ("penal", "Derecho Penal")):
            status, out, log = place.program(faculty, "--classrooms=7", "--labs=2", "--hold-seconds=1000", name=name, key=key)
            assert (status, "a hold until" in out) == (0, True), out + log
        status, out, log = place.program(faculty, "--change=confirm", "--classrooms=3", "--labs=2")
        assert (status, "OK, 3 classrooms and 2 labs" in out, "hold" in out) == (0, True, False), out + log
        status, out, log = place.program(faculty, "--change=confirm")
        assert (status, "HOLD-ALREADY-CONFIRMED" in out) == (4, True), out + log
        status, out, log = place.program(faculty, "--change=cancel", name="Derecho Penal", key="penal")
        assert (status, "OK, no rooms" in out) == (0, True), out + log
        status, out, log = place.program(faculty, "--change=cancel", name="Derecho Penal", key="penal")
        assert (status, "HOLD-ALREADY-CANCELLED" in out) == (4, True), out + log
    place.verify()


def test_a_repeat_changes_nothing_twice_and_undoes_nothing(place):
    with place.serve() as dti, place.faculty(dti) as faculty:
        place.program(faculty, "--classrooms=7", "--labs=2")
        amend = ("--change=amend", "--classrooms=5", "--labs=1", "--command-id=once", "--expects=2")
        for _ in range(2):
            status, out, log = place.program(faculty, *amend)
            assert (status, "OK, 5 classrooms" in out) == (0, True), out + log
        assert [entry[:2] for entry in place.entries()] == [(4, "granted")]
        status, out, log = place.program(faculty, "--change=amend", "--classrooms=6", "--labs=1")
        assert status == 0, out + log
        status, out, log = place.program(faculty, *amend)
        assert (status, "CONFLICT, 6 classrooms" in out) == (5, True), out + log
        assert "by the command-id once" in log
    place.verify()


@pytest.mark.parametrize("key, body, detail", [
    ("penal", command("release-grant", 2, faculty="Derecho", program="Derecho Civil"), "another program only"),
    ("penal", command("amend-grant", 2, faculty="", program="Derecho Civil", classrooms=1, labs=0), "another program only"),
    ("penal", command("cancel-hold", 2, faculty="Medicina", program="Derecho Penal"), "another faculty"),
    ("civil", command("release-grant", 2, faculty="", program="Derecho Civil", actor="local/0"), "may not name an actor"),
    ("civil", command("extend-hold", 2, faculty="", program="Derecho Civil", hold_seconds=9), "are for the office"),
    ("civil", command("leave-wait-list", 2, faculty="", program="Derecho Civil"), "are for the office"),
    ("civil", command("close-semester", 2), "are for the office"),
    ("civil", command("set-quota", 0, faculty="Derecho", classrooms=1), "are for the office"),
    ("all", command("release-grant", 2, faculty="", program="Derecho Civil"), "role program:NAME"),
    ("office", command("release-grant", 2, faculty="", program="Derecho Civil"), "role program:NAME"),
    ("auditor", command("release-grant", 2, faculty="", program="Derecho Civil"), "role program:NAME"),
    ("other", command("release-grant", 2, faculty="", program="Derecho Civil"), "role program:NAME"),
])
def test_a_faculty_passes_only_commands_of_a_program_about_its_own_grant_on(place, key, body, detail):
    with place.serve() as dti, place.faculty(dti) as faculty:
        place.program(faculty, "--classrooms=7", "--labs=2")
        with place.client(faculty, place.programs[key], place.keys["derecho"]) as attacker:
            for tried in (body, body | {"dry-run": True}):
                reply = attacker.ask(tried)
                assert (reply["status"], "seq" in reply) == ("UNAUTHORIZED", False), reply
                assert detail in reply["detail"]
    assert place.entries() == []


@pytest.mark.parametrize("key", ["auditor", "other", "office"])
def test_a_program_with_a_key_of_another_role_is_told_so_and_changes_nothing(place, key):
    with place.serve() as dti, place.faculty(dti) as faculty:
        place.program(faculty, "--classrooms=7", "--labs=2")
        status, out, log = place.program(faculty, "--change=release", key=key)
        assert (status, "UNAUTHORIZED" in out, "earlier version" in log) == (4, True, False), out + log
    assert place.entries() == []


def test_a_malformed_message_counts_for_the_program_of_its_key_whatever_it_claims(place):
    with place.serve() as dti, place.faculty(dti, programs_min=2, flags=("--batch-seconds=600",)) as faculty, \
            place.client(faculty, place.programs["civil"], place.keys["derecho"]) as civil:
        civil.send(b"", wish("Derecho Penal", classrooms=-1))
        assert room_answer(civil.receive())[0] == "INVALID-REQUEST"
        status, out, log = place.program(faculty, "--classrooms=7", "--labs=2", name="Derecho Penal", key="penal")
        assert status == 0, "with the place of the other key, the batch has two programs: " + out + log


def test_malformed_messages_of_one_key_take_one_place_in_a_batch(place):
    with place.serve() as dti, place.faculty(dti, programs_min=3, flags=("--batch-seconds=600",)) as faculty, \
            place.client(faculty, place.programs["civil"], place.keys["derecho"]) as civil, \
            place.client(faculty, place.programs["penal"], place.keys["derecho"]) as penal, \
            place.client(faculty, place.programs["all"], place.keys["derecho"]) as other:
        penal.send(b"", wish("Derecho Penal"))
        for claimed in ("Derecho Laboral", "Derecho Civil", "Derecho Romano"):
            civil.send(b"", wish(claimed, classrooms=-1))
            assert room_answer(civil.receive())[0] == "INVALID-REQUEST"
        assert penal.receive_if_any(0) is None
        other.send(b"", wish("Derecho Laboral", classrooms=-1))
        assert room_answer(other.receive())[0] == "INVALID-REQUEST"
        assert room_answer(penal.receive())[0] == OK


def test_a_program_key_may_ask_for_its_own_program_only(place):
    with place.serve() as dti, place.faculty(dti) as faculty:
        status, out, log = place.program(faculty, "--classrooms=7", "--labs=2", key="penal")
        assert (status, "UNAUTHORIZED" in out) == (4, True), out + log
        with place.client(dti, place.programs["civil"], place.server_key) as stranger:  # the server does not list it
            stranger.send(json.dumps(command("release-grant", 2, faculty="Derecho", program="Derecho Civil")).encode())
            assert stranger.receive_if_any(0.3) is None


@pytest.mark.parametrize("key, body, status", [
    ("medicina", command("release-grant", 2, faculty="Derecho", program="Derecho Civil"), "UNAUTHORIZED"),
    ("medicina", command("release-grant", 2, faculty="Medicina", program="Derecho Civil"), "INVALID-PROGRAM"),
    ("derecho", command("close-semester", 1), "UNAUTHORIZED"),
    ("derecho", command("resize-semester", 1, classrooms=1, labs=1, mobile_labs=1), "UNAUTHORIZED"),
    ("derecho", command("extend-hold", 2, faculty="Derecho", program="Derecho Civil", hold_seconds=9), "UNAUTHORIZED"),
    ("derecho", command("release-grant", 2, faculty="Derecho", program="Derecho Civil", actor="key/office"), "UNAUTHORIZED"),
    ("derecho", command("release-grant", 2, faculty="Derecho", program="Derecho Civil", actor="program/a/b"), "UNAUTHORIZED"),
    ("derecho", command("release-grant", 1, faculty="Derecho", program="Derecho Civil"), "CONFLICT"),
    ("derecho", command("release-grant", faculty="Derecho", program="Derecho Civil"), "INVALID-REQUEST"),
    ("derecho", command("release-grant", 2, faculty="Derecho"), "INVALID-REQUEST"),
])
def test_the_server_itself_ties_a_command_to_the_faculty_of_the_key(place, key, body, status):
    with place.serve() as dti, place.client(dti, place.keys["derecho"], place.server_key) as derecho, \
            place.client(dti, place.keys[key], place.server_key) as attacker:
        grant(derecho, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)))
        assert attacker.ask(body)["status"] == status
        assert grant(derecho, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]
    assert place.entries() == []


def test_a_late_copy_of_a_request_whose_grant_was_released_grants_nothing(place):
    body = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), request_id="first")
    with place.serve() as dti, place.client(dti, place.keys["derecho"], place.server_key) as derecho:
        grant(derecho, body)
        release = command("release-grant", 2, faculty="Derecho", program="Derecho Civil", actor="program/civil")
        assert derecho.ask(release)["status"] == OK
        assert derecho.ask(release)["repeat"] is True
        [entry] = derecho.ask(body)["programs"]
        assert entry["status-message"] == "GRANT-RELEASED"
    assert [actor for _, _, actor, _ in place.entries()] == ["key/derecho/civil"]


def test_at_plain_endpoints_there_are_no_commands(place):
    with place.serve(PLAIN) as dti:
        plain = dti.line("ALSO")
        with Client(plain) as client:
            reply = client.ask(command("release-grant", 2, faculty="Derecho", program="Derecho Civil"))
            assert (reply["status"], "a plain endpoint accepts no commands" in reply["detail"]) == ("UNAUTHORIZED", True)
        with running_faculty(place.folder, *faculty_flags(plain.removeprefix("tcp://")), "--min-programs=1", SECURED,
                             place.keys["derecho"].flag, place.programs.flag) as faculty:
            place.program(faculty, "--classrooms=7", "--labs=2")
            status, out, log = place.program(faculty, "--change=release")
            assert (status, "UNAUTHORIZED: a plain endpoint accepts no commands" in out) == (4, True), out + log
        with running_faculty(place.folder, *faculty_flags(plain.removeprefix("tcp://"))) as faculty, \
                Client(faculty.endpoint) as client:
            reply = client.ask(command("release-grant", 2, faculty="", program="Derecho Civil"))
            assert (reply["status"], "a plain endpoint accepts no commands" in reply["detail"]) == ("UNAUTHORIZED", True)
            reply = client.ask(command("release-grant", -1, faculty="", program="Derecho Civil"))
            assert (reply["status"], reply["command-id"]) == ("INVALID-REQUEST", "c-1")


def test_in_a_closed_semester_nothing_is_changed(place):
    with place.serve() as dti, place.faculty(dti) as faculty:
        place.program(faculty, "--classrooms=7", "--labs=2")
        with place.client(dti, place.keys["office"], place.server_key) as office:
            seen = office.ask(command("close-semester", 0, dry_run=True))
            assert office.ask(command("close-semester", seen["seq"], command_id="close"))["status"] == OK
        status, out, log = place.program(faculty, "--change=release")
        assert (status, "REFUSED" in out or "INVALID-SEMESTER" in out) == (4, True), out + log
    place.verify()


def test_a_standby_decides_nothing_and_the_server_that_takes_over_finds_the_repeat(postgresql, tmp_path):
    place = Place(tmp_path)
    amend = ("--change=amend", "--classrooms=5", "--labs=1", "--command-id=once", "--expects=2")
    place.store_flag = postgresql.flag
    with place.serve("--lease-seconds=1") as first, \
            place.serve("--lease-seconds=1", folder="second", standby=True) as second:
        with place.faculty(second, first) as faculty:
            status, out, log = place.program(faculty, "--classrooms=7", "--labs=2")
            assert status == 0, out + log
            with place.client(second, place.keys["derecho"], place.server_key) as client:
                reply = client.ask(command("release-grant", 2, faculty="Derecho", program="Derecho Civil"))
                assert (reply["status"], "seq" in reply) == ("NOT-LEADER", False)
            status, out, log = place.program(faculty, *amend)
            assert (status, "OK, 5 classrooms" in out) == (0, True), out + log
            first.crash()
            second.wait_ready()
            status, out, log = place.program(faculty, *amend, "--json")
            assert (status, json.loads(out)["repeat"], json.loads(out)["seq"]) == (0, True, 4), out + log
            status, out, log = place.program(faculty, "--change=release")
            assert (status, "OK, no rooms" in out) == (0, True), out + log
    status, out, log = run(tmp_path, "dtictl", "verify", postgresql.flag)
    assert status == 0, out + log


def test_a_repeat_after_a_faculty_was_killed_changes_nothing_twice(place):
    amend = ("--change=amend", "--classrooms=5", "--labs=1", "--command-id=once", "--expects=2")
    with place.serve() as dti:
        with place.faculty(dti) as faculty:
            place.program(faculty, "--classrooms=7", "--labs=2")
            assert place.program(faculty, *amend)[0] == 0
            faculty.crash()
        with place.faculty(dti) as faculty:
            status, out, log = place.program(faculty, *amend, "--json")
            assert (status, json.loads(out)["repeat"]) == (0, True), out + log
    assert [entry[:2] for entry in place.entries()] == [(4, "granted")]
    place.verify()


@pytest.mark.parametrize("flags, reason", [
    (("--change=amend",), "needs both flags, --classrooms and --labs"),
    (("--change=amend", "--classrooms=5"), "needs both flags, --classrooms and --labs"),
    (("--change=release", "--classrooms=5", "--labs=1"), "is not used with --change=release"),
    (("--change=release", "--hold-seconds=5"), "is not used with --change"),
    (("--change=confirm", "--accept-part"), "needs --change=amend"),
    (("--change=release", "--command-id=once"), "needs --expects too"),
    (("--classrooms=5", "--labs=1", "--note=why"), "needs --change"),
    (("--classrooms=5", "--labs=1", "--accept-part"), "needs --change=amend"),
    (("--change=extend",), "is not one of release, amend, confirm, cancel"),
])
def test_flags_that_do_not_fit_are_refused_before_anything_is_sent(tmp_path, flags, reason):
    key = new_key(tmp_path, "own")
    status, _, log = run(tmp_path, "program", "--name=x", f"--semester={SEMESTER}", "--faculty-server=127.0.0.1:1", key.flag,
                         key.server_flag, *flags)
    assert (status, reason in log) == (2, True), log


def test_a_change_needs_a_key_and_the_flag(tmp_path):
    base = ("--name=x", f"--semester={SEMESTER}", "--faculty-server=127.0.0.1:1")
    status, _, log = run(tmp_path, "program", *base, "--change=release")
    assert (status, "needs --key and --server-key" in log) == (2, True), log
    status, _, log = run(tmp_path, "program", *base, "--classrooms=1", "--labs=1", env={"DTI_CHANGE": "release"})
    assert (status, "is only used as a flag" in log) == (2, True), log
