"""Scenario of the office: colleagues who change one thing at the same time."""

from tests_py.harness.challenge.naive import confirm_twice

CONTESTS = 10


class Colleagues:
    key = "colleagues"
    name = "Two colleagues change or confirm one thing at the same time"
    weight = 0.15
    naive = staticmethod(confirm_twice)

    @staticmethod
    def play(round_, programs):
        """Groups of commands that expect the same entry: one is made, and the others learn what is true. Then pairs of
        changes that want the same last rooms."""
        semester, all_programs = "semester 1", round_.programs()
        round_.open_semester(semester, 5 * len(all_programs) + 10, 2 * len(all_programs), 0)
        round_.drive([round_.traffic.ask(semester, faculty, [(name, 5, 2) for name in names])
                      for faculty, names in round_.groups(all_programs, 25)])
        holding = dict.fromkeys(all_programs, 5)  # classrooms
        budget = programs - len(all_programs)
        while budget > 0 and len(holding) > len(all_programs) // 2:
            budget -= _contend(round_, semester, holding)
        for _ in range(CONTESTS):
            _contend_for_rooms(round_, semester, holding)


def _contend(round_, semester, holding):
    """Returns how many commands it has sent."""
    round_.ledger.read()
    ledger = round_.ledger.semesters[semester]
    groups = []
    for key in round_.random.sample(sorted(holding), min(100, len(holding))):
        expects, about = ledger.last_seq[key], {"faculty": key[0], "program": key[1]}
        numbers = round_.random.sample(range(max(1, holding[key]) + 1), 2)
        group = [round_.desk.command("amend-grant", semester, expects, classrooms=number, labs=2, **about)
                 for number in numbers if number != holding[key]]
        if round_.random.random() < 0.1 or len(group) < 2:
            group.append(round_.desk.command("release-grant", semester, expects, **about))
        round_.random.shuffle(group)
        groups.append((key, expects, group))
        round_.orders.extend(group)
        round_.orders.append(round_.random.choice(group))  # and a copy of one of them
    round_.drive(kills=1)
    round_.ledger.read()
    for key, expects, group in groups:
        commands = [round_.desk.by_id[command_id] for command_id in group]
        made = [command for command in commands if command.status == "OK"]
        if len(made) != 1:
            round_.fault(f"{key}: {len(made)} of {len(group)} commands that expect entry {expects} were made")
        for command in commands:
            if command.status != "OK":
                _check_conflict(round_, ledger, key, command)
        held = ledger.held.get(key)
        if held is None:
            del holding[key]
        else:
            holding[key] = held.wanted[0]
    return sum(len(group) + 1 for _, _, group in groups)


def _check_conflict(round_, ledger, key, command):
    """The facts are those of the entry that they name."""
    reply, grant = command.final, command.final.get("grant")
    rooms = grant and (grant["classrooms"], grant["labs"], grant["mobile-labs"])
    if reply["status"] != "CONFLICT" or ledger.rooms_at.get((reply["seq"], *key), "nothing") != rooms:
        round_.fault(f"{command.message} got {reply}")


def _contend_for_rooms(round_, semester, holding):
    """Two programs want more than half of what is left, each."""
    round_.ledger.read()
    ledger = round_.ledger.semesters[semester]
    more = ledger.left[0] // 2 + 1
    pair = round_.random.sample(sorted(holding), 2)
    ids = [round_.desk.command("amend-grant", semester, ledger.last_seq[key], faculty=key[0], program=key[1],
                               classrooms=holding[key] + more, labs=2) for key in pair]
    round_.orders.extend(ids)
    round_.drive()
    statuses = sorted(round_.desk.by_id[command_id].status for command_id in ids)
    if statuses != ["OK", "REFUSED"]:
        round_.fault(f"{pair} both want {more} of {ledger.left[0]} classrooms, and got {statuses}")
    round_.ledger.read()
    for key in pair:
        holding[key] = ledger.held[key].wanted[0]
        if holding[key] > 5:
            round_.order("amend-grant", semester, ledger.last_seq[key], faculty=key[0], program=key[1], classrooms=5, labs=2)
            holding[key] = 5
