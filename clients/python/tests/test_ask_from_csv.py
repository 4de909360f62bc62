"""The example that asks for everything in a spreadsheet."""

import csv
import json
import signal
import sys

import pytest

from tests_py.harness.process import ROOT, Process, owned, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import Router

EXAMPLE = ROOT / "clients/python/examples/ask_from_csv.py"
SHEET = "\ufeffsep=;\r\nPrograma;Faculty;Program;Classrooms;Labs\r\n1;Artes;Diseño Grafico;3;1\r\n;;;;\r\n" \
        "2;Derecho;Derecho Civil;7;2\r\n3;Derecho;\"Derecho; Romano\";1;1\r\n"


class Sheet:
    """An input and its results in a folder."""

    def __init__(self, folder, text=SHEET, encoding="utf-8"):
        self.folder = folder
        self.input = folder / "wanted.csv"
        self.results = folder / "results.csv"
        self.ids = folder / "results.csv.request-ids.json"
        self.write(text, encoding)

    def write(self, text, encoding="utf-8"):
        self.input.write_bytes(text.encode(encoding))

    def start(self, *servers, timeout=20, semester=SEMESTER):
        return Process([sys.executable, "-B", str(EXAMPLE), f"--servers={','.join(servers)}", f"--semester={semester}",
                        f"--timeout={timeout}", str(self.input), str(self.results)], self.folder,
                       {"PYTHONPATH": str(ROOT / "clients/python/src")})

    def run(self, *servers, **options):
        """The exit status and stderr."""
        with owned(self.start(*servers, **options)) as process:
            status = process.exit_status()
        return status, process.log

    def rows(self):
        with open(self.results, encoding="utf-8-sig", newline="") as file:
            return [(row["program"], row["outcome"], row["granted classrooms"], row["granted labs"], row["status"])
                    for row in csv.DictReader(file, delimiter=";")]


@pytest.fixture
def dti(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as server:
        yield server


def test_everything_in_the_sheet_is_asked_and_the_results_open_in_excel(dti, sqlite, tmp_path):
    sheet = Sheet(tmp_path)
    assert sheet.run(dti.address) == (4, "")
    assert sheet.rows() == [("Diseño Grafico", "granted", "3", "1", "OK"),
                            ("Derecho Civil", "granted", "7", "2", "OK"),
                            ("Derecho; Romano", "refused", "0", "0", "INVALID-PROGRAM")]
    content = sheet.results.read_bytes()
    assert content.startswith(b"\xef\xbb\xbffaculty;program;") and content.count(b"\r\n") == content.count(b"\n") == 4
    assert sqlite.granted() == (10, 3, 0)


SHEETS = {  # how a spreadsheet may have saved it
    "no byte order mark, commas": "faculty,program,classrooms,labs\nDerecho,Derecho Civil,7,2\n",
    "tabs": "faculty\tprogram\tclassrooms\tlabs\nDerecho\tDerecho Civil\t7\t2\n",
    "sep= of another delimiter": "sep=|\nfaculty|program|classrooms|labs\nDerecho|Derecho Civil|7|2\n",
    "semicolons and commas in the header": "faculty;program;classrooms;labs;a, b, c\nDerecho;Derecho Civil; 7 ;2;\n",
}


@pytest.mark.parametrize("text", SHEETS.values(), ids=SHEETS)
def test_each_way_in_which_excel_saves_is_read(dti, sqlite, tmp_path, text):
    assert Sheet(tmp_path, text).run(dti.address) == (0, "")
    assert sqlite.allocations() == {("Derecho", "Derecho Civil"): ("OK", 7, 2, 0)}


HEADER = "faculty;program;classrooms;labs\n"
BAD = {  # text, encoding, what is said
    "ANSI": (HEADER + "Derecho;Diseño;1;1\n", "latin-1", 'save it as "CSV UTF-8"'),
    "Unicode text": (HEADER, "utf-16", 'save it as "CSV UTF-8"'),
    "empty": ("", "utf-8", "columns once: faculty, program, classrooms, labs"),
    "a column is missing": ("faculty;program;labs\n", "utf-8", "columns once: classrooms"),
    "a column twice": ("faculty;program;labs;labs;classrooms\n", "utf-8", "columns once: labs"),
    "numbers": (HEADER + "a;b;x;1\n\nc;d;1;1.5\n", "utf-8", "wanted.csv:4: labs must be a whole number"),
    "too many": ("sep=;\n" + HEADER + "a;b;1000001;1\n", "utf-8", "wanted.csv:3: classrooms must be"),
    "a row that ends early": (HEADER + "a;b\n", "utf-8", "wanted.csv:2: classrooms must be a whole number"),
    "a quote without an end": (HEADER + "a;\"b;1;1\nc;d;1;1\n", "utf-8", "wanted.csv:3: unexpected end of data"),
    "a number that looks short": (HEADER + "a;b;000000009999999;1\n", "utf-8", "wanted.csv:2: classrooms must be"),
}


@pytest.mark.parametrize("text, encoding, said", BAD.values(), ids=BAD)
def test_a_sheet_with_a_fault_is_refused_before_anything_is_asked(tmp_path, text, encoding, said):
    sheet = Sheet(tmp_path, text, encoding)
    status, stderr = sheet.run("127.0.0.1:1")
    assert status == 2 and said in stderr and "Traceback" not in stderr
    assert not sheet.results.exists() and not sheet.ids.exists()


def test_flags_that_cannot_be_right_are_refused(tmp_path):
    status, stderr = Sheet(tmp_path).run("nowhere")
    assert status == 2 and "is not HOST:PORT" in stderr
    assert not Sheet(tmp_path).ids.exists()
    status, stderr = Sheet(tmp_path).run("127.0.0.1:1", timeout=0)
    assert status == 2 and "--timeout: must be a positive number" in stderr


def test_a_run_that_was_killed_is_repeated_with_the_same_ids_and_grants_nothing_twice(store, tmp_path):
    sheet = Sheet(tmp_path)
    with running(tmp_path, *POOL, store.flag) as server:
        with Router() as silent:  # it asks for the first row, and is killed before there is a reply
            process = sheet.start(silent.address)
            try:
                silent.receive()
                process.crash()
            finally:
                process.remove()
        ids = json.loads(sheet.ids.read_text())
        assert len(set(ids.values())) == 3 and not sheet.results.exists()
        process = sheet.start(server.address)
        try:
            process.line("line")
            until(lambda: store.allocations(), what="the first grant")
            process.crash()
        finally:
            process.remove()
        for _ in range(2):
            assert sheet.run(server.address)[0] == 4
            assert json.loads(sheet.ids.read_text()) == ids
        assert store.granted() == (10, 3, 0)
        stored = dict(store.rows("SELECT program, request_id FROM history WHERE kind = 'granted'"))
        assert set(stored.values()) < set(ids.values()) and len(stored) == 2


def test_a_changed_row_is_another_request_and_the_others_keep_their_ids(dti, tmp_path):
    sheet = Sheet(tmp_path)
    sheet.run(dti.address)
    before = json.loads(sheet.ids.read_text())
    sheet.write(SHEET.replace("Civil;7;2", "Civil;8;2"))
    assert sheet.run(dti.address)[0] == 4
    after = json.loads(sheet.ids.read_text())
    assert before.items() < after.items() and len(after) == 4 and len(set(after.values())) == 4
    assert sheet.rows()[1] == ("Derecho Civil", "refused", "7", "2", "PROGRAM-ALREADY-HAS-RESOURCES-FOR-SEMESTER")


def test_after_an_unknown_outcome_the_later_rows_are_not_asked(sqlite, tmp_path):
    sheet = Sheet(tmp_path)
    with running(tmp_path, *POOL, sqlite.flag) as server:
        assert sheet.run("127.0.0.1:1", timeout=0.3)[0] == 5
        assert [row[1] for row in sheet.rows()] == ["unknown"] * 3
        assert "not asked, because" in sheet.results.read_text(encoding="utf-8-sig")
        assert sqlite.allocations() == {}
        assert sheet.run(server.address)[0] == 4


@pytest.mark.parametrize("content", ["{", "[]", "null", '{"a": 1}', "[" * 100_000])
def test_ids_that_cannot_be_read_are_not_replaced(dti, sqlite, tmp_path, content):
    sheet = Sheet(tmp_path)
    sheet.ids.write_text(content)
    status, stderr = sheet.run(dti.address)
    assert status == 2 and "damaged" in stderr
    assert sheet.ids.read_text() == content and sqlite.allocations() == {}


def test_a_row_that_no_server_accepts_is_refused_and_the_others_are_asked(dti, tmp_path):
    sheet = Sheet(tmp_path, HEADER + f";x;1;1\nDerecho;{'n' * 201};1;1\nDerecho;Derecho Civil;7;2\n")
    assert sheet.run(dti.address)[0] == 4
    assert [(row[1], row[4]) for row in sheet.rows()] == [
        ("refused", "INVALID-FACULTY"), ("refused", "INVALID-REQUEST"), ("granted", "OK")]


def test_a_text_of_a_server_does_not_become_a_formula(tmp_path):
    sheet = Sheet(tmp_path, HEADER + "Derecho;Derecho Civil;7;2\n")
    with Router() as router, owned(sheet.start(router.address)) as process:
        peer, (body,) = router.receive()
        [entry] = json.loads(body)["programs"]
        router.send(peer, {"error-found": False, "programs": [{"program-id": entry["program-id"], "detail": "=1+1",
                                                               "status-message": "INVALID-PROGRAM"}]})
        assert process.exit_status() == 4
    assert ";'=1+1;" in sheet.results.read_text(encoding="utf-8-sig")


def test_an_interruption_ends_it_and_the_next_run_goes_on(dti, tmp_path):
    sheet = Sheet(tmp_path)
    with Router() as silent, owned(sheet.start(silent.address)) as process:
        silent.receive()
        process.signal(signal.SIGINT)
        assert process.exit_status() == 5
    assert [row[1] for row in sheet.rows()] == ["unknown"] * 3
    written = sheet.results.read_text(encoding="utf-8-sig")
    assert written.count("the run ended before there was an outcome") == 1
    assert written.count("not asked, because the run ended") == 2
    assert sheet.run(dti.address)[0] == 4


def test_a_last_line_without_an_end_is_asked_with_a_warning(dti, tmp_path):
    status, stderr = Sheet(tmp_path, HEADER + "Derecho;Derecho Civil;7;2").run(dti.address)
    assert status == 0 and "the last line has no line end" in stderr


def test_results_that_would_overwrite_the_input_are_refused(tmp_path):
    sheet = Sheet(tmp_path)
    (tmp_path / "link.csv").symlink_to(sheet.input)
    for results in (sheet.input, tmp_path / "link.csv"):
        sheet.results = results
        status, stderr = sheet.run("127.0.0.1:1")
        assert status == 2 and "this is the input" in stderr
    assert sheet.input.read_bytes() == SHEET.encode()


def test_two_runs_with_the_same_results_are_not_in_progress_at_the_same_time(dti, tmp_path):
    sheet = Sheet(tmp_path)
    with Router() as silent, owned(sheet.start(silent.address)) as process:
        silent.receive()
        ids = sheet.ids.read_bytes()
        status, stderr = sheet.run(dti.address)
        assert status == 2 and "another run" in stderr and sheet.ids.read_bytes() == ids
        process.signal(signal.SIGINT)
        process.exit_status()
    assert sheet.run(dti.address)[0] == 4


def test_results_that_cannot_be_written_have_an_exit_code_and_the_next_run_reports_the_same_grants(dti, tmp_path):
    sheet = Sheet(tmp_path, HEADER + "Derecho;Derecho Civil;7;2\n")
    with Router() as silent, owned(sheet.start(silent.address)) as process:
        peer, (body,) = silent.receive()
        sheet.results.mkdir()  # meanwhile
        [entry] = json.loads(body)["programs"]
        silent.send(peer, {"error-found": False, "programs": [{"program-id": entry["program-id"],
                                                               "status-message": "INVALID-PROGRAM"}]})
        assert process.exit_status() == 6
        assert "cannot be written" in process.log and "Traceback" not in process.log
    sheet.results.rmdir()
    assert sheet.run(dti.address)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.endswith(".new")) == []


def test_a_row_that_repeats_another_is_one_request_with_it(dti, sqlite, tmp_path):
    sheet = Sheet(tmp_path, HEADER + "Derecho;Derecho Civil;7;2\nDerecho;Derecho Civil;7;2\n")
    assert sheet.run(dti.address) == (0, "")
    assert sheet.rows() == [("Derecho Civil", "granted", "7", "2", "OK"),
                            ("Derecho Civil", "the same as line 2", "", "", "")]
    assert sqlite.granted() == (7, 2, 0)


def test_a_name_does_not_become_a_formula(dti, tmp_path):
    names = ("=1+1", "+1", "-1", "@a", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201")
    sheet = Sheet(tmp_path, HEADER + "".join(f"{name};{name};1;1\n" for name in names))
    assert sheet.run(dti.address)[0] == 4
    with open(sheet.results, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [(row["faculty"], row["program"]) for row in rows] == [("'" + name, "'" + name) for name in names]


def test_a_text_of_a_server_does_not_control_the_terminal(tmp_path):
    sheet = Sheet(tmp_path, HEADER + "Derecho;Derecho Civil;7;2\n")
    with Router() as router, owned(sheet.start(router.address)) as process:
        peer, (body,) = router.receive()
        [entry] = json.loads(body)["programs"]
        router.send(peer, {"error-found": False, "programs": [{"program-id": entry["program-id"], "detail": "\x1b[2J",
                                                               "status-message": "INVALID-PROGRAM"}]})
        assert process.exit_status() == 4
        assert "\\x1b[2J" in process.stdout() and "\x1b" not in process.stdout()
