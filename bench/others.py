"""Part `others`: what people use instead of a ledger, on the same cluster, driven by pgbench."""

import re
from pathlib import Path

from bench.database import Fault, rows, run_program
from bench.figures import percentile
from bench.plan import SCRIPTS
from tests_py.harness.postgresql import ROLE, newest_bin_folder

SQL = Path(__file__).resolve().parent / "sql"
CAPACITY = 500_000_000
TRANSACTIONS = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
RATE = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)", re.MULTILINE)


def measure(cluster, database, folder, name, connections, seconds):
    """One point on fresh tables. The latencies are those of every single transaction (pgbench --log)."""
    rows(cluster, database, (SQL / "pool.sql").read_text(encoding="utf-8"))
    prefix = folder / "pgbench"
    for old in folder.glob("pgbench.*"):
        old.unlink()
    output = run_program(
        [newest_bin_folder() / "pgbench", "-n", "-M", "prepared", "-c", connections, "-j", min(2, connections), "-T",
         seconds, "-f", SQL / SCRIPTS[name], "--log", f"--log-prefix={prefix}", "-h", cluster.folder, "-p",
         cluster.port, "-U", ROLE, database], folder)
    transactions = int(TRANSACTIONS.search(output)[1])
    check_grants(cluster, database, name, transactions)
    latencies = sorted(read_latencies(folder.glob("pgbench.*")))
    return {"transactions_per_second": float(RATE.search(output)[1]), "p50_us": percentile(latencies, 0.5),
            "p99_us": percentile(latencies, 0.99)}


def read_latencies(paths):
    """Microseconds; the third column of pgbench's log."""
    for path in paths:
        with open(path, encoding="ascii") as log:
            for line in log:
                yield int(line.split(" ", 3)[2])


def check_grants(cluster, database, name, transactions):
    """The others keep the same books: each transaction took a room and noted who has it."""
    [[left, grants]] = rows(cluster, database, "SELECT (SELECT classrooms_left FROM pool), count(*) FROM room_grant")
    if not CAPACITY - int(left) == int(grants) == transactions:
        raise Fault(f"{name}: {transactions} transactions, {grants} grants, {CAPACITY - int(left)} rooms taken")
