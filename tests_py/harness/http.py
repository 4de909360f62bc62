"""HTTP as bytes: requests of every kind to a server's --http, and what a scrape contains."""

import contextlib
import json
import re
import socket

from tests_py.harness.process import HANG_SECONDS, ROOT, until

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\.)*)"')


def http_address(daemon):
    """(host, port) at which a daemon with --http listens, as its log says."""
    found = until(lambda: re.search(r"http-listening.*url=http://(\S+):(\d+)", daemon.log), what="http-listening")
    return found[1].strip("[]"), int(found[2])


def connect(address, receive_bytes=None):
    peer = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    if receive_bytes:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    peer.settimeout(HANG_SECONDS)
    peer.connect(address)
    return peer


def read_all(peer):
    """Everything until the server closes the connection."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while part := peer.recv(65536):
            data += part
    return data


def exchange(address, data):
    """Sends bytes, and returns everything until the server closes the connection."""
    with connect(address) as peer:
        with contextlib.suppress(ConnectionError):
            peer.sendall(data)
        return read_all(peer)


class Response:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        self.status = int(first.split(" ")[1])
        self.fields = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        self.text = self.body.decode()


def ask(address, target, method="GET", fields=""):
    return Response(exchange(address, f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n"
                             .encode()))


def status_of(address, target):
    return ask(address, target).status


def status_json(address):
    return json.loads(ask(address, "/status").text)


def parse_metrics(text, open_metrics=False):
    """{(name, labels): value} of a scrape; a failed check if its format is not as it should be."""
    types, helps, samples = {}, set(), {}
    lines = text.split("\n")
    assert lines.pop() == "", "the last line has its line feed"
    if open_metrics:
        assert lines.pop() == "# EOF"
    family = None
    for line in lines:
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in helps, line
            helps.add(name)
            continue
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert family in helps and family not in types, line
            types[family] = kind
            continue
        match = SAMPLE.match(line)
        assert match, line
        name, labels, value = match[1], tuple(LABEL.findall(match[2] or "")), float(match[3])
        suffixes = {"counter": ["_total"] if open_metrics else [""], "gauge": [""],
                    "histogram": ["_bucket", "_count", "_sum"]}[types[family]]
        assert name in [family + suffix for suffix in suffixes], line
        assert (name, labels) not in samples, line
        samples[name, labels] = value
    for family in (name for name, kind in types.items() if kind == "histogram"):
        buckets = [(float(dict(labels)["le"]), value) for (name, labels), value in samples.items()
                   if name == family + "_bucket"]
        assert buckets == sorted(buckets) and buckets[-1][0] == float("inf")
        assert [value for _, value in buckets] == sorted(value for _, value in buckets), "they are cumulative"
        assert buckets[-1][1] == samples[family + "_count", ()]
    return samples


def documented_metrics(*headings):
    """{name: (type, labels)} of the tables under these headings of docs/monitoring.md."""
    page = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    sections = {part.split("\n")[0]: part for part in re.split(r"^#+ ", page, flags=re.MULTILINE)}
    rows = re.findall(r"^\| `(dti_\w+)` \| (\w+) \| ([^|]*)\|", "\n".join(sections[heading] for heading in headings),
                      re.MULTILINE)
    said = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert len(said) == len(rows)
    return said


def metrics_of(address, said):
    """The same of a scrape."""
    text = ask(address, "/metrics").text
    labels = {}
    for name, pairs in parse_metrics(text):
        family = re.sub(r"_(bucket|count|sum)$", "", name)
        labels.setdefault(family if family in said else name, set()).update(key for key, _ in pairs if key != "le")
    return {name: (kind, labels[name]) for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)}


def scrape(address):
    return parse_metrics(ask(address, "/metrics").text)


def metric(samples, name, **labels):
    return samples[name, tuple(labels.items())]
