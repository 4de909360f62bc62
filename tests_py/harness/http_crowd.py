"""Two hundred HTTP clients that are slow, hostile or greedy, and what they change for a client that behaves."""

import contextlib
import socket
import subprocess
import sys
import threading

from tests_py.harness.http import connect

EACH = 40  # of five kinds
BLOCKS = 6
ANSWERS = 100  # in a block

# It runs in a process of its own, because a thread would delay the bystander in this process. Its priority is the lowest, so
# that the bystander waits for the server, and not for these clients.
GREEDY = r"""
import os, select, socket, sys
os.nice(19)
requests = b"".join(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in (b"/status", b"/metrics"))
peers = {socket.create_connection((sys.argv[1], int(sys.argv[2]))): 0 for _ in range(int(sys.argv[3]))}
for peer in peers:
    peer.setblocking(False)
has_told = False
while peers:
    readable, writable, _ = select.select(peers, peers, [])
    for peer in readable:
        if not peer.recv(1 << 20):
            del peers[peer]
        elif not has_told:
            has_told = True
            print("answered", flush=True)
    for peer in peers.keys() & set(writable):
        peers[peer] = (peers[peer] + peer.send(requests[peers[peer]:])) % len(requests)
"""


@contextlib.contextmanager
def greedy(address, count):
    """Clients that ask for /status and /metrics without a pause."""
    arguments = [sys.executable, "-c", GREEDY, address[0], str(address[1]), str(count)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "answered\n"
            yield
            assert process.poll() is None, "the greedy clients have been cut off"
        finally:
            process.kill()


class Crowd:
    """Clients that trickle, that have sent half a request, that do not read, that are silent, and that are greedy."""

    def __init__(self, address):
        self._address = address
        self._stack = contextlib.ExitStack()
        self._stop = threading.Event()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.trickling, self.half, self.deaf, self.silent = (
                [stack.enter_context(connect(self._address, receive_bytes)) for _ in range(EACH)]
                for receive_bytes in (None, None, 4096, None))
            for peer in self.half:
                peer.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n")
                peer.shutdown(socket.SHUT_WR)
            for peer in self.deaf:
                timeout = peer.gettimeout()
                peer.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    peer.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000 +
                              b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                peer.settimeout(timeout)
            thread = threading.Thread(target=self._trickle, daemon=True)
            stack.callback(thread.join)
            stack.callback(self._stop.set)
            thread.start()
            stack.enter_context(greedy(self._address, EACH))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def _trickle(self):
        while not self._stop.wait(0.1):
            for peer in self.trickling:
                with contextlib.suppress(OSError):
                    peer.send(b"X")


def check_unchanged(bystander, address):
    """Fails if the answers of the bystander take three times as long beside the crowd. Blocks with and without the crowd
    alternate, so that other load of the machine meets both. The best block of each kind is the one that it disturbed
    least."""
    alone, beside = [], []
    for _ in range(BLOCKS):
        alone.append(bystander.median_of_next(ANSWERS))
        with Crowd(address):
            beside.append(bystander.median_of_next(ANSWERS))
    assert min(beside) < 3 * min(alone), (beside, alone)
