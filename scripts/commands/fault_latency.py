"""Measures how long requests take before, during and after a single fault: a standby that is dead, a client that does
not read its replies, a database that stands still, a full disk.

The latency of a request that was answered counts from when it was due. A small disk needs root; without it that part
says why it is missing. DTI_BIN_DIR names other binaries than build/bench/bin.
Exit codes: 0 measured, and all replies were as they may be; 1 one was not; 2 incorrect usage; 3 it could not run;
128 + N ended by signal N."""

import contextlib
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from scripts.commands.shared import (COULD_NOT_RUN, FOUND, CouldNotRun, markdown_table, need_postgresql, new_parser,
                             provide_binaries, run_command, say, whole_number, write_evidence)
from tests_py.harness.postgresql import scratch_cluster
from tests_py.harness.process import Process, binary, running
from tests_py.harness.stores import PostgresqlStore, SqliteStore

SEMESTER = "2025-10"
CATALOG = ("--faculties=100", "--programs=2000")
IN_FLIGHT = 10_000  # at most; more than any fault holds up
DISK_MEGABYTES = 96
UNREAD_REQUESTS = 500
UNREAD_PROGRAMS = 100  # in each of them: replies of 20 kB
LEASE_SECONDS = 1
LATER_SECONDS = 30  # how long a reply may take


class Bench:
    """A server under a load that is measured in parts."""

    def __init__(self, folder, options):
        self.folder = folder
        self.options = options
        self.sent = 0
        self.rows = []  # (what, answered, refused, p50, p99, max): requests, and ms
        self.faults = []
        catalog = folder / "catalog.csv"
        subprocess.run([binary("dti_load"), *CATALOG, f"--write-catalog={catalog}"], check=True)
        self.flags = (f"--semester={SEMESTER}", "--classrooms=1000000", "--labs=1000000", f"--catalog={catalog}")

    @contextlib.contextmanager
    def load(self, address, what, may_be_refused=(), repeats=False):
        """The load continues inside the block, and all of it is measured."""
        options = self.options
        flags = [f"--server={address}", *CATALOG, f"--semesters={SEMESTER}", "--connections=2",
                 f"--rate={options.rate}", f"--in-flight={IN_FLIGHT}", f"--seconds={options.seconds}",
                 f"--timeout={LATER_SECONDS}", f"--first={self.sent}", "--format=json",
                 *(["--repeats=100"] if repeats else [])]
        with subprocess.Popen([binary("dti_load"), *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True) as process:
            try:
                yield
                output, _ = process.communicate(timeout=options.seconds + 2 * LATER_SECONDS)
            finally:
                process.kill()
        if process.returncode != 0:
            self.faults.append(f"{what}: dti_load ended with {process.returncode}")
            return
        self._note(what, json.loads(output), may_be_refused)
        if not repeats:
            self.sent = json.loads(output)["sent_in_all"]

    def measure(self, address, what, **flags):
        with self.load(address, what, **flags):
            pass

    def _note(self, what, found, may_be_refused):
        latency, errors = found["latency_us"], found["all_errors"]
        answered = found["requests"]
        self.rows.append((what, answered, sum(errors.values()),
                          *(latency[name] / 1000 if answered else None for name in ("p50", "p99", "max"))))
        if set(errors) - set(may_be_refused):
            self.faults.append(f"{what}: {errors}")
        if set(found["all_statuses"]) - {"OK"} or found["foreign_replies"]:
            self.faults.append(f"{what}: statuses {found['all_statuses']}, and {found['foreign_replies']} replies to "
                               "nothing")


@contextlib.contextmanager
def on_postgresql(bench):
    """A database of its own, and a server that leads there."""
    need_postgresql()
    with scratch_cluster() as cluster:
        store = PostgresqlStore(cluster)
        flags = (*bench.flags, store.flag, f"--lease-seconds={LEASE_SECONDS}")
        with running(bench.folder / "leader", *flags) as leader:
            bench.measure(leader.address, "warm-up")
            bench.rows.pop()
            yield cluster, flags, leader


def standby_dead(bench):
    with on_postgresql(bench) as (_, flags, leader):
        with running(bench.folder / "standby", *flags, standby=True) as standby:
            bench.measure(leader.address, "before")
            standby.crash()
            bench.measure(leader.address, "during")
        with running(bench.folder / "standby", *flags, standby=True):
            bench.measure(leader.address, "after")


def client_not_reading(bench):
    import zmq
    from tests_py.harness.wire import encode, request
    with on_postgresql(bench) as (_, _, leader), contextlib.ExitStack() as stack:
        bench.measure(leader.address, "before")
        context = stack.enter_context(zmq.Context())
        dealer = stack.enter_context(context.socket(zmq.DEALER))
        dealer.linger, dealer.rcvhwm, dealer.rcvbuf, dealer.sndhwm = 0, 1, 4096, 0
        dealer.connect(leader.endpoint)
        programs = [(f"Program {number + 1:04}", 1, 1) for number in range(UNREAD_PROGRAMS)]
        with bench.load(leader.address, "during"):
            for _ in range(UNREAD_REQUESTS):
                dealer.send(encode(request(SEMESTER, "Faculty 0001", *programs)))
        stack.close()
        bench.measure(leader.address, "after")


def database_stalled(bench):
    with on_postgresql(bench) as (cluster, _, leader):
        bench.measure(leader.address, "before")
        with bench.load(leader.address, "during"):
            end = time.monotonic() + bench.options.seconds
            cluster.freeze()
            try:
                time.sleep(max(0, end - time.monotonic()))
            finally:
                cluster.resume()
        bench.measure(leader.address, "after")


def disk_full(bench):
    import pytest
    from tests_py.harness.disks import disk_in_memory
    try:
        with disk_in_memory(bench.folder / "disk", DISK_MEGABYTES) as disk:
            with running(bench.folder / "server", *bench.flags, SqliteStore(disk.folder).flag) as server:
                bench.measure(server.address, "warm-up")
                bench.rows.pop()
                bench.measure(server.address, "before")
                bench.measure(server.address, "before, repeats", repeats=True)
                disk.fill()
                bench.measure(server.address, "during", may_be_refused=("UNAVAILABLE",))
                bench.sent -= bench.rows[-1][2]  # those that were refused ask once more
                bench.measure(server.address, "during, repeats", repeats=True)
                disk.free()
                bench.measure(server.address, "after")
                bench.measure(server.address, "after, repeats", repeats=True)
    except pytest.skip.Exception as why:
        raise CouldNotRun(str(why)) from None


FAULTS = {
    "standby-dead": ("the standby is killed by SIGKILL (PostgreSQL)", standby_dead),
    "client-not-reading": (f"another client asks {UNREAD_REQUESTS} times for {UNREAD_PROGRAMS} programs and reads no "
                           "reply (PostgreSQL)", client_not_reading),
    "database-stalled": ("all processes of PostgreSQL are stopped by SIGSTOP during the whole measurement",
                         database_stalled),
    "disk-full": ("SQLite's disk, a tmpfs, has no byte left", disk_full),
}


def table(rows):
    return markdown_table(("", "answered", "refused", "p50 ms", "p99 ms", "max ms"), [
        (what, f"{answered:,}", f"{refused:,}", *("none" if ms is None else f"{ms:,.2f}" for ms in times))
        for what, answered, refused, *times in rows])


def run_all(options):
    """The exit status, and {name of the fault: lines}."""
    status, measured = 0, {}
    for name in options.only:
        say(f"== {name}: {FAULTS[name][0]}")
        with tempfile.TemporaryDirectory(prefix="dti-latency-") as folder:
            os.chmod(folder, 0o755)
            bench = Bench(Path(folder), options)
            try:
                FAULTS[name][1](bench)
            except CouldNotRun as why:
                measured[name] = [f"Not measured: {why}"]
                status = max(status, COULD_NOT_RUN)
            else:
                measured[name] = table(bench.rows)
            finally:
                Process.remove_all()
        for line in [*measured[name], *bench.faults]:
            say(line)
        if bench.faults:
            return FOUND, measured
    return status, measured


def record(options, built_of, measured):
    """Writes docs/evidence/fault-latency.md."""
    lines = [f"{options.rate} requests of five programs a second, evenly spaced, for {options.seconds} s each. A",
             "latency is that of a request that was answered, and counts from when it was due. Load, server and",
             "database are on one machine, which others may use too."]
    for name, shown in measured.items():
        lines += ["", f"## {name.capitalize().replace('-', ' ')}", "", f"During: {FAULTS[name][0]}.", "", *shown]
    write_evidence("fault-latency", "Latency under a single fault", built_of,
                   f"fault-latency --seconds={options.seconds} --rate={options.rate}", lines)


def read_options():
    parser = new_parser("fault-latency", __doc__)
    parser.add_argument("--only", default=",".join(FAULTS), metavar="NAMES",
                        help=f"some of: {', '.join(FAULTS)}; default: all")
    # A database that stands still for longer than --store-timeout is another matter.
    parser.add_argument("--seconds", type=whole_number(1, 8), default=5, metavar="N",
                        help="of each measurement, 1 to 8; the database stands still for as long; default: 5")
    parser.add_argument("--rate", type=whole_number(1, 1000), default=500, metavar="N",
                        help="requests of five programs a second, evenly spaced, 1 to 1000; default: 500")
    parser.add_argument("--record", action="store_true", help="write docs/evidence/fault-latency.md")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(FAULTS):
        parser.error(f"no such fault: {', '.join(sorted(unknown))} (they are: {', '.join(FAULTS)})")
    if options.record and len(options.only) != len(FAULTS):
        parser.error("--record goes with all faults")
    return options


def main(options):
    built_of = provide_binaries("bench", "test", "bench")
    status, measured = run_all(options)
    if options.record and not status:
        record(options, built_of, measured)
    return status


if __name__ == "__main__":
    run_command("fault-latency", read_options, main)
