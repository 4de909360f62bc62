"""Looks up the addresses of a host name."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable


class Lookup:
    """The addresses of HOST:PORT, IPv4 and IPv6, in the resolver's order.

    A lookup can take half a minute and cannot be interrupted. It therefore runs in a thread of its own, and no thread
    waits for it. An address instead of a name is read at once.
    """

    def __init__(self, host: str, port: int, on_done: Callable[[], None]) -> None:
        """on_done: called in any thread when is_done() becomes true; must not raise."""
        self._host = host
        self._port = port
        self._on_done = on_done
        self._done = threading.Event()
        # Written before _done is set, and read afterwards.
        self.addresses: list[str] = []  # as ZeroMQ takes them: `10.0.0.1:6000`, `[fd00::1]:6000`
        self.fault: str | None = None  # why there is no address: a clause
        if _is_address(host):
            self._find()
        else:
            threading.Thread(target=self._find, name="dti-client-lookup", daemon=True).start()

    def is_done(self) -> bool:
        """Thread: any."""
        return self._done.is_set()

    def _find(self) -> None:
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            self.addresses = [_text(family, address) for family, _, _, _, address in found
                              if family in (socket.AF_INET, socket.AF_INET6)]
            if not self.addresses:
                self.fault = "it has no address"
        except (OSError, ValueError) as error:  # ValueError: the name cannot be one
            self.fault = getattr(error, "strerror", None) or str(error)
        finally:
            self._done.set()
            self._on_done()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _text(family: int, address: tuple[object, ...]) -> str:
    host, port = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)  # type: ignore[arg-type]
    return f"[{host}]:{port}" if family == socket.AF_INET6 else f"{host}:{port}"
