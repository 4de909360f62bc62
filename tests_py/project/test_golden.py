"""The bytes of tests/golden over the wire: whole exchanges, and hostile requests one after the other."""

import base64
import json

import pytest

from tests_py.harness.process import ROOT, running
from tests_py.harness.wire import HEALTHY, OK, Client, answers, grant, request

GOLDEN = ROOT / "tests/golden"
CASES = {"case1": (380, 60), "case2": (380, 60), "mixed": (12, 3), "no-programs": (380, 60)}
DERECHO = request("2025-10", "Derecho", ("Derecho Constitucional", 1, 1))


def flags(classrooms=380, labs=60, semester="2025-10"):
    return f"--semester={semester}", f"--classrooms={classrooms}", f"--labs={labs}", "--store=memory:"


@pytest.mark.parametrize("name", CASES)
def test_an_exchange_is_answered_byte_for_byte(tmp_path, name):
    with running(tmp_path, *flags(*CASES[name])) as dti, Client(dti.endpoint) as client:
        assert client.ask_frames((GOLDEN / name / "request.json").read_bytes()) == [
            (GOLDEN / name / "reply.json").read_bytes()]


@pytest.mark.parametrize("name, semester, catalog", [
    ("error-invalid-request", "2025-10", ""), ("error-invalid-semester", "2026-10", ""),
    ("error-invalid-faculty", "2025-10", "faculty,program\nArtes,Teatro\n")])
def test_a_refusal_of_the_whole_request_is_answered_as_written_but_for_the_sentence(tmp_path, name, semester, catalog):
    path = tmp_path / "catalog.csv"
    path.write_text(catalog)
    with running(tmp_path, *flags(semester=semester), *([f"--catalog={path}"] if catalog else [])) as dti:
        with Client(dti.endpoint) as client:
            reply = client.ask((GOLDEN / name / "request.json").read_bytes())
    expected = json.loads((GOLDEN / name / "reply.json").read_bytes())
    assert reply.pop("detail") and expected.pop("detail")
    assert reply == expected


def body_of(case):
    unit = base64.b64decode(case["body_base64"]) if "body_base64" in case else case["body"].encode()
    return case.get("prefix", "").encode() + unit * case.get("repeat", 1) + case.get("suffix", "").encode()


def test_every_hostile_request_gets_its_verdict_and_the_server_lives(tmp_path):
    with open(GOLDEN / "hostile_requests.jsonl", encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    assert {case["verdict"] for case in cases} == {"ok", "health", "malformed"}
    with running(tmp_path, *flags(classrooms=1_000_000_000)) as dti, Client(dti.endpoint) as client:
        for case in cases:
            [reply] = client.ask_frames(body_of(case))
            name = case["name"]
            if case["verdict"] == "health":
                assert reply == HEALTHY, name
                continue
            reply = json.loads(reply)
            if "listed" in case:
                assert [entry["program-id"] for entry in reply["programs"]] == case["listed"], name
            if case["verdict"] == "malformed":
                assert (reply["error-found"], reply["error-message"]) == (True, "INVALID-REQUEST"), name
                assert set(answers(reply)) <= {("INVALID-REQUEST", 0, 0, 0)}, name
                assert case.get("detail", "") in reply["detail"], name
            else:
                assert reply["error-message"] != "INVALID-REQUEST", (name, reply)
        assert grant(client, DERECHO) == [(OK, 1, 1, 0)]
