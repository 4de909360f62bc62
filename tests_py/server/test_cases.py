"""The two worked cases of docs/allocation.md, through every part: 25 programs, 5 faculties, one server, one store."""

import contextlib

import pytest

from tests_py.harness.catalogs import default_catalog
from tests_py.harness.process import running, running_faculty, start_program
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK

# each asks for (classrooms, labs); granted in all (classrooms, labs, mobile labs); left (classrooms, labs, mobile labs)
CASES = {
    "case 1, enough labs": ((7, 2), (175, 50, 0), (205, 10, 205)),
    "case 2, labs run out": ((10, 4), (250, 60, 40), (90, 0, 90)),
}


def result_file(name, want, labs_assigned, mobile_labs, milliseconds):
    return (f"\n\tProgram {name} in SEMESTER: {SEMESTER}\n"
            f"\tREQUESTED CLASSROOMS: {want[0]}\n\tREQUESTED LABS: {want[1]}\n"
            f"\tASSIGNED CLASSROOMS: {want[0]}\n\tASSIGNED LABS: {labs_assigned}\n"
            f"\tHOW MANY OF THE LABS ARE MOBILE LABS (CLASSROOMS WITH PC'S): {mobile_labs}\n\tSTATUS: {OK}\n"
            f"\tMILLISECONDS: {milliseconds}\n\t")


def field(text, name):
    return next(line.split(": ")[1] for line in text.splitlines() if line.startswith(f"\t{name}: "))


@pytest.mark.parametrize("want, granted, left", CASES.values(), ids=CASES)
def test_25_programs_of_5_faculties_get_what_the_worked_example_says(store, tmp_path, want, granted, left):
    output = tmp_path / "results"
    output.mkdir()
    faculties = dict(list(default_catalog().items())[:5])
    with running(tmp_path, *POOL, store.flag) as dti, contextlib.ExitStack() as stack:
        programs = {}
        served = []
        for faculty, names in faculties.items():
            peer = stack.enter_context(running_faculty(
                tmp_path, f"--name={faculty}", f"--dti-server={dti.address}", f"--semester={SEMESTER}",
                "--min-programs=5"))
            served.append(peer)
            for name in names:
                spelled = name.lower().replace(" ", "-")
                programs[spelled] = start_program(
                    tmp_path, f"--name={spelled}", f"--semester={SEMESTER}", f"--classrooms={want[0]}",
                    f"--labs={want[1]}", f"--faculty-server={peer.address}", f"--output-dir={output}")
                stack.callback(programs[spelled].remove)
        for name, program in programs.items():
            assert program.exit_status(within=30) == 0, program.describe()
        assert [faculty.exit_status() for faculty in served] == [0] * 5

        assert store.granted() == granted
        assert store.left() == left
        assert len(store.allocations()) == 25
        store.check_conserved()

    mobile_in_all = 0
    assert sorted(path.name for path in output.iterdir()) == sorted(f"{name}_{SEMESTER}.txt" for name in programs)
    for name in programs:
        text = (output / f"{name}_{SEMESTER}.txt").read_bytes().decode()
        mobile = int(field(text, "HOW MANY OF THE LABS ARE MOBILE LABS (CLASSROOMS WITH PC'S)"))
        assert text == result_file(name, want, want[1], mobile, int(field(text, "MILLISECONDS")))
        mobile_in_all += mobile
    assert mobile_in_all == granted[2]
