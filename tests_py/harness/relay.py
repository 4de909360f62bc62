"""TCP relays: one that can cut a link at a chosen moment, and one that balances connections."""

import contextlib
import itertools
import socket
import threading


class Relay:
    """Forwards bytes both ways until the moment that cut_at() named, then closes that link. Later ones are forwarded."""

    def __init__(self, host, port):
        self._target = (host, port)
        self._lock = threading.Lock()
        self._moment = None
        self._sent = threading.Event()
        self._links = []
        self.cut = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at(self, moment):
        """`request`: the next bytes for the database do not reach it. `answer`: they do, and the reply is swallowed."""
        with self._lock:
            self._sent.clear()
            self.cut.clear()
            self._moment = moment

    def cut_now(self):
        self.cut.set()
        for link in self._links:
            _close(link)

    def close(self):
        """Later links are refused."""
        _close(self._listener)  # shut down first: a thread waits in accept()
        self.cut_now()

    def _next_target(self):
        return self._target

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                try:
                    database = socket.create_connection(self._next_target())
                except OSError:
                    client.close()
                    continue
                self._links += [client, database]
                for source, sink, to_database in ((client, database, True), (database, client, False)):
                    threading.Thread(target=self._pump, args=(source, sink, to_database), daemon=True).start()

    def _pump(self, source, sink, to_database):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self._is_moment(to_database):
                    self.cut.set()
                    break
                sink.sendall(data)
        _close(source)
        _close(sink)

    def _is_moment(self, to_database):
        with self._lock:
            if self._moment == "answer" and to_database:
                self._sent.set()
            due = (self._moment == "request" and to_database) or (
                self._moment == "answer" and not to_database and self._sent.is_set())
            if due:
                self._moment = None
            return due


class Balancer(Relay):
    """Gives each new connection to the next of its targets, (host, port), in turn."""

    def __init__(self, *targets):
        self._turns = itertools.cycle(targets)
        super().__init__(None, None)
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _next_target(self):
        return next(self._turns)


def _close(link):
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    link.close()
