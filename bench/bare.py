"""Part `ceiling`: the ledger's table without a server, in a new schema for each point."""

from bench.database import rows
from bench.drivers import ceiling
from tests_py.harness.process import ROOT

SCHEMA = "bare"
PROGRAMS = 1_000_000  # more than any point takes
DROP = f"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {SCHEMA} CASCADE;"


def make_tables(cluster, database):
    """Fresh tables in place of the last ones; returns the address of their schema, for libpq."""
    migration = (ROOT / "sql/postgresql/0001_ledger.up.sql").read_text(encoding="utf-8")
    rows(cluster, database, f"{DROP} CREATE SCHEMA {SCHEMA}; SET search_path = {SCHEMA}; {migration}")
    return f"{cluster.uri(database)}&options=-csearch_path%3D{SCHEMA}"


def drop_tables(cluster, database):
    rows(cluster, database, DROP)


def measure(cluster, database, folder, method, batch, seconds):
    size = {} if method == "insert" else {"batch": batch}
    found = ceiling(folder, make_tables(cluster, database), method, programs=PROGRAMS, seconds=seconds, **size)
    return {"rows_per_second": found["rows_per_second"], "p50_us": found["latency_us"]["p50"],
            "p99_us": found["latency_us"]["p99"], "encode_share": found["encode_seconds"] / found["seconds"]}
