"""The run: every part in its order, the repetitions interleaved, and the results as one dict."""

import contextlib
import tempfile
import time
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from bench import bare, growth, machine, monitoring, others, secured
from bench.database import rows
from bench.drivers import load, measured, running_echo, write_catalog
from bench.figures import figures
from bench.ledgers import PostgresqlLedgers, SqliteLedgers, semester_names
from bench.ours import MemoryServers, driven, semesters_needed
from bench.plan import (BARE_METHODS, BATCHES, CONNECTIONS_OF_OTHERS, IN_FLIGHT, PROGRAMS_A_REQUEST, REPEATED,
                        SCRIPTS, STORES)
from bench.tables import TITLES
from scripts.commands.shared import progress


@contextlib.contextmanager
def part(text):
    """Shows the part of the run, and at its end how long it took."""
    started = time.monotonic()
    progress(text)
    yield
    progress(f"{text}: {time.monotonic() - started:.0f} s", last=True)


class Run:
    def __init__(self, plan, cluster, folder):
        self._plan = plan
        self._cluster = cluster
        self._folder = folder
        self._database = cluster.create_database()  # of those that need no catalogue
        self._samples = {}  # (part, name, point) -> a dict of each repetition
        self._verified = []
        self._ledgers = {}  # by store
        self._memory_point = None  # of the points of memory: and of the echo, once it is found
        self._bytes = None  # of a request and of the reply to it, as measured then
        self._open_loop = {}

    def run(self):
        """The results."""
        started = time.monotonic()
        plan = self._plan
        with part("making the catalogue and the stores"):
            self._make_stores()
            if {"ours", "echo"} & set(plan.parts):
                progress("finding a window that the programs of memory: suffice for")
                self._memory_point, found = self._memory_servers().find_point()
                self._bytes = found["request_bytes"], found["reply_bytes"]
        repeated = {"repeats" if "ours" not in plan.parts else "ours": self._measure_ours,  # both ask the same servers
                    "echo": self._measure_echo, "others": self._measure_others, "ceiling": self._measure_ceiling,
                    "monitoring": self._measure_monitoring, "secured": self._measure_secured}
        for repetition in range(1, plan.repetitions + 1):
            for name, measure in repeated.items():
                if name in plan.parts:
                    with part(f"{name}, repetition {repetition} of {plan.repetitions}"):
                        measure(repetition)
        if "open-loop" in plan.parts:
            with part("open-loop"):
                for store in plan.open_loop_stores:
                    self._measure_open_loop(store)
        for ledgers in self._ledgers.values():
            ledgers.remove()
        found = {}
        if "growth" in plan.parts:
            with part("growth"):
                found["growth"] = growth.measure(
                    plan, self._cluster, self._database, self._folder, write_catalog(self._folder, plan.growth.catalog),
                    self._verified, lambda text: progress(f"growth: {text}"))
        return {**self._about(time.monotonic() - started), **self._figures(), **found}

    # The stores.

    def _make_stores(self):
        plan = self._plan
        self._catalog_path = write_catalog(self._folder, plan.catalog)
        of_ours = STORES if "ours" in plan.parts else ("postgresql",) if "repeats" in plan.parts else ()
        wanted = {*of_ours, *(plan.open_loop_stores if "open-loop" in plan.parts else ())}
        if {"monitoring", "secured"} & set(plan.parts):
            wanted.add("sqlite")
        if "postgresql" in wanted:
            progress("importing the catalogue into PostgreSQL")
            self._ledgers["postgresql"] = PostgresqlLedgers(self._cluster, self._folder, "template",
                                                            self._catalog_path, semesters_needed())
        if "sqlite" in wanted:
            progress("importing the catalogue into SQLite")
            self._ledgers["sqlite"] = SqliteLedgers(self._folder, "template", self._catalog_path, semesters_needed())

    def _driven(self, store, what, flags=()):
        return driven(self._plan, self._folder, self._ledgers[store], self._verified, f"{TITLES[store]}, {what}", flags)

    def _memory_servers(self):
        return MemoryServers(self._plan, self._folder, self._catalog_path)

    # A repetition of each part.

    def _add(self, path, of_one):
        self._samples.setdefault(path, []).append(of_one)

    def _measure_ours(self, repetition):
        if "ours" in self._plan.parts:
            for in_flight in IN_FLIGHT:
                progress(f"ours: memory:, {in_flight} in flight")
                found = self._memory_servers().fresh(in_flight, self._memory_point)
                self._add(("ours", "memory", in_flight), measured(found))
            self._measure_ledger("sqlite", IN_FLIGHT, repetition)
        self._measure_ledger("postgresql", IN_FLIGHT if "ours" in self._plan.parts else REPEATED, repetition)

    def _measure_ledger(self, store, in_flights, repetition):
        progress(f"ours: {TITLES[store]}, starting")
        with self._driven(store, f"repetition {repetition}") as driver:
            for in_flight in in_flights:
                progress(f"ours: {TITLES[store]}, {in_flight} in flight")
                found, semesters = driver.fresh(in_flight)
                if "ours" in self._plan.parts:
                    self._add(("ours", store, in_flight), measured(found))
                if "repeats" in self._plan.parts and store == "postgresql" and in_flight in REPEATED:
                    self._add(("repeats", in_flight, "fresh"), measured(found))
                    self._add(("repeats", in_flight, "repeats"), measured(driver.repeat(in_flight, found, semesters)))

    def _measure_echo(self, _):
        with running_echo(self._folder, round(self._bytes[1])) as echo:
            for in_flight in IN_FLIGHT:
                progress(f"echo: {in_flight} in flight")
                # Twenty thousand requests at most, again and again: an echo does not mind.
                found = load(self._folder, echo.address, self._plan.catalog, semester_names(1), in_flight,
                             self._memory_point, any_reply=True, repeats=100,
                             first=min(20_000, self._plan.catalog.size // PROGRAMS_A_REQUEST))
                self._add(("echo", in_flight), measured(found))

    def _measure_others(self, _):
        for name in SCRIPTS:
            for connections in CONNECTIONS_OF_OTHERS:
                progress(f"others: {name}, {connections} connections")
                self._add(("others", name, connections), others.measure(
                    self._cluster, self._database, self._folder, name, connections, self._plan.pgbench_seconds))

    def _measure_ceiling(self, _):
        for method, batch in [("insert", 1), *((method, batch) for method in BARE_METHODS for batch in BATCHES)]:
            progress(f"ceiling: {method}, {batch} a batch")
            self._add(("ceiling", method, batch), bare.measure(
                self._cluster, self._database, self._folder, method, batch, self._plan.bare_seconds))
        bare.drop_tables(self._cluster, self._database)

    def _measure_monitoring(self, repetition):
        for pair in range(monitoring.PAIRS):
            progress(f"monitoring: pair {pair + 1} of {monitoring.PAIRS}")
            self._add(("monitoring", monitoring.IN_FLIGHT), monitoring.measure_pair(
                lambda flags: self._driven("sqlite", f"monitoring, repetition {repetition}", flags), pair % 2 == 0))

    def _measure_secured(self, repetition):
        doors = secured.Doors(Path(tempfile.mkdtemp(dir=self._folder)))
        for in_flight in secured.IN_FLIGHT:
            name = f"secured, repetition {repetition}, {in_flight} in flight"
            with self._driven("sqlite", name, doors.server_flags) as driver:
                at_secured = doors.load_flags(driver.server)
                for pair in range(secured.PAIRS):
                    progress(f"secured: {in_flight} in flight, pair {pair + 1} of {secured.PAIRS}")
                    self._add(("secured", in_flight), secured.measure_pair(driver, at_secured, in_flight, pair % 2 == 0))

    def _measure_open_loop(self, store):
        with self._driven(store, "open loop") as driver:
            peaks = [figures(samples)["requests_per_second"]["median"] for path, samples in self._samples.items()
                     if path[:2] == ("ours", store)]
            if not peaks:
                progress(f"open-loop: {TITLES[store]}, its greatest throughput")
                peaks = [driver.fresh(in_flight)[0]["requests_per_second"] for in_flight in REPEATED]
            rate = round(max(peaks) / 2)
            progress(f"open-loop: {TITLES[store]}, {rate} requests/s")
            found, _ = driver.fresh(max(IN_FLIGHT), rate)
            self._open_loop[store] = {"rate": rate, **measured(found), "max_us": found["latency_us"]["max"]}

    # The results.

    def _figures(self):
        """part -> name -> point -> figures"""
        results = {}
        for path, samples in self._samples.items():
            inner = results
            for name in path[:-1]:
                inner = inner.setdefault(str(name), {})
            inner[str(path[-1])] = figures(samples)
        if self._open_loop:
            results["open_loop"] = self._open_loop
        return results

    def _about(self, seconds):
        plan = self._plan
        [[postgresql]] = rows(self._cluster, "postgres", "SHOW server_version", user="postgres")
        about = {
            "kind": "quick" if plan.quick else "full", "parts": list(plan.parts),
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "machine": machine.describe(), "build": machine.build(),
            "versions": {"PostgreSQL": postgresql, **machine.versions()},
            "repetitions": plan.repetitions, "points": {
                "dti_load": asdict(plan.point), "dti_load from 1024 in flight": asdict(plan.point_of_many),
                "ledger_ceiling": {"seconds": plan.bare_seconds}, "pgbench": {"seconds": plan.pgbench_seconds},
                "open loop": asdict(plan.open_loop)},
            "duration_seconds": round(seconds),
            "catalog": {"faculties": plan.catalog.faculties, "programs": plan.catalog.programs},
            "verified": self._verified}
        if self._bytes:
            about["bytes"] = {"request": self._bytes[0], "reply": self._bytes[1]}
            about["points"]["dti_load on memory: and the echo"] = asdict(self._memory_point)
        return about
