"""A program as its faculty sees it: its request and its reply."""

import contextlib
import json

from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import Client


def faculty_flags(*servers, name="Derecho"):
    return f"--name={name}", f"--dti-server={','.join(servers)}"


def wish(program, classrooms=7, labs=2, semester=SEMESTER):
    return {"program-name": program, "semester": semester, "classrooms": classrooms, "labs": labs}


def room_answer(frames):
    """(status, classrooms, labs, mobile labs) of an answer that came as `["", body]`."""
    delimiter, body = frames
    assert delimiter == b""
    a = json.loads(body)
    return a["status"], a["classrooms-assigned"], a["labs-assigned"], a["mobile-labs-assigned"]


def ask_programs(faculty, wishes):
    """Each wish by a peer of its own, all at once; the answers in the order of the wishes."""
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(Client(faculty.endpoint)) for _ in wishes]
        for peer, body in zip(peers, wishes):
            peer.send(b"", body)
        return [room_answer(peer.receive()) for peer in peers]
