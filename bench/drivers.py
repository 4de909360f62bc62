"""The programs that measure: dti_load, dti_echo and ledger_ceiling, by their command lines."""

import contextlib
import json

from bench.database import Fault, run_program
from bench.plan import CONNECTIONS, PROGRAMS_A_REQUEST, RATE_MAX, RATE_OF_ONE_MAX
from tests_py.harness.process import Daemon, binary, owned


def write_catalog(folder, catalog):
    """The file that dti_server --catalog reads."""
    path = folder / f"catalog-{catalog.faculties}-{catalog.programs}.csv"
    run_program([binary("dti_load"), *sizes(catalog), f"--write-catalog={path}"], folder)
    return path


def sizes(catalog):
    return f"--faculties={catalog.faculties}", f"--programs={catalog.programs}"


def load(folder, address, catalog, semesters, in_flight, point=None, *, any_reply=False, **flags):
    """What dti_load found out, once everything that it sent was answered. Without a point it measures until the
    requests are used up. A Fault: a reply to no request, a decision that was not OK (warm-up and end
    included), fewer decisions than programs that were asked for, or a point that ran out of requests."""
    given = {"server": address, "semesters": ",".join(semesters), "in-flight": in_flight, "connections": CONNECTIONS,
             "format": "json", **({"seconds": point.seconds, "warm-up": point.warm_up} if point else {}), **flags}
    command = [binary("dti_load"), *sizes(catalog), *(f"--{name}={value}" for name, value in given.items()),
               *(["--any-reply"] if any_reply else [])]
    found = json.loads(run_program(command, folder))
    is_fresh = not any_reply and not flags.get("repeats")
    for is_wrong, what in (
            (found["foreign_replies"], f"{found['foreign_replies']} replies to nothing that waited for one"),
            (found["all_errors"], f"errors: {found['all_errors']}"),
            (not any_reply and set(found["all_statuses"]) != {"OK"},
             f"not every decision was OK: {found['all_statuses']}"),
            (not any_reply and found["statuses"] != {"OK": found["decisions"]},
             f"{found['decisions']} decisions were counted, and {found['statuses']}"),
            (is_fresh and found["all_statuses"].get("OK") != programs_asked(found, flags.get("first", 0)),
             f"{programs_asked(found, flags.get('first', 0))} programs asked, and answered {found['all_statuses']}"),
            (found["ended_early"], f"the requests were used up {found['seconds']:.3f} s after the warm-up")):
        if is_wrong:
            raise Fault(f"{what}\n{' '.join(command)}")
    return found


def requests_max(in_flight, point):
    """To a store on disk: more than will be answered in that time."""
    return int(point.whole * min(in_flight * RATE_OF_ONE_MAX, RATE_MAX))


def measured(found):
    """The figures of a run of dti_load."""
    latency = found["latency_us"]
    return {"requests_per_second": found["requests_per_second"], "decisions_per_second": found["decisions_per_second"],
            "p50_us": latency["p50"], "p99_us": latency["p99"], "p999_us": latency["p999"]}


def programs_asked(found, first=0):
    """By the fresh requests of the run, those of the warm-up and the last ones included."""
    return PROGRAMS_A_REQUEST * (found["sent_in_all"] - first)


@contextlib.contextmanager
def running_echo(folder, reply_bytes):
    daemon = Daemon([binary("dti_echo"), "--port=0", f"--reply-bytes={reply_bytes}"], folder)
    with owned(daemon):
        yield daemon.wait_ready()


def ceiling(folder, conninfo, method, *, programs, semesters=1, **flags):
    """What ledger_ceiling found out: rows of each semester in a random order of the programs."""
    given = {"conninfo": conninfo, "method": method, "semesters": semesters, "programs": programs, **flags}
    return json.loads(run_program([binary("ledger_ceiling"), *(f"--{name}={value}" for name, value in given.items())],
                                  folder))
