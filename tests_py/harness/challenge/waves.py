"""Scenarios of a pool that changes: a wait list in waves, and a capacity that the office lowers."""

from tests_py.harness.challenge.desk import decide_again
from tests_py.harness.challenge.naive import book_above_quota, lower_capacity, serve_list
from tests_py.harness.challenge.races import wants

WAVES = 4


class Waves:
    key = "waves"
    name = "Freed rooms go to the last one in the list, or to one that has left it"
    weight = 2
    naive = staticmethod(serve_list)

    @staticmethod
    def play(round_, programs):
        """Rooms come back in waves, while new programs ask, others leave the list, and servers are killed."""
        round_.traffic.must_repeat = False
        per_semester = len(round_.programs())
        for number in range(max(1, int(programs / per_semester / 1.5))):
            _play_semester(round_, f"semester {number + 1}", per_semester)


class Quotas:
    key = "quotas"
    name = "Rooms above a quota are handed out, also from the wait list"
    weight = 1
    naive = staticmethod(book_above_quota)

    @staticmethod
    def play(round_, programs):
        """The same waves, while the office sets, raises, lowers and clears the quotas of faculties."""
        round_.traffic.must_repeat = False
        per_semester = len(round_.programs())
        for number in range(max(1, int(programs / per_semester / 1.5))):
            _play_semester(round_, f"semester {number + 1}", per_semester, has_quotas=True)


def _play_semester(round_, semester, count, has_quotas=False):
    random = round_.random
    classrooms, labs = count * 2, count // 2
    mobile_labs = random.choice((0, 40, classrooms))
    round_.open_semester(semester, classrooms, labs, mobile_labs)
    round_.order("set-wait-list", semester, 0, wait_list=True)
    programs = round_.programs()
    random.shuffle(programs)
    waves = [programs[:count // 2], *(programs[count // 2 + i::WAVES] for i in range(WAVES))]
    everything = []
    for wave, newcomers in enumerate(waves):
        ids = [round_.traffic.ask(semester, faculty, wants(random, names)) for faculty, names in round_.groups(newcomers, 8)]
        if has_quotas:
            round_.ledger.read()
            _order_quotas(round_, semester)
        if wave:
            round_.ledger.read()
            _order_changes(round_, semester, (classrooms, labs, mobile_labs))
        everything += ids
        ids = ids + random.sample(everything, len(everything) // 10)
        round_.drive(round_.with_copies(ids, 0.2), kills=wave % 2)
    round_.order("close-semester", semester, 1)
    round_.drive([round_.traffic.ask(semester, *programs[0][:1], [(programs[0][1], 1, 0)])])


def _order_changes(round_, semester, capacity):
    """Releases, smaller grants, programs that leave the list, and another capacity."""
    random, ledger, desk = round_.random, round_.ledger.semesters[semester], round_.desk
    keys = random.sample(sorted(ledger.held), min(len(ledger.held), 24))
    for number, key in enumerate(keys):
        about, seq = {"faculty": key[0], "program": key[1]}, ledger.last_seq[key]
        holding = ledger.held[key]
        if number % 3 == 0:
            round_.orders.append(desk.command("release-grant", semester, seq, decide_again(
                desk, lambda facts: {} if facts["grant"] else None), **about))
        elif number % 3 == 1:
            round_.orders.append(desk.command(
                "amend-grant", semester, seq, classrooms=holding.wanted[0] // 2, labs=holding.wanted[1] // 2, accepts_part=True,
                **about))
        elif holding.place is not None:
            round_.orders.append(desk.command("leave-wait-list", semester, seq, decide_again(
                desk, lambda facts: {} if "waits-since" in facts else None), **about))
    more = random.randint(0, 30)
    round_.orders.append(desk.command("resize-semester", semester, ledger.last_seq["capacity"], classrooms=capacity[0] + more,
                                      labs=capacity[1] + more // 3, mobile_labs=capacity[2]))


def _order_quotas(round_, semester):
    """Hard and soft limits of some faculties, below or above what they hold, or none."""
    random, ledger = round_.random, round_.ledger.semesters[semester]
    for faculty in random.sample(sorted({faculty for faculty, _ in round_.programs()}), 5):
        limits = {"classrooms": random.randint(20, 250), "labs": random.randint(0, 90)}
        more = {name: limit for name, limit in limits.items() if random.random() < 0.8}
        more.update({f"{name}-soft": True for name in more if random.random() < 0.2})
        round_.orders.append(round_.desk.command("set-quota", semester, ledger.last_seq.get(("quota", faculty), 0),
                                                 faculty=faculty, **more))


class LoweredCapacity:
    key = "lowered-capacity"
    name = "The capacity is lowered below what is granted at that moment"
    weight = 1.5
    naive = staticmethod(lower_capacity)

    @staticmethod
    def play(round_, programs):
        """The office lowers and raises the capacity of each semester, while faculties ask for what is left."""
        random, per_semester = round_.random, len(round_.programs())
        semesters = {}
        ids = []
        for number in range(max(1, int(programs / per_semester / 1.25))):
            semester = f"semester {number + 1}"
            semesters[semester] = random.randint(per_semester, 4 * per_semester)
            round_.open_semester(semester, semesters[semester], per_semester, 50)
            ids += [round_.traffic.ask(semester, faculty, wants(random, names))
                    for faculty, names in round_.groups(round_.programs(), 10)]
        random.shuffle(ids)
        steps = 8
        for step in range(steps):
            round_.ledger.read()
            for semester, classrooms in semesters.items():
                seq = round_.ledger.semesters[semester].last_seq["capacity"]
                lowered = random.randint(50, classrooms) if step % 2 == 0 else classrooms
                round_.orders.append(round_.desk.command("resize-semester", semester, seq, classrooms=lowered,
                                                         labs=random.randint(0, per_semester), mobile_labs=50))
            round_.drive(round_.with_copies(ids[step::steps], 0.25), kills=step % 2)
