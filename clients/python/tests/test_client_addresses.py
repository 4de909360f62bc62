"""Host names with several addresses, IPv6, and addresses that are silent or lead nowhere."""

import sys

import pytest

from dti_client import AllocationRequest, Client, Granted, ProgramRequest, Rooms, Unknown
from tests_py.harness.networks import hosts
from tests_py.harness.process import ROOT, Daemon, Process, binary, owned, running
from tests_py.harness.scenario import POOL, SEMESTER

HOST_NAMES = """
fd77::3 six.test
10.77.0.2 two.test
10.77.0.3 two.test
10.77.0.3 mixed.test
fd77::2 mixed.test
fd99::1 hole.test
10.77.0.3 hole.test
"""
ASK = """
import sys
from dti_client import *
with Client([sys.argv[1]], request_timeout=0.5) as client:
    print(client.ask(AllocationRequest('2025-10', 'derecho', (ProgramRequest('Derecho Civil', 7, 2),)))[0])
"""


@pytest.fixture(scope="module")
def house():
    """A host of its own, in which every name above means what it says."""
    with hosts({"pyhouse": []}) as made:
        made.add_loopback_addresses("pyhouse", "10.77.0.2/32", "10.77.0.3/32", "fd77::2/128", "fd77::3/128")
        made.add_black_hole("pyhouse", "10.99.0.0/24", "fd99::/64")
        yield made


@pytest.mark.parametrize("name, server", [("six.test", "fd77::3"), ("two.test", "10.77.0.3"),
                                          ("mixed.test", "fd77::2"), ("hole.test", "10.77.0.3"),
                                          ("[fd77::3]", "fd77::3")])
def test_each_address_of_a_name_is_tried(house, tmp_path, name, server):
    names = tmp_path / "hosts"
    names.write_text(HOST_NAMES)
    enter = house.enter("pyhouse", names)
    flags = (*POOL, f"--store=sqlite:{tmp_path}/dti.db", f"--bind={server}", "--allow-plaintext", "--port=6000")
    environment = {"PYTHONPATH": str(ROOT / "clients/python/src")}
    with owned(Daemon([*enter, binary("dti_server"), *flags], tmp_path)) as daemon:
        daemon.wait_ready()
        with owned(Process([*enter, sys.executable, "-B", "-c", ASK, f"{name}:6000"], tmp_path, environment)) as asking:
            assert asking.exit_status() == 0
            assert asking.stdout().startswith("Granted("), asking.describe()


ASK_BESIDE_A_SILENT_SERVER = """
import zmq
silent = zmq.Context.instance().socket(zmq.ROUTER)
silent.linger = 0
silent.bind("tcp://10.77.0.2:6000")
""" + ASK


def test_an_address_that_is_silent_is_left_for_the_next_address_of_the_name(house, tmp_path):
    names = tmp_path / "hosts"
    names.write_text(HOST_NAMES)
    enter = house.enter("pyhouse", names)
    flags = (*POOL, f"--store=sqlite:{tmp_path}/dti.db", "--bind=10.77.0.3", "--allow-plaintext", "--port=6000")
    environment = {"PYTHONPATH": str(ROOT / "clients/python/src")}
    with owned(Daemon([*enter, binary("dti_server"), *flags], tmp_path)) as daemon:
        daemon.wait_ready()
        command = [*enter, sys.executable, "-B", "-c", ASK_BESIDE_A_SILENT_SERVER, "two.test:6000"]
        with owned(Process(command, tmp_path, environment)) as asking:
            assert asking.exit_status() == 0
            assert asking.stdout().startswith("Granted("), asking.describe()


def test_a_name_that_does_not_exist_is_unknown_and_does_not_end_the_client(sqlite, tmp_path):
    request = AllocationRequest(SEMESTER, "derecho", (ProgramRequest("Derecho Civil", 7, 2),))
    with Client(["no-such-name.invalid:6000"]) as client:
        (outcome,) = client.ask(request, timeout=1)
        assert isinstance(outcome, Unknown) and not outcome.was_sent
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(["no-such-name.invalid:6000", dti.address]) as client:
        assert client.ask(request) == (Granted("Derecho Civil", Rooms(7, 2, 0), True),)
