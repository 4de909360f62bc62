"""The kinds of processes: what each runs, how it says that it is ready, and how it is asked to end."""

import re
import signal
from pathlib import Path

import database
import keys
from system import Failure

CHECKOUT = Path(__file__).resolve().parents[4]
FOLDERS = (Path("/usr/bin"), CHECKOUT / "build/release/bin", CHECKOUT / "build/dev/bin")


class Program:
    """A program of dti."""

    stop_signal = signal.SIGTERM
    keeps_files = False

    def __init__(self, name, announcement):
        self._name = name
        self.announcement = re.compile(announcement)

    def prepare(self, folder, description):
        """Makes what the process needs, if it is not there; fails if the program is missing."""
        find_program(self._name, description["binaries"])
        keys.write_lists(folder.parent)

    def command(self, folder, description):
        flags = description["flags"]
        if "servers" in description:  # a faculty, which starts when they have their keys
            flags = [*flags, f"--server-key={keys.server_keys(folder.parent, description['servers'])}"]
        return ["setpriv", "--pdeathsig=TERM", "--", find_program(self._name, description["binaries"]), *flags]

    def clean_up(self, folder):
        """Removes what a killed process has left outside its folder."""


class Database:
    """A PostgreSQL cluster of its own."""

    stop_signal = signal.SIGINT  # a fast shutdown: it ends the sessions of the servers
    keeps_files = True  # until the folder of the environment is removed: a replaced process finds its data
    announcement = re.compile("database system is ready to accept connections")

    def prepare(self, folder, description):
        database.make_cluster(folder)

    def command(self, folder, description):
        return database.command(folder)

    def clean_up(self, folder):
        database.clean_up(folder)


KINDS = {  # in the order in which they start
    "database": Database(),
    "server": Program("dti_server", "^(READY|STANDBY) curve://"),
    "faculty": Program("faculty", "^READY tcp://"),
}


def find_program(name, binaries):
    folders = [Path(binaries)] if binaries else FOLDERS
    for folder in folders:
        if (folder / name).is_file():
            return str(folder / name)
    raise Failure(f"{name} is not in {', '.join(map(str, folders))}. Build it with scripts/build release in the "
                  "checkout, or name its folder: terraform apply -var binaries=FOLDER")
