"""Clients on other machines that take too much: connections, messages, programs. The others are served meanwhile."""

import contextlib
import itertools
import json
import os
import re
import select
import shutil
import signal
import statistics
import subprocess
import textwrap
import time

import pytest
import zmq

from tests_py.harness.hostile import (GREETING, Bystander, KeySender, RawPeer, RawSender, descriptors, frame,
                                      raise_own_limit)
from tests_py.harness.networks import hosts
from tests_py.harness.process import ROOT, Daemon, binary, memory_mib, owned, running, until
from tests_py.harness.rooms import faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import (OK, Client, KeyList, check_failed, encode, grant, lock, new_key, request, tcp)

CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
MANY = request(SEMESTER, "Derecho", *((f"Unknown {number}", 1, 1) for number in range(60)))
BURST_SECONDS = 10
HALF_DONE = 10_000
FLOOD_TURNS_PER_SECOND = 50
FLOOD_AT_ONCE = 20_000 // FLOOD_TURNS_PER_SECOND // 4  # of each of four connections


@pytest.fixture(scope="module")
def world():
    with hosts({"server": ["clients"], "client": ["clients"], "stranger": ["clients"]}) as made:
        yield made


@contextlib.contextmanager
def serving(world, folder, *flags, name="dti_server"):
    """A process on its host, for clients on others."""
    port = "--port=0" if name == "dti_server" else "--listen-port=0"
    bind = f"--bind={world.address('server', 'clients')}"
    command = [*world.enter("server"), binary(name), bind, port, "--allow-plaintext", *flags]
    daemon = Daemon(command, folder)
    with owned(daemon):
        daemon.wait_ready()
        yield daemon


@contextlib.contextmanager
def context_of(world, host):
    """A context whose connections come from that host."""
    with world.inside(host):
        context = zmq.Context()
        context.socket(zmq.DEALER).close()  # its threads begin here
    try:
        yield context
    finally:
        context.term()


def raw_peer(world, daemon, *arguments):
    with world.inside("stranger"):
        return RawPeer(daemon.endpoint, *arguments)


def ask_civil(client):
    assert grant(client, CIVIL) == [(OK, 7, 2, 0)]


# Connections.

def test_the_newest_connections_of_an_address_are_closed_and_other_addresses_do_not_notice(world, tmp_path):
    with (serving(world, tmp_path, *POOL, "--store=memory:", "--connections-per-address=10") as dti,
          context_of(world, "client") as context, contextlib.ExitStack() as stack):
        kept = [stack.enter_context(raw_peer(world, dti)) for _ in range(10)]
        for peer in kept:
            peer.shake_hands()
        refused = [stack.enter_context(raw_peer(world, dti)) for _ in range(5)]
        assert all(peer.is_closed(10) for peer in refused)
        with Client(dti.endpoint, context=context) as client:
            ask_civil(client)
        assert kept[0].send(frame(encode(CIVIL)))
        assert json.loads(kept[0].read_frame()[1])["programs"][0]["status-message"] == OK
        until(lambda: f"address={world.address('stranger', 'clients')}" in dti.log)
        kept[0].close()
        until(lambda: not accepted_and_refused(world, dti), what="a place for a new connection")


def accepted_and_refused(world, daemon):
    with raw_peer(world, daemon) as peer:
        return peer.is_closed(0.5)


def test_a_reload_changes_the_limits(world, tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text("connections-max = 2\n", encoding="utf-8")
    with (serving(world, tmp_path, *POOL, "--store=memory:", f"--config={config}") as dti,
          contextlib.ExitStack() as stack):
        for _ in range(2):
            stack.enter_context(raw_peer(world, dti)).shake_hands()
        assert accepted_and_refused(world, dti)
        until(lambda: "all clients together" in dti.log)
        config.write_text("connections-max = 3\n", encoding="utf-8")
        os.kill(dti.pid, signal.SIGHUP)
        until(lambda: not accepted_and_refused(world, dti), what="a place for a new connection")


def test_clients_on_the_same_machine_have_no_limit_of_connections_and_messages(tmp_path):
    limits = ("--connections-max=1", "--connections-per-address=1", "--messages-per-second=1")
    with (running(tmp_path, *POOL, "--store=memory:", *limits) as dti, Client(dti.endpoint) as one,
          Client(dti.endpoint) as other):
        for _ in range(50):
            ask_civil(one)
            ask_civil(other)


@contextlib.contextmanager
def a_process(act):
    """Runs it meanwhile in a process of its own, which has its own time of the interpreter."""
    process_id = os.fork()
    if process_id == 0:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        try:
            act()
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(process_id, signal.SIGTERM)
        os.waitpid(process_id, 0)


def hold_half_done(world, daemon, count):
    """Keeps this many handshakes half done: for each that is closed, there is another one."""
    poll = select.epoll()
    peers = {}
    with world.inside("stranger"):
        while True:
            for _ in range(min(200, count - len(peers))):
                with contextlib.suppress(OSError):
                    peer = RawPeer(daemon.endpoint, GREETING).socket
                    peers[peer.fileno()] = peer
                    poll.register(peer, select.EPOLLRDHUP)
            for number, _ in poll.poll(0 if len(peers) < count else 0.1):
                peers.pop(number).close()


@pytest.mark.parametrize("limits", [(), ("--connections-max=0", "--connections-per-address=0")],
                         ids=["limited", "unlimited"])
def test_thousands_of_half_done_handshakes_leave_the_others_served(world, tmp_path, limits):
    if raise_own_limit() < HALF_DONE + 1000:
        pytest.skip(f"this process may not open {HALF_DONE} connections: raise ulimit -n")
    with (serving(world, tmp_path, *POOL, "--store=memory:", *limits) as dti, context_of(world, "client") as context,
          Bystander(dti.endpoint, ask_civil, context) as bystander):
        quiet = bystander.median_of_next(100)
        with a_process(lambda: hold_half_done(world, dti, HALF_DONE)):
            if limits:
                until(lambda: descriptors(dti) > HALF_DONE * 0.4)  # more on a faster machine: each ends after 5 s
            else:
                until(lambda: dti.log.count("connections-refused") > 2)
                assert descriptors(dti) < 2000
            busy = bystander.median_of_next(500)
        assert busy < max(0.05, 20 * quiet)
        assert memory_mib(dti) < (500 if limits else 150)


# Messages.

def test_a_client_that_sends_too_much_is_told_when_to_repeat_and_the_repeat_passes(world, tmp_path):
    with (serving(world, tmp_path, *POOL, "--store=memory:", "--messages-per-second=5") as dti,
          context_of(world, "client") as context, context_of(world, "stranger") as other,
          Client(dti.endpoint, context=context) as client, Client(dti.endpoint, context=other) as bystander):
        count = 5 * BURST_SECONDS + 20
        for number in range(count):
            client.send(CIVIL, str(number).encode())
        replies = [json.loads(client.receive()[0]) for _ in range(count)]
        refused = [reply for reply in replies if reply["error-found"]]
        assert 0 < len(refused) <= 20
        for reply in refused:
            check_failed(reply, CIVIL, "OVERLOADED")
        waits = [reply["retry-after-ms"] for reply in refused]
        assert waits == sorted(waits) and waits[0] >= 100
        ask_civil(bystander)
        time.sleep(waits[0] / 1000)
        ask_civil(client)
        until(lambda: f"address={world.address('client', 'clients')}" in dti.log)


def test_a_key_has_its_own_limit_also_on_the_same_machine(tmp_path):
    keys = KeyList(tmp_path, derecho="faculty:Derecho", office="office")
    server = new_key(tmp_path, "dti")
    with running(tmp_path, *POOL, "--store=memory:", "--listen=curve://127.0.0.1:0", server.flag, keys.flag,
                 "--messages-per-second=1") as dti:
        def connect(name):
            return Client(tcp(dti.endpoint), prepare=lambda it: lock(it, keys[name], server))

        with connect("derecho") as derecho, connect("derecho") as again, connect("office") as office:
            for _ in range(BURST_SECONDS):
                ask_civil(derecho)
            check_failed(again.ask(CIVIL), CIVIL, "OVERLOADED")
            ask_civil(office)
        until(lambda: "key=derecho" in dti.log)


def test_a_faculty_limits_its_programs(world, tmp_path):
    with (serving(world, tmp_path, *POOL, "--store=memory:") as dti,
          serving(world, tmp_path, *faculty_flags(dti.address), "--min-programs=1", "--messages-per-second=1", name="faculty") as faculty,
          context_of(world, "client") as context, Client(faculty.endpoint, context=context) as program):
        for _ in range(BURST_SECONDS + 1):
            program.send(b"", wish("Derecho Civil"))
        statuses = [room_answer(program.receive())[0] for _ in range(BURST_SECONDS + 1)]
        assert sorted(statuses) == [OK] * BURST_SECONDS + ["OVERLOADED"]


def test_a_request_has_at_most_the_programs_of_its_role(tmp_path):
    keys = KeyList(tmp_path, derecho="faculty:Derecho", office="office")
    server = new_key(tmp_path, "dti")
    two = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), ("Derecho Penal", 5, 1))
    with running(tmp_path, *POOL, "--store=memory:", "--listen=curve://127.0.0.1:0", server.flag, keys.flag,
                 "--programs-max=1") as dti:
        for name, error in (("derecho", "INVALID-REQUEST"), ("office", "")):
            with Client(tcp(dti.endpoint), prepare=lambda it, key=keys[name]: lock(it, key, server)) as client:
                assert client.ask(two)["error-message"] == error


def flood(turns, targets, connect, connections=4):
    """Sends up to 20,000 messages a second to the target whose number the pipe `turns` last said, over several
    connections, and makes those again that are closed. `connect`: makes one to a target."""
    os.nice(19)
    os.set_blocking(turns, False)
    peers, target = [], 0
    while True:
        time.sleep(1 / FLOOD_TURNS_PER_SECOND)
        with contextlib.suppress(BlockingIOError):
            target = int(os.read(turns, 1))
            while peers:
                peers.pop().close()
        peers += [connect(targets[target]) for _ in range(connections - len(peers))]
        for peer in list(peers):
            if not peer.send():
                peers.remove(peer)
                peer.close()


def slowest_of_next(bystanders, seconds, part=0.99):
    """The time within which 99 of 100 replies come, to all bystanders together."""
    firsts, end = [len(each.seconds) for each in bystanders], time.monotonic() + seconds
    until(lambda: time.monotonic() > end and all(map(lambda each, first: each.has_asked(first + 20), bystanders, firsts)))
    times = sorted(itertools.chain.from_iterable(each.seconds[first:] for each, first in zip(bystanders, firsts)))
    return times[int(len(times) * part)]


def small_limit(folder):
    """A config file with a limit that a flood exceeds on every machine."""
    config = folder / "dti.toml"
    config.write_text("messages-per-second = 1\n", encoding="utf-8")
    return config


@contextlib.contextmanager
def flooded(config, servers, connect):
    """A flood of two servers, whose config file is that of small_limit(). It has used up the burst that a pause allows;
    then they have the default limit. It goes to that whose number is written to the descriptor."""
    turns, switch = os.pipe()
    with a_process(lambda: flood(turns, servers, connect)):
        for number, server in enumerate(servers):
            os.write(switch, b"%d" % number)
            until(lambda server=server: "flood-closed" in server.log)
        config.write_text("", encoding="utf-8")
        for server in servers:
            server.signal(signal.SIGHUP)
            until(lambda server=server: "settings-reloaded" in server.log)
        yield switch
    os.close(turns)
    os.close(switch)


def check_pace(bystanders, switch):
    """The medians of windows with and without a flood, in turns. Without, the flood goes to another server: the work of
    the flood itself, which is on this machine, and of others on it, is the same in both. A machine that is busy with
    something else gets more turns."""
    windows = ([], [])
    for _ in range(3):
        for number in (0, 1) * 9:
            os.write(switch, b"%d" % number)
            slowest_of_next(bystanders, 0.3)
            windows[number].append(slowest_of_next(bystanders, 1))
        quiet, loud = map(statistics.median, windows)
        print(f"99 of 100 replies within {quiet * 1000:.2f} ms, during a flood {loud * 1000:.2f} ms: {loud / quiet:.2f}")
        if loud < max(2 * quiet, 0.005):
            return
    pytest.fail(f"a flood makes the replies of the others {loud / quiet:.1f} times as slow")


def test_a_flood_leaves_the_slowest_replies_of_the_others_within_twice_their_time(world, tmp_path):
    block = frame(encode(MANY)) * FLOOD_AT_ONCE

    def connect(server):
        with world.inside("stranger"):
            return RawSender(server.endpoint, block)

    config = small_limit(tmp_path)
    with (serving(world, tmp_path, *POOL, f"--store=sqlite:{tmp_path}/dti.db", f"--config={config}") as dti,
          serving(world, tmp_path / "other", *POOL, f"--store=sqlite:{tmp_path}/other.db", f"--config={config}") as other,
          flooded(config, [other, dti], connect) as switch, context_of(world, "client") as context,
          Bystander(dti.endpoint, ask_civil, context) as bystander):
        check_pace([bystander], switch)
        assert memory_mib(dti) < 200


@pytest.mark.parametrize("body", [CIVIL, MANY], ids=["small", "large"])
def test_a_flood_of_one_key_leaves_the_replies_of_other_keys_within_twice_their_time(tmp_path, body):
    """None of theirs is OVERLOADED."""
    keys = KeyList(tmp_path, derecho="faculty:Derecho", other="faculty:Derecho", office="office")
    server = new_key(tmp_path, "dti")
    config = small_limit(tmp_path)

    def serve(name):
        return running(tmp_path / name, *POOL, f"--store=sqlite:{tmp_path}/{name}.db", f"--config={config}",
                       "--listen=curve://127.0.0.1:0", server.flag, keys.flag)

    def with_key(name):
        return lambda socket: lock(socket, keys[name], server)

    def connect(server):
        return KeySender(tcp(server.endpoint), encode(body), FLOOD_AT_ONCE, with_key("derecho"))

    def bystander(name):
        return Bystander(tcp(dti.endpoint), ask_civil, prepare=with_key(name))

    with (serve("dti") as dti, serve("other") as other, flooded(config, [other, dti], connect) as switch,
          bystander("other") as one, bystander("office") as office):
        check_pace([one, office], switch)
        assert "key=derecho" in dti.log and "key=other" not in dti.log and "key=office" not in dti.log


# The firewall.

def rules_of_the_manual(port, connections):
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rules = textwrap.dedent(re.search(r"^( {6}table inet dti \{\n.*?^ {6}\}\n)", text, re.MULTILINE | re.DOTALL)[1])
    return rules.replace("dport 6000", f"dport {port}").replace("count over 1000", f"count over {connections}")


def test_the_rules_of_the_manual_for_nftables_limit_the_connections_of_an_address(world, tmp_path):
    if shutil.which("nft") is None:
        pytest.skip("nft is not installed: the package nftables has it")
    with (serving(world, tmp_path, *POOL, "--store=memory:") as dti, context_of(world, "client") as context,
          contextlib.ExitStack() as stack):
        file = tmp_path / "dti.nft"
        file.write_text(rules_of_the_manual(dti.address.rsplit(":", 1)[1], 5), encoding="utf-8")
        loaded = subprocess.run([*world.enter("server"), "nft", "-f", file], capture_output=True, text=True, check=False)
        if loaded.returncode != 0:
            pytest.skip(f"this kernel cannot load the rules: {loaded.stderr.strip()}")
        for _ in range(5):
            stack.enter_context(raw_peer(world, dti)).shake_hands()
        with pytest.raises(ConnectionRefusedError):
            raw_peer(world, dti)
        with Client(dti.endpoint, context=context) as client:
            ask_civil(client)
        assert "connections-refused" not in dti.log
