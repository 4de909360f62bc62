"""Plays two registration mornings with one dti_server, five faculties and twenty-five programs, and checks every number
against the ledger. Exits 0 only if every number is right."""

import contextlib
import json
import shutil
import tempfile
import time
from pathlib import Path

from scripts.commands.shared import FOUND, new_parser, progress, provide_binaries, run_command, say, table
from tests_py.harness.catalogs import default_catalog
from tests_py.harness.postgresql import scratch_cluster
from tests_py.harness.process import Process, running, running_faculty, start_program
from tests_py.harness.stopping import held
from tests_py.harness.stores import PostgresqlStore, SqliteStore

SEMESTER = "2025-10"
CAPACITY = (380, 60)
# Each program asks (classrooms, labs); granted in all and left (classrooms, labs, mobile labs): docs/allocation.md.
CASES = (
    ("Case 1: 25 programs ask for 7 classrooms and 2 labs each", (7, 2), (175, 50, 0), (205, 10)),
    ("Case 2: 25 programs ask for 10 classrooms and 4 labs each", (10, 4), (250, 60, 40), (90, 0)),
)
HEADER = ("faculty", "program", "asked", "granted", "mobile", "status", "ms")
PROGRAM_SECONDS = 60


def spelled(name):
    """As a program would write its own name: another spelling of the catalogue's."""
    return name.lower().replace(" ", "-")


def ask_all(stack, folder, server, want):
    """Starts the faculties and their programs; returns a row for each program once all were answered."""
    faculties = dict(list(default_catalog().items())[:5])
    peers = {name: stack.enter_context(running_faculty(
        folder, f"--name={name}", f"--dti-server={server.address}", f"--semester={SEMESTER}", "--min-programs=5"))
        for name in faculties}
    progress(f"{len(peers)} faculties ready", last=True)
    waiting = []
    for faculty, programs in faculties.items():
        for program in programs:
            process = start_program(
                folder, f"--name={spelled(program)}", f"--semester={SEMESTER}", f"--classrooms={want[0]}",
                f"--labs={want[1]}", f"--faculty-server={peers[faculty].address}", f"--output-dir={folder}", "--json")
            stack.callback(process.remove)
            waiting.append((faculty, program, process))
    rows = []
    for faculty, program, process in waiting:
        progress(f"{len(rows)} of {len(waiting)} programs answered")
        code = process.exit_status(within=PROGRAM_SECONDS)
        if code not in (0, 3):
            raise AssertionError(f"{program} ended with exit code {code}{process.describe()}")
        rows.append((faculty, program, json.loads(process.stdout()), milliseconds(folder, program)))
    progress(f"{len(rows)} of {len(waiting)} programs answered", last=True)
    for peer in peers.values():
        assert peer.exit_status() == 0, peer.describe()
    return rows


def milliseconds(folder, program):
    text = (folder / f"{spelled(program)}_{SEMESTER}.txt").read_text(encoding="utf-8")
    return text.split("MILLISECONDS: ")[1].split("\n")[0]


def print_table(rows, want):
    lines = [(faculty, program, f"{want[0]} + {want[1]}",
              f"{a['classrooms-assigned']} + {a['labs-assigned'] + a['mobile-labs-assigned']}",
              a["mobile-labs-assigned"], a["status"], ms) for faculty, program, a, ms in rows]
    say("\n".join(table([HEADER, *lines])))


class Proof:
    """Claims about the run, each printed with what was found."""

    def __init__(self):
        self.holds = True

    def claim(self, text, found, expected):
        right = found == expected
        self.holds = self.holds and right
        say(f"  {'ok   ' if right else 'WRONG'} {text}: {found}" + ("" if right else f", expected {expected}"))


def prove(store, rows, granted, left):
    proof = Proof()
    say("  Proof, read from the ledger:")
    proof.claim("programs answered OK", sum(a["status"] == "OK" for _, _, a, _ in rows), 25)
    proof.claim("programs that hold a grant, each exactly one", store.count("SELECT count(*) FROM allocation"), 25)
    proof.claim("classrooms, labs, mobile labs granted", store.granted(SEMESTER), granted)
    proof.claim("classrooms, labs left", store.left(SEMESTER)[:2], left)
    answered = {(faculty, program): (a["status"], a["classrooms-assigned"], a["labs-assigned"],
                                     a["mobile-labs-assigned"]) for faculty, program, a, _ in rows}
    proof.claim("answers that equal the ledger's entry", sum(
        answered.get(key) == value for key, value in store.allocations(SEMESTER).items()), 25)
    totals = {row[-1] for row in store.report("totals")}
    proof.claim("capacity = left + granted (sql/reports/totals.sql)", totals, {"ok"})
    return proof.holds


def play(case, make_store, folder):
    title, want, granted, left = case
    say(f"\n{title}")
    folder.mkdir()
    store = make_store(folder)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(
            folder, f"--semester={SEMESTER}", f"--classrooms={CAPACITY[0]}", f"--labs={CAPACITY[1]}", store.flag))
        progress(f"dti_server ready at {server.endpoint} on {store.kind}: {CAPACITY[0]} classrooms, {CAPACITY[1]} labs",
                 last=True)
        rows = ask_all(stack, folder, server, want)
        print_table(rows, want)
        return prove(store, rows, granted, left)


def demonstrate(options):
    """Plays both cases; is every number right?"""
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        with held():
            folder = Path(tempfile.mkdtemp(prefix="dti-demo-"))
            if not options.keep:
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(Process.remove_all)
        make_store = SqliteStore
        if options.store == "postgresql":
            say("making a PostgreSQL cluster in a temporary folder")
            cluster = stack.enter_context(scratch_cluster())
            make_store = lambda _: PostgresqlStore(cluster)  # noqa: E731
        try:
            results = [play(case, make_store, folder / f"case-{number}") for number, case in enumerate(CASES, 1)]
        except AssertionError as fault:
            say(f"\nThe demo failed: {fault}")
            results = [False]
        if options.keep:
            say(f"\nkept in {folder}")
    verdict = "every number is right" if all(results) else "A NUMBER IS WRONG"
    say(f"\n{verdict} ({time.monotonic() - started:.1f} s)")
    return all(results)


def read_options():
    parser = new_parser("demo", __doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite",
                        help="postgresql: a cluster of its own in a temporary folder, removed at the end")
    parser.add_argument("--keep", action="store_true",
                        help="keep the result files, logs and the SQLite files, and say where")
    return parser.parse_args()


def main(options):
    provide_binaries("release", "demo-postgresql" if options.store == "postgresql" else "demo")
    return 0 if demonstrate(options) else FOUND


if __name__ == "__main__":
    run_command("demo", read_options, main)
