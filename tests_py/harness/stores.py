"""The two databases behind one face: what --store takes, and the ledger's views read directly."""

import sqlite3

from tests_py.harness.postgresql import APP, ROLE
from tests_py.harness.process import ROOT

LEFT_COLUMNS = ("classrooms_capacity", "labs_capacity", "conversions_capacity", "classrooms_granted", "labs_granted",
                "mobile_labs_granted", "classrooms_left", "labs_left", "mobile_labs_left")


def take_back(database, version):
    """The statements that take the newest migrations back, until the schema has that version."""
    files = sorted((ROOT / "sql" / database).glob("*.down.sql"), reverse=True)
    return "".join(file.read_text(encoding="utf-8") for file in files if int(file.name[:4]) > version)


class Store:
    def rows(self, statement):
        """What a SELECT gives: tuples of int, str and None."""
        raise NotImplementedError

    def count(self, statement):
        return self.rows(statement)[0][0]

    def left_of_all(self):
        """The view semester_left: semester -> {column: quantity}."""
        rows = self.rows(f"SELECT semester, {', '.join(LEFT_COLUMNS)} FROM semester_left")
        return {str(row[0]): dict(zip(LEFT_COLUMNS, row[1:])) for row in rows}

    def left(self, semester="2025-10"):
        """(classrooms, labs, mobile labs) left."""
        row = self.left_of_all()[semester]
        return row["classrooms_left"], row["labs_left"], row["mobile_labs_left"]

    def granted(self, semester="2025-10"):
        """(classrooms, labs, mobile labs) granted in all."""
        row = self.left_of_all()[semester]
        return row["classrooms_granted"], row["labs_granted"], row["mobile_labs_granted"]

    def capacity(self, semester="2025-10"):
        """(classrooms, labs, conversions) of the semester."""
        row = self.left_of_all()[semester]
        return row["classrooms_capacity"], row["labs_capacity"], row["conversions_capacity"]

    def allocations(self, semester="2025-10"):
        """The view allocation: (faculty, program) -> (status, classrooms, labs, mobile labs); each program once."""
        rows = self.rows("SELECT faculty, program, status, classrooms_granted, labs_granted, mobile_labs_granted "
                         f"FROM allocation WHERE semester = '{semester}'")
        found = {(row[0], row[1]): tuple(row[2:]) for row in rows}
        assert len(found) == len(rows), "a program holds two grants"
        return found

    def report(self, name):
        """The rows of a report of sql/reports."""
        return self.rows((ROOT / "sql/reports" / f"{name}.sql").read_text(encoding="utf-8"))

    def check_conserved(self):
        """Capacity = left + everything granted, for each semester; a mobile lab counts as a classroom."""
        for semester, row in self.left_of_all().items():
            assert row["classrooms_capacity"] == (
                row["classrooms_left"] + row["classrooms_granted"] + row["mobile_labs_granted"]), (semester, row)
            assert row["labs_capacity"] == row["labs_left"] + row["labs_granted"], (semester, row)
            assert min(row.values()) >= 0, (semester, row)
            grants = self.allocations(semester).values()
            assert tuple(sum(g[i] for g in grants) for i in (1, 2, 3)) == self.granted(semester), semester
        assert {row[-1] for row in self.report("totals")} == {"ok"}

    def let_servers_make_it(self):
        """The store is empty, and its servers make the schema."""


class SqliteStore(Store):
    kind = "sqlite"

    def __init__(self, folder):
        self.path = folder / "dti.db"
        self.flag = f"--store=sqlite:{self.path}"

    def rows(self, statement):
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


class PostgresqlStore(Store):
    kind = "postgresql"

    def __init__(self, cluster):
        self.cluster = cluster
        self.database = cluster.create_store()
        self.role = APP  # of the servers
        self.flag = f"--store={cluster.app_uri(self.database)}"

    def let_servers_make_it(self):
        self.let_servers_own_it()
        down = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "sql/postgresql").glob("*.down.sql"), reverse=True)]
        self.cluster.sql(self.database, "".join(down))

    def let_servers_own_it(self):
        """As in an installation with one role."""
        self.role = ROLE
        self.flag = f"--store={self.cluster.uri(self.database)}"

    def rows(self, statement):
        return [tuple(map(_value, row)) for row in self.cluster.sql(self.database, statement, user="postgres")]

    def drop(self):
        self.cluster.drop_database(self.database)


def _value(text):
    if text == "":
        return None
    return int(text) if text.lstrip("-").isdigit() else text
