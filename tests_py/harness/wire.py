"""A peer on the wire: raw frames, and the messages of docs/protocol.md."""

import dataclasses
import json
import re
import time
import uuid
from pathlib import Path

import zmq

from tests_py.harness.process import HANG_SECONDS, run

OK = "OK"
PARTIAL = "NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT"
HAS_ALREADY = "PROGRAM-ALREADY-HAS-RESOURCES-FOR-SEMESTER"
HEALTH_CHECK = b'{"health-check":true}'
HEALTHY = b"\x01"
_context = zmq.Context()


class Client:
    """A DEALER."""

    def __init__(self, endpoint, identity=None, context=_context, receive_max=0, prepare=lambda socket: None):
        """`prepare`: called with the socket before it connects."""
        self._socket = context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.sndhwm = 0
        self._socket.rcvhwm = receive_max  # messages that it accepts before they are received; 0: any number
        if identity:
            self._socket.routing_id = identity
        prepare(self._socket)
        self._socket.connect(endpoint if "://" in endpoint else f"tcp://{endpoint}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, *frames):
        self._socket.send_multipart([encode(frame) for frame in frames])

    def receive(self, seconds=HANG_SECONDS):
        """The frames of the next reply."""
        assert self._socket.poll(seconds * 1000), f"no reply within {seconds} s"
        return self._socket.recv_multipart()

    def receive_if_any(self, seconds=0):
        """The frames of the next reply, or None if none comes in time."""
        return self._socket.recv_multipart() if self._socket.poll(seconds * 1000) else None

    def ask_frames(self, *frames, seconds=HANG_SECONDS):
        self.send(*frames)
        return self.receive(seconds)

    def ask(self, body, seconds=HANG_SECONDS):
        """Sends `[body]`; the reply, which must be `[json]`."""
        return only_body(self.ask_frames(body, seconds=seconds))

    def is_disconnected_by(self, *frames, seconds=HANG_SECONDS):
        """Sends the frames; is the connection closed in time?"""
        with self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
            self.send(*frames)
            closed = bool(monitor.poll(seconds * 1000))
            self._socket.disable_monitor()
        return closed


    def closed_within(self, seconds, act):
        """Does the connection, which exists, end within that time after `act()`?"""
        with self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
            act()
            closed = bool(monitor.poll(seconds * 1000))
            self._socket.disable_monitor()
        return closed


class Router:
    """A ROUTER of ours: plays a server to a faculty, or a faculty to a program."""

    def __init__(self, port=None):
        """`port`: where another one listened before; none: any."""
        self._socket = _context.socket(zmq.ROUTER)
        self._socket.linger = 0
        if port is None:
            self.port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        else:
            self.port = port
            deadline = time.monotonic() + HANG_SECONDS
            while True:  # a socket that was closed listens on for a moment
                try:
                    self._socket.bind(f"tcp://127.0.0.1:{port}")
                    break
                except zmq.ZMQError:
                    assert time.monotonic() < deadline, f"port {port} is still taken"
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def receive(self, seconds=HANG_SECONDS):
        """The peer's id, and the frames that it sent."""
        assert self._socket.poll(seconds * 1000), f"no request within {seconds} s"
        peer, *frames = self._socket.recv_multipart()
        return peer, frames

    def receives_nothing(self, seconds):
        return not self._socket.poll(seconds * 1000)

    def send(self, peer, *frames):
        self._socket.send_multipart([peer, *map(encode, frames)])


def encode(frame):
    if isinstance(frame, bytes):
        return frame
    return frame.encode() if isinstance(frame, str) else json.dumps(frame).encode()


def only_body(frames):
    assert len(frames) == 1, frames
    return json.loads(frames[0])


def ask_all(client, bodies):
    """Sends all requests at once. Returns the frames of their replies in the order of the requests."""
    for body in bodies:
        client.send(body)
    return receive_all(client, bodies)


def receive_all(client, bodies):
    """The replies to requests that were sent, one each, matched by the id of their first program."""
    replies = {}
    for _ in bodies:
        [frame] = client.receive()
        first = json.loads(frame)["programs"][0]["program-id"]
        assert first not in replies, "answered twice"
        replies[first] = frame
    return [replies[json.loads(encode(body))["programs"][0]["program-id"]] for body in bodies]


def entry(name, classrooms, labs, program_id=None):
    return {"program-id": program_id or str(uuid.uuid4()), "program-name": name, "classrooms": classrooms, "labs": labs}


def request(semester, faculty, *programs, request_id=None):
    """A faculty's request; each program is (name, classrooms, labs)."""
    body = {"semester": semester, "faculty-name": faculty, "programs": [entry(*program) for program in programs]}
    return body if request_id is None else {**body, "request-id": request_id}


def answer(entry_of_reply):
    """(status, classrooms, labs, mobile labs) of one entry of a reply."""
    e = entry_of_reply
    return e["status-message"], e["classrooms"], e["labs"], e["mobile-labs"]


def answers(reply):
    return [answer(entry_of_reply) for entry_of_reply in reply["programs"]]


def statuses(reply):
    return [entry_of_reply["status-message"] for entry_of_reply in reply["programs"]]


def check_lists_all(reply, asked):
    """One entry for each program asked, in order, with its id, name and numbers."""
    assert [(e["program-id"], e["program-name"], e["requested-classrooms"], e["requested-labs"])
            for e in reply["programs"]] == [
        (p["program-id"], p["program-name"], p["classrooms"], p["labs"]) for p in asked["programs"]]


def check_failed(reply, asked, code):
    """The whole request failed: every program is listed with the error's code and without rooms."""
    assert reply["error-found"] is True and reply["error-message"] == code, reply
    assert reply["detail"], reply
    assert reply["semester"] == asked["semester"]
    check_lists_all(reply, asked)
    assert answers(reply) == [(code, 0, 0, 0)] * len(asked["programs"])


def grant(client, body, seconds=HANG_SECONDS):
    """Asks, and checks that the request as a whole was served: the answers in the order asked."""
    reply = client.ask(body, seconds)
    assert reply["error-found"] is False and reply["error-message"] == "", reply
    assert reply["semester"] == body["semester"]
    check_lists_all(reply, body)
    return answers(reply)


def grant_after_recovery(client, body, seconds=HANG_SECONDS):
    """Asks again while the server says UNAVAILABLE; the answers once it serves."""
    deadline = time.monotonic() + seconds
    while True:
        reply = client.ask(body, seconds)
        if reply["error-message"] != "UNAVAILABLE":
            assert not reply["error-found"], reply
            return answers(reply)
        assert time.monotonic() < deadline, f"still UNAVAILABLE after {seconds} s"


# Keys, made by dtictl.


@dataclasses.dataclass
class Key:
    name: str
    path: Path  # of its file
    line: str  # to hand over

    @property
    def public(self):
        return self.line.split()[0]

    @property
    def prefix(self):
        return self.public[:8]

    @property
    def secret(self):
        return re.search(r'^secret = "([0-9a-f]{64})"$', self.path.read_text(), re.MULTILINE)[1]

    @property
    def flag(self):
        return f"--key={self.path}"

    @property
    def server_flag(self):
        return f"--server-key={self.public}"


def new_key(folder, name):
    folder = Path(folder)
    status, line, log = run(folder, "dtictl", "key", "new", name)
    assert status == 0, log
    return Key(name, folder / f"{name}.key", line.strip())


def key_of(folder, file):
    """The key in a file that another process has made. `folder`: for the command that reads it."""
    status, line, log = run(folder, "dtictl", "key", "public", str(file))
    assert status == 0, log
    return Key(line.split()[1], file, line.strip())


class KeyList:
    """A key list that dtictl changes."""

    def __init__(self, folder, **roles):
        """`roles`: the keys, each made here, by the name; its role."""
        self._folder = Path(folder)
        self.path = self._folder / "keys.toml"
        self.path.write_text("# the keys of a test\n", encoding="utf-8")
        self.keys = {}
        for name, role in roles.items():
            self.keys[name] = new_key(folder, name)
            self.add(self.keys[name], role)

    def __getitem__(self, name):
        return self.keys[name]

    @property
    def flag(self):
        return f"--keys={self.path}"

    def add(self, key, role):
        status, _, log = run(self._folder, "dtictl", "key", "add", self.flag, f"--role={role}", key.line)
        assert status == 0, log

    def remove(self, which):
        status, _, log = run(self._folder, "dtictl", "key", "remove", self.flag, which)
        assert status == 0, log


def lock(socket, key, server):
    """Lets a socket connect with a key to a process with the key `server`."""
    socket.curve_publickey = bytes.fromhex(key.public)
    socket.curve_secretkey = bytes.fromhex(key.secret)
    socket.curve_serverkey = bytes.fromhex(server.public)


def tcp(endpoint):
    """The address of a curve:// endpoint as libzmq writes it."""
    return endpoint.replace("curve://", "tcp://")
