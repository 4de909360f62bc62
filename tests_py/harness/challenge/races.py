"""Scenarios of requests that race: the last rooms, copies, and copies that come after a release."""

from tests_py.harness.challenge.naive import book_last_rooms, book_late_copies, book_twice

CLASSROOMS_MAX, LABS_MAX = 6, 3  # of a request


def wants(random, names):
    """(name, classrooms, labs) for each name."""
    return [(name, random.randint(0, CLASSROOMS_MAX), random.randint(0, LABS_MAX)) for name in names]


def tight_pool(random, programs):
    """(classrooms, labs, conversions) for some of the programs."""
    part = random.uniform(0.1, 0.7)
    classrooms, labs = int(programs * CLASSROOMS_MAX / 2 * part), int(programs * LABS_MAX / 2 * part * random.uniform(0.4, 1))
    return classrooms, labs, random.randint(0, classrooms)


class LastRooms:
    key = "last-rooms"
    name = "Two people book the last rooms at the same moment"
    weight = 4
    naive = staticmethod(book_last_rooms)

    @staticmethod
    def play(round_, programs):
        """Many small pools at once; all faculties want more than there is."""
        per_semester = len(round_.programs())
        ids = []
        for number in range(max(1, int(programs / per_semester / 1.25))):
            semester = f"semester {number + 1}"
            round_.open_semester(semester, *tight_pool(round_.random, per_semester))
            ids += [round_.traffic.ask(semester, faculty, wants(round_.random, names))
                    for faculty, names in round_.groups(round_.programs(), 25)]
        round_.random.shuffle(ids)
        round_.drive(round_.with_copies(ids, 0.25), kills=3)


class Copies:
    key = "copies"
    name = "A double click or a retry books twice"
    weight = 4
    naive = staticmethod(book_twice)

    @staticmethod
    def play(round_, programs):
        """Each request comes about three times at once, and once more when a later server runs. Its reply never changes."""
        per_semester = len(round_.programs())
        ids = []
        for number in range(max(1, int(programs / per_semester / 4))):
            semester = f"semester {number + 1}"
            round_.open_semester(semester, *tight_pool(round_.random, 2 * per_semester))
            ids += [round_.traffic.ask(semester, faculty, wants(round_.random, names))
                    for faculty, names in round_.groups(round_.programs(), 10)]
        round_.random.shuffle(ids)
        round_.drive(round_.with_copies(ids, 2), kills=3)
        round_.kill()
        round_.random.shuffle(ids)
        round_.drive(ids, kills=1)


class LateCopies:
    key = "late-copies"
    name = "An old copy of a request books again after the release"
    weight = 1.5
    naive = staticmethod(book_late_copies)

    @staticmethod
    def play(round_, programs):
        """Half of the programs give their rooms back, while copies of their requests are still on the way."""
        round_.traffic.must_repeat = False
        per_semester = len(round_.programs())
        for number in range(max(1, int(programs / per_semester / 5))):
            semester = f"semester {number + 1}"
            round_.open_semester(semester, *tight_pool(round_.random, 2 * per_semester))
            first = [round_.traffic.ask(semester, faculty, wants(round_.random, names))
                     for faculty, names in round_.groups(round_.programs(), 10)]
            round_.drive(round_.with_copies(first, 0.5))
            round_.ledger.read()
            released = round_.random.sample(round_.programs(), per_semester // 4)
            for faculty, program in released:
                round_.orders.append(round_.desk.command("release-grant", semester, round_.ledger.semesters[semester].last_seq[
                    faculty, program], faculty=faculty, program=program))
            round_.random.shuffle(first)
            round_.drive(round_.with_copies(first, 0.5), kills=1)
            again = [round_.traffic.ask(semester, faculty, wants(round_.random, names))
                     for faculty, names in round_.groups(released[::2], 5)]
            late = first + again
            round_.random.shuffle(late)
            round_.drive(round_.with_copies(late, 0.5), kills=1)
