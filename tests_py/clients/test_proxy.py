"""A server behind a reverse proxy: it registers, and serves `[body, uuid]`."""

import contextlib
import socket

from tests_py.harness.process import running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import HEALTH_CHECK, HEALTHY, OK, Client, answers, only_body, request

DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))


def take_registration(listener):
    """What a server sends; it gets its OK."""
    listener.settimeout(10)
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(10)
        text = b""
        while not text.endswith(b"\n"):
            piece = connection.recv(64)
            assert piece, text
            text += piece
        connection.sendall(b"OK\n")
    return text


def test_a_server_registers_its_port_after_ready_and_serves_what_the_proxy_forwards(sqlite, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        flag = f"--proxy-server=127.0.0.1:{listener.getsockname()[1]}"
        with running(tmp_path, *POOL, sqlite.flag, flag) as dti:
            assert take_registration(listener) == f"{dti.port}\n".encode()
            with Client(dti.endpoint) as proxy:
                assert proxy.ask_frames(HEALTH_CHECK) == [HEALTHY]
                body, uuid = proxy.ask_frames(DERECHO, b"1b4e28ba-2fa1-11d2-883f-0016d3cca427")
                assert uuid == b"1b4e28ba-2fa1-11d2-883f-0016d3cca427"
                assert answers(only_body([body])) == [(OK, 7, 2, 0)]
            listener.settimeout(1.5)  # once is enough
            with contextlib.suppress(TimeoutError):
                listener.accept()
                raise AssertionError("registers again")


def test_a_server_whose_proxy_is_not_there_yet_serves_and_tries_again(sqlite, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # bound, but refuses
        flag = f"--proxy-server=127.0.0.1:{listener.getsockname()[1]}"
        with running(tmp_path, *POOL, sqlite.flag, flag) as dti, Client(dti.endpoint) as client:
            assert answers(client.ask(DERECHO)) == [(OK, 7, 2, 0)]
            listener.listen()
            assert take_registration(listener) == f"{dti.port}\n".encode()


def test_a_registration_that_was_not_answered_by_ok_is_tried_again(sqlite, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        flag = f"--proxy-server=127.0.0.1:{listener.getsockname()[1]}"
        with running(tmp_path, *POOL, sqlite.flag, flag) as dti:
            listener.settimeout(10)
            connection, _ = listener.accept()
            connection.close()
            assert take_registration(listener) == f"{dti.port}\n".encode()


def test_a_silent_proxy_does_not_keep_a_server_from_ending(sqlite, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with running(tmp_path, *POOL, sqlite.flag, f"--proxy-server=127.0.0.1:{listener.getsockname()[1]}") as dti:
            listener.settimeout(10)
            connection, _ = listener.accept()
            with connection:
                assert dti.stop(within=2) == 0
