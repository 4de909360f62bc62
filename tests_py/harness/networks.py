"""Hosts of a test's own, as network namespaces on two networks. Their links can be cut: packets are lost, and neither end
gets an error. It needs a root that may make namespaces, and ip(8)."""

import contextlib
import ctypes
import os
import shutil
import subprocess
from pathlib import Path

from tests_py.harness.stopping import held

NETWORKS = {"store": "10.77.0", "clients": "10.78.0"}  # seen inside the namespaces only
NAMESPACES = Path("/run/netns")
_NEW_NET = 0x40000000


class Hosts:
    """`links` is {host: names of its networks}."""

    def __init__(self, links):
        self._prefix = _prefix(os.getpid())
        self._links = links
        self._hosts = list(links)
        self._made = []
        self._holes = set()

    def make(self):
        self._add("hub")
        for network in NETWORKS:
            self._ip("hub", "link", "add", network, "type", "bridge")
            self._ip("hub", "link", "set", network, "up")
        for host, networks in self._links.items():
            self._add(host)
            for network in networks:
                port = self._port(host, network)
                self._ip("hub", "link", "add", port, "type", "veth", "peer", "name", network,
                         "netns", self._prefix + host)
                self._ip(host, "address", "add", f"{self.address(host, network)}/24", "dev", network)
                self._ip(host, "link", "set", network, "up")
                self._ip("hub", "link", "set", port, "up")
                self.heal(host, network)

    def remove(self):
        for name in self._made:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=30)

    def address(self, host, network):
        return f"{NETWORKS[network]}.{self._hosts.index(host) + 1}"

    def add_loopback_addresses(self, host, *addresses):
        for address in addresses:
            self._ip(host, "address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))

    def add_black_hole(self, host, *networks):
        """From now on packets for those networks are lost, and the sender is not told."""
        self._ip(host, "link", "add", "hole", "type", "bridge")
        self._ip(host, "link", "set", "hole", "arp", "off", "up")
        for network in networks:
            self._ip(host, "route", "add", network, "dev", "hole")

    def lose(self, host, *addresses):
        """From now on packets from there to these addresses are lost; those that come from there arrive."""
        if host not in self._holes:
            self.add_black_hole(host)
            self._holes.add(host)
        for address in addresses:
            self._ip(host, "route", "replace", f"{address}/32", "dev", "hole")

    def reach(self, host, *addresses):
        """Ends lose()."""
        for address in addresses:
            self._ip(host, "route", "delete", f"{address}/32", "dev", "hole")

    def cut(self, host, network):
        """From now on no packet passes in either direction."""
        self._ip("hub", "link", "set", self._port(host, network), "nomaster")

    def heal(self, host, network):
        self._ip("hub", "link", "set", self._port(host, network), "master", network)

    def enter(self, host, names=None):
        """The command that runs another one there, in the same process.
        @param names  a file that stands in the place of /etc/hosts"""
        entered = ["nsenter", f"--net=/run/netns/{self._prefix}{host}", "--"]
        if names is None:
            return entered
        return [*entered, "unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(names)]

    @contextlib.contextmanager
    def inside(self, host):
        """This thread is there, and so is any thread and socket that it makes, for good."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{self._prefix}{host}", "rb") as there:
            _set_network(there)
            try:
                yield
            finally:
                _set_network(home)

    @staticmethod
    def _port(host, network):
        return f"{host[:8]}-{network[:5]}"  # 15 bytes at most

    def _add(self, host):
        with held():
            _run("ip", "netns", "add", self._prefix + host)
            self._made.append(self._prefix + host)
        self._ip(host, "link", "set", "lo", "up")

    def _ip(self, host, *arguments):
        _run("ip", "-n", self._prefix + host, *arguments)


def _prefix(process_id):
    return f"dti-{process_id}-"


def remove_hosts_of(process_id):
    """Those that this process had made, when it was killed."""
    for path in NAMESPACES.glob(f"{_prefix(process_id)}*"):
        subprocess.run(["ip", "netns", "delete", path.name], capture_output=True, timeout=30)


def remove_hosts_of_the_dead():
    """Those of all processes that are gone."""
    for process_id in {path.name.split("-")[1] for path in NAMESPACES.glob("dti-*-*")}:
        if process_id.isdecimal() and not is_alive(process_id):
            remove_hosts_of(process_id)


def is_alive(process_id):
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _run(*command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if result.returncode != 0:
        raise OSError(f"{' '.join(command)}: {result.stderr.strip()}")


def _set_network(file):
    if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _NEW_NET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def hosts(links):
    """The test is skipped where they cannot be made."""
    import pytest  # here: commands use this module before pytest is installed
    if os.geteuid() != 0:
        pytest.skip("hosts need network namespaces, which only root can make: run this test as root")
    for tool in ("ip", "nsenter"):
        if shutil.which(tool) is None:
            pytest.skip(f"hosts need {tool}, of the packages iproute2 and util-linux")
    made = Hosts(links)
    try:
        try:
            made.make()
        except OSError as fault:
            pytest.skip(f"no network namespaces can be made here: {fault}")
        yield made
    finally:
        made.remove()
