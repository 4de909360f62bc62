"""psql and pgbench on the benchmark's own cluster, with as much time as they need."""

import subprocess

from tests_py.harness.postgresql import ROLE, newest_bin_folder
from tests_py.harness.process import clean_environment

SQL_SECONDS = 600


class Fault(Exception):
    """Something could not be measured, or is not as it must be; the text says what."""


def run_program(command, folder, seconds=SQL_SECONDS, **options):
    """Runs it to its end; what it printed. Its faults are ours."""
    try:
        result = subprocess.run([str(word) for word in command], cwd=folder, env=clean_environment(folder),
                                stderr=subprocess.PIPE, text=True, timeout=seconds,
                                **{"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options})
    except subprocess.TimeoutExpired:
        raise Fault(f"still runs after {seconds} s: {' '.join(map(str, command))}") from None
    if result.returncode != 0:
        raise Fault(f"exit status {result.returncode}: {' '.join(map(str, command))}\n{result.stderr.strip()}")
    return result.stdout


def psql(cluster, database, *arguments, user=ROLE, **options):
    command = ["psql", "-XAtq", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", cluster.folder, "-p", cluster.port,
               "-U", user, "-d", database, *arguments]
    return run_program(command, "/", **options)


def rows(cluster, database, statement, user=ROLE):
    """Rows of texts."""
    output = psql(cluster, database, "-f", "-", user=user, stdin=None, input=statement)
    return [line.split("\x1f") for line in output.splitlines()]


def administer(cluster, statement):
    """As the superuser, each statement in a transaction of its own."""
    rows(cluster, "postgres", statement, user="postgres")


def copy_database(cluster, template, name):
    """A database with the contents of another, which nobody uses. What is copied by file needs no writing later."""
    administer(cluster, f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template} STRATEGY FILE_COPY")


def drop_database(cluster, name):
    administer(cluster, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def conninfo(cluster, database, schema=None):
    """For libpq; with a schema, that is where tables are looked for."""
    text = f"host={cluster.folder} port={cluster.port} user={ROLE} dbname={database}"
    return text if schema is None else f"{text} options='-c search_path={schema}'"


def program_of_postgresql(name):
    folder = newest_bin_folder()
    if folder is None:
        raise Fault("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    return folder / name
