"""program against a faculty that the test plays: exit codes, the result file, what it sends and takes."""

import json
import os
import pty
import re
import signal
import subprocess
import threading
import time

import pytest

from tests_py.harness.process import (BROKEN_STDOUT, ROOT, binary, clean_environment, owned, run,
                                      run_with_broken_stdout, start_program, until)
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import HAS_ALREADY, OK, PARTIAL, Router

NAME = "derecho-civil"
PATIENCE_SECONDS = 600  # longer than the harness waits


@pytest.fixture
def faculty():
    with Router() as router:
        yield router


@pytest.fixture
def output(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def flags(faculty, output, name=NAME, semester=SEMESTER, classrooms=7, labs=2):
    return (f"--name={name}", f"--semester={semester}", f"--classrooms={classrooms}", f"--labs={labs}",
            f"--faculty-server={faculty.address}", f"--output-dir={output}")


def room_answer(status, classrooms=7, labs=2, mobile_labs=0, **more):
    return {"status": status, "classrooms-assigned": classrooms, "labs-assigned": labs,
            "mobile-labs-assigned": mobile_labs, **more}


def exchange(tmp_path, faculty, answer_frames, *program_flags):
    """Starts a program, answers it by those frames; its exit status, its stdout and what it sent."""
    program = start_program(tmp_path, *program_flags)
    try:
        peer, sent = faculty.receive()
        faculty.send(peer, *answer_frames)
        return program.exit_status(), program.stdout(), sent
    finally:
        program.remove()


def files(output):
    return sorted(path.name for path in output.iterdir())


ANSWERS = {  # status -> exit status, is a result file written?
    OK: (0, True),
    PARTIAL: (3, True),
    HAS_ALREADY: (4, False),
    "INVALID-REQUEST": (4, True),
    "UNAUTHORIZED": (4, True),
    "INVALID-SEMESTER": (4, True),
    "INVALID-FACULTY": (4, True),
    "INVALID-PROGRAM": (4, True),
    "NOT-LEADER": (5, False),
    "OVERLOADED": (5, False),
    "UNAVAILABLE": (5, False),
}


@pytest.mark.parametrize("status", ANSWERS)
def test_the_exit_status_and_the_file_follow_the_answer(tmp_path, faculty, output, status):
    exit_status, written = ANSWERS[status]
    got, _, _ = exchange(tmp_path, faculty, [b"", room_answer(status)], *flags(faculty, output))
    assert got == exit_status
    assert files(output) == ([f"{NAME}_{SEMESTER}.txt"] if written else [])


def test_a_program_sends_a_delimiter_and_what_it_was_told(tmp_path, faculty, output):
    _, _, sent = exchange(tmp_path, faculty, [b"", room_answer(OK)], *flags(faculty, output))
    assert len(sent) == 2 and sent[0] == b""
    body = json.loads(sent[1])
    body.pop("client-id", None)
    assert body == {"program-name": NAME, "semester": SEMESTER, "classrooms": 7, "labs": 2}


@pytest.mark.parametrize("frames", [[b""], []], ids=["with a delimiter", "as an old faculty answers"])
@pytest.mark.parametrize("folder", ["room", "room-partial"])
def test_the_result_file_has_the_golden_bytes(tmp_path, faculty, output, frames, folder):
    golden = ROOT / "tests/golden" / folder
    asked = json.loads((golden / "request.json").read_bytes())
    wish = asked["program-name"], asked["semester"], asked["classrooms"], asked["labs"]
    exchange(tmp_path, faculty, [*frames, (golden / "reply.json").read_bytes()], *flags(faculty, output, *wish))
    [path] = output.iterdir()
    assert path.name == f"{asked['program-name']}_{asked['semester']}.txt"
    expected = (golden / "result.txt").read_bytes().split(b"MILLISECONDS: ")
    got = path.read_bytes().split(b"MILLISECONDS: ")
    assert got[0] == expected[0]
    milliseconds, tail = got[1].split(b"\n", 1)
    assert int(milliseconds) >= 0 and tail == b"\t"


def test_a_result_file_replaces_one_with_the_same_result_and_keeps_one_with_another(tmp_path, faculty, output):
    newest, earlier = output / f"{NAME}_{SEMESTER}.txt", output / f"{NAME}_{SEMESTER}.1.txt"

    def ask(classrooms):
        program = start_program(tmp_path, *flags(faculty, output, classrooms=classrooms))
        try:
            peer, _ = faculty.receive()
            faculty.send(peer, b"", room_answer(OK, classrooms))
            assert program.exit_status() == 0
            return program.log
        finally:
            program.remove()

    assert "earlier-result-kept" not in ask(7) + ask(7)
    assert files(output) == [newest.name]
    log = ask(3)
    assert "earlier-result-kept" in log and str(earlier) in log
    assert files(output) == [earlier.name, newest.name]
    assert "ASSIGNED CLASSROOMS: 3" in newest.read_text() and "ASSIGNED CLASSROOMS: 7" in earlier.read_text()


ODD_NAMES = {  # name, semester -> file
    "a slash": ("Física/Química", "2025/10", "Física%2FQuímica_2025%2F10.txt"),
    "a no-break space": ("Bellas\u00a0Artes", SEMESTER, f"Bellas\u00a0Artes_{SEMESTER}.txt"),
    "a dash first": ("-1", SEMESTER, f"-1_{SEMESTER}.txt"),
    "dots": ("..", "..", ".._...txt"),
    "the longest": ("ñ" * 100, "y" * 64, "ñ" * 100 + "_" + "y" * 33 + "~edc170b8cb930bfe.txt"),
}


@pytest.mark.parametrize("name, semester, file", ODD_NAMES.values(), ids=ODD_NAMES)
def test_whatever_name_a_server_accepts_can_be_asked_for(tmp_path, faculty, output, name, semester, file):
    _, _, sent = exchange(tmp_path, faculty, [b"", room_answer(OK)], *flags(faculty, output, name, semester))
    assert (json.loads(sent[1])["program-name"], json.loads(sent[1])["semester"]) == (name, semester)
    assert files(output) == [file]


def test_the_default_folder_is_the_working_folder(tmp_path, faculty, output):
    exchange(tmp_path, faculty, [b"", room_answer(OK)], *flags(faculty, output)[:-1])
    assert (tmp_path / f"{NAME}_{SEMESTER}.txt").is_file()


def test_json_prints_the_answer(tmp_path, faculty, output):
    answer = room_answer(PARTIAL, 5, 1, 1, detail="a sentence")
    got, stdout, _ = exchange(tmp_path, faculty, [b"", answer], *flags(faculty, output), "--json")
    assert got == 3
    said = json.loads(stdout)
    assert {key: said[key] for key in answer} == answer


@pytest.mark.parametrize("redirection", BROKEN_STDOUT.values(), ids=BROKEN_STDOUT)
def test_an_answer_that_cannot_be_printed_is_exit_1_and_in_the_file(tmp_path, faculty, output, redirection):
    def answer():
        peer, _ = faculty.receive()
        faculty.send(peer, b"", room_answer(OK))

    answering = threading.Thread(target=answer)
    answering.start()
    status, stderr = run_with_broken_stdout(tmp_path, redirection, "program", *flags(faculty, output))
    answering.join()
    assert status == 1 and "stdout" in stderr
    assert "STATUS: OK" in (output / f"{NAME}_{SEMESTER}.txt").read_text()


def test_what_a_faculty_says_cannot_steer_the_terminal(tmp_path, faculty, output):
    answer = room_answer("INVALID-PROGRAM", 0, 0, detail="\x1b[2Jno such\nprogram: \u202eevil")
    _, stdout, _ = exchange(tmp_path, faculty, [b"", answer], *flags(faculty, output, name="a\u00a0b"))
    assert stdout == (f"a\u00a0b in {SEMESTER}: INVALID-PROGRAM, 0 classrooms and 0 labs (0 of them mobile): "
                      "\\x1b[2Jno such\\nprogram: \\u202eevil\n")


def test_sigterm_while_it_waits_is_exit_5_at_once_and_no_file(tmp_path, faculty, output):
    program = start_program(tmp_path, *flags(faculty, output), f"--timeout={PATIENCE_SECONDS}")
    try:
        faculty.receive()
        program.signal(signal.SIGTERM)
        assert program.exit_status() == 5
        assert "no-answer" in program.log and "run program again" in program.log
    finally:
        program.remove()
    assert files(output) == []


@pytest.mark.parametrize("flag, said", [("--log-format=json", '"event":"no-answer"'), ("--log-level=error", "")])
def test_that_there_was_no_answer_is_logged_as_the_flags_want_it(tmp_path, faculty, output, flag, said):
    status, stdout, stderr = run(tmp_path, "program", *flags(faculty, output), "--timeout=0.1", flag)
    assert (status, stdout) == (5, "")
    assert said in stderr and bool(stderr) == bool(said)


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_gets_colours_unless_no_color_is_set(tmp_path, faculty, output, no_color):
    ours, theirs = pty.openpty()
    try:
        environment = clean_environment(tmp_path, {"TERM": "xterm", "NO_COLOR": no_color})
        subprocess.run([binary("program"), *flags(faculty, output), "--timeout=0.1"], env=environment, stderr=theirs,
                       timeout=10)
        said = os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)
    assert b"no-answer" in said and (b"\x1b[" in said) == (not no_color)


def test_no_answer_in_time_is_exit_5_and_no_file(tmp_path, faculty, output):
    started = time.monotonic()
    status, _, stderr = run(tmp_path, "program", *flags(faculty, output), "--timeout=0.3")
    assert status == 5 and stderr.strip()
    assert time.monotonic() - started >= 0.3
    assert files(output) == []


def test_a_faculty_that_is_not_there_is_exit_5_within_the_timeout(tmp_path, output):
    with Router() as gone:
        program_flags = flags(gone, output)
    status, _, _ = run(tmp_path, "program", *program_flags, "--timeout=0.3")
    assert status == 5 and files(output) == []


def test_a_program_asks_again_when_its_faculty_came_back(tmp_path, output):
    with Router() as first:
        program = start_program(tmp_path, *flags(first, output), f"--timeout={PATIENCE_SECONDS}")
        _, asked = first.receive()
    with owned(program), Router(first.port) as back:
        peer, again = back.receive()
        assert again == asked
        back.send(peer, b"", room_answer(OK))
        assert program.exit_status() == 0


def test_the_milliseconds_count_from_when_the_faculty_was_connected(tmp_path, output):
    with Router() as gone:
        pass
    program = start_program(tmp_path, *flags(gone, output), "--log-level=debug")
    with owned(program), Router() as bystander:
        until(lambda: "asking" in program.log, what="the request")
        assert bystander.receives_nothing(0.5), "the program waits for its faculty"
        listening = time.monotonic()
        with Router(gone.port) as faculty:
            peer, _ = faculty.receive()
            faculty.send(peer, b"", room_answer(OK))
            assert program.exit_status() == 0
        milliseconds = int(re.search(r"MILLISECONDS: (\d+)", next(output.iterdir()).read_text())[1])
        assert milliseconds <= (time.monotonic() - listening) * 1000


BAD_USE = {
    "a negative number": ["--labs=-1"],
    "a fraction": ["--classrooms=1.5"],
    "too many": ["--classrooms=1000001"],
    "no port": ["--faculty-server=localhost"],
    "a line end behind the name": ["--name=a\r"],
    "a zero-width space in the semester": ["--semester=2025\u200b-10"],
    "a Cyrillic letter among Latin ones": ["--name=Art\u0435s"],
    "an unknown flag": ["--colour=red"],
    "an output folder that is not there": ["--output-dir=/no/such/folder"],
    "an output folder that is a file": ["--output-dir=/etc/passwd"],
    "an output folder where nothing can be written": ["--output-dir=/proc"],
}


@pytest.mark.parametrize("wrong", BAD_USE.values(), ids=BAD_USE)
def test_bad_use_is_exit_2_said_before_asking(tmp_path, faculty, output, wrong):
    kept = [flag for flag in flags(faculty, output) if flag.split("=")[0] not in {w.split("=")[0] for w in wrong}]
    status, stdout, stderr = run(tmp_path, "program", *kept, *wrong)
    assert (status, stdout) == (2, "") and stderr.strip()
    assert faculty.receives_nothing(0.1)


def test_a_result_file_that_is_a_directory_is_exit_2_said_before_asking(tmp_path, faculty, output):
    (output / f"{NAME}_{SEMESTER}.txt").mkdir()
    status, stdout, stderr = run(tmp_path, "program", *flags(faculty, output))
    assert (status, stdout) == (2, "") and "directory" in stderr
    assert faculty.receives_nothing(0.1)


@pytest.mark.parametrize("missing", ["--name", "--semester", "--classrooms", "--labs", "--faculty-server"])
def test_a_needed_flag_that_is_missing_is_named(tmp_path, faculty, output, missing):
    kept = [flag for flag in flags(faculty, output) if not flag.startswith(missing + "=")]
    status, _, stderr = run(tmp_path, "program", *kept)
    assert status == 2 and missing in stderr
