"""The wait list: returned rooms go to the programs that asked first, and the office turns it on and off and watches it."""

import json

import pytest

from tests_py.harness.process import run, running, until
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import OK, PARTIAL, Client, grant, request
from tests_py.office.ledgers import listed
from tests_py.office.messages import SocketFile, change

FACULTY = "Ciencias Naturales"
FIRST, SECOND, THIRD, FOURTH = "Biologia", "Quimica", "Fisica", "Geologia"


class Office:
    """A server with 10 classrooms and 2 labs, and the office beside it."""

    def __init__(self, folder, store):
        self.folder = folder
        self.store = store
        self.admin = folder / "a"

    def serve(self, *flags, pool=("--classrooms=10", "--labs=2")):
        return running(self.folder, f"--semester={SEMESTER}", *pool, self.store.flag, f"--admin={self.admin}", *flags)

    def change(self, *words):
        """A change that is made."""
        code, out, log = change(self.folder, *words, admin=self.admin)
        assert code == 0, out + log
        return out, log

    def try_change(self, *words):
        return change(self.folder, *words, admin=self.admin)

    def about(self, *words, program):
        return (*words, f"--faculty={FACULTY}", f"--program={program}")

    def amend(self, program, classrooms, labs=0, *more):
        return self.change(*self.about("grant", "amend", program=program), f"--classrooms={classrooms}", f"--labs={labs}",
                           "--yes", *more)

    def rows(self, *words):
        return json.loads(listed(self.folder, *words, self.store.flag, "--format=json"))

    def held(self):
        """program -> classrooms, labs and mobile labs."""
        rooms = ("classrooms-granted", "labs-granted", "mobile-labs-granted")
        return {row["program"]: tuple(row[name] for name in rooms) for row in self.rows("grant", "list")}

    def waiting(self):
        """(program, waits-since) in the order of the places."""
        rows = self.rows("wait", "list")
        assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
        return [(row["program"], row["waits-since"]) for row in rows]

    def verify(self):
        status, out, log = run(self.folder, "dtictl", "verify", self.store.flag)
        assert status == 0, out + log


@pytest.fixture
def office(tmp_path, store):
    return Office(tmp_path, store)


def ask(client, program, classrooms, labs=0):
    [answer] = grant(client, request(SEMESTER, FACULTY, (program, classrooms, labs), request_id=f"ask-of-{program}"))
    return answer


def fill(client):
    """All rooms are granted: the first program has 8 classrooms and 2 labs (entry 2), and three lack 3, 4 and 1 classrooms."""
    assert ask(client, FIRST, 8, 2) == (OK, 8, 2, 0)
    assert ask(client, SECOND, 5) == (PARTIAL, 2, 0, 0)
    assert ask(client, THIRD, 4) == (PARTIAL, 0, 0, 0)
    assert ask(client, FOURTH, 1) == (PARTIAL, 0, 0, 0)


def test_returned_rooms_go_to_the_programs_that_asked_first(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        fill(client)
        office.change("wait", "on", "--yes")
        assert office.waiting() == [(SECOND, 3), (THIRD, 4), (FOURTH, 5)]
        out, _ = office.change(*office.about("grant", "release", program=FIRST), "--yes")
        assert "left: 8 classrooms, 2 labs and 8 mobile labs, for the wait list first" in out
        until(lambda: dti.log.count(" programs-topped-up: ") == 1, what="the top-ups")
        assert f"semester={SEMESTER} programs=3 command-id=settle-1-7 seq=13" in dti.log
        assert office.held() == {SECOND: (5, 0, 0), THIRD: (4, 0, 0), FOURTH: (1, 0, 0)}
        assert office.waiting() == []
        assert ask(client, SECOND, 5) == (OK, 5, 0, 0), "a repeat gets all that the program holds"
    office.verify()


def test_the_order_of_places_is_kept_across_two_waves(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        fill(client)
        office.change("wait", "on", "--yes")
        office.amend(FIRST, 7, 2)
        until(lambda: office.held()[SECOND] == (3, 0, 0), what="the first wave")
        assert office.waiting() == [(SECOND, 3), (THIRD, 4), (FOURTH, 5)], "a part keeps the place"
        office.amend(FIRST, 3, 2)
        until(lambda: office.held()[THIRD] == (2, 0, 0), what="the second wave")
        assert office.held() == {FIRST: (3, 2, 0), SECOND: (5, 0, 0), THIRD: (2, 0, 0), FOURTH: (0, 0, 0)}
        assert office.waiting() == [(THIRD, 4), (FOURTH, 5)]
    office.verify()


def test_more_rooms_are_for_the_wait_list_first(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        fill(client)
        office.change("wait", "on", "--yes")
        office.change("semester", "resize", "--classrooms=14", "--labs=2")
        assert ask(client, "Ciencias Ambientales", 9) == (PARTIAL, 0, 0, 0), "a request never overtakes"
        assert office.held()[SECOND] == (5, 0, 0) and office.held()[THIRD] == (1, 0, 0)
        assert [program for program, _ in office.waiting()] == [THIRD, FOURTH, "Ciencias Ambientales"]
    office.verify()


def test_a_program_that_leaves_keeps_its_rooms_and_gets_no_more(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        fill(client)
        office.change("wait", "on", "--yes")
        leave = office.about("wait", "leave", program=SECOND)
        code, out, _ = office.try_change(*leave, "--dry-run")
        assert (code, "would be: " in out, "does not wait" in out) == (10, True, True), out
        assert office.try_change(*leave)[0] == 2, "a question needs a terminal"
        out, log = office.change(*leave, "--yes", "--note=found rooms elsewhere")
        assert f"{SECOND} of {FACULTY} holds 2 classrooms" in out and ", and does not wait" in out
        assert "and waits since entry 3" in log and "next: dtictl wait list" in log
        code, out, log = office.try_change(*leave, "--yes")
        assert (code, out, "the program does not wait" in log) == (1, "", True), log
        assert office.waiting() == [(THIRD, 4), (FOURTH, 5)]
        office.amend(FIRST, 4, 2)
        until(lambda: office.held()[THIRD] == (4, 0, 0), what="the top-up")
        assert office.held()[SECOND] == (2, 0, 0)
        office.amend(SECOND, 6, 0, "--accept-part")
        since = office.rows("history")[-1]["seq"]
        assert office.waiting() == [(FOURTH, 5), (SECOND, since)], "to want more is to ask again"
    office.verify()


def test_a_retry_of_a_command_about_the_list_changes_nothing_twice(office):
    with office.serve() as dti, Client(dti.endpoint) as client, SocketFile(office.admin) as messages:
        fill(client)
        on = office.change("wait", "on", "--yes", "--command-id=c-on", "--expects=0")
        assert "an earlier copy" not in on[1]
        assert "an earlier copy of this command has made the change" in office.change(
            "wait", "on", "--yes", "--command-id=c-on", "--expects=0")[1]
        about = {"faculty": FACULTY, "program": SECOND}
        assert messages.order("leave-wait-list", 3, command_id="c-leave", **about)["seq"] == 7
        again = messages.order("leave-wait-list", 3, command_id="c-leave", **about)
        assert (again["status"], again["repeat"], again["seq"]) == (OK, True, 7)
        assert messages.order("leave-wait-list", 3, command_id="c-other", **about)["status"] == "CONFLICT"
        assert office.rows("history")[-1]["kind"] == "waiting-left"


def test_the_list_is_turned_on_and_off_and_says_what_will_happen(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        fill(client)
        office.amend(FIRST, 5, 2)
        assert office.rows("semester", "list")[0]["wait-list"] is False
        code, out, _ = office.try_change("wait", "on", "--dry-run")
        assert (code, "3 programs wait, and 1 of them gets more at once" in out) == (10, True), out
        assert office.try_change("wait", "on")[0] == 2
        out, log = office.change("wait", "on", "--yes")
        assert f"now: the wait list of {SEMESTER} is off" in log
        until(lambda: office.held()[SECOND] == (5, 0, 0), what="the top-up")
        assert "nothing is to be changed: the wait list" in office.change("wait", "on", "--yes")[1]
        [row] = office.rows("semester", "list")
        assert row["wait-list"] is True
        [totals] = office.rows("totals")
        assert (totals["wait-list"], totals["waiting"]) == (True, 2)

        _, log = office.change("wait", "off", "--yes")
        assert "2 programs wait" in log
        code, out, log = run(office.folder, "dtictl", "wait", "list", office.store.flag, "--format=jsonl")
        assert (code, out, "has no wait list" in log) == (0, "", True), log
        office.amend(FIRST, 4, 2)
        assert office.held()[THIRD] == (0, 0, 0), "the room stays for the next request"
        office.change("wait", "on", "--yes")
        until(lambda: office.held()[THIRD] == (1, 0, 0), what="the places that the programs had")
        settings = [(row["kind"], row["setting"]) for row in office.rows("history") if row["setting"]]
        assert settings == [("setting", "wait-list-on"), ("setting", "wait-list-off"), ("setting", "wait-list-on")]
    office.verify()


def test_a_server_that_takes_over_settles_before_it_decides(office):
    """The server is killed when the release is answered: the top-ups are stored or not, and the next server makes the rest."""
    with office.serve() as dti, Client(dti.endpoint) as client, SocketFile(office.admin) as messages:
        fill(client)
        office.change("wait", "on", "--yes")
        released = messages.order("release-grant", 2, faculty=FACULTY, program=FIRST)
        dti.crash()
        assert (released["status"], released["grant"], released["wait-list"]) == (OK, None, True)
    with office.serve() as dti, Client(dti.endpoint) as client:
        assert ask(client, "Ciencias Ambientales", 3) == (PARTIAL, 0, 0, 0)
        assert office.held()[SECOND] == (5, 0, 0) and office.held()[THIRD] == (4, 0, 0) and office.held()[FOURTH] == (1, 0, 0)
        assert office.held()["Ciencias Ambientales"] == (0, 0, 0)
    office.verify()


def test_the_lists_and_the_explanation_tell_who_waits_and_why(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        fill(client)
        office.change("wait", "on", "--yes")
        office.amend(FIRST, 7, 2)
        until(lambda: office.held()[SECOND] == (3, 0, 0), what="the top-up")
    [second, third, _] = office.rows("wait", "list")
    assert {name: second[name] for name in ("classrooms-granted", "classrooms-lacking", "labs-lacking", "passed-over")} == {
        "classrooms-granted": 3, "classrooms-lacking": 2, "labs-lacking": 0, "passed-over": "no classroom is left"}
    table = listed(office.folder, "wait", "list", office.store.flag)
    assert table.splitlines()[0].split() == [
        "POSITION", "WAITS-SINCE", "FACULTY", "PROGRAM", "CLASSROOMS-GRANTED", "LABS-GRANTED", "MOBILE-LABS-GRANTED",
        "CLASSROOMS-LACKING", "LABS-LACKING", "PASSED-OVER"]
    assert table.splitlines()[1].split()[:2] == ["1", "3"]
    assert {row["program"]: (row["waits-since"], row["position"]) for row in office.rows("grant", "list")} == {
        FIRST: (None, None), SECOND: (3, 1), THIRD: (4, 2), FOURTH: (5, 3)}
    status, _, log = run(office.folder, "dtictl", "grant", "show", office.store.flag, SECOND)
    assert (status, "and waits in place 1 since entry 3: no classroom is left" in log) == (0, True), log
    topped_up = office.rows("history")[-1]
    assert (topped_up["kind"], topped_up["cause"], topped_up["waits-since"]) == ("granted", "topped-up", 3)

    text = listed(office.folder, "explain", office.store.flag, SECOND)
    assert "The grant was topped up from the wait list: it held 2 classrooms" in text and "DIFFERS" not in text
    assert "it waits in place 1 of 3, since entry 3; it is passed over now: no classroom is left" in text
    assert "these would have to come back, and no earlier place use them: 2 classrooms" in text
    explained = json.loads(listed(office.folder, "explain", office.store.flag, "--format=json", SECOND))
    assert explained["request-id"] == f"ask-of-{SECOND}" and explained["amendment"]["top-up"] is True
    assert explained["waits"] == {"since": 3, "position": 1, "places": 3, "passed-over": "no classroom is left",
                                  "come-back": [{"classrooms": 2, "labs": 0, "conversions": 0}]}
    third = json.loads(listed(office.folder, "explain", office.store.flag, "--format=json", THIRD))
    assert (third["follows-rule"], third["waits"]["position"]) == (True, 2)


def test_what_if_gives_more_rooms_to_the_programs_that_wait_first(office):
    with office.serve() as dti, Client(dti.endpoint) as client:
        fill(client)
        office.change("wait", "on", "--yes")
    file = office.folder / "requests.csv"
    file.write_text(f"faculty,program,classrooms,labs\n{FACULTY},{SECOND},5,0\n{FACULTY},Ciencias Ambientales,9,0\n")
    status, out, log = run(office.folder, "dtictl", "what-if", office.store.flag, "--capacity=20,2", "--format=json", str(file))
    assert status == 0, log
    assert [(row["status"], row["classrooms"]) for row in json.loads(out)] == [(OK, 5), (PARTIAL, 2)]
    assert "the semester has a wait list: 3 programs wait, and 3 of them get more first" in log


def test_a_client_sees_no_difference_unless_programs_wait(tmp_path):
    """The same bytes as without a wait list, as long as no room is returned."""
    bodies = [request(SEMESTER, FACULTY, (FIRST, 8, 2)), request(SEMESTER, FACULTY, (SECOND, 5, 1)),
              request(SEMESTER, FACULTY, (SECOND, 5, 1)), request(SEMESTER, FACULTY, (SECOND, 4, 1)),
              request(SEMESTER, FACULTY, (THIRD, 1, 0), ("Alquimia", 1, 0)), request("2031-10", FACULTY, (THIRD, 1, 0))]
    replies = []
    for has_list in (True, False):
        folder = tmp_path / str(has_list)
        folder.mkdir()
        with running(folder, f"--semester={SEMESTER}", "--classrooms=10", "--labs=2", f"--store=sqlite:{folder}/dti.db",
                     f"--admin={folder}/a") as dti, Client(dti.endpoint) as client:
            if has_list:
                assert change(folder, "wait", "on", "--yes", admin=folder / "a")[0] == 0
            replies.append([client.ask_frames(body) for body in bodies])
    assert replies[0] == replies[1]
