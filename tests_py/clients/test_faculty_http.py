"""faculty --http: its paths, what a scrape says of batches and servers, and slow HTTP clients beside programs."""

import re
import socket

import pytest

from tests_py.harness.hostile import Bystander
from tests_py.harness.http import (ask, connect, documented_metrics, http_address, metric, metrics_of, scrape, status_json,
                                   status_of)
from tests_py.harness.http_crowd import check_unchanged
from tests_py.harness.process import run, running, running_faculty, until
from tests_py.harness.rooms import ask_programs, faculty_flags, room_answer, wish
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import HAS_ALREADY, OK, Client

HTTP = "--http=127.0.0.1:0"
NAMES = ("Derecho Civil", "Derecho Penal", "Derecho Laboral")


@pytest.fixture
def dti(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as daemon:
        yield daemon


@pytest.fixture
def faculty(dti, tmp_path):
    with running_faculty(tmp_path, *faculty_flags(dti.address), "--min-programs=1", HTTP) as daemon:
        yield daemon


@pytest.fixture
def http(faculty):
    return http_address(faculty)


@pytest.fixture
def closed():
    """The address of a server that is not there: it refuses connections."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def ask_civil(client):
    assert room_answer(client.ask_frames(b"", wish(NAMES[0]))) == (OK, 7, 2, 0)


def test_a_faculty_is_alive_and_ready_and_has_no_role(http):
    statuses = [status_of(http, path) for path in ("/livez", "/readyz", "/status", "/metrics", "/leader", "/standby")]
    assert statuses == [200, 200, 200, 200, 404, 404]
    text = ask(http, "/readyz?verbose").text
    assert re.fullmatch(r"\[\+\] loop: .*\n\[\+\] running: the faculty accepts requests\nready\n", text), text


def test_a_scrape_says_what_became_of_batches_and_programs(dti, faculty, http):
    assert ask_programs(faculty, [wish(NAMES[0])]) == [(OK, 7, 2, 0)]
    assert ask_programs(faculty, [wish(NAMES[0], 8)]) == [(HAS_ALREADY, 7, 2, 0)]
    with Client(faculty.endpoint) as peer:
        assert room_answer(peer.ask_frames(b"", b"{}"))[0] == "INVALID-REQUEST"
        samples = until(lambda: (found := scrape(http)) and
                        metric(found, "dti_faculty_answers_total", status="INVALID-REQUEST") == 1 and found)
        assert metric(samples, "dti_peers") == 1
        assert metric(samples, "dti_faculty_answers_total", status=OK) == 1
        assert metric(samples, "dti_faculty_answers_total", status=HAS_ALREADY) == 1
        assert metric(samples, "dti_faculty_batches_total", outcome="answered") == 2
        assert metric(samples, "dti_faculty_batch_programs_sum") == 2
        assert metric(samples, "dti_faculty_batch_seconds_count") == 2
        assert metric(samples, "dti_faculty_tries_total") == 2
        assert metric(samples, "dti_faculty_programs_waiting") == 0
        assert metric(samples, "dti_faculty_server_connected", server=dti.address) == 1
        assert metric(samples, "dti_faculty_server_in_use", server=dti.address) == 1
        assert metric(samples, "dti_events_total", event="request-malformed") == 1
    until(lambda: metric(scrape(http), "dti_peers") == 0, what="a program that left")


def test_the_page_of_metrics_has_each_metric_of_a_faculty_and_no_other(http):
    said = documented_metrics("Of both programs", "Of faculty")
    assert metrics_of(http, said) == said


def test_programs_that_wait_and_servers_that_do_not_answer_are_shown(dti, closed, tmp_path):
    flags = faculty_flags(closed, dti.address)
    with running_faculty(tmp_path, *flags, "--min-programs=2", HTTP) as faculty:
        address = http_address(faculty)
        with Client(faculty.endpoint) as peer:
            peer.send(b"", wish(NAMES[0]))
            until(lambda: metric(scrape(address), "dti_faculty_programs_waiting") == 1, what="a program that waits")
            assert metric(scrape(address), "dti_faculty_batches_waiting", **{"for": "programs"}) == 1
            assert status_json(address)["programs-waiting"] == 1
            assert metric(scrape(address), "dti_faculty_server_in_use", server=closed) == 1
            assert ask_programs(faculty, [wish(NAMES[1], 1, 0)]) == [(OK, 1, 0, 0)]
            assert room_answer(peer.receive()) == (OK, 7, 2, 0)
        until(lambda: metric(scrape(address), "dti_faculty_server_in_use", server=dti.address) == 1,
              what="the server that answered")
        samples = scrape(address)
        assert metric(samples, "dti_faculty_tries_failed_total", reason="lost") == 1
        assert metric(samples, "dti_faculty_server_in_use", server=closed) == 0
        assert metric(samples, "dti_faculty_server_connected", server=closed) == 0
        assert metric(samples, "dti_events_total", event="try-lost") == 1
        assert status_json(address)["servers"] == [{"address": closed, "connected": False, "in-use": False},
                                                   {"address": dti.address, "connected": True, "in-use": True}]


def test_without_a_server_a_faculty_is_ready_and_says_that_batches_are_given_up(closed, tmp_path):
    flags = (*faculty_flags(closed), "--min-programs=1", "--retries=0", "--request-timeout=0.1")
    with running_faculty(tmp_path, *flags, HTTP) as faculty:
        assert ask_programs(faculty, [wish(NAMES[0])])[0][0] == "UNAVAILABLE"
        address = http_address(faculty)
        until(lambda: metric(scrape(address), "dti_faculty_batches_total", outcome="given-up") == 1)
        assert status_of(address, "/readyz") == 200


def test_a_program_cannot_make_the_scrape_grow(faculty, http):
    with Client(faculty.endpoint) as client:
        ask_civil(client)
        assert room_answer(client.ask_frames(b"", b"{}"))[0] == "INVALID-REQUEST"
        before = until(lambda: (found := scrape(http)) and metric(found, "dti_peers") == 1 and set(found))
        for number in range(30):
            client.ask_frames(b"", wish(f"program-{number}", semester=f"semester-{number}"))
            client.ask_frames(b"", {"program-name": f"malformed-{number}"})
        after = until(lambda: (found := scrape(http)) and
                      metric(found, "dti_faculty_answers_total", status="INVALID-REQUEST") == 31 and set(found))
    assert after == before


def test_two_hundred_slow_hostile_and_greedy_http_clients_change_nothing_for_the_programs(faculty, http):
    with Bystander(faculty.endpoint, ask_civil) as bystander:
        check_unchanged(bystander, http)
    assert status_of(http, "/readyz") == 200


def test_an_address_in_use_is_refused_with_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, stdout, log = run(tmp_path, "faculty", *faculty_flags("127.0.0.1:1"), "--listen-port=0",
                                  f"--http=127.0.0.1:{port}")
    assert (status, stdout) == (1, "")
    assert f"cannot listen for HTTP on 127.0.0.1:{port}" in log and "choose another port" in log


def test_with_a_semester_it_ends_after_its_batch_and_does_not_wait_for_http_clients(dti, tmp_path):
    flags = (*faculty_flags(dti.address), f"--semester={SEMESTER}", "--min-programs=1", HTTP)
    with running_faculty(tmp_path, *flags) as faculty:
        with connect(http_address(faculty)) as peer:
            peer.sendall(b"GET /livez HTTP/1.1\r\n")
            assert ask_programs(faculty, [wish(NAMES[0])]) == [(OK, 7, 2, 0)]
            assert faculty.exit_status() == 0


def test_without_the_setting_nothing_listens(dti, tmp_path):
    with running_faculty(tmp_path, *faculty_flags(dti.address)) as faculty:
        assert "http" not in faculty.log
