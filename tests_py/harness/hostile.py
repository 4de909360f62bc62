"""Peers that do not behave: ZMTP 3.0 written by hand on plain TCP, so that anything can be left out or said wrongly."""

import resource
import socket
import statistics
import struct
import threading
import time
from pathlib import Path

from tests_py.harness.process import until
from tests_py.harness.wire import Client

MORE, LONG, COMMAND = 1, 2, 4
GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31)
assert len(GREETING) == 64


def header(size, flags=0):
    """The bytes that precede a frame of this length."""
    return bytes([flags, size]) if size < 256 else struct.pack(">BQ", flags | LONG, size)


def frame(body, more=False):
    return header(len(body), MORE if more else 0) + body


def ready(identity=b"", kind=b"DEALER"):
    """The command with which a peer of ZMTP 3.0 says who it is."""
    properties = b"".join(bytes([len(key)]) + key + struct.pack(">I", len(value)) + value
                          for key, value in ((b"Socket-Type", kind), (b"Identity", identity)))
    body = b"\x05READY" + properties
    return header(len(body), COMMAND) + body


class RawPeer:
    """A TCP connection. `hello` is sent at once, and need not be a handshake."""

    def __init__(self, endpoint, hello=GREETING + ready(), receive_bytes=None):
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(15)
        self.socket.connect((host, int(port)))
        if hello:
            self.socket.sendall(hello)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes without a farewell: the other end sees a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        """False once the server has closed the connection."""
        try:
            self.socket.sendall(data)
            return True
        except (ConnectionError, TimeoutError):
            return False

    def read(self, size):
        """Reads this many bytes, or fewer if the connection is closed before."""
        data = b""
        try:
            while len(data) < size and (part := self.socket.recv(size - len(data))):
                data += part
        except ConnectionError:
            pass
        return data

    def read_frame(self):
        """(flags, body), or None if the connection is closed."""
        head = self.read(2)
        if len(head) < 2:
            return None
        size = head[1]
        if head[0] & LONG:
            size = int.from_bytes(head[1:] + self.read(7), "big")
        return head[0], self.read(size)

    def shake_hands(self):
        """Reads the server's half of the handshake."""
        assert len(self.read(64)) == 64
        flags, command = self.read_frame()
        assert flags & COMMAND and command.startswith(b"\x05READY"), command

    def is_closed(self, seconds):
        """Does the server close the connection in time? Reads what it says until then."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self.socket.settimeout(max(0.1, deadline - time.monotonic()))  # also when the time is over
                if not self.socket.recv(65536):
                    return True
        except ConnectionError:
            return True
        except TimeoutError:
            pass
        return False


class Bystander:
    """A client that behaves: asks without a pause on a thread of its own, and times each answer."""

    def __init__(self, endpoint, ask, *context):
        """`context`: of its connection, if not the common one."""
        self._endpoint = endpoint
        self._context = context
        self._ask = ask
        self.seconds = []
        self._failure = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            with Client(self._endpoint, None, *self._context) as client:
                while not self._stop.is_set():
                    started = time.monotonic()
                    self._ask(client)
                    self.seconds.append(time.monotonic() - started)
                    self._stop.wait(0.002)
        except BaseException as failure:  # told to the thread that owns the test
            self._failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(30)
        if self._failure:
            raise self._failure

    def has_asked(self, times):
        """Tells whether this many answers have arrived since the last call with it, or since the beginning."""
        return self._failure is not None or len(self.seconds) >= times

    def median(self, first=0, last=None):
        """The median time of its answers from number `first` to before `last`."""
        return statistics.median(self.seconds[first:last])

    def median_of_next(self, count):
        first = len(self.seconds)
        until(lambda: self.has_asked(first + count), what=f"{count} more answers")
        return self.median(first, first + count)


def descriptors(process):
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def limit_descriptors(process, count):
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (count, count))


def raise_own_limit():
    """The descriptors that this process may have, raised as far as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
