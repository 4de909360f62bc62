"""A ServerClient on a virtual clock, with what it did so far, sorted by kind."""

from random import Random

from dti_client.actions import ClientRequest, ConnectServer, NotKnown, ResetServer, SendTry, ServerReply
from dti_client.messages import Status
from dti_client.server_client import ServerClient, ServerClientOptions
from dti_client.wire import RequestError

SERVERS = ("a:1", "b:2", "c:3")
BUDGET = 25.0


def options(count, retries=10):
    return ServerClientOptions(SERVERS[:count], retries=retries)


class Machine:
    """Each request has two parts. A connection is established as soon as it is wanted, unless there are no servers."""

    def __init__(self, options, seed=1, servers_are_there=True):
        self.client = ServerClient(options, Random(seed).random)
        self.start = self.now = 1000.0
        self.budget = BUDGET
        self.servers_are_there = servers_are_there
        self.requests = {}
        self.answered, self.not_known = [], []  # one entry for each outcome
        self.sent, self.resets, self.logged = [], [], []  # sent: (server, token, time)
        self.wanted = []  # servers to which a connection is wanted
        self._may_repeat = options.may_repeat
        self._connected = set()

    def send(self, token, semester="2025-10"):
        self.requests[token] = ClientRequest(f"request-{token}", (f"first-of-{token}", f"second-of-{token}"), semester)
        self.client.send(token, self.requests[token], self.now + self.budget, self.now)
        self._collect()

    def reply(self, server, reply):
        match = self.client.on_reply(server, reply, self.now)
        if match and match.is_over:
            self.answered.append(match.token)
        self._collect()
        return match

    def answer(self, server, token):
        return self.reply(server, ServerReply(parts=[(part, Status.OK) for part in self.requests[token].program_ids]))

    def refuse(self, server, token, status, retry_after=None, leader=""):
        parts = [(part, status) for part in self.requests[token].program_ids]
        return self.reply(server, ServerReply(RequestError(status, "", retry_after, leader), parts))

    def connect(self, server):
        self._connected.add(server)
        self.client.on_connected(server, self.now)
        self._collect()

    def lose(self, server):
        self._connected.discard(server)
        self.client.on_connection_lost(server, "the connection was closed", self.now)
        self._collect()

    def give_up_all(self):
        self.client.give_up_all("the owner is stopping")
        self._collect()

    def forget(self, token):
        self.client.forget(token)
        self._collect()

    def pass_time(self, seconds):
        """Moves the clock, and wakes the client exactly when it wants to be."""
        until = self.now + seconds
        while (at := self.client.wake_at()) is not None and at <= until + 1e-9:
            self.now = max(self.now, at)
            self.client.on_tick(self.now)
            self._collect()
        self.now = max(self.now, until)

    @property
    def waits(self):
        return not self.answered and not self.not_known

    @property
    def elapsed(self):
        return self.now - self.start

    @property
    def servers_asked(self):
        return [server for server, _, _ in self.sent]

    def _collect(self):
        while actions := self.client.take_actions():
            for action in actions:
                self._carry_out(action)

    def _carry_out(self, action):
        if isinstance(action, SendTry):
            assert action.server in self._connected, "a request is sent over an established connection only"
            assert action.token not in [*self.answered, *(outcome.token for outcome in self.not_known)]
            assert self._may_repeat or action.token not in [token for _, token, _ in self.sent]
            self.sent.append((action.server, action.token, self.now))
        elif isinstance(action, ConnectServer):
            self.wanted.append(action.server)
            if self.servers_are_there and action.server not in self._connected:
                self._connected.add(action.server)
                self.client.on_connected(action.server, self.now)
        elif isinstance(action, ResetServer):
            self.resets.append(action.server)
            self._connected.discard(action.server)
        elif isinstance(action, NotKnown):
            self.not_known.append(action)
        else:
            self.logged.append(action)
