"""The filter of system calls that `scripts/test filter` takes from a unit."""

import errno
import os
import shutil
import subprocess

import pytest

from scripts.commands.unit_filter import allowed_by, write_programs

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
UNIT = "[Service]\nSystemCallFilter=@timer @chown\nSystemCallFilter=~@chown alarm\nSystemCallFilter=fchownat\n"


def test_the_lines_of_a_unit_add_system_calls_and_remove_them():
    allowed = allowed_by(UNIT)
    assert {"timer_create", "fchownat", "execve"} <= allowed  # execve: of @default
    assert not {"alarm", "chown", "socket"} & allowed


def test_only_the_programs_of_units_run_under_their_filter(tmp_path):
    pytest.importorskip("seccomp", reason="there is no python3-seccomp")
    built, folder, unit = tmp_path / "built", tmp_path / "bin", tmp_path / "unit"
    built.mkdir(), folder.mkdir()
    unit.write_text("SystemCallFilter=@system-service\nSystemCallFilter=~@chown\n", encoding="ascii")
    for name in ("filtered", "other"):
        shutil.copy("/bin/chown", built / name)
    write_programs(built, folder, {"filtered": unit})
    chowned = tmp_path / "file"
    chowned.touch()

    def chown(program):
        return subprocess.run([folder / program, str(os.getuid()), chowned], env={"LC_ALL": "C"}, capture_output=True,
                              text=True, timeout=60)

    assert chown("other").returncode == 0
    assert os.strerror(errno.EPERM) in chown("filtered").stderr
