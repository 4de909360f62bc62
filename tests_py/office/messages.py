"""Commands of the office: the messages, and the programs that send them."""

from tests_py.harness.process import run
from tests_py.harness.scenario import SEMESTER
from tests_py.harness.wire import Client

PROGRAM = {"faculty": "Derecho", "program": "Derecho Civil"}
ABOUT_PROGRAM = ("--faculty=Derecho", "--program=Derecho Civil")


def command(verb, expects=None, command_id="c-1", **more):
    """The message; the values of `more` replace and add fields, with "_" for "-"."""
    message = {"dti-command": 1, "command": verb, "command-id": command_id, "semester": SEMESTER}
    if expects is not None:
        message["expects"] = expects
    return message | {name.replace("_", "-"): value for name, value in more.items()}


class SocketFile(Client):
    """A peer at the socket file in a folder."""

    def __init__(self, folder):
        super().__init__(f"ipc://{folder}/admin")

    def order(self, verb, expects=None, actor="local/1000", **more):
        """The reply to a command."""
        return self.ask(command(verb, expects, **{"actor": actor, **more}))


def change(folder, *args, admin, semester=SEMESTER, seconds=60):
    """`dtictl grant release …` at a socket file: its exit code, stdout and stderr."""
    return run(folder, "dtictl", *args[:2], f"--semester={semester}", f"--admin={admin}", *args[2:], seconds=seconds)
