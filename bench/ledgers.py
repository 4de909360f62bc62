"""Stores with a catalogue and several open semesters, from which each repetition gets a fresh copy; and their proof."""

import contextlib
import itertools
import shutil
import sqlite3

from bench.database import rows
from tests_py.harness.postgresql import ROLE
from tests_py.harness.process import ROOT, running
from tests_py.harness.stores import take_back

ROOMS = 500_000_000  # classrooms, and labs: no semester runs out, and sums stay below the schema's bounds
OPEN = (f"--classrooms={ROOMS}", f"--labs={ROOMS}")
START_SECONDS = 120  # reading a catalogue or a ledger may take longer than the harness waits

# The server opens one semester a start. The others are copies of that: the row, and the entry that opened it. They are
# made in the schema before seals; the next start seals them.
COPY_SEMESTERS = (
    "INSERT INTO semester SELECT id + {by}, '{name}', epoch, head, classrooms_capacity, labs_capacity, "
    "conversions_capacity, classrooms_left, labs_left, conversions_left, is_open FROM semester WHERE id = 1",
    "INSERT INTO ledger (seq, at, semester_id, classrooms_capacity, labs_capacity, conversions_capacity, kind) "
    "SELECT seq, at, semester_id + {by}, classrooms_capacity, labs_capacity, conversions_capacity, kind "
    "FROM ledger WHERE semester_id = 1 AND seq = 1",
)

COUNTS = ("SELECT s.name, s.head, count(*), max(l.seq), sum(CASE l.kind WHEN 0 THEN 1 ELSE 0 END) "
          "FROM semester s JOIN ledger l ON l.semester_id = s.id GROUP BY s.id, s.name, s.head")
GRANTED_TWICE = ("SELECT count(*) FROM (SELECT 1 FROM ledger WHERE kind = 0 GROUP BY semester_id, program_id "
                 "HAVING count(*) > 1) AS twice")


def semester_names(count):
    """Of one length, so that requests are."""
    return [f"{number:04d}-10" for number in range(1, count + 1)]


@contextlib.contextmanager
def running_server(folder, *flags):
    with running(folder, *flags, ready=False) as server:
        yield server.wait_ready(START_SECONDS)


class Ledgers:
    """Makes the template once; copy() returns a store without any requests yet."""

    def __init__(self, folder, name, catalog_path, semesters):
        self._folder = folder
        self._name = name
        self._copies = itertools.count(1)
        self.semesters = semesters
        self._create(name)
        with running_server(folder, f"--store={self._address(name)}", f"--semester={semesters[0]}", *OPEN,
                            f"--catalog={catalog_path}", f"--store-timeout={START_SECONDS}"):
            pass
        self._execute(name, [*filter(str.strip, take_back(self.database, 2).split(";\n")),
                             *(text.format(by=by, name=semester) for by, semester in enumerate(semesters[1:], 1)
                               for text in COPY_SEMESTERS)])
        with running_server(folder, f"--store={self._address(name)}", f"--store-timeout={START_SECONDS}"):
            pass
        self._settle(name)

    @contextlib.contextmanager
    def copy(self):
        name = f"{self._name}_copy{next(self._copies)}"  # several may be open at once
        self._copy(self._name, name)
        try:
            yield Ledger(self, name)
        finally:
            self._remove(name)

    def remove(self):
        self._remove(self._name)


class Ledger:
    """One store: its flag for a server, and questions to it."""

    def __init__(self, ledgers, name):
        self._ledgers = ledgers
        self.name = name
        self.flag = f"--store={ledgers._address(name)}"

    def rows(self, statement):
        return self._ledgers._rows(self.name, statement)

    def verify(self, grants):
        """Counts what is there, and names each fault: what is not as it must be. `grants`: semester -> how many
        programs the driver asked for and was answered; a semester that is not in it has none."""
        totals = {str(row[0]): row for row in self.rows((ROOT / "sql/reports/totals.sql").read_text(encoding="utf-8"))}
        counts = [(str(row[0]), *map(int, row[1:])) for row in self.rows(COUNTS)]
        [[twice]] = self.rows(GRANTED_TWICE)
        faults = [f"{twice} programs were granted twice in a semester"] if int(twice) else []
        if unknown := set(grants) - {row[0] for row in counts}:
            faults.append(f"no semester {', '.join(sorted(unknown))}")
        for name, head, entries, last, granted in counts:
            if not head == entries == last == granted + 1:
                faults.append(f"{name}: head {head}, {entries} entries, the last is {last}, {granted} grants")
            if granted != grants.get(name, 0):
                faults.append(f"{name}: {granted} grants, and the driver was answered {grants.get(name, 0)}")
            if totals[name][-1] != "ok":
                faults.append(f"{name}: capacity is not left + granted: {totals[name]}")
        return {"semesters": len(counts), "entries": sum(row[2] for row in counts),
                "grants": sum(row[4] for row in counts), "faults": faults}


class PostgresqlLedgers(Ledgers):
    database = "postgresql"

    def __init__(self, cluster, folder, name, catalog_path, semesters):
        self.cluster = cluster
        super().__init__(folder, name, catalog_path, semesters)

    def _create(self, name):
        self._administer(f"CREATE DATABASE {name} OWNER {ROLE}")

    def _address(self, name):
        return self.cluster.uri(name)

    def _execute(self, name, statements):
        rows(self.cluster, name, ";\n".join(["BEGIN", *statements, "COMMIT"]) + ";")

    def _settle(self, name):
        rows(self.cluster, name, "VACUUM (FREEZE, ANALYZE)")  # or autovacuum does it during a measurement

    def _rows(self, name, statement):
        return rows(self.cluster, name, statement)

    def _copy(self, template, name):
        # A copy of the files needs no writing later.
        self._administer(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template} STRATEGY FILE_COPY")

    def _remove(self, name):
        self.cluster.drop_database(name)

    def _administer(self, statement):
        rows(self.cluster, "postgres", statement, user="postgres")


class SqliteLedgers(Ledgers):
    database = "sqlite"

    def _path(self, name):
        return self._folder / f"{name}.db"

    def _create(self, name):
        pass

    def _address(self, name):
        return f"sqlite:{self._path(name)}"

    def _execute(self, name, statements):
        with contextlib.closing(sqlite3.connect(self._path(name))) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def _settle(self, name):
        with contextlib.closing(sqlite3.connect(self._path(name))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _rows(self, name, statement):
        with contextlib.closing(sqlite3.connect(f"file:{self._path(name)}?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchall()

    def _copy(self, template, name):
        shutil.copyfile(self._path(template), self._path(name))

    def _remove(self, name):
        for file in self._folder.glob(f"{name}.db*"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()  # the folder of the admin socket
