"""A store with every kind of entry that this version reads, and the dtictl that reads it."""

import contextlib
import re
import sqlite3

from tests_py.harness.process import run, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import Client, grant, request

COPIED = "program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted, mobile_labs_granted"


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
    """Writes to the store as a later version of the server would."""
    if store.kind == "sqlite":
        with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)
    else:
        store.cluster.sql(store.database, ";".join(statements), user="postgres")


def release(store, seq, of):
    """Entry `seq` releases the grant of entry `of`. The caller says what is left."""
    write(store, f"INSERT INTO ledger (semester_id, seq, at, kind, {COPIED}) "
                 f"SELECT semester_id, {seq}, at, 1, {COPIED} FROM ledger WHERE semester_id = 1 AND seq = {of}")


def change_capacity(store, seq, capacity):
    write(store, "INSERT INTO ledger (semester_id, seq, at, kind, classrooms_capacity, labs_capacity, conversions_capacity) "
                 f"SELECT semester_id, {seq}, at, 2, {', '.join(map(str, capacity))} FROM ledger WHERE semester_id = 1 AND seq = 1")


def close(store, seq):
    write(store, f"INSERT INTO ledger (semester_id, seq, at, kind) SELECT semester_id, {seq}, at, 4 FROM ledger "
                 "WHERE semester_id = 1 AND seq = 1",
          f"UPDATE semester SET head = {seq}, is_open = {'0' if store.kind == 'sqlite' else 'false'} WHERE id = 1")


def fill(store, folder):
    """Civil holds all that it wanted, Penal a part."""
    with running(folder, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), ("Derecho Penal", 1000, 61)))


def fill_with_every_kind(store, folder):
    """Then Civil is released, the capacity grows, and the semester is closed."""
    fill(store, folder)
    release(store, 4, of=2)
    change_capacity(store, 5, (400, 60, 380))
    write(store, "UPDATE semester SET classrooms_capacity = 400, classrooms_left = 27, labs_left = 2, conversions_left = 377 "
                 "WHERE id = 1")
    close(store, 6)
