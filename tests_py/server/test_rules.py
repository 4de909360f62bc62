"""What a grant means: repeats, other numbers, unknown names, spellings, several semesters."""

import unicodedata

import pytest

from tests_py.harness.process import running
from tests_py.harness.scenario import POOL, SEMESTER, Model
from tests_py.harness.wire import HAS_ALREADY, OK, PARTIAL, Client, check_failed, grant, request

NOT_A_PROGRAM = ("INVALID-PROGRAM", 0, 0, 0)


@pytest.fixture
def dti(store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as daemon:
        yield daemon


@pytest.fixture
def client(dti):
    with Client(dti.endpoint) as client:
        yield client


def test_a_repeat_gets_the_same_answer_whatever_its_ids_route_and_company(dti, client, store):
    assert grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]
    with Client(dti.endpoint) as another:
        body = request(SEMESTER, "derecho", ("Derecho Penal", 1, 1), ("derecho-civil", 7, 2), request_id="r")
        assert grant(another, body) == [(OK, 1, 1, 0), (OK, 7, 2, 0)]
    assert store.left()[:2] == (372, 57)


def test_a_partial_grant_stands_also_on_repeat(client, store):
    body = request(SEMESTER, "Derecho", ("Derecho Civil", 1000, 1000))
    assert grant(client, body) == [(PARTIAL, 0, 60, 380)]
    assert grant(client, body) == [(PARTIAL, 0, 60, 380)]
    assert store.left() == (0, 0, 0)
    assert store.count("SELECT count(*) FROM alert") == 1


def test_a_grant_of_nothing_is_a_grant_and_stands(client, store):
    assert grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 0, 0))) == [(OK, 0, 0, 0)]
    assert grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 1, 0))) == [(HAS_ALREADY, 0, 0, 0)]
    assert len(store.allocations()) == 1


def test_other_numbers_get_the_grant_back_and_change_nothing(client, store):
    grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)))
    left = store.left()
    for classrooms, labs in [(8, 2), (7, 3), (0, 0), (2, 7)]:
        body = request(SEMESTER, "Derecho", ("Derecho Civil", classrooms, labs))
        assert grant(client, body) == [(HAS_ALREADY, 7, 2, 0)]
    assert grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]
    assert store.left() == left


def test_the_same_program_twice_in_one_message_is_a_repeat_of_the_first(client, store):
    body = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), ("DERECHO CIVIL", 7, 2), ("derecho_civil", 9, 9))
    assert grant(client, body) == [(OK, 7, 2, 0), (OK, 7, 2, 0), (HAS_ALREADY, 7, 2, 0)]
    assert store.left()[:2] == (373, 58)


def test_each_entry_has_its_own_status_in_the_order_asked(client):
    grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2)))
    asked = {
        ("nobody", 1, 1): NOT_A_PROGRAM,
        ("Derecho Civil", 9, 9): (HAS_ALREADY, 7, 2, 0),
        ("Derecho Penal", 370, 10): (OK, 370, 10, 0),
        ("", 1, 1): NOT_A_PROGRAM,
        ("Derecho Laboral", 9, 9): (PARTIAL, 3, 9, 0),
        ("Derecho Civil", 7, 2): (OK, 7, 2, 0),
        ("Teatro", 1, 1): NOT_A_PROGRAM,  # another faculty's
    }
    assert grant(client, request(SEMESTER, "Derecho", *asked)) == list(asked.values())


@pytest.mark.parametrize("semester", ["2025-11", "", "2025-10 ", "2025_10", "２０２５-10"])
def test_a_semester_that_is_not_open_to_the_byte_refuses_the_whole_message(client, store, semester):
    body = request(semester, "no-such-faculty", ("Derecho Civil", 7, 2), ("nobody", 1, 1))
    check_failed(client.ask(body), body, "INVALID-SEMESTER")
    assert store.allocations() == {}


@pytest.mark.parametrize("faculty", ["Filosofia", "", "-", "Educación"])
def test_an_unknown_faculty_refuses_the_whole_message(client, store, faculty):
    body = request(SEMESTER, faculty, ("Derecho Civil", 7, 2), ("nobody", 1, 1))
    check_failed(client.ask(body), body, "INVALID-FACULTY")
    assert store.allocations() == {}


SPELLINGS = {
    "as it is": "Diseño Grafico",
    "small and joined": "diseño-grafico",
    "capitals": "DISEÑO_GRAFICO",
    "NFD": unicodedata.normalize("NFD", "Diseño Grafico"),
    "NFD in capitals": unicodedata.normalize("NFD", "DISEÑO GRAFICO"),
    "separators everywhere": " _d-i s_e-ñ-o__grafico- ",
    "other spaces and dashes": "\tDiseño\u00a0\u2003\u2013\u2011Grafico",
    "full width": "Diseño \uff27\uff32\uff21\uff26\uff29\uff23\uff2f",
}


def test_every_spelling_of_a_name_is_one_program(client, store):
    for spelling in SPELLINGS.values():
        assert grant(client, request(SEMESTER, "ar_tes", (spelling, 3, 1))) == [(OK, 3, 1, 0)], spelling
        assert grant(client, request(SEMESTER, "ARTES", (spelling, 1, 3))) == [(HAS_ALREADY, 3, 1, 0)], spelling
    assert store.allocations() == {("Artes", "Diseño Grafico"): (OK, 3, 1, 0)}


@pytest.mark.parametrize("name", ["diseno grafico", "diseño gráfico", "dise\u00f1o.grafico", "Diseño\u200bGrafico", "---"])
def test_accents_and_other_signs_count(client, name):
    assert grant(client, request(SEMESTER, "Artes", (name, 3, 1))) == [NOT_A_PROGRAM]


def test_several_open_semesters_are_served_together_each_from_its_own_pool(store, tmp_path):
    pools = {"2025-10": (20, 3), "2026": (5, 5), "Frühjahr": (0, 9)}
    for semester, (classrooms, labs) in pools.items():
        with running(tmp_path, store.flag, f"--semester={semester}", f"--classrooms={classrooms}", f"--labs={labs}"):
            pass
    models = {semester: Model(*pool) for semester, pool in pools.items()}
    with running(tmp_path, store.flag) as dti, Client(dti.endpoint) as client:
        for program in ("Derecho Civil", "Derecho Penal", "Derecho Laboral"):
            for semester, model in models.items():
                assert grant(client, request(semester, "Derecho", (program, 4, 3))) == [model.grant(4, 3)]
    for semester, model in models.items():
        assert store.left(semester) == model.left
    store.check_conserved()


def test_the_cap_on_conversions_bounds_mobile_labs(store, tmp_path):
    pool = (f"--semester={SEMESTER}", "--classrooms=10", "--labs=1", "--mobile-labs=2")
    with running(tmp_path, *pool, store.flag) as dti:
        with Client(dti.endpoint) as client:
            assert grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 1, 5))) == [(PARTIAL, 1, 1, 2)]
            assert grant(client, request(SEMESTER, "Derecho", ("Derecho Penal", 1, 1))) == [(PARTIAL, 1, 0, 0)]
    assert store.left() == (6, 0, 0)


def test_the_ledger_counts_each_grant_and_the_opening_once(client, store):
    body = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2), ("nobody", 1, 1), ("Derecho Penal", 999, 1))
    for _ in range(3):
        grant(client, body)
    assert store.count(f"SELECT count(*) FROM history WHERE semester = '{SEMESTER}'") == 3
