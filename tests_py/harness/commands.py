"""Runs the commands of a page as they are written there. Only names and paths of an installation are replaced."""

import os
import re
import subprocess

from tests_py.harness.process import HANG_SECONDS, ROOT, binary, clean_environment


def blocks_of(page, heading):
    """The blocks of commands below a heading, to the next heading: lists of commands, each on one line."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.count(f"\n{heading}\n") == 1, heading
    section = re.split(r"^#+ ", text.split(f"\n{heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    blocks = [re.sub(r" *\\\n *", " ", block).splitlines() for block in re.findall(r"^```sh\n(.*?)^```$", section,
                                                                                     re.MULTILINE | re.DOTALL)]
    assert blocks, f"{heading} has no commands"
    return blocks


# How the pages may call `install`: the users, groups and modes of an installation.
INSTALLS = ("-o dti -g dti -m 600", "-o root -g root -m 600", "-o root -g root -m 644", "-o postgres -g postgres -m 600",
            "-d -o dti -g dti -m 750", "-d -o postgres -g postgres -m 700",
            "-d -o root -g root -m 700")
# Only PostgreSQL's user must exist here, and only root can give it a file.
INSTALL = f"""case "$*" in
{"|".join(f'"{form} "*' for form in INSTALLS)}) ;;
*) echo "a page may begin install with one of: {', '.join(INSTALLS)}; not: install $*" >&2; exit 2 ;;
esac
directory= owner=
if [ "$1" = -d ]; then directory=-d; shift; fi
if [ "$2" = postgres ] && [ "$(id -u)" = 0 ]; then owner='-o postgres -g postgres'; fi
mode=$6
shift 6
exec /usr/bin/install $directory $owner -m "$mode" "$@"
"""


class Commands:
    """Runs commands of a page. `names`: what stands in the page -> what it is here. `services`: what `systemctl` does."""

    def __init__(self, folder, names, services):
        self._folder = folder
        self.names = dict(names)  # the first names first: one may be a part of another
        self._services = services
        # As the programs of an installation, in a folder of their own.
        self._tools = folder / "tools"
        self._tools.mkdir()
        for name in ("dtictl", "dti_server"):
            (self._tools / name).symlink_to(binary(name))
        postgres = 'exec runuser -u postgres -- "$@"' if os.geteuid() == 0 else 'exec "$@"'
        self._write("sudo", f'user=$2; shift 2\nif [ "$user" = postgres ]; then {postgres}; fi\nexec "$@"')
        self._write("install", INSTALL)

    def _write(self, name, text):
        (self._tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (self._tools / name).chmod(0o755)

    def run(self, commands, environment=(), typed=""):
        """The outputs of the commands, in order. Each must succeed. `typed`: what they read from the terminal, or stdin."""
        outputs = []
        for command in commands:
            if service := re.fullmatch(r"systemctl (\w+) ([\w@-]+)", command):
                self._services[service[2]](service[1])
                continue
            for name, here in self.names.items():
                command = command.replace(name, str(here))
            variables = {**clean_environment(self._folder), **dict(environment)}
            variables["PATH"] = f"{self._tools}:{os.environ['PATH']}"
            result = subprocess.run(["/bin/bash", "-c", f"set -o pipefail; {command}"], cwd="/", env=variables,
                                    input=typed, capture_output=True, text=True, timeout=4 * HANG_SECONDS,
                                    start_new_session=True)  # no terminal
            assert result.returncode == 0, (command, result.stdout, result.stderr)
            outputs.append(result.stdout)
        return outputs
