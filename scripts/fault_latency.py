#!/usr/bin/python3
"""Measures latencies before, during and after single faults. See scripts/fault-latency."""

import argparse
import contextlib
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import crash_runs  # noqa: F401  it finds the harness
from long_run import COULD_NOT_RUN, FOUND, ROOT, CouldNotRun, commit, say

from harness.postgresql import newest_bin_folder, scratch_cluster
from harness.process import Process, binary, running
from harness.stopping import Stopped, raise_on_signals
from harness.stores import PostgresqlStore, SqliteStore

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
        """The load goes on while this is entered, and is measured whole."""
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
    if newest_bin_folder() is None:
        raise CouldNotRun("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
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
    from harness.wire import encode, request
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
    from harness.disks import disk_in_memory
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
    yield "| | answered | refused | p50 ms | p99 ms | max ms |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for what, answered, refused, *times in rows:
        yield f"| {what} | {answered:,} | {refused:,} | " + " | ".join(
            "none" if ms is None else f"{ms:,.2f}" for ms in times) + " |"


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
                measured[name] = list(table(bench.rows))
            finally:
                Process.remove_all()
        for line in [*measured[name], *bench.faults]:
            say(line)
        if bench.faults:
            return FOUND, measured
    return status, measured


def record(options, sources, measured):
    """Writes docs/evidence/fault-latency.md."""
    path = ROOT / "docs/evidence/fault-latency.md"
    lines = ["# Latency under a single fault", "",
             f"{datetime.date.today().isoformat()}, commit {sources}, {os.cpu_count()} cores. Made by", "",
             f"    scripts/fault-latency --seconds={options.seconds} --rate={options.rate} --record", "",
             f"{options.rate} requests of five programs a second, evenly spaced, for {options.seconds} s each. A",
             "latency is that of a request that was answered, and counts from when it was due. Load, server and",
             "database are on one machine, which others may use too.", ""]
    for name, shown in measured.items():
        text = FAULTS[name][0]
        lines += [f"## {name.capitalize().replace('-', ' ')}", "", f"During: {text}.", "", *shown, ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    say(f"written: {path.relative_to(ROOT)}")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/fault-latency", description=__doc__, allow_abbrev=False)
    parser.add_argument("--only", default=",".join(FAULTS))
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # the arguments, and nothing else
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(FAULTS):
        parser.error(f"no such fault: {', '.join(sorted(unknown))} (they are: {', '.join(FAULTS)})")
    if not 1 <= options.seconds <= 8:  # a database that stands still longer than --store-timeout is another matter
        parser.error("--seconds is 1 to 8")
    if not 1 <= options.rate <= 1000:
        parser.error("--rate is 1 to 1000: the requests must suffice")
    if options.record and len(options.only) != len(FAULTS):
        parser.error("--record goes with all faults")
    return options


def main():
    options = arguments()
    if options.check:
        return 0
    os.environ["DTI_BIN_DIR"] = os.environ.get("DTI_BIN_DIR") or str(ROOT / "build/bench/bin")
    raise_on_signals()
    try:
        sources = commit()
        status, measured = run_all(options)
        if options.record and not status:
            record(options, sources, measured)
        return status
    except Stopped as stopped:
        say(f"\n{stopped}")
        return stopped.exit_status
    except Exception:
        traceback.print_exc()
    return COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
