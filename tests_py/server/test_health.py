"""--check-health, the health check of a container: the real programs ask a running process whether it is alive."""

import signal
import socket

import pytest

from tests_py.harness.http import http_address
from tests_py.harness.process import run, run_with_broken_stdout, running, running_faculty, until
from tests_py.harness.rooms import faculty_flags
from tests_py.harness.scenario import POOL

DAEMONS = ("dti_server", "faculty")
HTTP = "--http=127.0.0.1:0"


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.fixture(params=DAEMONS)
def daemon(request, tmp_path):
    """A server, or a faculty whose server does not exist."""
    if request.param == "dti_server":
        with running(tmp_path, *POOL, "--store=memory:", HTTP) as server:
            yield server
    else:
        with running_faculty(tmp_path, *faculty_flags("127.0.0.1:1"), HTTP) as faculty:
            yield faculty


def check(folder, daemon, **options):
    """The exit status, and what it prints."""
    status, out, log = run(folder, daemon.name, "--check-health", env={"DTI_HTTP": "%s:%d" % http_address(daemon)}, **options)
    return status, out + log


def test_a_process_that_runs_is_healthy_and_the_check_needs_no_other_setting(tmp_path, daemon):
    wanted = (0, "healthy: /livez of %s:%d answers 200\n" % http_address(daemon))
    until(lambda: check(tmp_path, daemon) == wanted, what="a healthy process")  # it has 2 s for its answer


@pytest.mark.parametrize("everywhere", ["0.0.0.0", pytest.param("[::]", marks=pytest.mark.skipif(
    not has_ipv6(), reason="this machine has no IPv6"))])
@pytest.mark.parametrize("name", DAEMONS)
def test_a_process_that_listens_on_every_address_is_healthy_at_the_address_of_its_setting(tmp_path, name, everywhere):
    flag = f"--http={everywhere}:0"  # an image has DTI_HTTP=0.0.0.0:PORT, and its health check reads the same variable
    if name == "dti_server":
        process = running(tmp_path, *POOL, "--store=memory:", flag)
    else:
        process = running_faculty(tmp_path, *faculty_flags("127.0.0.1:1"), flag)
    with process as daemon:
        address = f"{everywhere}:{http_address(daemon)[1]}"
        until(lambda: run(tmp_path, name, "--check-health", env={"DTI_HTTP": address})[:2] ==
              (0, f"healthy: /livez of {address} answers 200\n"), what="a healthy process")


def test_a_process_that_hangs_is_unhealthy_until_it_continues(tmp_path, daemon):
    http_address(daemon)  # another thread writes the log: it could be stopped before this line, although READY was printed
    daemon.signal(signal.SIGSTOP)
    try:
        status, text = check(tmp_path, daemon)
    finally:
        daemon.signal(signal.SIGCONT)
    assert status == 1 and text.startswith("unhealthy: ") and "no response within 2000 ms" in text
    until(lambda: check(tmp_path, daemon)[0] == 0, what="a healthy process")


@pytest.mark.parametrize("name", DAEMONS)
def test_without_a_process_it_is_unhealthy(tmp_path, name):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    status, out, log = run(tmp_path, name, "--check-health", f"--http=127.0.0.1:{port}")
    assert (status, out, log) == (1, "", f"unhealthy: /livez of 127.0.0.1:{port}: Connection refused\n")


@pytest.mark.parametrize("name", DAEMONS)
@pytest.mark.parametrize("flags, reason", [
    ((), "--http: --check-health needs the address at which the process serves HTTP"),
    (("--http=127.0.0.1:0",), "--http: --check-health needs the port that the process uses, not 0"),
    (("--http=here",), '--http: "here"'),
    (("--check-health=maybe", "--http=127.0.0.1:1"), '--check-health: "maybe" is not true or false'),
    (("--nonsense",), "nonsense")])
def test_incorrect_usage_is_2(tmp_path, name, flags, reason):
    question = () if any("check-health" in flag for flag in flags) else ("--check-health",)
    status, out, log = run(tmp_path, name, *question, *flags)
    assert (status, out) == (2, "") and reason in log, log


def test_the_address_may_be_in_the_config_file(tmp_path):
    config = tmp_path / "dti.toml"
    config.write_text('semester = "2025-10"\nhttp = "127.0.0.1:1"\n')
    status, _, log = run(tmp_path, "dti_server", "--check-health", env={"DTI_CONFIG": str(config)})
    assert status == 1 and "127.0.0.1:1" in log


def test_a_check_that_cannot_write_is_no_success(tmp_path):
    with running(tmp_path, *POOL, "--store=memory:", HTTP) as server:
        address = "--http=%s:%d" % http_address(server)
        until(lambda: run(tmp_path, "dti_server", "--check-health", address)[0] == 0, what="a healthy process")
        status, log = run_with_broken_stdout(tmp_path, ">/dev/full", "dti_server", "--check-health", address)
    assert (status, log) == (1, "")
