"""The naive way, as many applications do it: a SELECT that checks, and then an INSERT or UPDATE, without a constraint.

Each booker is a thread with a connection of its own in autocommit, on a SQLite file with a write-ahead log. The bookers
meet before each of their turns, as people who click at the same moment, and nowhere else: between the check and the write
is only the comparison in Python. Each function returns (bookings asked for, violations), which it counts when all have
ended."""

import contextlib
import sqlite3
import threading

BOOKERS = 8


class App:
    """A database of bookings, and bookers that begin each turn at the same moment."""

    def __init__(self, folder, schema):
        folder.mkdir(parents=True)
        self._path = folder / "naive.db"
        with self.connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            for statement in schema:
                db.execute(statement)

    @contextlib.contextmanager
    def connection(self):
        db = sqlite3.connect(self._path, timeout=60, isolation_level=None)
        try:
            yield db
        finally:
            db.close()

    def together(self, turns, bookers):
        """Runs book(db, turn) of each for all turns in a thread."""
        barrier, failures = threading.Barrier(len(bookers)), []

        def work(book):
            try:
                with self.connection() as db:
                    for turn in range(turns):
                        barrier.wait()
                        book(db, turn)
            except BaseException as failure:
                failures.append(failure)
                barrier.abort()

        threads = [threading.Thread(target=work, args=(book,)) for book in bookers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def count(self, statement):
        with self.connection() as db:
            return db.execute(statement).fetchone()[0] or 0


def one(db, statement, *values):
    """The first column of the first row, or None."""
    row = db.execute(statement, values).fetchone()
    return row and row[0]


BOOKING = "CREATE TABLE booking (pool INTEGER, program TEXT, request TEXT, status TEXT DEFAULT 'booked')"
POOL = "CREATE TABLE pool (id INTEGER PRIMARY KEY, rooms INTEGER)"
USED = "SELECT count(*) FROM booking WHERE pool = ? AND status = 'booked'"
OVERBOOKED = ("SELECT sum(max(0, (SELECT count(*) FROM booking b WHERE b.pool = p.id AND b.status = 'booked') - p.rooms)) "
              "FROM pool p")


def _book(db, pool, program):
    """Is there a room left? Then it is booked."""
    if one(db, USED, pool) < one(db, "SELECT rooms FROM pool WHERE id = ?", pool):
        db.execute("INSERT INTO booking (pool, program) VALUES (?, ?)", (pool, program))


def _booker(number):
    return lambda db, pool: _book(db, pool, f"p{number}")


def book_last_rooms(folder, pools=40):
    """All bookers want a room of a pool with two. A violation: a booking above the rooms of its pool."""
    app = App(folder, [BOOKING, POOL, *(f"INSERT INTO pool VALUES ({pool}, 2)" for pool in range(pools))])
    app.together(pools, [_booker(number) for number in range(BOOKERS)])
    return pools * BOOKERS, app.count(OVERBOOKED)


def hold_and_confirm(folder, pools=40):
    """All bookers hold the last room of a pool, if it is neither held nor booked, and confirm their hold. A violation: a
    booking above the rooms of its pool."""
    app = App(folder, [BOOKING, POOL, *(f"INSERT INTO pool VALUES ({pool}, 1)" for pool in range(pools))])

    def booker(number):
        def book(db, pool):
            program = f"p{number}"
            if not one(db, "SELECT count(*) FROM booking WHERE pool = ? AND status IN ('held', 'booked')", pool):
                db.execute("INSERT INTO booking (pool, program, status) VALUES (?, ?, 'held')", (pool, program))
            if one(db, "SELECT status FROM booking WHERE pool = ? AND program = ?", pool, program) == "held":
                db.execute("UPDATE booking SET status = 'booked' WHERE pool = ? AND program = ?", (pool, program))
        return book

    app.together(pools, [booker(number) for number in range(BOOKERS)])
    return pools * BOOKERS, app.count(OVERBOOKED)


def book_above_quota(folder, faculties=40):
    """All programs of a faculty want a room, and its quota is three. A violation: a booking above the quota."""
    app = App(folder, [BOOKING, POOL, *(f"INSERT INTO pool VALUES ({faculty}, 3)" for faculty in range(faculties))])
    app.together(faculties, [_booker(number) for number in range(BOOKERS)])
    return faculties * BOOKERS, app.count(OVERBOOKED)


def book_twice(folder, programs=40):
    """Two connections send each request. A violation: a further booking of a program."""
    app = App(folder, [BOOKING])

    def booker(number):
        def book(db, turn):
            program = f"p{number // 2}-{turn}"
            if not one(db, "SELECT 1 FROM booking WHERE program = ?", program):
                db.execute("INSERT INTO booking (pool, program) VALUES (1, ?)", (program,))
        return book

    app.together(programs, [booker(number) for number in range(BOOKERS)])
    return programs * BOOKERS, app.count("SELECT count(*) - count(DISTINCT program) FROM booking")


def confirm_twice(folder, bookings=40):
    """All colleagues confirm a booking if it is not confirmed yet. A violation: a further confirmation."""
    app = App(folder, [BOOKING, *(f"INSERT INTO booking VALUES (1, 'p{i}', '', 'pending')" for i in range(bookings))])
    confirmed = []

    def confirm(db, turn):
        if one(db, "SELECT status FROM booking WHERE program = ?", f"p{turn}") == "pending":
            db.execute("UPDATE booking SET status = 'booked' WHERE program = ?", (f"p{turn}",))
            confirmed.append(turn)

    app.together(bookings, [confirm] * BOOKERS)
    return bookings * BOOKERS, len(confirmed) - len(set(confirmed))


def serve_list(folder, turns=40):
    """Rooms have come back, and each booker gives one to the first program that waits. A violation: a further room for it."""
    app = App(folder, [BOOKING, "CREATE TABLE waiting (place INTEGER PRIMARY KEY, program TEXT, status TEXT)", *(
        f"INSERT INTO waiting VALUES ({place}, 'p{place}', 'waits')" for place in range(BOOKERS * turns))])

    def serve(db, _turn):
        first = one(db, "SELECT min(place) FROM waiting WHERE status = 'waits'")
        db.execute("UPDATE waiting SET status = 'served' WHERE place = ?", (first,))
        db.execute("INSERT INTO booking (pool, program) VALUES (1, ?)", (f"p{first}",))

    app.together(turns, [serve] * BOOKERS)
    return turns * BOOKERS, app.count("SELECT count(*) - count(DISTINCT program) FROM booking WHERE status = 'booked'")


def lower_capacity(folder, pools=30, lowered=4):
    """The office lowers the rooms of a pool, if no more are booked. A violation: a booking above the lowered rooms."""
    app = App(folder, [BOOKING, POOL, *(f"INSERT INTO pool VALUES ({pool}, {BOOKERS})" for pool in range(pools))])

    def office(db, pool):
        if one(db, USED, pool) <= lowered:
            db.execute("UPDATE pool SET rooms = ? WHERE id = ?", (lowered, pool))

    app.together(pools, [office, *(_booker(number) for number in range(BOOKERS))])
    return pools * (BOOKERS + 1), app.count(OVERBOOKED)


def book_late_copies(folder, programs=10):
    """Each request is booked and cancelled, and then a copy of it arrives. A violation: the program has a room again."""
    app = App(folder, [BOOKING])

    def booker(number):
        def book(db, turn):
            request = f"r{number}-{turn}"
            for message in ("request", "cancel", "request"):
                if message == "cancel":
                    db.execute("UPDATE booking SET status = 'cancelled' WHERE request = ?", (request,))
                elif not one(db, "SELECT 1 FROM booking WHERE request = ? AND status = 'booked'", request):
                    db.execute("INSERT INTO booking (pool, program, request) VALUES (1, ?, ?)", (request, request))
        return book

    app.together(programs, [booker(number) for number in range(BOOKERS)])
    return programs * BOOKERS, app.count("SELECT count(*) FROM booking WHERE status = 'booked'")
