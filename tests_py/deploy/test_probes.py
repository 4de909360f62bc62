"""The table of docs/containers.md, "Which probe fails in which fault", against real servers and a real faculty."""

import contextlib
import re
import signal
import socket

import pytest

from tests_py.harness.http import http_address, status_of
from tests_py.harness.postgresql import newest_bin_folder, scratch_cluster
from tests_py.harness.process import ROOT, running, running_faculty, until
from tests_py.harness.rooms import faculty_flags
from tests_py.harness.scenario import POOL
from tests_py.harness.stores import PostgresqlStore

HTTP, LEASE = "--http=127.0.0.1:0", "--lease-seconds=1"
SERVER, FACULTY = ("/livez", "/readyz", "/leader", "/standby"), ("/livez", "/readyz")


def rows(title):
    """first cell -> the other cells, of the table below the line `title`."""
    page = (ROOT / "docs/containers.md").read_text(encoding="utf-8")
    table = re.search(rf"^{re.escape(title)}\n\n\|.*\n\|[ |-]*\n((?:\|.*\n)+)", page, re.MULTILINE)[1]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {first: others for first, *others in cells}


def answers(daemon, paths):
    """For each path: `ok`, `fails`, or `silent` if no byte comes within a second."""
    found = []
    for path in paths:
        with socket.create_connection(http_address(daemon)) as peer:
            peer.settimeout(1)
            peer.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            try:
                found.append("ok" if peer.recv(12) == b"HTTP/1.1 200" else "fails")
            except TimeoutError:
                found.append("silent")
    return found


def expect(daemon, paths, cells, title):
    """Waits until the answers are those of the row."""
    until(lambda: answers(daemon, paths) == cells, what=f"{title}: {cells}")


@pytest.mark.skipif(newest_bin_folder() is None, reason="PostgreSQL is not installed")
def test_the_probes_of_servers_answer_as_the_page_says(tmp_path):
    table = rows("`dti_server`:")
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(scratch_cluster())
        store = PostgresqlStore(cluster)
        start = lambda **options: stack.enter_context(running(tmp_path, *POOL, store.flag, HTTP, LEASE, **options))  # noqa: E731
        leader = start()
        standby = start(standby=True)
        seen = []

        def claim(daemon, title):
            expect(daemon, SERVER, table[title], title)
            seen.append(title)

        claim(leader, "leads")
        claim(standby, "stands by")
        leader.signal(signal.SIGSTOP)
        try:
            claim(leader, "hangs, or its machine is frozen")
            claim(standby, "leads")
        finally:
            leader.signal(signal.SIGCONT)
        claim(leader, "stands by")  # it was replaced
        leader, standby = standby, leader
        cluster.stop()
        claim(leader, "led when the database failed, and its lease has run out")
        claim(standby, "stood by when the database failed")
        late = start(ready=False)
        claim(late, "waits at its start for the database")
        cluster.start()
        until(lambda: [status_of(http_address(daemon), "/readyz") for daemon in (leader, standby, late)] == [200] * 3,
              what="three ready servers")
        assert set(seen) == set(table)


def test_the_probes_of_a_faculty_answer_as_the_page_says(tmp_path):
    table = rows("`faculty`:")
    with running_faculty(tmp_path, *faculty_flags("127.0.0.1:1"), HTTP) as faculty:
        expect(faculty, FACULTY, table["runs, also if no server answers"], "runs")
        faculty.signal(signal.SIGSTOP)
        try:
            expect(faculty, FACULTY, table["hangs, or its machine is frozen"], "hangs")
        finally:
            faculty.signal(signal.SIGCONT)
        assert len(table) == 2
