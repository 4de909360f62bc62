"""dti_server --http: each path in each role, what a scrape says, and clients that are slow, broken or hostile."""

import contextlib
import re
import socket
import threading
import time

import pytest

from tests_py.harness.hostile import Bystander, descriptors, limit_descriptors
from tests_py.harness.http import (Response, ask, connect, documented_metrics, exchange, http_address, metric, metrics_of,
                                   parse_metrics, read_all, scrape, status_json, status_of)
from tests_py.harness.http_crowd import Crowd, check_unchanged
from tests_py.harness.process import run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import HAS_ALREADY, OK, Client, check_failed, grant, request

HTTP = "--http=127.0.0.1:0"
PATHS = ("/livez", "/readyz", "/leader", "/standby", "/status", "/metrics")
CIVIL = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))
CIVIL_AGAIN = request(SEMESTER, "Derecho", ("Derecho Civil", 8, 2))
PENAL = request(SEMESTER, "Derecho", ("Derecho Penal", 5, 1), ("Derecho Laboral", 1, 1))


@pytest.fixture
def dti(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag, HTTP) as daemon:
        yield daemon


@pytest.fixture
def http(dti):
    address = http_address(dti)
    until(lambda: status_of(address, "/readyz") == 200, what="readiness")  # which is published after READY
    return address


def statuses(address):
    return tuple(status_of(address, path) for path in PATHS)


def ask_civil(client):
    assert grant(client, CIVIL) == [(OK, 7, 2, 0)]


# Roles.

def test_a_leader_is_alive_ready_and_leader(http):
    until(lambda: statuses(http) == (200, 200, 200, 503, 200, 200), what="the leader's paths")
    assert ask(http, "/readyz?verbose").text.endswith("ready\n")
    status = status_json(http)
    assert status["role"] == "leader" and status["ready"] and status["lease-seconds-left"] > 0
    assert status["semesters"] == [{"name": SEMESTER, "head": 1,
                                    "capacity": {"classrooms": 380, "labs": 60, "mobile-labs": 380},
                                    "left": {"classrooms": 380, "labs": 60, "mobile-labs": 380}}]


def test_a_standby_names_its_leader_and_takes_the_leaders_answers_over(postgresql, tmp_path):
    lease = "--lease-seconds=1"
    with running(tmp_path / "first", *POOL, postgresql.flag, lease, HTTP) as first:
        with running(tmp_path / "second", postgresql.flag, lease, HTTP, standby=True) as second:
            standby = http_address(second)
            until(lambda: statuses(standby) == (200, 200, 503, 200, 200, 200), what="the standby's paths")
            with Client(first.endpoint) as client:
                ask_civil(client)
            until(lambda: status_json(standby)["semesters"][0]["head"] == 2, what="the standby's state")
            until(lambda: status_of(standby, "/standby?lag=0") == 200, what="a standby that is not behind")
            assert status_of(standby, "/standby?lag=x") == 400
            status = status_json(standby)
            assert status["role"] == "standby" and status["leader"] == first.address
            samples = scrape(standby)
            assert metric(samples, "dti_role", role="standby") == 1
            assert metric(samples, "dti_rooms_left", semester=SEMESTER, kind="classroom") == 373
            first.crash()
            until(lambda: statuses(standby) == (200, 200, 200, 503, 200, 200), what="the new leader's paths")
            assert status_json(standby)["epoch"] > 1
            until(lambda: metric(scrape(standby), "dti_take_overs_total") == 1, what="the take-over in a scrape")


def test_a_leader_whose_store_is_frozen_is_alive_and_not_ready(postgresql, tmp_path):
    with running(tmp_path, *POOL, postgresql.flag, "--lease-seconds=1", HTTP) as dti:
        address = http_address(dti)
        until(lambda: status_of(address, "/readyz") == 200, what="readiness")
        postgresql.cluster.freeze()
        try:
            until(lambda: status_of(address, "/readyz") == 503, what="the end of readiness")
            until(lambda: status_of(address, "/leader") == 503, what="the end of the lease")
            assert status_of(address, "/livez") == 200
            until(lambda: "[-] store: " in ask(address, "/readyz?verbose").text, what="the check of the store")
            until(lambda: metric(scrape(address), "dti_store_answers") == 0, what="dti_store_answers")
        finally:
            postgresql.cluster.resume()
        until(lambda: status_of(address, "/readyz") == 200, what="readiness, with the store")


def test_the_store_of_a_leader_does_not_answer_while_it_refuses_connections(postgresql, tmp_path):
    with running(tmp_path, *POOL, postgresql.flag, "--lease-seconds=1", HTTP) as dti:
        address = http_address(dti)
        until(lambda: metric(scrape(address), "dti_store_answers") == 1, what="dti_store_answers")
        postgresql.cluster.stop()
        try:
            until(lambda: metric(scrape(address), "dti_store_answers") == 0, what="the outage in a scrape")
            failures = metric(scrape(address), "dti_store_failures_total", kind="unreachable")
            while metric((samples := scrape(address)), "dti_store_failures_total", kind="unreachable") < failures + 3:
                assert metric(samples, "dti_store_answers") == 0, "each try fails at once"
            assert "[-] store: " in ask(address, "/readyz?verbose").text
        finally:
            postgresql.cluster.start()
        until(lambda: metric(scrape(address), "dti_store_answers") == 1, what="the end of the outage in a scrape")


# Requests.

def test_head_has_the_head_of_get(http):
    for path in PATHS:
        got, head = ask(http, path), ask(http, path, "HEAD")
        assert head.body == b"" and head.status == got.status
        assert head.fields["content-type"] == got.fields["content-type"]
        assert head.fields["x-content-type-options"] == "nosniff" and head.fields["cache-control"] == "no-store"
        assert "server" not in head.fields


@pytest.mark.parametrize("request_bytes, status", [
    (b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
    (b"POST /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
    (b"BREW /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 501),
    (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 413),
    (b"GET /" + b"a" * 9000, 414),
    (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000, 431),
    (b"GET /livez\r\n", 400),
    (b"GET /livez HTTP/1.1\n\n", 400),
    (b"GET /livez HTTP/1.1\r\n\r\n", 400),
    (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400),
], ids=lambda value: str(value)[:24])
def test_what_is_not_served_gets_its_status_and_the_connection_is_closed(http, request_bytes, status):
    data = exchange(http, request_bytes)
    assert Response(data).status == status, data
    assert len(re.findall(rb"HTTP/1.1 \d{3} ", data)) == 1, "one answer, and nothing behind it is read"


def test_a_request_behind_a_smuggled_body_is_not_answered(http):
    smuggled = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for framing in (f"Content-Length: {len(smuggled)}", "Transfer-Encoding: chunked", "Content-Length : 0",
                    "Transfer-Encoding: xchunked", "X: y\nContent-Length: 0"):
        data = exchange(http, f"GET /livez HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n".encode() + smuggled)
        assert data.count(b"HTTP/1.1 ") == 1 and b"dti_" not in data, framing


# Metrics.

def test_a_scrape_says_what_was_asked_and_what_is_left(dti, http, sqlite):
    with Client(dti.endpoint) as client:
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]
        assert grant(client, CIVIL) == [(OK, 7, 2, 0)]  # a repeat
        assert grant(client, CIVIL_AGAIN) == [(HAS_ALREADY, 7, 2, 0)]
        assert len(grant(client, PENAL)) == 2
        unknown = request("2031-10", "Derecho", ("Derecho Civil", 1, 1))
        check_failed(client.ask(unknown), unknown, "INVALID-SEMESTER")
        client.ask(b"{}")
        samples = until(lambda: (found := scrape(http)) and
                        metric(found, "dti_requests_total", outcome="INVALID-REQUEST") == 1 and found)
        assert metric(samples, "dti_requests_total", outcome="decided") == 4
        assert metric(samples, "dti_requests_total", outcome="INVALID-SEMESTER") == 1
        assert metric(samples, "dti_decisions_total", status=OK) == 4
        assert metric(samples, "dti_decisions_total", status=HAS_ALREADY) == 1
        assert metric(samples, "dti_reply_seconds_count") == 5, "the malformed one is not among them"
        assert metric(samples, "dti_batch_entries_sum") == 3
        assert metric(samples, "dti_ledger_head", semester=SEMESTER) == 4
        assert metric(samples, "dti_peers") == 1
        left = tuple(metric(samples, "dti_rooms_left", semester=SEMESTER, kind=kind)
                     for kind in ("classroom", "lab", "mobile-lab"))
        assert left == sqlite.left() == (367, 56, 367)
        assert metric(samples, "dti_memory_bytes") > 1e6
        assert 0 < metric(samples, "dti_descriptors_open") <= descriptors(dti) + 2
    until(lambda: metric(scrape(http), "dti_peers") == 0, what="a peer that left")


def test_both_formats_have_the_same_samples(http):
    text = ask(http, "/metrics")
    open_metrics = ask(http, "/metrics", fields="Accept: application/openmetrics-text;q=0.9,text/plain;q=0.5\r\n")
    assert text.fields["content-type"].startswith("text/plain; version=0.0.4")
    assert open_metrics.fields["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    names = [{(name, tuple((key, float(value) if key == "le" else value) for key, value in labels))
              for name, labels in samples}
             for samples in (parse_metrics(text.text), parse_metrics(open_metrics.text, open_metrics=True))]
    assert names[0] == names[1] and len(names[0]) > 100


def test_the_page_of_metrics_has_each_metric_with_its_type_and_labels_and_no_other(http):
    said = documented_metrics("Of both programs", "Of dti_server")
    until(lambda: "dti_store_file_age_seconds" in ask(http, "/metrics").text, what="the first look at the file")
    assert metrics_of(http, said) == said


def test_a_client_cannot_make_the_scrape_grow(dti, http):
    until(lambda: "dti_store_file_age_seconds" in ask(http, "/metrics").text, what="the first look at the file")
    with Client(dti.endpoint) as client:
        ask_civil(client)
        client.ask(b"{}")
        before = until(lambda: (found := scrape(http)) and metric(found, "dti_peers") == 1 and set(found))
        for number in range(50):
            client.ask(request(f"semester-{number}", f"faculty-{number}", (f"program-{number}", 1, 1)))
            exchange(http, f"GET /path-{number} HTTP/1.1\r\nHost: 127.0.0.{number}\r\nConnection: close\r\n\r\n".encode())
        after = until(lambda: (found := scrape(http)) and
                      metric(found, "dti_requests_total", outcome="INVALID-SEMESTER") == 50 and set(found))
    assert after == before


# Clients that mean harm.

def test_a_scrape_shows_how_http_connections_end_and_when_there_are_too_many(dti, http):
    limit = min(256, int(metric(scrape(http), "dti_descriptors_max")) // 8)

    def closed(reason):
        return metric(scrape(http), "dti_http_closed_total", reason=reason)

    before = closed("bad-request")
    for _ in range(3):
        exchange(http, b"hello\r\n")
    until(lambda: closed("bad-request") == before + 3, what="three clients that do not speak HTTP")
    assert closed("limit") == 0 and "http-limit-reached" not in dti.log
    with contextlib.ExitStack() as stack:
        for _ in range(limit):
            peer = stack.enter_context(connect(http))
            peer.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            peer.recv(65536)
        until(lambda: closed("limit") > 0, what="a connection that made place for a scrape")
        samples = scrape(http)
        assert 0 < metric(samples, "dti_http_connections") <= limit
        assert metric(samples, "dti_events_total", event="http-limit-reached") >= 1
        until(lambda: re.search(rf"http-limit-reached: .*connections-max={limit}\b", dti.log), what="the log")
    until(lambda: metric(scrape(http), "dti_http_connections") == 1, what="the end of these connections")
    assert closed("client") >= limit // 2


def test_two_hundred_slow_hostile_and_greedy_clients_change_nothing_for_the_router_and_the_slow_ones_end(dti, http):
    with Bystander(dti.endpoint, ask_civil) as bystander:
        check_unchanged(bystander, http)
        with Crowd(http) as crowd:
            assert status_of(http, "/livez") == 200, "an honest client gets in"
            for peer in [*crowd.half, *crowd.silent, *crowd.trickling, *crowd.deaf]:
                read_all(peer)  # returns once the server has closed the connection
    assert status_of(http, "/readyz") == 200
    with Client(dti.endpoint) as client:
        ask_civil(client)


def test_a_thousand_pipelined_requests_are_answered_in_order(http):
    with connect(http) as peer:
        requests = b"".join(b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"livez" if i % 2 else b"nothing")
                            for i in range(999))
        sender = threading.Thread(target=peer.sendall, args=(
            requests + b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",))
        sender.start()
        data = read_all(peer)
        sender.join()
    assert re.findall(rb"HTTP/1.1 (\d+) ", data) == [b"200" if i % 2 else b"404" for i in range(1000)]


def test_http_clients_that_take_all_descriptors_stop_neither_the_router_nor_each_other(dti, http):
    with Client(dti.endpoint) as client:
        ask_civil(client)
        limit_descriptors(dti, descriptors(dti) + 10)
        with contextlib.ExitStack() as stack:
            for _ in range(50):
                stack.enter_context(connect(http))
            for _ in range(20):
                ask_civil(client)
            until(lambda: status_of_if_any(http, "/livez") == 200, what="an answer in between")
        until(lambda: re.search(r"http-limit-reached: .*no descriptor", dti.log), what="the log")
        until(lambda: status_of_if_any(http, "/readyz") == 200, what="an answer afterwards")


def status_of_if_any(address, path):
    data = exchange(address, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return Response(data).status if data else None


# Start and end.

def test_an_address_in_use_is_refused_with_a_sentence(sqlite, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, stdout, log = run(tmp_path, "dti_server", *POOL, sqlite.flag, "--port=0", f"--http=127.0.0.1:{port}")
    assert (status, stdout) == (1, "")
    assert f"cannot listen for HTTP on 127.0.0.1:{port}" in log and "choose another port" in log


@pytest.mark.parametrize("address", ["localhost:6080", "6080", "127.0.0.1", "127.0.0.1:70000"])
def test_what_is_no_address_is_bad_use(address, tmp_path):
    status, _, log = run(tmp_path, "dti_server", f"--http={address}")
    assert status == 2 and "--http" in log and "127.0.0.1:6080" in log


def test_an_address_that_others_may_reach_is_warned_of(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag, "--http=0.0.0.0:0") as dti:
        _, port = http_address(dti)
        assert "http-not-loopback" in dti.log
        assert status_of(("127.0.0.1", port), "/livez") == 200
        samples = scrape(("127.0.0.1", port))
        assert metric(samples, "dti_events_total", event="http-not-loopback") == 1
        assert metric(samples, "dti_events_total", event="replaced") == 0, "one that may come later is there too"


def test_ipv6_is_served(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag, "--http=[::1]:0") as dti:
        assert "http-not-loopback" not in dti.log
        assert status_of(http_address(dti), "/livez") == 200


def test_without_the_setting_nothing_listens(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti:
        assert "http" not in dti.log


def test_a_stop_does_not_wait_for_http_clients(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag, HTTP) as dti:
        with connect(http_address(dti)) as peer:
            peer.sendall(b"GET /livez HTTP/1.1\r\n")
            started = time.monotonic()
            assert dti.stop() == 0
            assert time.monotonic() - started < 5
            assert read_all(peer) == b""
