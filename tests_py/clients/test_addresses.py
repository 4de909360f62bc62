"""How a faculty and a program find their server: names with several addresses, balancers, and what the log says."""

import contextlib

import pytest

from tests_py.harness.networks import hosts
from tests_py.harness.process import Daemon, Process, binary, owned, running, running_faculty
from tests_py.harness.relay import Balancer
from tests_py.harness.rooms import ask_programs, faculty_flags, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import SqliteStore
from tests_py.harness.wire import OK

NAMES = """
fd77::3 six.test
10.77.0.2 two.test
10.77.0.3 two.test
10.77.0.3 mixed.test
fd77::2 mixed.test
fd99::1 hole.test
10.77.0.3 hole.test
10.77.0.2 gone.test
10.77.0.2 moves.test
10.77.0.3 moves.test
"""


@pytest.fixture(scope="module")
def house():
    """A host of its own, in which every name above means what it says."""
    with hosts({"house": []}) as made:
        made.add_loopback_addresses("house", "10.77.0.2/32", "10.77.0.3/32", "10.77.0.4/32", "fd77::2/128", "fd77::3/128")
        made.add_black_hole("house", "10.99.0.0/24", "fd99::/64")
        yield made


@pytest.fixture
def enter(house, tmp_path):
    """The command that runs another one on that host."""
    names = tmp_path / "hosts"
    names.write_text(NAMES)
    return house.enter("house", names)


@contextlib.contextmanager
def started(enter, folder, name, *flags):
    with owned(Daemon([*enter, binary(name), *flags], folder)) as daemon:
        yield daemon.wait_ready()


def start_asking(enter, folder, faculty_server, *flags):
    return Process([*enter, binary("program"), "--name=Derecho Civil", f"--semester={SEMESTER}", "--classrooms=7",
                    "--labs=2", f"--faculty-server={faculty_server}", *flags], folder)


@pytest.mark.parametrize("name, server", [("six.test", "fd77::3"), ("two.test", "10.77.0.3"),
                                          ("mixed.test", "10.77.0.3"), ("hole.test", "10.77.0.3")])
def test_each_address_of_a_name_is_tried_by_faculty_and_program(enter, tmp_path, name, server):
    store = f"--store=sqlite:{tmp_path}/dti.db"
    with started(enter, tmp_path, "dti_server", *POOL, store, f"--bind={server}", "--allow-plaintext", "--port=6000"):
        flags = (*faculty_flags(f"{name}:6000"), "--min-programs=1", f"--bind={server}", "--allow-plaintext",
                 "--listen-port=5000")
        with started(enter, tmp_path, "faculty", *flags) as faculty:
            with owned(start_asking(enter, tmp_path, f"{name}:5000")) as program:
                assert program.exit_status() == 0
            assert ("address-skipped" in faculty.log) == (name != "six.test")


UNREACHABLE = {
    "no-such-name.test": "the name no-such-name.test cannot be resolved",
    "gone.test": "10.77.0.2:6000 refused the connection, or cannot be reached",
    "10.99.0.1": "10.99.0.1:6000 did not answer the attempt to connect within 250 ms",
}


@pytest.mark.parametrize("name, said", UNREACHABLE.items())
def test_the_log_says_why_a_server_was_not_reached(enter, tmp_path, name, said):
    flags = (*faculty_flags(f"{name}:6000"), "--min-programs=1", "--request-timeout=0.2", "--listen-port=0")
    with started(enter, tmp_path, "faculty", *flags) as faculty:
        with (owned(start_asking(enter, tmp_path, faculty.address, "--timeout=3")) as asking,
              owned(start_asking(enter, tmp_path, f"{name}:6000", "--timeout=3")) as program):
            assert (asking.exit_status(), program.exit_status()) == (5, 5)
            assert said.split(" within")[0] in program.log and "the request was not sent" in program.log
        assert said in faculty.log and "did not answer in time" not in faculty.log
        faculty.crash()  # it would wait for its server


def test_a_name_that_has_moved_does_not_lead_to_the_server_that_has_its_old_address_now(enter, tmp_path):
    ours, others = SqliteStore(tmp_path / "ours"), SqliteStore(tmp_path / "others")

    def server(address, store):
        return started(enter, tmp_path, "dti_server", *POOL, store.flag, f"--bind={address}", "--allow-plaintext", "--port=6000")

    def ask(faculty):
        with owned(start_asking(enter, tmp_path, faculty.address)) as program:
            return program.exit_status(), program.stdout()

    flags = (*faculty_flags("moves.test:6000"), "--min-programs=1", "--listen-port=0")
    with contextlib.ExitStack() as stack:
        with server("10.77.0.2", ours):
            faculty = stack.enter_context(started(enter, tmp_path, "faculty", *flags))
            status, answer = ask(faculty)
            assert status == 0
        (tmp_path / "hosts").write_text("10.77.0.4 moves.test\n")
        stack.enter_context(server("10.77.0.3", others))
        with server("10.77.0.4", ours):
            assert ask(faculty) == (0, answer)
    assert (len(ours.allocations()), len(others.allocations())) == (1, 0)


@pytest.mark.parametrize("first", ["standby", "leader"])
def test_the_leader_behind_a_balancer_is_found(postgresql, tmp_path, first):
    with running(tmp_path, *POOL, postgresql.flag) as leader, running(tmp_path, postgresql.flag, standby=True) as other:
        turns = [("127.0.0.1", server.port) for server in (other, leader)]
        with Balancer(*(turns if first == "standby" else turns[::-1])) as balancer:
            flags = (*faculty_flags(balancer.address), "--min-programs=1")
            with running_faculty(tmp_path, *flags) as faculty:
                for _ in range(3):
                    assert ask_programs(faculty, [wish("Derecho Civil")]) == [(OK, 7, 2, 0)]
                assert faculty.log.count("try-refused") == (1 if first == "standby" else 0)
