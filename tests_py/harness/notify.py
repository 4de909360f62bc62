"""A service manager, as far as a daemon of Type=notify sees one: a datagram socket."""

import contextlib
import socket
import time

from tests_py.harness.process import HANG_SECONDS


class NotifySocket:
    """Keeps what it has received, one `KEY=value` each, in order."""

    def __init__(self, address):
        self.environment = {"NOTIFY_SOCKET": address}
        self.said = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))

    def receive(self, seconds):
        """Waits for one message. False: none came."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            self.said += self._socket.recv(65536).decode().splitlines()
            return True
        except TimeoutError:
            return False

    def wait_for(self, *texts):
        """Waits until a word that begins with each of the texts was said, in this order; forgets what came before."""
        deadline = time.monotonic() + HANG_SECONDS
        found = []
        for text in texts:
            while not any(word.startswith(text) for word in self.said):
                assert self.receive(deadline - time.monotonic()), f"no {text} among {found} {self.said}"
            at = next(number for number, word in enumerate(self.said) if word.startswith(text))
            found.append(self.said[at])
            del self.said[:at + 1]
        return found

    def wait_for_silence(self, text, seconds):
        """Waits until nothing that begins with the text was said for so long."""
        deadline = time.monotonic() + HANG_SECONDS
        since = time.monotonic()
        while time.monotonic() - since < seconds:
            assert time.monotonic() < deadline, f"{text} does not end"
            self.said.clear()
            if self.receive(since + seconds - time.monotonic()) and any(word.startswith(text) for word in self.said):
                since = time.monotonic()

    def drain(self):
        """Reads what is there."""
        while self.receive(0):
            pass
        return self.said

    def fill(self):
        """Leaves no room for another message."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(self._socket.getsockname())
            sender.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    sender.send(b"STATUS=full")

    def close(self):
        self._socket.close()


@contextlib.contextmanager
def notify_socket(folder, kind="path"):
    name = f"{folder}/notify" if kind == "path" else f"@{folder}/notify"
    made = NotifySocket(name)
    try:
        yield made
    finally:
        made.close()
