"""Secured endpoints: the client proves its key, and checks that of the server."""

import os

import pytest
from dti_client import AllocationRequest, Client, Granted, ProgramRequest, Refused, Rooms, Unknown

from tests_py.harness.process import running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import KeyList, new_key

REQUEST = AllocationRequest(SEMESTER, "Derecho", (ProgramRequest("Derecho Civil", classrooms=7, labs=2),))


@pytest.fixture
def server(tmp_path):
    """The address of a secured server, its key, and the key of Derecho."""
    key = new_key(tmp_path, "dti")
    keys = KeyList(tmp_path, derecho="faculty:Derecho")
    with running(tmp_path, *POOL, f"--store=sqlite:{tmp_path}/dti.db", "--listen=curve://127.0.0.1:0", key.flag, keys.flag) as dti:
        yield dti.endpoint.removeprefix("curve://"), key, keys["derecho"]


def test_with_keys_rooms_are_granted_for_the_faculty_of_the_role_only(server):
    address, key, derecho = server
    with Client([address], key_file=derecho.path, server_keys=key.public) as client:
        assert client.ask(REQUEST) == (Granted("Derecho Civil", Rooms(7, 2, 0), True),)
        [outcome] = client.ask(AllocationRequest(SEMESTER, "Medicina", (ProgramRequest("x", classrooms=1, labs=0),)))
        assert isinstance(outcome, Refused) and outcome.status == "UNAUTHORIZED"


def test_a_server_that_does_not_prove_its_key_gets_no_request(server, tmp_path):
    address, _, derecho = server
    with Client([address], key_file=derecho.path, server_keys=new_key(tmp_path, "other").public) as client:
        [outcome] = client.ask(REQUEST, timeout=2)
        assert isinstance(outcome, Unknown) and not outcome.was_sent


def test_keys_that_cannot_be_right_are_refused(tmp_path):
    key, other = new_key(tmp_path, "key"), new_key(tmp_path, "other")
    damaged = tmp_path / "damaged.key"
    for text, reason in (("", "public: not 64"), ("secret = ", "not a key file"),
                         (key.path.read_text().replace(key.public, other.public), "public does not belong to secret")):
        damaged.write_text(text)
        damaged.chmod(0o600)
        with pytest.raises(ValueError, match=reason) as raised:
            Client(["a:1"], key_file=damaged, server_keys=other.public)
        assert key.secret[:8] not in str(raised.value)
    for more in ({"key_file": key.path}, {"server_keys": other.public}, {"key_file": key.path, "server_keys": "x"},
                 {"key_file": key.path, "server_keys": [other.public] * 3}):
        with pytest.raises(ValueError):
            Client(["a:1", "b:2"], **more)
    with pytest.raises(ValueError, match="public half of no key"):
        Client(["a:1"], key_file=key.path, server_keys="0" * 64)
    Client(["a:1", "b:2"], key_file=key.path, server_keys=f"{other.public},{key.public}").close()
    os.mkfifo(tmp_path / "pipe.key", 0o600)
    with pytest.raises(ValueError, match="no regular file"):
        Client(["a:1"], key_file=tmp_path / "pipe.key", server_keys=other.public)
    key.path.chmod(0o640)
    with pytest.raises(ValueError, match="others may use"):
        Client(["a:1"], key_file=key.path, server_keys=other.public)
    with pytest.raises(OSError):
        Client(["a:1"], key_file=tmp_path / "none", server_keys=other.public)
