"""Ways in which a cluster of ours fails, and how it comes back."""

import contextlib
import os
import signal
import subprocess

from tests_py.harness.postgresql import ROLE, children, is_gone
from tests_py.harness.process import clean_environment, until

BACK_SECONDS = 120


def let_recover_quickly(cluster):
    """A start after a crash flushes the whole disk in one call, and not each of a thousand files by itself."""
    cluster.sql("postgres", "ALTER SYSTEM SET recovery_init_sync_method = 'syncfs'", user="postgres")
    cluster.sql("postgres", "SELECT pg_reload_conf()", user="postgres")


def stop_at_once_and_start(cluster, _random=None):
    cluster.stop("immediate")
    cluster.start()


def kill_a_backend(cluster, random):
    """SIGKILL for one of its processes: the postmaster ends all the others and recovers."""
    pids = children(cluster.postmaster)
    os.kill(random.choice(pids), signal.SIGKILL)
    until(lambda: is_gone(pids), BACK_SECONDS, "the end of the sessions")
    until(lambda: takes_connections(cluster), BACK_SECONDS, "a database that takes connections")


def kill_the_postmaster(cluster, _random=None):
    """SIGKILL for all of it, the postmaster first, as the kernel does when memory runs out; then a start."""
    pid = cluster.postmaster
    pids = [pid, *children(pid)]
    for victim in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    until(lambda: is_gone(pids), BACK_SECONDS, "the end of the database")
    # Dead and not yet looked after by its parent, it would count as another server at the start.
    for lock in (cluster.folder / "data" / "postmaster.pid", *cluster.folder.glob(".s.PGSQL.*.lock")):
        lock.unlink(missing_ok=True)
    cluster.start()


FAILURES = {"stop": stop_at_once_and_start, "backend": kill_a_backend, "postmaster": kill_the_postmaster}


def takes_connections(cluster):
    with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
        cluster.sql("postgres", "SELECT 1", user="postgres")
        return True
    return False


@contextlib.contextmanager
def held_row(store):
    """Another session holds the lock of the semester's row, so that the next batch waits inside its commit. Gives that
    session's process, whose stdin takes what ends the wait."""
    cluster = store.cluster
    process = subprocess.Popen(
        ["psql", "-XAtq", "-h", str(cluster.folder), "-p", str(cluster.port), "-U", ROLE, "-d", store.database],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=clean_environment(cluster.folder))
    try:
        process.stdin.write("BEGIN; SELECT id FROM semester FOR UPDATE;\n")
        process.stdin.flush()
        assert process.stdout.readline() == "1\n"
        yield process
    finally:
        process.kill()
        process.communicate()
        # The session ends by itself once it notices, but a session that waits for the row should not wait for that.
        with contextlib.suppress(AssertionError):
            store.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' "
                       "AND datname = current_database()")


def a_batch_waits(store):
    """Is the server inside a commit that waits for its row?"""
    return store.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                       "AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO ledger%'") > 0


@contextlib.contextmanager
def postmaster_stopped(cluster):
    """SIGSTOP for the postmaster alone: the sessions that there are go on, and new ones do not come about."""
    pid = cluster.postmaster
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
