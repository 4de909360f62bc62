"""Which programs there are."""

import csv

from tests_py.harness.process import ROOT


def default_catalog():
    """faculty -> programs, as a store without a catalogue gets them."""
    with open(ROOT / "data/catalog.csv", encoding="utf-8", newline="") as file:
        programs = {}
        for row in csv.DictReader(file):
            programs.setdefault(row["faculty"], []).append(row["program"])
        return programs


def all_pairs():
    return [(faculty, program) for faculty, programs in default_catalog().items() for program in programs]


def write_catalog(path, faculty, programs):
    """A catalogue of one faculty; returns the flag that loads it."""
    return write_pairs(path, [(faculty, program) for program in programs])


def write_pairs(path, pairs):
    """A catalogue of (faculty, program); returns the flag that loads it."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("faculty", "program"), *pairs])
    return f"--catalog={path}"
