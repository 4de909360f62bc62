"""Part `monitoring`: a server that serves HTTP and is scraped once a second, and the same server without, in turn."""

import contextlib
import threading

from tests_py.harness.http import http_address, scrape

IN_FLIGHT = 1024
PAIRS = 4  # in a repetition
SCRAPE_SECONDS = 1
FLAGS = ("--http=127.0.0.1:0",)


@contextlib.contextmanager
def scraped(server):
    """While the block runs, as Prometheus would; the first scrape is at once. A scrape that fails is raised at the end."""
    address = http_address(server)
    stop, failures = threading.Event(), []

    def run():
        try:
            while True:
                assert scrape(address)
                if stop.wait(SCRAPE_SECONDS):
                    return
        except Exception as failure:  # told to the thread that measures
            failures.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


def measure_pair(driven, watched_first):
    """Requests a second of both, and their ratio.
    @param driven  makes a Driver of a server with these flags, on a fresh ledger"""
    rates = {}
    for watched in (watched_first, not watched_first):
        with driven(FLAGS if watched else ()) as driver:
            with scraped(driver.server) if watched else contextlib.nullcontext():
                found, _ = driver.fresh(IN_FLIGHT)
        rates["with" if watched else "without"] = found["requests_per_second"]
    return {**rates, "ratio": rates["with"] / rates["without"]}
