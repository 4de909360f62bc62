"""Every vector of tests/golden/allocation.jsonl over the wire: each its own semester of one store."""

import json
import random

from tests_py.harness.catalogs import write_catalog
from tests_py.harness.process import ROOT, running
from tests_py.harness.wire import Client, answers, ask_all, request

FACULTY = "Golden"


def vectors():
    """semester -> vector."""
    with open(ROOT / "tests/golden/allocation.jsonl", encoding="utf-8") as file:
        return {f"vector-{number}": json.loads(line) for number, line in enumerate(file, start=1)}


def capacity_flags(semester, vector):
    pool = vector["semester"]
    flags = [f"--semester={semester}", f"--classrooms={pool['classrooms']}", f"--labs={pool['labs']}"]
    return flags if pool["mobile-labs"] is None else [*flags, f"--mobile-labs={pool['mobile-labs']}"]


def requests_of(semester, vector):
    return [request(semester, FACULTY, (f"program {i}", step["request"]["classrooms"], step["request"]["labs"]))
            for i, step in enumerate(vector["steps"])]


def expected(step):
    answer = step["answer"]
    return answer["status"], answer["classrooms"], answer["labs"], answer["mobile-labs"]


def test_every_vector_is_answered_as_written_and_again_after_kill9_in_another_order(store, tmp_path):
    all_vectors = vectors()
    assert len(all_vectors) >= 80
    most = max(len(vector["steps"]) for vector in all_vectors.values())
    catalog = write_catalog(tmp_path / "catalog.csv", FACULTY, [f"program {i}" for i in range(most)])

    for semester, vector in all_vectors.items():
        with running(tmp_path / semester, store.flag, catalog, *capacity_flags(semester, vector)) as dti:
            with Client(dti.endpoint) as client:
                replies = ask_all(client, requests_of(semester, vector))  # one connection keeps the order
                for number, (reply, step) in enumerate(zip(replies, vector["steps"])):
                    assert answers(json.loads(reply)) == [expected(step)], (semester, number)
            if semester == list(all_vectors)[-1]:
                dti.crash()

    left = store.left_of_all()
    for semester, vector in all_vectors.items():
        last = vector["steps"][-1]["left"]
        assert store_left(left[semester]) == (last["classrooms"], last["labs"], last["mobile-labs"]), semester
    store.check_conserved()

    repeats = [(body, expected(step)) for semester, vector in all_vectors.items()
               for body, step in zip(requests_of(semester, vector), vector["steps"])]
    random.Random(20251).shuffle(repeats)
    with running(tmp_path, store.flag) as dti, Client(dti.endpoint) as client:
        for reply, (body, answer) in zip(ask_all(client, [body for body, _ in repeats]), repeats):
            assert answers(json.loads(reply)) == [answer], body
    assert store.left_of_all() == left


def store_left(row):
    return row["classrooms_left"], row["labs_left"], row["mobile_labs_left"]
