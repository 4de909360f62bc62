"""A Prometheus of the test's own, which scrapes real servers and evaluates the rules of deploy/monitoring."""

import contextlib
import json
import re
import shutil
import threading
import time
import urllib.parse
import urllib.request

from tests_py.harness.process import HANG_SECONDS, ROOT, Process, owned, until

FOLDER = ROOT / "deploy/monitoring"
SCRAPE_INTERVAL, EVALUATION_INTERVAL = "500ms", "250ms"
UNITS = {"s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"(?<=for: )(\d+)([smh])$|(?<=[\[:])(\d+)([smh])(?=[\]:])", re.MULTILINE)


def is_installed():
    return shutil.which("prometheus") is not None and shutil.which("promtool") is not None


def rules_with_shorter_times(divisor):
    """The text of the rules, with each `for:`, range and step divided; thresholds and all else stay."""

    def shorter(match):
        number, unit = match[1] or match[3], match[2] or match[4]
        return f"{int(number) * UNITS[unit] * 1000 // divisor}ms"

    return DURATION.sub(shorter, (FOLDER / "dti.rules.yml").read_text(encoding="utf-8"))


def panel_queries(**variables):
    """(title, query) of each query of the dashboard, with its variables filled in."""
    dashboard = json.loads((FOLDER / "grafana/dti.json").read_text(encoding="utf-8"))
    found = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            query = re.sub(r"\$(\w+)", lambda match: variables[match[1]], target["expr"])
            found.append((panel["title"], query))
    return found


class Prometheus:
    def __init__(self, process):
        self._address = until(lambda: re.search(r'msg="Listening on" address=(\S+)', process.log),
                              what="a Prometheus that listens")[1]
        until(self._is_ready, what="a Prometheus that is ready")

    def _is_ready(self):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=HANG_SECONDS).status == 200
        return False

    def _get(self, path, **parameters):
        url = f"http://{self._address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=HANG_SECONDS) as response:
            return json.load(response)["data"]

    def values(self, query):
        """The values that an instant query returns now, without those that are not a number."""
        data = self._get("query", query=query)
        results = data["result"] if data["resultType"] == "vector" else [{"value": data["result"]}]
        return [value for value in (float(result["value"][1]) for result in results) if value == value]

    def firing(self):
        """The names of the alerts that fire."""
        return {alert["labels"]["alertname"] for alert in self._get("alerts")["alerts"] if alert["state"] == "firing"}


@contextlib.contextmanager
def prometheus(folder, jobs, divisor):
    """Scrapes the targets of each job: {job: [HOST:PORT, …]}."""
    scrapes = [{"job_name": job, "static_configs": [{"targets": targets}]} for job, targets in jobs.items()]
    folder.mkdir()
    (folder / "rules.yml").write_text(rules_with_shorter_times(divisor), encoding="utf-8")
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {SCRAPE_INTERVAL}, scrape_timeout: {SCRAPE_INTERVAL}, "
        f"evaluation_interval: {EVALUATION_INTERVAL}}}\n"
        f"rule_files: [rules.yml]\n"
        f"scrape_configs: {json.dumps(scrapes)}\n", encoding="utf-8")
    process = Process([shutil.which("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                       "--web.listen-address=127.0.0.1:0"], folder)
    with owned(process):
        yield Prometheus(process)


class AlertWatch:
    """Notes on a thread of its own when each alert begins and ends to fire."""

    def __init__(self, server):
        self._server = server
        self._begins, self._ends = {}, {}
        self._firing = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._stop.wait(0.05):
            firing, now = self._server.firing(), time.monotonic()
            for name in firing - self._firing:
                self._begins.setdefault(name, []).append(now)
            for name in self._firing - firing:
                self._ends.setdefault(name, []).append(now)
            self._firing = firing

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(HANG_SECONDS)

    def fires(self, name):
        return name in self._firing

    def seconds_until_fired(self, name, since):
        """Waits until the alert has fired after that moment."""
        return self._seconds(self._begins, name, since, "fires")

    def seconds_until_ended(self, name, since):
        return self._seconds(self._ends, name, since, "ends")

    def _seconds(self, moments, name, since, what):
        def found():
            assert self._thread.is_alive(), "Prometheus does not answer"
            return next((moment for moment in moments.get(name, ()) if moment >= since), None)

        return until(found, what=f"{name} {what}") - since
