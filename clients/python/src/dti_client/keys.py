"""Keys for secured endpoints: the key file that `dtictl key new` makes, and public keys of servers."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field

import zmq
from zmq.utils import z85

_KEY = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Lock:
    """What a client needs for a secured endpoint. Each key has 32 bytes."""

    public: bytes
    secret: bytes = field(repr=False)
    server: bytes  # only a server that proves this key gets messages


def make_locks(key_file: str | os.PathLike[str] | None, server_keys: str | Iterable[str] | None,
               server_count: int) -> list[Lock] | None:
    """A lock for each server; None for plain connections. Raises ValueError or OSError with a sentence."""
    if key_file is None and server_keys is None:
        return None
    if key_file is None or server_keys is None:
        raise ValueError("key_file and server_keys: give both, or none for plain connections")
    keys = server_keys.split(",") if isinstance(server_keys, str) else list(server_keys)
    if len(keys) == 1:
        keys *= server_count
    if len(keys) != server_count:
        raise ValueError(f"server_keys: {len(keys)} keys for {server_count} servers; give one for all, or one for each")
    public, secret = _read_key_file(key_file)
    return [Lock(public, secret, _server_key(key)) for key in keys]


def _server_key(text: object) -> bytes:
    key = _key(text, "server_keys")
    if not any(key):
        raise ValueError("server_keys: this number is the public half of no key")
    return key


def _key(text: object, what: str) -> bytes:
    if not isinstance(text, str) or not _KEY.fullmatch(text):
        raise ValueError(f"{what}: not 64 hexadecimal digits")  # the text may be a secret
    return bytes.fromhex(text)


def _read_key_file(path: str | os.PathLike[str]) -> tuple[bytes, bytes]:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        is_own = status.st_uid == os.geteuid()
        forbidden = 0o077 if is_own else 0o037  # a file of root may serve the group of a service
        if not stat.S_ISREG(status.st_mode) or status.st_mode & forbidden or (not is_own and status.st_uid != 0):
            raise ValueError(f"{os.fspath(path)}: others may use the key file, or it is no regular file: chmod 600")
        text = file.read(16 * 1024)
    try:
        values = tomllib.loads(text.decode())
    except ValueError:
        raise ValueError(f"{os.fspath(path)}: not a key file") from None  # the cause may quote the secret
    public = _key(values.get("public"), f"{os.fspath(path)}: public")
    secret = _key(values.get("secret"), f"{os.fspath(path)}: secret")
    if z85.decode(zmq.curve_public(z85.encode(secret))) != public:
        raise ValueError(f"{os.fspath(path)}: public does not belong to secret")
    return public, secret
