"""Peers that do not behave: ZMTP 3.0 written by hand on plain TCP, so that anything can be left out or said wrongly.
https://rfc.zeromq.org/spec/26/ has the handshake with keys."""

import contextlib
import ctypes
import ctypes.util
import os
import resource
import socket
import statistics
import struct
import threading
import time
from pathlib import Path

import zmq

from tests_py.harness.process import until
from tests_py.harness.wire import Client

MORE, LONG, COMMAND = 1, 2, 4
GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31)
assert len(GREETING) == 64
CURVE_GREETING = GREETING[:12] + b"CURVE".ljust(20, b"\0") + GREETING[32:]
_sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))


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

    def __init__(self, endpoint, ask, *context, **options):
        """`context`: of its connection, if not the common one. `options`: more of the Client's."""
        self._endpoint = endpoint
        self._context = context
        self._options = options
        self._ask = ask
        self.seconds = []
        self._failure = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            with Client(self._endpoint, None, *self._context, **self._options) as client:
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


class RawSender:
    """A connection that sends a block again and again, as fast as its peer reads, and skips the replies."""

    def __init__(self, endpoint, block):
        self._socket = RawPeer(endpoint).socket
        self._socket.setblocking(False)
        self._block, self._rest = block, b""

    def send(self):
        """Sends what can be sent now; False once the connection is closed."""
        try:
            data = self._rest or self._block
            self._rest = data[self._socket.send(data):]
            while self._socket.recv(1 << 20):
                pass
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def close(self):
        self._socket.close()


class KeySender:
    """The same with a key: a DEALER, which connects again by itself."""

    def __init__(self, endpoint, message, count, prepare):
        """`count`: messages of one send(). `prepare`: called with the socket before it connects."""
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.reconnect_ivl = 1
        prepare(self._socket)
        self._socket.connect(endpoint)
        self._message, self._count = message, count

    def send(self):
        with contextlib.suppress(zmq.Again):
            for _ in range(self._count):
                self._socket.send(self._message, zmq.NOBLOCK)
        with contextlib.suppress(zmq.Again):
            while True:
                self._socket.recv(zmq.NOBLOCK)
        return True

    def close(self):
        self._context.destroy()


def descriptors(process):
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def limit_descriptors(process, count):
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (count, count))


def raise_own_limit():
    """The descriptors that this process may have, raised as far as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _box(plain, nonce, public, secret):
    sealed = ctypes.create_string_buffer(len(plain) + 16)
    assert _sodium.crypto_box_easy(sealed, plain, ctypes.c_ulonglong(len(plain)), nonce, public, secret) == 0
    return sealed.raw


def _open(sealed, nonce, public, secret):
    plain = ctypes.create_string_buffer(len(sealed) - 16)
    assert _sodium.crypto_box_open_easy(plain, sealed, ctypes.c_ulonglong(len(sealed)), nonce, public, secret) == 0
    return plain.raw


def _new_pair():
    secret, public = os.urandom(32), ctypes.create_string_buffer(32)
    assert _sodium.crypto_scalarmult_base(public, secret) == 0
    return public.raw, secret


def command(body):
    return header(len(body), COMMAND) + body


def dealer():
    """The metadata of a DEALER."""
    return b"\x0bSocket-Type" + struct.pack("!I", 6) + b"DEALER"


class CurvePeer(RawPeer):
    """A peer that has received the server's WELCOME."""

    def __init__(self, endpoint, key, server):
        super().__init__(endpoint, hello=CURVE_GREETING)
        self._public, self._secret = bytes.fromhex(key.public), bytes.fromhex(key.secret)
        self._server = bytes.fromhex(server.public)
        self._short_public, self._short_secret = _new_pair()
        nonce = struct.pack("!Q", 1)
        signature = _box(bytes(64), b"CurveZMQHELLO---" + nonce, self._server, self._short_secret)
        self.send(command(b"\x05HELLO\x01\x00" + bytes(72) + self._short_public + nonce + signature))
        assert len(self.read(64)) == 64
        _, welcome = self.read_frame()
        assert welcome.startswith(b"\x07WELCOME"), welcome
        plain = _open(welcome[24:], b"WELCOME-" + welcome[8:24], self._server, self._short_secret)
        self._short_server, self._cookie = plain[:32], plain[32:]

    def initiate(self, metadata, cookie=None):
        """Sends the proof of the key, with this metadata."""
        nonce = os.urandom(16)
        vouch = _box(self._short_public + self._server, b"VOUCH---" + nonce, self._short_server, self._secret)
        short = struct.pack("!Q", 2)
        plain = self._public + nonce + vouch + metadata
        sealed = _box(plain, b"CurveZMQINITIATE" + short, self._short_server, self._short_secret)
        self.send(command(b"\x08INITIATE" + (cookie or self._cookie) + short + sealed))

    def is_ready(self, seconds):
        """Does the server accept the peer?"""
        self.socket.settimeout(seconds)
        try:
            answer = self.read_frame()
        except socket.timeout:
            return False
        return answer is not None and not answer[0] & ~(COMMAND | LONG) and answer[1].startswith(b"\x05READY")
