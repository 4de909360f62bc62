"""One process of the environment and its folder, DIRECTORY/NAME:

  description.json  what start got from Terraform; repair starts the process with it again
  log, log.1        the output of the process and of its supervisor, and what was cut off it
  announcement      the last line in which the process said that it is ready, once the log was cut
  ready             exists while the supervisor runs and the process is ready
  starter.pid       the command start, while it works. It removes the file when the process is ready
  process.pid       the process. Its supervisor is found by its command, also if this folder was removed"""

import contextlib
import json
import os
import shutil
from pathlib import Path

from kinds import KINDS
from log import Log
from system import Failure, PidFile


class Instance:
    def __init__(self, description):
        self.description = description
        self.name = description["name"]
        self.kind = KINDS[description["kind"]]
        self.folder = Path(description["directory"]) / self.name
        self.log = Log(self.folder, self.kind.announcement)
        self.starter = PidFile(self.folder / "starter.pid")
        self.process = PidFile(self.folder / "process.pid")
        self._ready = self.folder / "ready"
        self._note = self.folder / "description.json"

    @staticmethod
    def read(folder):
        try:
            return Instance(json.loads((folder / "description.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError):
            raise Failure(f"{folder}/description.json is missing or damaged. Find the address of {folder.name} with: "
                          "terraform state list, and replace it with: terraform apply -replace='ADDRESS'") from None

    def has_this_description(self):
        return self._note.exists() and Instance.read(self.folder).description == self.description

    def make_folder(self):
        if not self._note.exists():
            with contextlib.suppress(OSError):
                self.folder.rmdir()  # empty, if a start was interrupted here
            try:
                self.folder.mkdir()
            except FileExistsError:
                raise Failure(f"{self.folder} exists, and this environment did not make it. Move it away, or name "
                              "another folder: terraform apply -var directory=PATH") from None
        temporary = self.folder.with_suffix(".new")  # beside the folder, which stays empty until it is ours
        temporary.write_text(json.dumps(self.description, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.rename(self._note)

    def remove_folder(self):
        """The description, which says that the folder is ours, goes last: an interrupted removal can be repeated."""
        if self._note.exists():
            for path in self.folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path != self._note:
                    path.unlink()
            self._note.unlink()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def mark_ready(self):
        """A link through the supervisor's entry in /proc. It leads nowhere as soon as the supervisor has ended; a later
        process with the same id has another current folder."""
        temporary = self._ready.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(f"/proc/{os.getpid()}/cwd/{self._note.name}")
        temporary.rename(self._ready)

    def mark_not_ready(self):
        self._ready.unlink(missing_ok=True)

    def is_ready(self):
        try:
            return self._ready.exists()
        except PermissionError:  # the process with that id belongs to another user
            return False


def left_in(directory):
    """To end and remove them, also if their descriptions are damaged. In the order in which they end."""
    names = [note.parent.name for note in directory.glob("*/description.json")]
    return [Instance({"directory": str(directory), "name": name, "kind": "database" if name == "database" else "server"})
            for name in sorted(names, key=lambda name: (name == "database", name))]


def instances_of(directory):
    """In the order in which they start."""
    found = [Instance.read(note.parent) for note in sorted(directory.glob("*/description.json"))]
    order = list(KINDS)
    return sorted(found, key=lambda instance: order.index(instance.description["kind"]))
