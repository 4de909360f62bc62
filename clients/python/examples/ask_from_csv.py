#!/usr/bin/env python3
"""Asks for the rooms of every program in a spreadsheet, and writes what became of each row.

    python3 ask_from_csv.py --servers=10.0.0.1:6000,10.0.0.2:6000 --semester=2025-10 wanted.csv results.csv

The input is a CSV file as Excel saves it as "CSV UTF-8": with or without a byte order mark, with `;`, `,` or tabs,
with or without a first line `sep=;`. Its columns are faculty, program, classrooms and labs, in any order; other
columns are ignored. The semester is a flag, because Excel turns 2025-10 into a date. It does the same with a name such
as 3-2: format the columns of names as text before you type them.

The rows are asked one after the other: if rooms become scarce, the first rows get them. After a row whose outcome is
not known, the remaining rows are not asked, so that they do not overtake it. A row that repeats an earlier row is one
request with it, is not asked again, and refers to it in the results.

Run it again, with the same files, after a crash or an unknown outcome: nothing is granted twice. For that, each row
has a request-id, which stays the same in all runs. The ids are kept in a file, RESULTS.request-ids.json, which is on
the disk before the first row is asked. They are not made from the contents of the row, because a request-id names one
intention: if you ask for the same rooms again on purpose, for example after the office took them back, this is
another request and needs another id. To begin such a new run, give another name for the results. A row whose numbers
you change is another request, too, and gets another id. Two runs with the same results cannot be in progress at the
same time (RESULTS.lock).

The results are written also if the run is interrupted or fails. In them, a text that a spreadsheet would take for a
formula has a ' before it.

Exit codes: 0 all was granted, 3 a part was granted, 4 a row was refused, 5 an outcome is not known (run it again), 2
the input or the flags are wrong (nothing was asked), 6 the results cannot be written (run it again), 1 another fault.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import os
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dti_client import (AllocationRequest, Client, Granted, InvalidRequest, Outcome, ProgramRequest, Refused, Status,
                        Unknown)

COLUMNS = ("faculty", "program", "classrooms", "labs")
RESULT_COLUMNS = (*COLUMNS, "outcome", "granted classrooms", "granted labs", "granted mobile labs", "status", "detail",
                  "request-id")
ROOMS_MAX = 1_000_000
BLOCKED = "not asked, because the outcome of an earlier row is not known; run this again"
INTERRUPTED = "the run ended before there was an outcome; run this again"
NOT_REACHED = "not asked, because the run ended before; run this again"
FORMULA_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")  # also full-width


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


@dataclass(frozen=True)
class SameAs:
    """The row is one request with an earlier row."""

    line: int


def read_rows(path: Path) -> tuple[list[Row], str]:
    """The rows, and the delimiter of the file. Raises BadInput, with all faults at once."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path}: the file is not UTF-8: save it as \"CSV UTF-8\"") from None
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    if text and not text.endswith(("\n", "\r")):
        warn(f"{path}: the last line has no line end: check that the file is complete")
    first_line, _, rest = text.partition("\n")
    skipped = 0
    if first_line.strip().lower().startswith("sep="):
        delimiter = first_line.rstrip("\r\n")[4:5] or ","
        text, skipped = rest, 1
    else:
        delimiter = max(";,\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        table = [(reader.line_num + skipped, cells) for cells in reader]
    except csv.Error as error:
        line = reader.line_num + skipped
        raise BadInput(f"{path}:{line}: {error}: check the quotes in the rows before") from None
    header = [name.strip().lower() for name in table[0][1]] if table else []
    missing = [name for name in COLUMNS if header.count(name) != 1]
    if missing:
        raise BadInput(f"{path}: the header needs each of these columns once: {', '.join(missing)}")
    rows, faults = [], []
    for line, cells in table[1:]:
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
    is_number = text.isascii() and text.isdigit()
    if not is_number or len(text.lstrip("0")) > len(str(ROOMS_MAX)) or int(text) > ROOMS_MAX:
        raise ValueError(f"{column} must be a whole number from 0 to {ROOMS_MAX:,}, not {text!r}")
    return int(text)


def check_paths(source: Path, results: Path, journal: Path) -> None:
    """Raises BadInput if the results cannot be written there."""
    for written in (results, journal):
        if written.exists() and source.exists() and written.samefile(source):
            raise BadInput(f"{written}: this is the input: choose another name for the results")
    if results.is_dir():
        raise BadInput(f"{results}: this is a folder: choose another name for the results")


@contextmanager
def only_run(path: Path) -> Iterator[None]:
    """No other run with the same results can be here at the same time. The file stays. Raises BadInput."""
    with open(path, "a+b") as file:
        try:
            if sys.platform == "win32":
                import msvcrt
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BadInput(f"{path}: another run with the same results is in progress") from None
        yield


def request_ids(path: Path, keys: Iterable[str]) -> dict[str, str]:
    """The request-id of each key: that of an earlier run, or a new one. All are on the disk when this returns."""
    try:
        ids = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if not isinstance(ids, dict) or not all(isinstance(request_id, str) for request_id in ids.values()):
            raise ValueError
    except (ValueError, RecursionError):
        raise BadInput(f"{path}: the file is damaged. Without it, this run would ask with other request-ids; restore "
                       "it, or choose another name for the results") from None
    for key in keys:
        ids.setdefault(key, str(uuid.uuid4()))
    replace_file(path, json.dumps(ids, ensure_ascii=False, indent=0).encode())
    return ids


def replace_file(path: Path, content: bytes) -> None:
    """The file has its old or its new content, also after a power loss."""
    descriptor, beside = tempfile.mkstemp(prefix=path.name + ".", suffix=".new", dir=path.absolute().parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.name == "posix":
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(beside, 0o666 & ~mask)  # as an ordinary new file
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
    if os.name == "posix":
        folder = os.open(path.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def ask_rows(client: Client, semester: str, rows: list[Row], ids: dict[str, str], timeout: float,
             outcomes: list[Outcome | SameAs]) -> None:
    """Adds an outcome for each row, as it comes."""
    is_blocked = False
    first_lines: dict[str, int] = {}
    for row in rows:
        key = row.key(semester)
        outcome: Outcome | SameAs
        if key in first_lines:
            outcome = SameAs(first_lines[key])
        elif is_blocked:
            outcome = Unknown(row.program, BLOCKED, was_sent=False)
        else:
            outcome = ask_row(client, semester, row, ids[key], timeout)
        first_lines.setdefault(key, row.line)
        is_blocked = is_blocked or isinstance(outcome, Unknown)
        outcomes.append(outcome)
        print(printable(f"line {row.line}: {row.program}: {describe(outcome)}"), flush=True)


def ask_row(client: Client, semester: str, row: Row, request_id: str, timeout: float) -> Outcome:
    try:
        program = ProgramRequest(row.program, row.classrooms, row.labs)
        (outcome,) = client.ask(AllocationRequest(semester, row.faculty, (program,), request_id), timeout=timeout)
    except InvalidRequest as fault:
        return Refused(row.program, fault.status, fault.detail)
    return outcome


def describe(outcome: Outcome | SameAs) -> str:
    match outcome:
        case SameAs(line):
            return f"the same as line {line}"
        case Granted(_, rooms, is_whole):
            text = f"{rooms.classrooms} classrooms, {rooms.labs} labs, {rooms.mobile_labs} mobile labs"
            return f"granted, {text}" if is_whole else f"granted in part, {text}"
        case Refused(_, status, detail):
            return f"refused, {status}: {detail}"
        case Unknown(_, reason):
            return f"unknown: {reason}"


def printable(text: str) -> str:
    """A text from the network, or from a file, must not control the terminal."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def result_cells(outcome: Outcome | SameAs) -> tuple[str | int, ...]:
    """outcome, rooms, status, detail. A refused program that holds an earlier grant has the rooms of that grant."""
    match outcome:
        case SameAs():
            return describe(outcome), "", "", "", "", ""
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
    """A text from the network, or from a name, must not become a formula in a spreadsheet."""
    return "'" + words if words.startswith(FORMULA_SIGNS) else words


def write_results(path: Path, semester: str, rows: list[Row], outcomes: list[Outcome | SameAs], ids: dict[str, str],
                  delimiter: str) -> None:
    """With a byte order mark, and without a line `sep=`, before which Excel does not read UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(RESULT_COLUMNS)
    for row, outcome in zip(rows, outcomes, strict=True):
        writer.writerow((as_text(row.faculty), as_text(row.program), row.classrooms, row.labs, *result_cells(outcome),
                         ids[row.key(semester)]))
    replace_file(path, text.getvalue().encode("utf-8-sig"))


def exit_code(outcomes: list[Outcome | SameAs]) -> int:
    """As that of `program`: the one that needs the most attention."""
    if any(isinstance(outcome, Unknown) for outcome in outcomes):
        return 5
    if any(isinstance(outcome, Refused) for outcome in outcomes):
        return 4
    return 3 if any(isinstance(outcome, Granted) and not outcome.is_whole for outcome in outcomes) else 0


def read_flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", required=True, help="HOST:PORT of each server, with commas between them")
    parser.add_argument("--semester", required=True)
    parser.add_argument("--timeout", type=float, default=60, help="seconds for each row (60)")
    parser.add_argument("input", type=Path)
    parser.add_argument("results", type=Path)
    options = parser.parse_args()
    if not 0 < options.timeout < math.inf:
        parser.error(f"--timeout: must be a positive number of seconds, not {options.timeout}")
    return options


def warn(text: str) -> None:
    print("\n".join(printable(line) for line in text.split("\n")), file=sys.stderr)


def ask_and_write(client: Client, options: argparse.Namespace, rows: list[Row], ids: dict[str, str],
                  delimiter: str) -> int:
    """Writes the results also if the run is interrupted or fails: then its last rows have no outcome. The exit code."""
    outcomes: list[Outcome | SameAs] = []
    try:
        ask_rows(client, options.semester, rows, ids, options.timeout, outcomes)
    except KeyboardInterrupt:
        warn("interrupted")
    finally:
        in_progress = len(outcomes)
        for row in rows[in_progress:]:
            is_asked = row is rows[in_progress]
            outcomes.append(Unknown(row.program, INTERRUPTED if is_asked else NOT_REACHED, was_sent=is_asked))
        try:
            write_results(options.results, options.semester, rows, outcomes, ids, delimiter)
            is_written = True
        except OSError as fault:
            is_written = False
            warn(f"{options.results}: the results cannot be written: {fault.strerror}. Close the file in other "
                 "programs, or make room, and run this again: it reports the same grants")
    return exit_code(outcomes) if is_written else 6


def beside(results: Path, ending: str) -> Path:
    return results.with_name(results.name + ending)


def main() -> int:
    options = read_flags()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may not have every letter
    journal = beside(options.results, ".request-ids.json")
    with ExitStack() as stack:
        try:
            check_paths(options.input, options.results, journal)
            rows, delimiter = read_rows(options.input)
            client = stack.enter_context(Client(options.servers.split(",")))
            stack.enter_context(only_run(beside(options.results, ".lock")))
            ids = request_ids(journal, (row.key(options.semester) for row in rows))
        except (BadInput, ValueError, OSError) as fault:
            warn(str(fault))
            return 2
        return ask_and_write(client, options, rows, ids, delimiter)


if __name__ == "__main__":
    sys.exit(main())
