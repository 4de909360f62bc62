#!/usr/bin/env python3
"""Asks for the rooms of every program in a spreadsheet, and writes what became of each row.

    python3 ask_from_csv.py --servers=10.0.0.1:6000,10.0.0.2:6000 --semester=2025-10 wanted.csv results.csv

The input is a CSV file as Excel saves it as "CSV UTF-8": with or without a byte order mark, with `;`, `,` or tabs,
with or without a first line `sep=;`. Its columns are faculty, program, classrooms and labs, in any order; other
columns are ignored. The semester is a flag, because Excel turns 2025-10 into a date.

The rows are asked one after the other: if rooms become scarce, the first rows get them. After a row whose outcome is
not known, the remaining rows are not asked, so that they do not overtake it.

Run it again, with the same files, after a crash or an unknown outcome: nothing is granted twice. For that, each row
has a request-id, which stays the same in all runs. The ids are kept in a file, RESULTS.request-ids.json, which is on
the disk before the first row is asked. They are not made from the contents of the row, because a request-id names one
intention: if you ask for the same rooms again on purpose, for example after the office took them back, this is
another request and needs another id. To begin such a new run, give another name for the results. A row whose numbers
you change is another request, too, and gets another id.

Exit codes: 0 all was granted, 3 a part was granted, 4 a row was refused, 5 an outcome is not known (run it again), 2
the input or the flags are wrong (nothing was asked).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dti_client import (AllocationRequest, Client, Granted, InvalidRequest, Outcome, ProgramRequest, Refused, Status,
                        Unknown)

COLUMNS = ("faculty", "program", "classrooms", "labs")
RESULT_COLUMNS = (*COLUMNS, "outcome", "granted classrooms", "granted labs", "granted mobile labs", "status", "detail",
                  "request-id")
NOT_ASKED = "not asked, because the outcome of an earlier row is not known; run this again"


class BadInput(Exception):
    """The text names the place and the remedy."""


@dataclass(frozen=True)
class Row:
    line: int
    faculty: str
    program: str
    classrooms: int
    labs: int

    def key(self, semester: str) -> str:
        """The same for rows that are the same request."""
        return json.dumps([semester, self.faculty, self.program, self.classrooms, self.labs], ensure_ascii=False)


def read_rows(path: Path) -> tuple[list[Row], str]:
    """The rows, and the delimiter of the file. Raises BadInput, with all faults at once."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path}: the file is not UTF-8: save it as \"CSV UTF-8\"") from None
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    first_line, _, rest = text.partition("\n")
    skipped = 0
    if first_line.strip().lower().startswith("sep="):
        delimiter = first_line.rstrip("\r\n")[4:5] or ","
        text, skipped = rest, 1
    else:
        delimiter = max(";,\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in COLUMNS if header.count(name) != 1]
    if missing:
        raise BadInput(f"{path}: the header needs each of these columns once: {', '.join(missing)}")
    rows, faults = [], []
    for cells in reader:
        line = reader.line_num + skipped
        values = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        if not any(values.values()):
            continue
        try:
            rows.append(Row(line, values.get("faculty", ""), values.get("program", ""),
                            _whole_number(values, "classrooms"), _whole_number(values, "labs")))
        except ValueError as fault:
            faults.append(f"{path}:{line}: {fault}")
    if faults:
        raise BadInput("\n".join(faults))
    return rows, delimiter


def _whole_number(values: dict[str, str], column: str) -> int:
    text = values.get(column, "")
    if not (text.isascii() and text.isdigit()) or int(text[:8]) > 1_000_000:
        raise ValueError(f"{column} must be a whole number from 0 to 1,000,000, not {text!r}")
    return int(text)


def request_ids(path: Path, keys: Iterable[str]) -> dict[str, str]:
    """The request-id of each key: that of an earlier run, or a new one. All are on the disk when this returns."""
    try:
        ids: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:
        raise BadInput(f"{path}: the file is damaged. Without it, this run would ask with other request-ids; restore "
                       "it, or choose another name for the results") from None
    for key in keys:
        ids.setdefault(key, str(uuid.uuid4()))
    replace_file(path, json.dumps(ids, ensure_ascii=False, indent=0).encode())
    return ids


def replace_file(path: Path, content: bytes) -> None:
    """The file has its old or its new content, also after a power loss."""
    beside = path.with_name(path.name + ".new")
    with open(beside, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    if os.name == "posix":
        folder = os.open(path.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def ask_rows(client: Client, semester: str, rows: list[Row], ids: dict[str, str], timeout: float) -> list[Outcome]:
    """An outcome for each row."""
    outcomes: list[Outcome] = []
    is_blocked = False
    for row in rows:
        outcome: Outcome = Unknown(row.program, NOT_ASKED, was_sent=False)
        if not is_blocked:
            try:
                request = AllocationRequest(semester, row.faculty,
                                            (ProgramRequest(row.program, row.classrooms, row.labs),),
                                            ids[row.key(semester)])
                (outcome,) = client.ask(request, timeout=timeout)
            except InvalidRequest as fault:
                outcome = Refused(row.program, fault.status, fault.detail)
        is_blocked = is_blocked or isinstance(outcome, Unknown)
        outcomes.append(outcome)
        print(f"line {row.line}: {row.program}: {describe(outcome)}", flush=True)
    return outcomes


def describe(outcome: Outcome) -> str:
    match outcome:
        case Granted(_, rooms, is_whole):
            text = f"{rooms.classrooms} classrooms, {rooms.labs} labs, {rooms.mobile_labs} mobile labs"
            return f"granted, {text}" if is_whole else f"granted in part, {text}"
        case Refused(_, status, detail):
            return f"refused, {status}: {detail}"
        case Unknown(_, reason):
            return f"unknown: {reason}"


def result_cells(outcome: Outcome) -> tuple[str | int, ...]:
    """outcome, rooms, status, detail. A refused program that holds an earlier grant has the rooms of that grant."""
    match outcome:
        case Granted(_, rooms, is_whole, detail):
            status = Status.OK if is_whole else Status.NOT_ENOUGH_RESOURCES
            kind = "granted" if is_whole else "granted in part"
            return kind, rooms.classrooms, rooms.labs, rooms.mobile_labs, status.value, as_text(detail)
        case Refused(_, status, detail, holds):
            numbers = (holds.classrooms, holds.labs, holds.mobile_labs) if holds else (0, 0, 0)
            return "refused", *numbers, status.value, as_text(detail)
        case Unknown(_, reason):
            return "unknown", "", "", "", "", as_text(reason)


def as_text(words: str) -> str:
    """A text from the network must not become a formula in a spreadsheet."""
    return "'" + words if words[:1] in ("=", "+", "-", "@", "\t", "\r") else words


def write_results(path: Path, semester: str, rows: list[Row], outcomes: list[Outcome], ids: dict[str, str],
                  delimiter: str) -> None:
    """With a byte order mark, and without a line `sep=`, before which Excel does not read UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(RESULT_COLUMNS)
    for row, outcome in zip(rows, outcomes, strict=True):
        writer.writerow((row.faculty, row.program, row.classrooms, row.labs, *result_cells(outcome),
                         ids[row.key(semester)]))
    replace_file(path, text.getvalue().encode("utf-8-sig"))


def exit_code(outcomes: list[Outcome]) -> int:
    """As that of `program`: the one that needs the most attention."""
    if any(isinstance(outcome, Unknown) for outcome in outcomes):
        return 5
    if any(isinstance(outcome, Refused) for outcome in outcomes):
        return 4
    return 0 if all(isinstance(outcome, Granted) and outcome.is_whole for outcome in outcomes) else 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", required=True, help="HOST:PORT of each server, with commas between them")
    parser.add_argument("--semester", required=True)
    parser.add_argument("--timeout", type=float, default=60, help="seconds for each row (60)")
    parser.add_argument("input", type=Path)
    parser.add_argument("results", type=Path)
    options = parser.parse_args()
    try:
        rows, delimiter = read_rows(options.input)
        journal = options.results.with_name(options.results.name + ".request-ids.json")
        ids = request_ids(journal, (row.key(options.semester) for row in rows))
        client = Client(options.servers.split(","))
    except (BadInput, ValueError, OSError) as fault:
        print(fault, file=sys.stderr)
        return 2
    with client:
        outcomes = ask_rows(client, options.semester, rows, ids, options.timeout)
    write_results(options.results, options.semester, rows, outcomes, ids, delimiter)
    return exit_code(outcomes)


if __name__ == "__main__":
    sys.exit(main())
