"""A connection to one server. The ServerConnection of src/transport/zeromq in Python."""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable
from dataclasses import dataclass

import zmq

from .keys import Lock
from .lookup import Lookup
from .wire import body_of

_REPLY_BYTES_MAX = 4 * 1024 * 1024  # libzmq closes the connection if the server sends a larger frame
_RECEIVE_MAX = 64  # messages that were not read yet; others wait in the server's TCP
_HANDSHAKE_MS = 5_000
# Longer than any connection is kept after it failed. Not -1: then libzmq does not report every failure.
_NEVER_MS = 3_600_000
_LOOKUP_LIFETIME = 5.0  # seconds, of the result of a lookup that outlived its attempt

_EVENTS = (zmq.EVENT_CONNECTED | zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED
           | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
           | zmq.EVENT_HANDSHAKE_FAILED_AUTH)


def split_host_port(text: str) -> tuple[str, int]:
    """`10.0.0.1:6000`, `dti.example:6000` or `[fd00::1]:6000`, as host and port. Raises ValueError with a sentence."""
    host, _, digits = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]") and len(host) > 2
    is_port = digits.isascii() and digits.isdigit() and len(digits) <= 5 and 0 < int(digits) <= 65_535
    is_name = host.isprintable() and not any(sign.isspace() for sign in host)
    if not host or not is_name or not is_port or (not bracketed and any(sign in host for sign in ":[]")):
        raise ValueError(f"{text!r} is not HOST:PORT (an IPv6 address stands in brackets: [fd00::1]:6000)")
    return (host[1:-1] if bracketed else host), int(digits)


@dataclass(frozen=True, slots=True)
class Connected:
    """The connection is established."""


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no connection. Messages that were sent will get no reply."""

    reason: str  # a clause with the address: `10.0.0.1:6000 refused the connection`


class _State(enum.Enum):
    IDLE = enum.auto()
    LOOKING_UP = enum.auto()
    CONNECTING = enum.auto()
    CONNECTED = enum.auto()


class _Dealer:
    """A socket that connects once to one address, and the events of its connection."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], address: str, lock: Lock | None) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.events: zmq.Socket[bytes] | None = None
        try:
            if lock is not None:
                self.socket.setsockopt(zmq.CURVE_PUBLICKEY, lock.public)
                self.socket.setsockopt(zmq.CURVE_SECRETKEY, lock.secret)
                self.socket.setsockopt(zmq.CURVE_SERVERKEY, lock.server)
            self._connect(address)
        except BaseException:
            self.close()
            raise

    def _connect(self, address: str) -> None:
        options = {
            zmq.MAXMSGSIZE: _REPLY_BYTES_MAX,
            zmq.SNDHWM: 0,  # the callers limit how much is in progress
            zmq.RCVHWM: _RECEIVE_MAX,
            zmq.LINGER: 0, zmq.HANDSHAKE_IVL: _HANDSHAKE_MS,
            zmq.RECONNECT_IVL: _NEVER_MS,  # the owner decides when to connect again, and where
            zmq.TCP_KEEPALIVE: 1, zmq.TCP_KEEPALIVE_IDLE: 30, zmq.TCP_KEEPALIVE_INTVL: 10, zmq.TCP_KEEPALIVE_CNT: 3,
            zmq.IPV6: int(address.startswith("[")),
        }
        for option, value in options.items():
            self.socket.setsockopt(option, value)
        self.events = self.socket.get_monitor_socket(_EVENTS)
        self.socket.connect(f"tcp://{address}")

    def next_event(self) -> int | None:
        try:
            assert self.events is not None
            frames = self.events.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        event: int = struct.unpack_from("=H", frames[0])[0]
        return event

    def close(self) -> None:
        if self.events is not None:
            self.socket.disable_monitor()
            self.events.close(0)
        self.socket.close(0)


class ServerConnection:
    """A client's connection to HOST:PORT. It keeps no message for a later connection.

    The host's name is looked up, and its addresses are tried one at a time until one of them completes a ZeroMQ
    handshake. The address that was used last is tried last. Thread: one.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], host_port: str, try_time: float,
                 wake: Callable[[], None], lock: Lock | None = None) -> None:
        """try_time: seconds, of a lookup and of each address. wake: called in any thread when update() has something to
        do. lock: for a secured endpoint. Raises ValueError if that is no HOST:PORT."""
        self._context = context
        self._host, self._port = split_host_port(host_port)
        self._try_time = try_time
        self._wake = wake
        self._lock = lock

        self._state = _State.IDLE
        self._fault: str | None = None  # why there is no connection; not told yet
        self._deadline = 0.0  # of the lookup, or of the attempt to connect

        self._lookup: Lookup | None = None  # may outlive its attempt, and serves the next one then
        self._lookup_started = 0.0
        self._addresses: list[str] = []  # that were not tried yet
        self._skipped: list[str] = []  # the addresses that failed since the connection was last wanted, and why
        self._address = ""  # of the latest attempt
        self._is_accepted = False  # the TCP connection of the dealer stands
        self._dealer: _Dealer | None = None

    def connect(self, now: float) -> None:
        """Begins to make a connection, unless one is established or being made. update() returns Connected or Lost."""
        if self._state is _State.IDLE and self._fault is None:
            self._skipped = []
            self._look_up(now)

    def send(self, body: bytes) -> bool:
        """Sends a message over the established connection. Never blocks. False: there is none; nothing was sent."""
        if self._state is not _State.CONNECTED or self._dealer is None:
            return False
        try:
            self._dealer.socket.send(body, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self) -> bytes | None:
        """The body of the server's next message, if there is one; also after the connection was lost, until reset()."""
        if self._dealer is None:
            return None
        try:
            return body_of(self._dealer.socket.recv_multipart(zmq.NOBLOCK))
        except zmq.Again:
            return None

    def reset(self) -> None:
        """Ends the connection, or the attempt to make one. update() does not report this."""
        self._close_dealer()
        self._fault = None
        self._state = _State.IDLE

    def update(self, now: float) -> Connected | Lost | None:
        """Goes on, and says what happened. To be called until nothing did, when a socket is ready and at wake_at()."""
        if self._state is _State.LOOKING_UP:
            self._take_lookup(now)
        if self._state is _State.CONNECTING and self._follow_attempt(now):
            self._state = _State.CONNECTED
            return Connected()
        while self._state is _State.CONNECTED and self._dealer is not None:
            event = self._dealer.next_event()
            if event is None:
                break
            if event == zmq.EVENT_DISCONNECTED:
                self._fail(f"the connection to {self._address} was closed")
        if self._fault is None:
            return None
        fault, self._fault = self._fault, None
        return Lost(fault)

    def sockets(self) -> list[zmq.Socket[bytes]]:
        """Which of them wake the caller when there is something to read."""
        if self._dealer is None or self._dealer.events is None or self._state is _State.IDLE:
            return []
        return [self._dealer.socket, self._dealer.events]

    def wake_at(self) -> float | None:
        """When update() must be called; None: not before a socket is ready or wake() is called."""
        if self._fault is not None:
            return float("-inf")
        return self._deadline if self._state in (_State.LOOKING_UP, _State.CONNECTING) else None

    def _look_up(self, now: float) -> None:
        """For each attempt: another system may have the addresses that the name had before."""
        self._state = _State.LOOKING_UP
        self._deadline = now + self._try_time
        is_old = now - self._lookup_started > _LOOKUP_LIFETIME
        if self._lookup is None or (self._lookup.is_done() and is_old):
            try:
                self._lookup = Lookup(self._host, self._port, self._wake)
            except RuntimeError as error:  # no thread can be started
                self._fail(str(error))
                return
            self._lookup_started = now
        self._take_lookup(now)

    def _take_lookup(self, now: float) -> None:
        assert self._lookup is not None
        if not self._lookup.is_done():
            if now >= self._deadline:
                self._fail(f"the name {self._host} was not resolved within {self._try_time:g} s")
            return
        lookup, self._lookup = self._lookup, None
        if lookup.fault is not None:
            self._fail(f"the name {self._host} cannot be resolved: {lookup.fault}")
            return
        self._addresses = lookup.addresses
        # The one that was tried last comes last: behind a balancer, or a server that is silent, the next may be better.
        if self._address in self._addresses:
            after = self._addresses.index(self._address) + 1
            self._addresses = self._addresses[after:] + self._addresses[:after]
        self._try_next_address(now)

    def _try_next_address(self, now: float) -> None:
        self._close_dealer()
        if not self._addresses:
            self._fail("; ".join(self._skipped))
            return
        self._address = self._addresses.pop(0)
        self._is_accepted = False
        self._state = _State.CONNECTING
        self._deadline = now + self._try_time
        try:
            self._dealer = _Dealer(self._context, self._address, self._lock)
        except zmq.ZMQError as error:  # no descriptor is left
            self._fail(f"cannot connect to {self._address}: {error}")

    def _follow_attempt(self, now: float) -> bool:
        """Takes the events of the attempt to connect. Did it succeed?"""
        while self._dealer is not None and (event := self._dealer.next_event()) is not None:
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return True
            if event == zmq.EVENT_CONNECTED:
                self._is_accepted = True
            elif event == zmq.EVENT_CONNECT_RETRIED:
                self._skip_address("refused the connection, or cannot be reached", now)
                return False
            else:
                self._skip_address(self._why_failed(event), now)
                return False
        if now >= self._deadline:
            self._skip_address(("did not prove its key" if self._is_accepted and self._lock else
                                "accepted the connection but did not complete the ZeroMQ handshake"
                                if self._is_accepted else "did not answer the attempt to connect")
                               + f" within {self._try_time:g} s", now)
        return False

    def _why_failed(self, event: int) -> str:
        if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            return "refused the key of key_file: the key list of that server does not have its public half"
        if self._lock is not None:
            return "did not prove its key: it has another one than server_keys, or is not a secured endpoint"
        return ("closed the connection during the ZeroMQ handshake: it is no ZeroMQ peer, forwards to none, or is a "
                "secured endpoint (key_file, server_keys)")

    def _skip_address(self, reason: str, now: float) -> None:
        self._skipped.append(f"{self._address} {reason}")
        self._try_next_address(now)

    def _fail(self, reason: str) -> None:
        if self._state is not _State.CONNECTED:
            self._close_dealer()
        self._state = _State.IDLE
        self._fault = reason

    def _close_dealer(self) -> None:
        if self._dealer is not None:
            self._dealer.close()
            self._dealer = None
