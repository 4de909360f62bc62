"""The filter of system calls of a systemd unit, for programs that systemd does not start.

    unit_filter.py FILTER PROGRAM [ARGUMENT...]    runs the program under a filter that write_programs() has compiled"""

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
INSTRUCTION_BYTES = 8  # struct sock_filter


def write_programs(built, folder, units):
    """Fills the folder with the programs of `built`. A program that `units` maps to a unit runs under its filter."""
    for program in built.iterdir():
        unit = units.get(program.name)
        if unit is None:
            (folder / program.name).symlink_to(program)
            continue
        compiled = folder / f"{program.name}.bpf"
        with open(compiled, "wb") as out:
            _filter_of(unit).export_bpf(out)
        (folder / program.name).write_text(
            f"#!/bin/sh\nexec /usr/bin/python3 -ISB {Path(__file__).resolve()} {compiled} {program} \"$@\"\n",
            encoding="utf-8")
        (folder / program.name).chmod(0o755)


def _filter_of(unit):
    """As in the unit, a system call that is not allowed fails with EPERM (SystemCallErrorNumber)."""
    import seccomp  # Debian's python3-seccomp; only this function needs it

    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in sorted(allowed_by(unit.read_text(encoding="utf-8"))):
        try:
            rules.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, ValueError):  # another architecture's
            continue
    return rules


def allowed_by(unit_text):
    """The names of the system calls: the first line of SystemCallFilter begins the list, a line with ~ removes."""
    lines = [line.partition("=")[2] for line in unit_text.splitlines() if line.startswith("SystemCallFilter=")]
    allowed = _calls(["@default"])  # systemd always allows these
    for line in lines:
        calls = _calls(line.removeprefix("~").split())
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


def _calls(names):
    """The system calls that names and groups (@NAME) stand for."""
    calls = set()
    for name in names:
        if not name.startswith("@"):
            calls.add(name)
            continue
        shown = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", name], check=True,
                               stdout=subprocess.PIPE, text=True).stdout
        lines = [line.strip() for line in shown.splitlines()[1:]]
        calls |= _calls([line for line in lines if line and not line.startswith("#")])
    return calls


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def _apply(compiled):
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(compiled) // INSTRUCTION_BYTES, compiled)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
                                                                 ctypes.byref(program)):
        raise OSError(ctypes.get_errno(), "the filter of system calls cannot be set")


if __name__ == "__main__":
    _apply(Path(sys.argv[1]).read_bytes())
    os.execv(sys.argv[2], sys.argv[2:])
