"""How a server starts, and what it says when it cannot."""

import os
import re
import socket
import sqlite3
import signal

import pytest

from tests_py.harness.process import run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import SqliteStore, take_back
from tests_py.harness.wire import OK, Client, answers, check_failed, grant, request
from tests_py.office.messages import SocketFile

OTHER_FLAGS = {
    "dti_server": ("--classrooms=380", "--labs=60", "--store=memory:"),
    "faculty": ("--name=a", "--dti-server=127.0.0.1:1"),
    "program": ("--name=a", "--classrooms=1", "--labs=1", "--faculty-server=127.0.0.1:1"),
}
DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))


def test_the_ready_line_stands_alone_and_names_the_endpoint(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        assert re.fullmatch(r"tcp://127\.0\.0\.1:[1-9][0-9]*", dti.endpoint)
        dti.stop()
    assert dti.stdout() == f"READY {dti.endpoint}\n"


def test_a_server_can_be_bound_to_another_address(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag, "--bind", "127.0.0.2", "--port", "0") as dti:
        assert dti.endpoint.startswith("tcp://127.0.0.2:")
        with Client(dti.endpoint) as client:
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


def test_a_port_in_use_is_named(sqlite, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        status, stdout, stderr = run(tmp_path, "dti_server", *POOL, sqlite.flag, f"--port={address.split(':')[1]}")
    assert (status, stdout) == (1, "")
    assert address in stderr


def test_memory_serves_and_says_that_it_forgets(tmp_path):
    with running(tmp_path, *POOL, "--store=memory:") as dti, Client(dti.endpoint) as client:
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
    assert "memory" in dti.log


def test_the_log_says_once_that_a_store_is_new(store, tmp_path):
    store.let_servers_make_it()
    for is_new in (True, False):
        with running(tmp_path, *POOL, store.flag) as dti:
            assert dti.endpoint
        lines = [line for line in dti.log.splitlines() if " store-created: " in line]
        assert len(lines) == int(is_new), dti.log
        if is_new:
            assert " info store-created: the store is new and empty" in lines[0]
            assert not isinstance(store, SqliteStore) or f"file={store.path}" in lines[0]


def test_the_default_store_is_in_the_state_folder(tmp_path):
    for variable, path in [("STATE_DIRECTORY", "dti.db"), ("XDG_STATE_HOME", "dti/dti.db")]:
        folder = tmp_path / variable
        folder.mkdir()
        with running(tmp_path, *POOL, env={variable: str(folder)}):
            assert (folder / path).is_file()
    with running(tmp_path, *POOL):  # HOME is tmp_path
        assert (tmp_path / ".local/state/dti/dti.db").is_file()


def refused(tmp_path, status, *flags, env=None):
    """The text with which the server refuses to start."""
    got, stdout, stderr = run(tmp_path, "dti_server", "--port=0", *flags, env=env)
    assert (got, stdout) == (status, ""), stderr
    assert stderr.strip()
    return stderr


def test_a_store_that_is_a_folder_is_refused(tmp_path):
    assert str(tmp_path) in refused(tmp_path, 1, *POOL, f"--store=sqlite:{tmp_path}")


def test_a_store_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused(tmp_path, 1, *POOL, f"--store=sqlite:{tmp_path}/file/dti.db")


def test_a_store_in_a_place_where_nothing_can_be_written_is_refused(tmp_path):
    assert "/proc/dti.db" in refused(tmp_path, 1, *POOL, "--store=sqlite:/proc/dti.db")


def test_a_store_that_is_not_a_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database\n" * 1000)
    assert str(path) in refused(tmp_path, 1, *POOL, f"--store=sqlite:{path}")
    assert path.read_text() == "not a database\n" * 1000


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE ledger (note TEXT)")
    other.close()
    assert str(path) in refused(tmp_path, 1, *POOL, f"--store=sqlite:{path}")


def test_a_second_server_on_one_sqlite_file_is_refused_and_told_who_holds_it(sqlite, tmp_path):
    other_name = tmp_path / "link.db"
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        assert re.search(rf"\b{dti.pid}\b", refused(tmp_path, 1, *POOL, sqlite.flag))
        os.symlink(sqlite.path, other_name)
        assert re.search(rf"\b{dti.pid}\b", refused(tmp_path, 1, *POOL, f"--store=sqlite:{other_name}"))
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


def test_a_server_without_a_semester_serves_and_opens_one_at_its_next_start(store, tmp_path):
    with running(tmp_path, store.flag) as dti, Client(dti.endpoint) as client:
        check_failed(client.ask(DERECHO), DERECHO, "INVALID-SEMESTER")
        until(lambda: " warning no-open-semester: " in dti.log, what="the log")
    with running(tmp_path, store.flag, *POOL) as dti, Client(dti.endpoint) as client:
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        assert "no-open-semester" not in dti.log


def test_a_server_whose_semester_the_office_has_closed_starts_and_serves_the_others(store, tmp_path):
    with running(tmp_path, store.flag, "--semester=2025-20", "--classrooms=380", "--labs=60"):
        pass
    with running(tmp_path, store.flag, *POOL, f"--admin={tmp_path}/a"), SocketFile(tmp_path / "a") as office:
        assert office.order("close-semester", 1)["status"] == OK
    with running(tmp_path, store.flag, *POOL) as dti, Client(dti.endpoint) as client:
        check_failed(client.ask(DERECHO), DERECHO, "INVALID-SEMESTER")
        assert grant(client, request("2025-20", "Derecho", ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]
        assert " warning semester-is-closed: " in dti.log


def test_a_new_semester_needs_its_capacities(store, tmp_path):
    stderr = refused(tmp_path, 1, store.flag, f"--semester={SEMESTER}")
    assert "--classrooms" in stderr and "--labs" in stderr
    assert "--labs" in refused(tmp_path, 1, store.flag, f"--semester={SEMESTER}", "--classrooms=380")


OTHER_CAPACITIES = {  # flag, and both numbers
    "classrooms": ("--classrooms=381", "380", "381"),
    "labs": ("--labs=59", "60", "59"),
    "mobile labs": ("--mobile-labs=12", "380", "12"),
}


@pytest.mark.parametrize("flag, stored, given", OTHER_CAPACITIES.values(), ids=OTHER_CAPACITIES)
def test_other_capacities_than_a_semester_was_opened_with_are_refused_saying_both(store, tmp_path, flag, stored, given):
    with running(tmp_path, *POOL, store.flag):
        pass
    stderr = refused(tmp_path, 1, store.flag, f"--semester={SEMESTER}", flag)
    assert re.search(rf"\b{stored}\b", stderr) and re.search(rf"\b{given}\b", stderr), stderr
    assert store.capacity() == (380, 60, 380)


def test_only_the_capacities_that_are_given_are_compared(store, tmp_path):
    with running(tmp_path, *POOL, store.flag):
        pass
    for flags in ([], ["--classrooms=380"], ["--labs=60"], ["--mobile-labs=380"], ["--mobile-labs=1000"]):
        with running(tmp_path, store.flag, f"--semester={SEMESTER}", *flags) as dti, Client(dti.endpoint) as client:
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


BAD_USE = {
    "an unknown flag": (["--no-such-flag"], "--no-such-flag"),
    "a capacity that is no number": (["--classrooms=many"], "--classrooms"),
    "a negative capacity": (["--labs=-1"], "--labs"),
    "a capacity that is too large": (["--classrooms=1000000001"], "--classrooms"),
    "a port that is none": (["--port=70000"], "--port"),
    "a store of no known kind": (["--store=mysql:x"], "--store"),
    "a proxy without a port": (["--proxy-server=localhost"], "--proxy-server"),
    "a negative time": (["--store-timeout=-1"], "--store-timeout"),
    "a config file that is not there": (["--config=/no/such/file.toml"], "/no/such/file.toml"),
    "a catalogue that is not there": (["--catalog=/no/such/file.csv"], "/no/such/file.csv"),
}


@pytest.mark.parametrize("flags, named", BAD_USE.values(), ids=BAD_USE)
def test_bad_use_is_exit_2_and_names_what_is_wrong(tmp_path, flags, named):
    assert named in refused(tmp_path, 2, *POOL, "--store=memory:", *flags)


BAD_CATALOGS = {  # the file, and the line at fault
    "another header": ("faculty,name\nA,b\n", 1),
    "UTF-16 without a byte order mark": ("faculty,program\nA,b\n".encode("utf-16-le"), 1),
    "an invisible character": ("faculty,program\nA,b\u200b\n", 2),
    "a field too many": ("faculty,program\nA,b\nA,c,d\n", 3),
    "a field too few": ("faculty,program\nA,b\nA\n", 3),
    "an empty name": ("faculty,program\nA,\n", 2),
    "two spellings of a program": ("faculty,program\nA,b c\nA,d\nA,B-C\n", 4),
    "two spellings of a faculty": ("faculty,program\nAb,c\nA b,d\n", 3),
    "not UTF-8": (b"faculty,program\nA,b\nA,\xff\n", 3),
    "an open quote": ('faculty,program\nA,b\nA,"c\n', 3),
}


@pytest.mark.parametrize("text, line", BAD_CATALOGS.values(), ids=BAD_CATALOGS)
def test_a_catalogue_with_a_bad_line_is_refused_by_file_and_line_and_nothing_is_loaded(sqlite, tmp_path, text, line):
    path = tmp_path / "catalog.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    stderr = refused(tmp_path, 2, *POOL, sqlite.flag, f"--catalog={path}")
    assert re.search(rf"{re.escape(str(path))}\b.*\b{line}\b", stderr), stderr
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:  # the default catalogue, then
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


def test_every_fault_of_a_catalogue_is_told_at_once(tmp_path):
    path = tmp_path / "catalog.csv"
    path.write_text("faculty,program\nA,\nA,b\nA,c,d\n,e\n")
    stderr = refused(tmp_path, 2, *POOL, "--store=memory:", f"--catalog={path}")
    places = re.findall(rf"^dti_server: --catalog: {re.escape(str(path))}:(\d+):(\d+): ", stderr, re.MULTILINE)
    assert places == [("2", "2"), ("4", "3"), ("5", "1")], stderr


TEXT = "faculty,program\r\nDiseño,Moda y\u00a0Color\r\n"
SPREADSHEETS = {  # as Excel and others save them
    "CSV UTF-8": TEXT.encode("utf-8-sig"),
    "Unicode text": TEXT.replace(",", "\t").encode("utf-16"),
    "UTF-16, big endian": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "with semicolons": TEXT.replace(",", ";").encode(),
    "with tabs": TEXT.replace(",", "\t").encode(),
    "with a line that names the separator": b"sep=,\r\n" + TEXT.encode(),
    "with old line ends": TEXT.replace("\r\n", "\r").encode(),
    "CSV in Windows-1252": TEXT.replace("\u00a0", " ").encode("cp1252"),
    "with blank rows": (TEXT + "\r\n,\r\n,,,\r\n").encode(),
    "with other columns": "id;Programa;FACULTAD;\r\n7; Moda y Color;\"Diseño \";\r\n;;;\r\n".encode(),
    "with cells kept as text": 'faculty,program\n="Diseño","=""Moda y Color"""\n\x1a'.encode(),
}


@pytest.mark.parametrize("saved", SPREADSHEETS.values(), ids=SPREADSHEETS)
def test_a_catalogue_is_read_as_spreadsheets_save_it(tmp_path, saved):
    path = tmp_path / "catalog.csv"
    path.write_bytes(saved)
    with running(tmp_path, *POOL, "--store=memory:", f"--catalog={path}") as dti, Client(dti.endpoint) as client:
        assert grant(client, request(SEMESTER, "Diseño", ("Moda y Color", 7, 2))) == [(OK, 7, 2, 0)]
    assert ("catalog-windows-1252" in dti.log) == (b"Dise\xf1o" in saved and b"\xff\xfe" not in saved)


def test_a_catalogue_is_added_to_what_the_store_has(store, tmp_path):
    path = tmp_path / "catalog.csv"
    path.write_text('faculty,program\r\nDerecho,Derecho Civil\r\nDerecho,"Derecho, Canonico"\r\nFilosofia,Logica\r\n')
    with running(tmp_path, *POOL, store.flag):
        pass
    for flags in ([f"--catalog={path}"], [f"--catalog={path}"], []):
        with running(tmp_path, store.flag, *flags) as dti, Client(dti.endpoint) as client:
            assert grant(client, request(SEMESTER, "Derecho", ("derecho,canonico", 1, 1))) == [(OK, 1, 1, 0)]
            assert grant(client, request(SEMESTER, "Filosofia", ("Logica", 2, 2))) == [(OK, 2, 2, 0)]
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]


def test_programs_that_only_separators_tell_apart_are_two_and_a_spelling_for_both_is_told_so(store, tmp_path):
    path = tmp_path / "catalog.csv"
    path.write_text("faculty,program\nMath,MATH 1-11\n")
    with running(tmp_path, *POOL, store.flag, f"--catalog={path}") as dti, Client(dti.endpoint) as client:
        assert grant(client, request(SEMESTER, "Math", ("MATH111", 7, 2))) == [(OK, 7, 2, 0)]
    path.write_text("faculty,program\nMath,MATH 1-11\nMath,MATH 11-1\n")
    for _ in range(2):
        with running(tmp_path, store.flag, f"--catalog={path}") as dti, Client(dti.endpoint) as client:
            reply = client.ask(request(SEMESTER, "Math", ("math_11 1", 3, 1), ("MATH 1\u201311", 7, 2), ("MATH111", 1, 1)))
            assert answers(reply) == [(OK, 3, 1, 0), (OK, 7, 2, 0), ("INVALID-PROGRAM", 0, 0, 0)]
            assert '"MATH 1-11", "MATH 11-1"' in reply["programs"][2]["detail"]
            assert not any("detail" in program for program in reply["programs"][:2])
    status, stdout, stderr = run(tmp_path, "dtictl", "verify", store.flag)
    assert status == 0, stdout + stderr


def test_two_spellings_with_other_kinds_of_spaces_are_one_program_with_one_grant(store, tmp_path):
    path = tmp_path / "catalog.csv"
    path.write_text("faculty,program\nArtes,Escultura Moderna\nArtes,Escultura\u00a0Moderna\n")
    with running(tmp_path, *POOL, store.flag, f"--catalog={path}") as dti, Client(dti.endpoint) as client:
        for name in ("Escultura\u00a0Moderna", "Escultura Moderna", "escultura\u2011moderna", "Escultura\u3000Moderna"):
            assert grant(client, request(SEMESTER, "Artes", (name, 7, 2))) == [(OK, 7, 2, 0)]
    assert len(store.allocations()) == 1


def test_a_store_with_two_such_spellings_from_an_earlier_version_serves_both(sqlite, tmp_path):
    path = tmp_path / "catalog.csv"
    path.write_text("faculty,program\nArtes,Escultura Moderna\n")
    with running(tmp_path, *POOL, sqlite.flag, f"--catalog={path}"):
        pass
    with sqlite3.connect(sqlite.path) as database:
        database.executescript(take_back("sqlite", 2))
        database.execute("INSERT INTO program (id, faculty_id, name, key)"
                         " VALUES (2, 1, 'Escultura\u00a0Moderna', 'escultura\u00a0moderna')")
    path.write_text("faculty,program\nArtes,Escultura Moderna\nArtes,Escultura\u00a0Moderna\n")
    with running(tmp_path, sqlite.flag, f"--catalog={path}") as dti, Client(dti.endpoint) as client:
        for name, want in (("Escultura Moderna", 3), ("Escultura\u00a0Moderna", 5), ("escultura-moderna", 3)):
            assert grant(client, request(SEMESTER, "Artes", (name, want, 1))) == [(OK, want, 1, 0)]
    assert len(sqlite.allocations()) == 2
    status, stdout, stderr = run(tmp_path, "dtictl", "verify", sqlite.flag)
    assert status == 0, stdout + stderr


@pytest.mark.parametrize("name", ["dti_server", "faculty", "program"])
def test_a_semester_from_a_file_with_windows_line_ends_is_refused(tmp_path, name):
    status, stdout, stderr = run(tmp_path, name, *OTHER_FLAGS[name],
                                 env={"DTI_SEMESTER": f"{SEMESTER}\r"})
    assert (status, stdout) == (2, "") and "DTI_SEMESTER" in stderr and "Windows line ends" in stderr


OTHER_SEMESTERS = ["2025\u201310", "2025\u00a010", "2025 10", "2025-1\uff10"]


@pytest.mark.parametrize("twin", OTHER_SEMESTERS, ids=[twin.encode("unicode_escape").decode() for twin in OTHER_SEMESTERS])
def test_a_semester_that_looks_like_one_of_the_store_is_not_opened(store, tmp_path, twin):
    with running(tmp_path, *POOL, store.flag):
        pass
    stderr = refused(tmp_path, 1, f"--semester={twin}", "--classrooms=380", "--labs=60", store.flag)
    assert "almost the same name" in stderr and f'"{SEMESTER}"' in stderr
    with running(tmp_path, store.flag) as dti, Client(dti.endpoint) as client:
        assert "almost" not in dti.log
        reply = client.ask(request(twin, "Derecho", ("Derecho Civil", 7, 2)))
        assert reply["error-message"] == "INVALID-SEMESTER" and f'open is "{SEMESTER}"' in reply["detail"]


def test_a_store_with_such_semesters_from_an_earlier_version_is_served_with_a_warning(sqlite, tmp_path):
    for semester in (SEMESTER, "2026-10"):
        with running(tmp_path, f"--semester={semester}", "--classrooms=380", "--labs=60", sqlite.flag):
            pass
    with sqlite3.connect(sqlite.path) as database:
        database.executescript(take_back("sqlite", 2))
        database.execute("UPDATE semester SET name = ? WHERE name = '2026-10'", (f"{SEMESTER}\r",))
    with running(tmp_path, sqlite.flag) as dti, Client(dti.endpoint) as client:
        for semester in (SEMESTER, f"{SEMESTER}\r"):
            assert grant(client, request(semester, "Derecho", ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]
    assert "semesters-look-alike" in dti.log and "u000d" in dti.log
    status, stdout, stderr = run(tmp_path, "dtictl", "verify", sqlite.flag)
    assert status == 0, stdout + stderr


def test_flags_win_over_the_environment_and_that_over_the_config_file_and_that_over_defaults(sqlite, tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text(f'semester = "{SEMESTER}"\nclassrooms = 100\nlabs = 200\nmobile-labs = 30\n')
    env = {"DTI_CLASSROOMS": "101", "DTI_LABS": "201"}
    with running(tmp_path, sqlite.flag, f"--config={config}", "--labs=202", env=env):
        assert sqlite.capacity() == (101, 202, 30)


def test_a_mistake_in_the_config_file_or_environment_is_told_by_its_origin(tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text('classrooms = "many"\n')
    assert str(config) in refused(tmp_path, 2, f"--config={config}", "--store=memory:")
    config.write_text("clasrooms = 1\n")
    assert "clasrooms" in refused(tmp_path, 2, f"--config={config}", "--store=memory:")
    assert "DTI_LABS" in refused(tmp_path, 2, *POOL[:2], "--store=memory:", env={"DTI_LABS": "few"})


@pytest.mark.parametrize("name", ["dti_server", "faculty", "program"])
def test_help_and_version_are_said_on_stdout(tmp_path, name):
    status, stdout, _ = run(tmp_path, name, "--help")
    assert status == 0 and "--semester" in stdout
    status, stdout, _ = run(tmp_path, name, "--version")
    assert status == 0 and re.search(r"\d+\.\d+\.\d+", stdout)


def test_num_faculties_ends_the_server_once_so_many_were_answered_without_error(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag, "--num-faculties=2") as dti, Client(dti.endpoint) as client:
        unknown = request("2020", "Artes", ("Teatro", 1, 1))
        assert client.ask(unknown)["error-message"] == "INVALID-SEMESTER"
        for _ in range(3):
            assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        assert grant(client, request(SEMESTER, "Artes", ("Teatro", 1, 1))) == [(OK, 1, 1, 0)]
        assert dti.exit_status() == 0


def test_a_server_that_is_told_to_stop_by_interrupt_ends_cleanly(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        dti.signal(signal.SIGINT)
        assert dti.exit_status() == 0
