"""The office: colleagues who send commands at the same time, and every reply to them."""

import time

from tests_py.harness.runs.crash_load import COME_AGAIN
from tests_py.harness.wire import Client, only_body

COLLEAGUES = 4
TRIES_MAX = 20


class Command:
    """`again(command, reply)`, if it is there, is called with a CONFLICT, and returns the next command or None."""

    __slots__ = ("again", "final", "message", "replies", "sent_at")

    def __init__(self, message, again=None):
        self.message = message
        self.again = again
        self.replies = []
        self.final = None  # the first reply that is no status for a retry
        self.sent_at = None  # when it was sent first, by time.time()

    @property
    def status(self):
        return self.final["status"]

    @property
    def hold_seconds(self):
        return self.message["hold-seconds"]


def decide_again(desk, change):
    """For a CONFLICT: the same change on the facts of the reply. `change(facts)`: the fields that differ, or None."""
    tries = []

    def again(command, reply):
        tries.append(reply)
        fields = change(reply)
        if fields is None or len(tries) > TRIES_MAX:
            return None
        message = {name: value for name, value in command.message.items()
                   if name not in ("dti-command", "command", "command-id", "semester", "expects", "actor")}
        return desk.command(command.message["command"], command.message["semester"], reply["seq"], again, **{**message, **fields})
    return again


class Desk:
    """The commands of a round by command-id, and the connections of the colleagues to one server process."""

    def __init__(self):
        self._clients = []
        self._turn = 0
        self._again = []  # command-ids that got a status for a retry
        self.by_id = {}
        self.waiting = {}  # command-id -> Command: sent, and not answered yet
        self.under_way = 0  # messages without a reply
        self.must_repeat = True  # each reply to a copy says what the first one says
        self.new_answers = []  # (Command, reply) that were not compared with the ledger yet
        self.faults = []  # what may not be, as (kind, sentence)

    def command(self, verb, semester, expects, again=None, **more):
        """A command with a command-id of its own that is not sent yet. "_" in a name of `more` stands for "-"."""
        command_id = f"c{len(self.by_id) + 1}"
        message = {"dti-command": 1, "command": verb, "command-id": command_id, "semester": semester, "expects": expects,
                   "actor": "local/1000", **{name.replace("_", "-"): value for name, value in more.items()}}
        if verb == "open-semester":
            del message["expects"]
        self.by_id[command_id] = Command(message, again)
        return command_id

    def connect(self, path):
        """To a server that has just started: what was not answered is sent again."""
        self._clients = [Client(f"ipc://{path}") for _ in range(COLLEAGUES)]
        for command_id in list(self.waiting):
            self.send(command_id)

    def disconnect(self):
        """After the server's end: takes what it had still answered."""
        self.receive()
        for client in self._clients:
            client.__exit__()
        self._clients = []
        self._again = []
        self.under_way = 0

    def send(self, command_id, copies=1):
        command = self.by_id[command_id]
        if command.final is None:
            self.waiting[command_id] = command
            command.sent_at = command.sent_at or time.time()
        for _ in range(copies):
            self._turn += 1
            self.under_way += 1
            self._clients[self._turn % COLLEAGUES].send(command.message)

    def receive(self):
        """Takes what has come. Commands that got a status for a retry are sent again, and so are the next ones of those that
        got a CONFLICT."""
        again, self._again = self._again, []
        for command_id in again:
            self.send(command_id)
        for client in self._clients:
            while (frames := client.receive_if_any()) is not None:
                self.under_way -= 1
                self._on_reply(only_body(frames))

    def _on_reply(self, reply):
        command_id = reply["command-id"]
        command = self.by_id[command_id]
        if reply["status"] in COME_AGAIN:
            self._again.append(command_id)
            return
        command.replies.append(reply)
        self.new_answers.append((command, reply))
        if command.final is not None:
            differs = command.status != reply["status"] and self.must_repeat
            if differs or (command.status == reply["status"] == "OK" and command.final["seq"] != reply["seq"]):
                self.faults.append(("changed", f"{command.message} got {command.final}, and a copy of it {reply}"))
            return
        command.final = reply
        self.waiting.pop(command_id, None)
        if command.again and reply["status"] == "CONFLICT":
            if next_id := command.again(command, reply):
                self.send(next_id)
