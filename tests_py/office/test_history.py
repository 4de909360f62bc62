"""dtictl history --follow: no entry is missing or repeated after a kill of any process; and it is in no server's way."""

import contextlib
import fcntl
import signal
import sqlite3
import struct
import subprocess
import termios

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.process import binary, clean_environment, owned, running, start_program, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import Client, ask_all, encode, grant, grant_after_recovery, request
from tests_py.office.ledgers import dtictl, fill, order, write
from tests_py.office.messages import PROGRAM

SEQ_AND_KIND = ("--format=csv", "--columns=seq,kind")


def follower(folder, store, *flags):
    return start_program(folder, "history", "--follow", f"--semester={SEMESTER}", store.flag, *(flags or SEQ_AND_KIND), name="dtictl")


def ask(dti, program):
    with Client(dti.endpoint) as client:
        grant_after_recovery(client, request(SEMESTER, "Derecho", (program, 1, 0)))


def test_it_continues_without_a_gap_after_a_kill_of_the_server_or_of_itself(store, tmp_path):
    fast = ("--lease-seconds=1", store.flag)
    with running(tmp_path / "1", *POOL, *fast) as dti:
        ask(dti, "Derecho Civil")
        following = follower(tmp_path, store)
        with owned(following):
            assert [following.line(line) for line in ("seq,kind", "1,semester-opened", "2,granted")] == [""] * 3
            dti.crash()
            with running(tmp_path / "2", *fast) as again:
                ask(again, "Derecho Penal")
                following.line("3,granted")
                following.crash()
                ask(again, "Derecho Laboral")
                resumed = follower(tmp_path, store, "--since=3", *SEQ_AND_KIND)
                with owned(resumed):
                    resumed.line("4,granted")
                    ask(again, "Derecho Internacional")
                    resumed.line("5,granted")
                    assert resumed.stop() == 0
                    assert resumed.stdout() == "seq,kind\n4,granted\n5,granted\n"


def test_the_end_of_a_closed_semester_is_shown(store, tmp_path):
    fill(store, tmp_path)
    with owned(follower(tmp_path, store)) as following:
        following.line("3,granted")
        order(store, tmp_path, "release-grant", **PROGRAM)
        order(store, tmp_path, "resize-semester", classrooms=400, labs=60, mobile_labs=380)
        following.line("5,capacity-changed")
        order(store, tmp_path, "close-semester")
        following.line("6,semester-closed")
    with owned(follower(tmp_path, store)) as following:
        following.line("6,semester-closed")
        following.signal(signal.SIGINT)
        assert following.exit_status() == 0


def test_a_table_is_flushed_and_a_new_program_has_its_name(store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as dti:
        ask(dti, "Derecho Civil")
    with owned(follower(tmp_path, store, "--columns=program,kind")) as following:
        following.line("Derecho")
        catalog = write_catalog(tmp_path / "more.csv", "Letras", ["Griego"])
        with running(tmp_path, store.flag, catalog) as dti, Client(dti.endpoint) as client:
            grant(client, request(SEMESTER, "Letras", ("Griego", 1, 0)))
            assert following.line("Griego").split() == ["granted"]


def test_a_database_that_is_down_is_told_once_and_then_read_again(postgresql, tmp_path):
    fill(postgresql, tmp_path)
    with owned(follower(tmp_path, postgresql)) as following:
        following.line("3,granted")
        postgresql.cluster.stop()
        try:
            until(lambda: "; trying again" in following.log)
        finally:
            postgresql.cluster.start()
        until(lambda: "the store can be read again" in following.log)
        order(postgresql, tmp_path, "release-grant", **PROGRAM)
        following.line("4,released")


def test_a_history_that_was_rewritten_ends_it(store, tmp_path):
    fill(store, tmp_path)
    following = follower(tmp_path, store)
    with owned(following):
        following.line("3,granted")
        if store.kind == "sqlite":
            write(store, "DROP TRIGGER ledger_is_not_updated", "UPDATE ledger SET at = at + 1 WHERE seq = 3")
        else:
            write(store, "SET session_replication_role = replica", "UPDATE ledger SET at = at + interval '1 s' WHERE seq = 3")
        assert following.exit_status() == 1
        assert "entry 3 is not the one that was read before" in following.log


def test_a_follower_does_not_make_the_log_of_a_file_grow(sqlite, tmp_path):
    messages, each = 400, 50
    catalog = write_catalog(tmp_path / "catalog.csv", "Load", [f"m{number} p{i}" for number in range(messages) for i in range(each)])
    bodies = [encode(request(SEMESTER, "Load", *[(f"m{number} p{i}", i % 3, 1) for i in range(each)])) for number in range(messages)]
    with running(tmp_path, *POOL, sqlite.flag, catalog) as dti, owned(follower(tmp_path, sqlite)) as following:
        following.line("1,semester-opened")
        with Client(dti.endpoint) as client:
            for first in range(0, messages, 20):
                ask_all(client, bodies[first:first + 20])
        following.line(f"{messages * each + 1},granted")
        assert sqlite.path.with_name("dti.db-wal").stat().st_size < 8 << 20


def test_a_pager_that_does_not_read_keeps_no_transaction_open(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    write(sqlite, "PRAGMA ignore_check_constraints = ON",
          "WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO ledger (semester_id, seq, at, "
          "kind, classrooms_capacity, labs_capacity, conversions_capacity) SELECT 1, i, 1, 2, 400, 60, 380 FROM n",
          "UPDATE semester SET head = 20000 WHERE id = 1")
    with subprocess.Popen([binary("dtictl"), "history", sqlite.flag], stdout=subprocess.PIPE, env=clean_environment(tmp_path)) as pager:
        try:
            def waiting_bytes():
                return struct.unpack("i", fcntl.ioctl(pager.stdout, termios.FIONREAD, b"\0" * 4))[0]
            until(lambda: waiting_bytes() > 60_000)
            with contextlib.closing(sqlite3.connect(sqlite.path, isolation_level=None)) as server:
                server.execute("UPDATE semester SET head = 20000 WHERE id = 1")
                until(lambda: server.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, what="a log without a reader")
        finally:
            pager.kill()


def test_bad_use_of_follow_is_told_at_once(sqlite, tmp_path):
    fill(sqlite, tmp_path)
    with running(tmp_path, "--semester=2026-04", "--classrooms=5", "--labs=1", sqlite.flag):
        status, _, stderr = dtictl(tmp_path, "history", "--follow", sqlite.flag)
        assert status == 2 and "2 semesters are open" in stderr
