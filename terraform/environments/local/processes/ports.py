"""A port of 127.0.0.1 for each server and faculty: chosen once, and kept in DIRECTORY/NAME.port.
The key of the process, DIRECTORY/NAME.key, stays as long."""

import contextlib
import fcntl
import os
import random
import socket
from pathlib import Path

from system import Failure

FIRST, LAST = 1024, 65535


def reserve(file):
    with locked(file.parent):
        if not file.exists():
            temporary = file.with_suffix(".new")
            temporary.write_text(f"{_free_port(set(_taken(file.parent)))}\n")
            temporary.rename(file)
    return f"{file.stem}: port {file.read_text().strip()}"


def release(file):
    file.unlink(missing_ok=True)
    file.with_suffix(".key").unlink(missing_ok=True)
    return f"{file.stem}: the port is released"


@contextlib.contextmanager
def locked(folder):
    """Terraform works at several processes at once. A folder that was removed by hand needs no lock."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _taken(folder):
    for file in folder.glob("*.port"):
        with contextlib.suppress(FileNotFoundError):  # it was released meanwhile
            yield int(file.read_text())


def _free_port(taken):
    """Not one of those that the kernel gives to connections: it must stay free while its process is stopped."""
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    candidates = [port for port in range(FIRST, LAST + 1) if not first <= port <= last and port not in taken]
    for port in random.sample(candidates, len(candidates)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise Failure("no TCP port of 127.0.0.1 is free")
