"""The filter of system calls of a systemd unit, for programs that systemd does not start."""

import errno
import struct
import subprocess
import tempfile

# It opens no file and is linked statically, so that it also starts a program under a limit that is too low for it.
STARTER = """
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
static struct sock_filter instructions[] = {%s};
static struct sock_fprog filter = {sizeof instructions / sizeof *instructions, instructions};
int main(int count, char** words) {
  (void)count;
  words[0] = "%s";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0) {
    execv(words[0], words);
  }
  perror(words[0]);
  return 125;
}
"""


def write_programs(built, folder, units):
    """Fills the folder with the programs of `built`. A program that `units` maps to a unit runs under its filter."""
    for program in built.iterdir():
        unit = units.get(program.name)
        if unit is None:
            (folder / program.name).symlink_to(program)
            continue
        with tempfile.TemporaryFile() as compiled:
            _filter_of(unit).export_bpf(compiled)
            compiled.seek(0)
            instructions = ",".join("{%d,%d,%d,%du}" % it for it in struct.iter_unpack("=HBBI", compiled.read()))
        subprocess.run(["cc", "-x", "c", "-static", "-o", folder / program.name, "-"], check=True, encoding="utf-8",
                       input=STARTER % (instructions, program))


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
