"""The programs and the SQL of the benchmark, with as much time as they need."""

import subprocess

from tests_py.harness.postgresql import ROLE
from tests_py.harness.process import clean_environment

SECONDS_MAX = 600  # of one program, or of one call of psql


class Fault(Exception):
    """A measurement failed or found wrong data; the text says which."""


def run_program(command, folder):
    """Runs the program to its end, and returns its output. Its failure is a Fault."""
    command = [str(word) for word in command]
    try:
        result = subprocess.run(command, cwd=folder, env=clean_environment(folder), stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        raise Fault(f"still runs after {SECONDS_MAX} s: {' '.join(command)}") from None
    if result.returncode != 0:
        raise Fault(f"exit status {result.returncode}: {' '.join(command)}\n{result.stderr.strip()}")
    return result.stdout


def rows(cluster, database, statement, user=ROLE):
    """Rows of texts."""
    return cluster.sql(database, statement, user, SECONDS_MAX)
