"""The keys of the servers and faculties, and the list of each server.

  DIRECTORY/NAME.key        made by the first start of the process; it stays, as the port does, when the process is replaced
  DIRECTORY/NAME/keys.toml  of a server: the faculties of the environment, and the keys of the variable `keys`"""

import contextlib
import json
import os
import re
import signal

from ports import locked
from system import PidFile


def key_file(directory, name):
    return directory / f"{name}.key"


def public_half(directory, name):
    """64 digits; None if the process has no key yet."""
    try:
        found = re.search(r'^public = "([0-9a-f]{64})"$', key_file(directory, name).read_text(), re.MULTILINE)
    except FileNotFoundError:
        return None
    return found and found[1]


def server_keys(directory, servers):
    return ",".join(filter(None, (public_half(directory, name) for name in servers)))


def write_lists(directory):
    """Writes the list of each server, and lets those whose list has changed read it again."""
    if not directory.is_dir():  # it was removed by hand
        return
    with locked(directory):
        descriptions = list(_descriptions(directory))
        faculties = [each for each in descriptions if each["kind"] == "faculty"]
        for server in (each for each in descriptions if each["kind"] == "server"):
            _write_list(directory, server, faculties)


def _write_list(directory, server, faculties):
    keys = [(each["name"], f"faculty:{each['faculty_name']}", public_half(directory, each["name"])) for each in faculties]
    keys += [(name, key["role"], key["public"]) for name, key in server.get("keys", {}).items()]
    # A name that the faculty itself refuses would make the whole list unreadable.
    text = "".join(f"[[key]]\nname = {_text(name)}\nrole = {_text(role)}\npublic = {_text(public)}\n"
                   for name, role, public in sorted(keys) if public and role.isprintable())
    folder = directory / server["name"]
    file = folder / "keys.toml"
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    temporary = folder / "keys.new"
    temporary.write_text(text, encoding="utf-8")
    temporary.rename(file)
    if pid := PidFile(folder / "process.pid").read():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)


def _text(text):
    return json.dumps(text, ensure_ascii=False)


def _descriptions(directory):
    """Those that can be read: `repair` names the others."""
    for note in directory.glob("*/description.json"):
        with contextlib.suppress(OSError, ValueError):
            description = json.loads(note.read_text(encoding="utf-8"))
            if {"name", "kind"} <= description.keys():
                yield description
