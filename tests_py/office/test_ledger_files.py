"""dtictl ledger export and import: the file has the whole store, and each change of it is found."""

import hashlib
import json
import os
import re
import signal
import subprocess

import pytest

from tests_py.harness.process import Process, binary, clean_environment, owned, run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import Client, grant
from tests_py.harness.wire import request as ask_for
from tests_py.office.ledgers import write
from tests_py.office.messages import ABOUT_PROGRAM, SocketFile, change

DONE, FAILED, BAD_USE, INTERRUPTED = 0, 1, 2, 130
ERRORS = "dtictl ledger import: the file has errors, so nothing was stored\n"


def export(folder, store, *flags):
    return run(folder, "dtictl", "ledger", "export", store.flag, *flags)


def exported(folder, store, name):
    """The path of an export."""
    path = folder / name
    status, output, errors = export(folder, store, f"--output={path}")
    assert (status, errors) == (DONE, ""), output
    assert re.fullmatch(rf"wrote \d+ entr(y|ies) of \d+ semesters? to {path}\n", output)
    return path


def import_file(folder, store, path):
    return run(folder, "dtictl", "ledger", "import", store.flag, path)


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def content_of(path):
    """All lines but the first one, which has the time of the export."""
    return lines_of(path)[1:]


def hash_of(lines):
    """That of the last line, as docs/ledger-files.md has it."""
    first = re.sub(r'"exported-at":"[^"]*"', '"exported-at":""', lines[0])
    return hashlib.blake2b("".join([first, *lines[1:-1]]).encode(), digest_size=32).hexdigest()


def fill(store, folder):
    """Grants, a release, an amendment, a resized, a closed and a reopened semester, notes, and one that was erased."""
    admin = folder / "admin"
    with running(folder, *POOL, store.flag, f"--admin={admin}") as dti, Client(dti.endpoint) as client:
        grant(client, ask_for(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), ("Derecho Penal", 100, 61), request_id="ü \"1\""))
        for args, semester in (
                (("grant", "amend", *ABOUT_PROGRAM, "--classrooms=5", "--labs=1", "--yes", "--note=más \"pequeño\""), SEMESTER),
                (("grant", "release", *ABOUT_PROGRAM, "--yes", "--note=to be erased"), SEMESTER),
                (("semester", "resize", "--classrooms=400", "--labs=60"), SEMESTER),
                (("semester", "open", "--classrooms=4", "--labs=1"), "2026-10"),
                (("semester", "close", "--confirm=2026-10", "--note=over"), "2026-10"),
                (("semester", "open", "--classrooms=4", "--labs=1"), "2026-20"),
                (("semester", "close", "--confirm=2026-20"), "2026-20"),
                (("semester", "reopen",), "2026-20")):
            code, _, log = change(folder, *args, admin=admin, semester=semester)
            assert code == 0, log
        grant(client, ask_for(SEMESTER, "Derecho", ("Derecho Penal", 100, 61)))
    write(store, "DELETE FROM ledger_note WHERE note = 'to be erased'")


@pytest.fixture
def filled(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    return sqlite


@pytest.fixture
def file(filled, tmp_path):
    return exported(tmp_path, filled, "export.jsonl")


def another(folder, name):
    return SqliteStore(folder / name)


def test_a_store_goes_to_postgresql_and_back_and_gives_the_same_file(filled, postgresql, tmp_path):
    first = exported(tmp_path, filled, "1.jsonl")
    status, output, errors = import_file(tmp_path, postgresql, first)
    assert (status, errors) == (DONE, "")
    assert output.splitlines()[-2:] == ["no differences", "the import is the same as the file"]
    second = exported(tmp_path, postgresql, "2.jsonl")
    back = another(tmp_path, "back")
    assert import_file(tmp_path, back, second)[0] == DONE
    third = exported(tmp_path, back, "3.jsonl")
    assert content_of(first) == content_of(second) == content_of(third)
    without_time = [re.sub(r',"exported-at":"[^"]*"', "", lines_of(path)[0]) for path in (first, second, third)]
    assert len(set(without_time)) == 1
    kinds = {line.get("kind") for line in map(json.loads, content_of(first))}
    assert {"granted", "released", "capacity-changed", "semester-opened", "semester-closed", "semester-reopened"} <= kinds
    notes = [json.loads(line)["note"] for line in content_of(first) if line.startswith('{"type":"note"')]
    assert 'más "pequeño"' in notes and "to be erased" not in notes
    history = "SELECT * FROM history ORDER BY semester, seq"
    assert back.rows(history) == filled.rows(history)
    with running(tmp_path, *POOL, back.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, ask_for(SEMESTER, "Derecho", ("Derecho Penal", 100, 61)))[0][1:] == (100, 58, 3)


def add_programs(folder, store, note, programs):
    """A change of the catalogue, in a server of its own."""
    admin = folder / "admin"
    with running(folder, *POOL, store.flag, f"--admin={admin}"), SocketFile(admin) as office:
        add = [{"faculty": "Artes", "programs": programs}]
        asked = {"semester": None, "add": add, "command_id": f"add {programs[0]}"}
        now = office.order("change-catalog", 0, dry_run=True, **asked)
        added = office.order("change-catalog", now["seq"], store=now["catalog"]["store"], note=note, **asked)
        assert added["status"] == "OK", added


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_changes_of_the_catalogue_are_in_the_file_and_in_the_store_that_it_fills(request, tmp_path, kind):
    source = request.getfixturevalue(kind)
    other = request.getfixturevalue("postgresql" if kind == "sqlite" else "sqlite")
    add_programs(tmp_path, source, 'año "nuevo"', ["Cine", "Danza Aérea"])
    add_programs(tmp_path, source, "to be erased", ["Circo"])
    write(source, "DELETE FROM ledger_note WHERE note = 'to be erased'")
    first = exported(tmp_path, source, "1.jsonl")
    assert import_file(tmp_path, other, first)[0] == DONE
    second = exported(tmp_path, other, "2.jsonl")
    assert content_of(first) == content_of(second)
    lines = list(map(json.loads, content_of(first)))
    assert [line["command-id"] for line in lines if line["type"] == "registry" and "command-id" in line] == ["add Cine", "add Circo"]
    assert [(line["semester"], line["note"]) for line in lines if line["type"] == "note"] == [(0, 'año "nuevo"')]
    status, listed, _ = run(tmp_path, "dtictl", "catalog", "list", other.flag, "--format=json", "--faculty=Artes")
    assert status == DONE and 'año \\"nuevo\\"' in listed
    text = first.read_text(encoding="utf-8")
    first.write_text(text.replace("nuevo", "viejo"), encoding="utf-8")
    status, _, errors = import_file(tmp_path, another(tmp_path, "changed"), first)
    assert status == FAILED and "registry: its note was changed" in errors, errors


def test_a_file_of_an_older_version_of_the_schema_is_imported_and_an_unknown_format_is_refused(filled, file, tmp_path):
    lines = lines_of(file)
    assert '"schema":8,' in lines[0] and not any('"semester":0' in line for line in lines if '"type":"note"' in line)
    older = [lines[0].replace('"schema":8,', '"schema":4,'), *lines[1:]]
    older[-1] = older[-1].replace(hash_of(lines), hash_of(older))
    assert older[-1] != lines[-1], "the first line is a part of the hash"
    file.write_text("".join(older), encoding="utf-8")
    back = another(tmp_path, "back")
    assert import_file(tmp_path, back, file)[0] == DONE
    assert content_of(exported(tmp_path, back, "back.jsonl")) == lines[1:] == content_of(exported(tmp_path, filled, "again.jsonl"))
    newer = [lines[0].replace('"schema":8,', '"schema":9,'), *lines[1:]]
    file.write_text("".join(newer), encoding="utf-8")
    status, _, errors = import_file(tmp_path, another(tmp_path, "newer"), file)
    assert status == FAILED
    assert f'{file}:1: store: "schema" is version 9, but this version reads the schemas up to 8: import the file' in errors
    file.write_text("".join([lines[0].replace("dti-ledger 1", "dti-ledger 0"), *lines[1:]]), encoding="utf-8")
    status, _, errors = import_file(tmp_path, another(tmp_path, "none"), file)
    assert status == FAILED
    assert f'{file}:1: store: "format" must be "dti-ledger 1", which is the only format that this version reads\n' in errors


def test_an_export_runs_beside_a_server_and_takes_all_semesters_with_its_config_file(store, tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text(f'semester = "{SEMESTER}"\nport = 0\nstore = "{store.flag.removeprefix("--store=")}"\n')
    admin = tmp_path / "admin"
    with running(tmp_path, *POOL, store.flag, f"--admin={admin}") as dti, Client(dti.endpoint) as client:
        grant(client, ask_for(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)))
        assert change(tmp_path, "semester", "open", "--classrooms=4", "--labs=1", admin=admin, semester="2026-10")[0] == 0
        status, output, errors = run(tmp_path, "dtictl", "ledger", "export", f"--config={config}")
        grant(client, ask_for(SEMESTER, "Derecho", ("Derecho Penal", 7, 2)))
    assert (status, errors) == (DONE, "")
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["name"] for line in lines if line["type"] == "semester"] == [SEMESTER, "2026-10"]
    assert lines[0]["format"] == "dti-ledger 1"
    assert lines[-1] | {"blake2b": ""} == {"type": "end", "faculties": 10, "programs": 50, "registry": 62, "semesters": 2,
                                           "entries": 3, "notes": 0, "blake2b": ""}


def test_a_file_of_one_semester_has_no_other_and_is_not_imported(filled, tmp_path):
    path = tmp_path / "one.jsonl"
    assert export(tmp_path, filled, f"--output={path}", "--only-semester=2026-10")[0] == DONE
    lines = [json.loads(line) for line in lines_of(path)]
    assert [line["name"] for line in lines if line["type"] == "semester"] == ["2026-10"]
    assert {line["semester"] for line in lines if line["type"] in ("entry", "note")} == {2}
    assert [line["semester"] for line in lines if line["type"] == "chain"] == [0, 2]
    status, output, errors = import_file(tmp_path, another(tmp_path, "back"), path)
    assert (status, output) == (FAILED, "")
    assert errors == f'{path}:1: the file has only semester "2026-10": export the store without --only-semester\n' + ERRORS
    status, output, errors = export(tmp_path, filled, "--only-semester=2031-10")
    assert (status, output) == (BAD_USE, "") and "--only-semester" in errors


CHANGES = {
    "a want": ('"classrooms-wanted":100,', '"classrooms-wanted":101,', "the status is not that of the grant|the grant is not what"),
    "a time": (r'"at-us":(\d+)1(\d),"kind":"granted"|"at-us":(\d+)(\d)(\d),"kind":"granted"', None, "the seal does not fit"),
    "a request-id": ('"request-id":"ü', '"request-id":"u', "the seal does not fit"),
    "a note": ('"note":"over"', '"note":"odor"', "its note was changed"),
    "an actor": ('"actor":"', '"actor":"x', "its note was changed"),
    "a name": ('"type":"program","id":3,"faculty":1,"name":"', '"type":"program","id":3,"faculty":1,"name":"x',
               "the registry|key"),
    "a name in the registry": ('"semester":3,"name":"2026-20"', '"semester":3,"name":"2026-30"', "the seal does not fit"),
    "a capacity": ('"labs-capacity":60,', '"labs-capacity":61,', "what the semester has left|the seal does not fit|capacity"),
    "what is left": (r'"labs-left":2,', '"labs-left":1,', "left"),
    "an end of a chain": ('"sealed-head":2,', '"sealed-head":1,', "the last seal is not the one"),
    "the id of the store": ('"store-id":"', None, "the seal does not fit"),
    "a count": ('"semesters":3', '"semesters":2', "the counts do not fit the lines"),
    "the hash": ('"blake2b":"', None, '"blake2b" is not the hash'),
}


def flip_hex(text, after):
    """Another digit at that place."""
    at = text.index(after) + len(after)
    return text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1:]


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_the_file_is_found_and_nothing_is_stored(file, tmp_path, what):
    before, after, reason = CHANGES[what]
    text = file.read_text(encoding="utf-8")
    if what == "a time":
        changed = re.sub(r'("at-us":\d+)(\d)(,"kind":"granted")',
                         lambda match: match[1] + str((int(match[2]) + 1) % 10) + match[3], text, count=1)
    elif after is None:
        changed = flip_hex(text, before)
    else:
        assert before in text
        changed = text.replace(before, after, 1)
    assert changed != text
    file.write_text(changed, encoding="utf-8")
    back = another(tmp_path, "back")
    status, output, errors = import_file(tmp_path, back, file)
    assert (status, output) == (FAILED, "")
    faults = errors.removesuffix(ERRORS).splitlines()
    assert errors.endswith(ERRORS) and all(re.match(rf"{file}:\d+: ", fault) for fault in faults)
    assert re.search(reason, errors), errors
    assert not back.path.exists()


def test_a_note_that_was_taken_out_of_the_file_is_found(file, tmp_path):
    lines = lines_of(file)
    [note] = [line for line in lines if '"note":"over"' in line]
    lines.remove(note)
    lines[-1] = lines[-1].replace('"notes":5', '"notes":4')
    file.write_text("".join(lines), encoding="utf-8")
    status, _, errors = import_file(tmp_path, another(tmp_path, "back"), file)
    assert status == FAILED and '"blake2b" is not the hash of the lines before it' in errors, errors


def test_each_fault_is_reported_with_its_line(file, tmp_path):
    lines = lines_of(file)
    lines[3] = "{\n"
    lines[5] = lines[5].replace('"id":', '"x":1,"id":')
    file.write_text("".join(lines[:-1]), encoding="utf-8")
    status, output, errors = import_file(tmp_path, another(tmp_path, "back"), file)
    assert (status, output) == (FAILED, "")
    assert errors == (f"{file}:4: is not one JSON object (at byte 2)\n" f'{file}:6: faculty: "x" is unknown\n'
                      f"{file}:{len(lines)}: the file ends without a line of the type end: it is not complete\n" + ERRORS)


@pytest.mark.parametrize("kind, reason", [("sqlite", "another server has it"), ("postgresql", "is not empty: it has 50 programs")])
def test_a_store_that_is_used_gets_no_import(request, file, tmp_path, kind, reason):
    store = another(tmp_path, "used") if kind == "sqlite" else request.getfixturevalue("postgresql")
    with running(tmp_path, store.flag):
        status, output, errors = import_file(tmp_path, store, file)
        assert (status, output) == (FAILED, "") and reason in errors
    status, output, errors = import_file(tmp_path, store, file)
    assert (status, output, errors.count("\n")) == (FAILED, "", 1)
    assert "is not empty: it has 50 programs" in errors


def test_a_file_that_cannot_be_read_again_is_incorrect_usage(file, tmp_path):
    back = another(tmp_path, "back")
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (("missing", "No such file"), (tmp_path, "not a regular file"), (tmp_path / "pipe", "not a regular file")):
        status, output, errors = import_file(tmp_path, back, path)
        assert (status, output, errors.count("\n")) == (BAD_USE, "", 1)
        assert reason in errors, errors
    with open(file, "rb") as stdin:
        done = subprocess.run([binary("dtictl"), "ledger", "import", back.flag, "/dev/stdin"], stdin=stdin, check=False,
                              env=clean_environment(tmp_path), capture_output=True, timeout=60)
    assert done.returncode == DONE, done.stderr


@pytest.mark.parametrize("words", [(), ("export", "x"), ("export", "--port=1"), ("export", "--only-semester="), ("import",),
                                   ("import", "--output=x", "y"), ("x",)], ids=" ".join)
def test_incorrect_usage_is_one_line(sqlite, tmp_path, words):
    flags = [sqlite.flag] if len(words) > 0 else []
    status, output, errors = run(tmp_path, "dtictl", "ledger", *words, *flags)
    assert (status, output, errors.count("\n")) == (BAD_USE, "", 1)


def test_the_new_file_replaces_the_old_one_only_when_it_is_complete(filled, tmp_path):
    path = tmp_path / "kept.jsonl"
    path.write_text("old")
    status, _, errors = run(tmp_path, "dtictl", "ledger", "export", f"--store=sqlite:{tmp_path}/none.db", f"--output={path}")
    assert (status, path.read_text()) == (FAILED, "old") and "none.db" in errors
    write(filled, "PRAGMA ignore_check_constraints = ON", "DROP TRIGGER ledger_is_not_updated",
          "UPDATE ledger SET kind = 99 WHERE semester_id = 3 AND seq = 2")
    status, _, errors = export(tmp_path, filled, f"--output={path}")
    assert (status, path.read_text()) == (FAILED, "old")
    assert "entry 2 has the kind 99, which no server wrote; dtictl verify tells more" in errors
    write(filled, "UPDATE ledger SET kind = 4 WHERE semester_id = 3 AND seq = 2")
    assert exported(tmp_path, filled, "kept.jsonl").stat().st_mode & 0o777 == 0o600
    assert [it.name for it in tmp_path.iterdir() if it.name.endswith(".tmp")] == []
    for place, reason in ((tmp_path / "no" / "x", "No such file"), (tmp_path, "is a folder")):
        status, output, errors = export(tmp_path, filled, f"--output={place}")
        assert (status, output) == (FAILED, "") and reason in errors


def test_an_output_that_is_no_regular_file_stays_what_it_is(filled, tmp_path):
    whole = content_of(exported(tmp_path, filled, "whole.jsonl"))
    link, fifo = tmp_path / "link.jsonl", tmp_path / "fifo"
    link.symlink_to("target.jsonl")
    (tmp_path / "target.jsonl").touch()
    assert export(tmp_path, filled, f"--output={link}")[0] == DONE
    assert link.is_symlink() and content_of(tmp_path / "target.jsonl") == whole
    os.mkfifo(fifo)
    with subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE, text=True) as reader:
        assert export(tmp_path, filled, f"--output={fifo}")[0] == DONE
        assert reader.communicate(timeout=60)[0].splitlines(keepends=True)[1:] == whole
    assert fifo.is_fifo()
    status, output, _ = export(tmp_path, filled, "--output=/dev/stdout")
    assert (status, output.splitlines(keepends=True)[1:]) == (DONE, whole)


def test_a_store_with_a_damaged_catalogue_is_not_exported(filled, tmp_path):
    write(filled, "DROP TRIGGER program_is_not_updated", "UPDATE program SET key = 'x' WHERE id = 2")
    status, output, errors = export(tmp_path, filled, f"--output={tmp_path}/damaged.jsonl")
    assert (status, output, "the catalogue is damaged" in errors) == (FAILED, "", True), errors
    assert not (tmp_path / "damaged.jsonl").exists()


def test_an_output_that_cannot_be_written_is_said(filled, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with open("/dev/full", "wb") as full, os.fdopen(writer, "wb") as pipe:
        for stdout in (full, pipe):
            done = subprocess.run([binary("dtictl"), "ledger", "export", filled.flag], stdout=stdout, stderr=subprocess.PIPE,
                                  check=False, env=clean_environment(tmp_path), text=True, timeout=60)
            assert (done.returncode, done.stderr) == (
                FAILED, "dtictl ledger export: the output could not be written to stdout\n")


def test_an_export_that_is_interrupted_leaves_no_file(postgresql, tmp_path):
    fill(postgresql, tmp_path)
    cluster, database = postgresql.cluster, postgresql.database
    client = ["psql", "-XAtq", "-h", str(cluster.folder), "-p", str(cluster.port), "-U", "dti", database]
    with subprocess.Popen(client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=clean_environment(tmp_path)) as holder:
        holder.stdin.write("BEGIN; LOCK TABLE ledger; SELECT 'locked';\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "locked\n"
        path = tmp_path / "export.jsonl"
        exporting = Process([binary("dtictl"), "ledger", "export", postgresql.flag, f"--output={path}", "--store-timeout=300"],
                            tmp_path)
        with owned(exporting):
            waits = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{database}' AND wait_event_type = 'Lock'"
            until(lambda: cluster.sql("postgres", waits, user="postgres"), what="the export's wait for the lock")
            exporting.signal(signal.SIGINT)
            holder.stdin.close()
            assert exporting.exit_status() == INTERRUPTED
            assert exporting.log == "dtictl ledger export: interrupted; nothing was written\n"
    assert [it.name for it in tmp_path.iterdir() if it.suffix in (".jsonl", ".tmp")] == []
