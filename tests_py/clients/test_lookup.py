"""A name whose lookup takes long: libzmq looks names up in its I/O thread, and nothing ends getaddrinfo() early."""

import shutil
import subprocess
import time

import pytest

from tests_py.harness.process import run, running, running_faculty, start_program, until
from tests_py.harness.rooms import ask_programs, faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client

SLOW = "slow.invalid:6000"
LOOKUP_SECONDS = 600  # what waits for it takes longer than the harness waits
SLOW_LOOKUP = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>
/* A resolver whose name servers do not answer. */
int getaddrinfo(const char* host, const char* service, const struct addrinfo* hints, struct addrinfo** found) {
  int (*real)(const char*, const char*, const struct addrinfo*, struct addrinfo**) = dlsym(RTLD_NEXT, "getaddrinfo");
  if (host && strcmp(host, "slow.invalid") == 0) {
    sleep(LOOKUP_SECONDS);
    return EAI_AGAIN;
  }
  return real(host, service, hints, found);
}
"""


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """An environment in which the lookup of that name takes a minute."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler: no cc")
    folder = tmp_path_factory.mktemp("lookup")
    (folder / "slow.c").write_text(SLOW_LOOKUP)
    subprocess.run([compiler, f"-DLOOKUP_SECONDS={LOOKUP_SECONDS}", "-shared", "-fPIC", "-o", folder / "slow.so",
                    folder / "slow.c", "-ldl"], check=True)
    return {"LD_PRELOAD": str(folder / "slow.so")}


def test_a_slow_name_holds_up_neither_programs_nor_the_other_servers(sqlite, tmp_path, slow):
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        flags = (*faculty_flags(SLOW, dti.address), "--min-programs=1", "--request-timeout=0.2")
        with running_faculty(tmp_path, *flags, env=slow) as faculty:
            assert ask_programs(faculty, [wish("Derecho Civil")]) == [(OK, 7, 2, 0)]
            with Client(faculty.endpoint) as peer:
                assert room_answer(peer.ask_frames(b"", b"hello"))[0] == "INVALID-REQUEST"


def test_a_slow_name_does_not_hold_up_a_facultys_end(tmp_path, slow):
    with running_faculty(tmp_path, *faculty_flags(SLOW), "--min-programs=1", env=slow, exit_status=1) as faculty:
        with Client(faculty.endpoint) as peer:
            peer.send(b"", wish("Derecho Civil"))
            assert room_answer(peer.ask_frames(b"", b"hello"))[0] == "INVALID-REQUEST"  # both were read
            assert faculty.stop() == 1
            assert room_answer(peer.receive())[0] == "UNAVAILABLE"


def program_flags(*more):
    return ("--name=x", f"--semester={SEMESTER}", "--classrooms=1", "--labs=1", f"--faculty-server={SLOW}", *more)


def test_a_slow_name_does_not_lengthen_a_programs_timeout(tmp_path, slow):
    started = time.monotonic()
    status, _, stderr = run(tmp_path, "program", *program_flags("--timeout=1"), env=slow)
    assert status == 5 and "no reply from" in stderr
    assert time.monotonic() - started >= 1


def test_a_slow_name_does_not_hold_up_a_programs_end(tmp_path, slow):
    program = start_program(tmp_path, *program_flags("--log-level=debug"), env=slow)
    try:
        until(lambda: "asking" in program.log, what="the request")
        assert program.stop() == 5
    finally:
        program.remove()


def test_a_slow_proxy_name_does_not_hold_up_the_servers_end(sqlite, tmp_path, slow):
    with running(tmp_path, *POOL, sqlite.flag, f"--proxy-server={SLOW}", env=slow) as dti:
        until(lambda: "proxy-unreachable" in dti.log, what="the warning")
        assert dti.stop() == 0
