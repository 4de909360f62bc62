"""A store with every kind of entry that this version reads, and the dtictl that reads it."""

import contextlib
import re
import sqlite3

from tests_py.harness.process import run, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request
from tests_py.office.messages import PROGRAM, SocketFile


def dtictl(folder, *words, env=None):
    return run(folder, "dtictl", *words, env=env)


def listed(folder, *words):
    """The stdout of a command that does its work and says nothing."""
    status, stdout, stderr = dtictl(folder, *words)
    assert (status, stderr) == (0, ""), (words, stdout, stderr)
    return stdout


def without_times(text):
    """Each time is `AT`, with the width that it had in a table."""
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "AT".ljust(27), text)


def write(store, *statements):
    """Writes to the store as no server would."""
    if store.kind == "sqlite":
        with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)
    else:
        store.cluster.sql(store.database, ";".join(statements), user="postgres")


def remove(store, seq):
    """Removes an entry, which the database itself refuses."""
    if store.kind == "sqlite":
        write(store, "DROP TRIGGER ledger_is_not_deleted", f"DELETE FROM ledger WHERE seq = {seq}")
    else:
        write(store, "SET session_replication_role = replica", f"DELETE FROM ledger WHERE seq = {seq}")


def order(store, folder, verb, note="", **more):
    """A server on the store carries out a command of the office on the present state."""
    with running(folder, store.flag, f"--admin={folder}/a"), SocketFile(f"{folder}/a") as office:
        seen = office.order(verb, 0, dry_run=True, **more)
        reply = office.order(verb, seen["seq"], command_id=f"{verb}-{seen['seq']}", note=note, **more)
        assert (reply["status"], reply["repeat"]) == (OK, False), reply


def fill(store, folder):
    """Civil holds all that it wanted, Penal a part."""
    with running(folder, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), ("Derecho Penal", 1000, 61)))


def turn_wait_list_on(store, folder):
    """The first entry about the wait list of a semester."""
    with running(folder, store.flag, f"--admin={folder}/a"), SocketFile(f"{folder}/a") as office:
        assert office.order("set-wait-list", 0, wait_list=True)["status"] == OK


def hold_and_quota(store, folder):
    """A hold of another program, and a quota of its faculty."""
    with running(folder, store.flag, f"--admin={folder}/a") as dti, Client(dti.endpoint) as client, \
            SocketFile(f"{folder}/a") as office:
        client.ask({**request(SEMESTER, "Derecho", ("Derecho Laboral", 1, 0)), "hold-seconds": 3600})
        assert office.order("set-quota", 0, command_id="c-quota", faculty="Derecho", classrooms=400)["status"] == OK


def fill_with_every_kind(store, folder):
    """Then Civil is amended and released, the capacity grows, and the semester is closed."""
    fill(store, folder)
    order(store, folder, "amend-grant", note="smaller groups", classrooms=5, labs=2, **PROGRAM)
    order(store, folder, "release-grant", note="moved to 2026", **PROGRAM)
    order(store, folder, "resize-semester", classrooms=400, labs=60, mobile_labs=380)
    order(store, folder, "close-semester")
    order(store, folder, "reopen-semester")
    order(store, folder, "close-semester", note="the end")
