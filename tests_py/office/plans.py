"""Files of requests, and what dtictl what-if makes of them."""

import csv
import io
import json

from tests_py.harness.process import run, running

SECONDS = 60  # of one run


def write_requests(path, columns, rows):
    """A file of requests; returns its path."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return str(path)


def make_store(folder, store, catalog, *pool):
    """A store with one semester."""
    with running(folder, store.flag, catalog, *pool):
        pass


def what_if(folder, *flags):
    """The rows of the list, and the words beside it."""
    status, stdout, stderr = run(folder, "dtictl", "what-if", "--format=json", *flags, seconds=SECONDS)
    assert status == 0, stderr
    return json.loads(stdout), stderr


def what_if_csv(folder, *flags):
    status, stdout, stderr = run(folder, "dtictl", "what-if", "--format=csv", *flags, seconds=SECONDS)
    assert status == 0, stderr
    return list(csv.DictReader(io.StringIO(stdout)))


def grant_of(row):
    return row["classrooms"], row["labs"], row["mobile-labs"]
