"""Scenario of holds: they have their rooms until they are resolved or end, and not longer."""

from tests_py.harness.challenge.ledger import LATE
from tests_py.harness.challenge.naive import hold_and_confirm
from tests_py.harness.challenge.races import wants
from tests_py.harness.process import until

SHORT_SECONDS, LONG_SECONDS = 2, 3600
OTHERS = {"CONFLICT", "HOLD-ALREADY-CONFIRMED", "HOLD-ALREADY-CANCELLED"}  # what the second of two colleagues may get


class Holds:
    key = "holds"
    name = "A hold does not hold, blocks its own program, or is never freed"
    weight = 1
    naive = staticmethod(hold_and_confirm)

    @staticmethod
    def play(round_, programs):
        """Firm requests race with holds. Then colleagues confirm, extend and cancel them at the same time, programs confirm
        their own, short ones end, servers are killed, and late copies arrive."""
        round_.traffic.must_repeat = False
        per_semester = len(round_.programs())
        for number in range(max(1, int(programs / per_semester / 4))):
            _play_semester(round_, f"semester {number + 1}", per_semester)


def _play_semester(round_, semester, count):
    random, traffic = round_.random, round_.traffic
    round_.open_semester(semester, count * 2, count // 2, random.randint(0, count))
    if random.random() < 0.5:
        round_.order("set-wait-list", semester, 0, wait_list=True)
    ids, firm, seconds_of = [], [], {}
    for faculty, names in round_.groups(round_.programs(), 10):
        seconds = random.choice((None, SHORT_SECONDS, LONG_SECONDS, LONG_SECONDS))
        ids.append(traffic.ask(semester, faculty, wants(random, names), **({"hold-seconds": seconds} if seconds else {})))
        if seconds == LONG_SECONDS and random.random() < 0.3:  # the program itself confirms it: the same numbers, and no end
            firm.append(traffic.ask(semester, faculty, traffic.by_id[ids[-1]].programs))
            seconds = "confirmed"
        seconds_of.update(((faculty, name), seconds) for name in names)
    round_.drive(round_.with_copies(ids, 0.3), kills=1)
    round_.ledger.read()
    ledger = round_.ledger.semesters[semester]
    groups = _order_changes(round_, ledger, [key for key in sorted(ledger.holds) if seconds_of[key] == LONG_SECONDS])
    round_.drive(round_.with_copies(firm + random.sample(ids, len(ids) // 2), 0.3), kills=1)
    round_.ledger.read()
    for key, group in groups:
        statuses = [round_.desk.by_id[command_id].status for command_id in group]
        was_topped_up = ledger.has_list and set(statuses) == {"CONFLICT"}  # between the look at the ledger and the commands
        if not was_topped_up and (statuses.count("OK") != 1 or not OTHERS >= set(statuses) - {"OK"}):
            round_.fault(f"{key}: commands about one hold got {statuses}")
    for key in ledger.holds:
        if seconds_of[key] == "confirmed":
            round_.fault(f"{semester}: {key} has confirmed its hold, and it still ends at {ledger.holds[key]}")
    _wait_for_the_ends(round_, ledger, {key for key, seconds in seconds_of.items() if seconds == SHORT_SECONDS})
    again = [traffic.ask(semester, faculty, wants(random, names))
             for faculty, names in round_.groups(sorted(set(round_.programs()) - set(ledger.held)), 10)]
    round_.drive(round_.with_copies(again + ids, 0.2), kills=1)


def _order_changes(round_, ledger, holds):
    """Two or three colleagues about each of some holds, at the same time. Returns (program, command-ids)."""
    random, groups = round_.random, []
    for key in random.sample(holds, min(40, len(holds))):
        verbs = random.sample((("confirm-hold", {}), ("extend-hold", {"hold_seconds": 2 * LONG_SECONDS}), ("cancel-hold", {})),
                              random.randint(2, 3))
        group = [round_.desk.command(verb, ledger.name, ledger.last_seq[key], faculty=key[0], program=key[1], **more)
                 for verb, more in verbs]
        groups.append((key, group))
        round_.orders.extend(group)
    return groups


def _wait_for_the_ends(round_, ledger, short):
    """Until no short hold has its rooms any more."""
    def are_freed():
        round_.ledger.read()
        return not short & set(ledger.holds)

    try:
        until(are_freed, seconds=SHORT_SECONDS + LATE.seconds, what="the end of the short holds")
    except AssertionError:
        round_.fault(f"{ledger.name}: {len(short & set(ledger.holds))} holds are not freed {LATE.seconds} s after their end")
