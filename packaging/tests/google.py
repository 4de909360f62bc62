"""What a VM sees of Google, for the check of the startup script: its metadata, Secret Manager and Cloud Storage.

    google.py FOLDER    serves attributes/NAME, secrets/NAME and objects/BUCKET/OBJECT of the folder, on a port that it
                        writes to FOLDER/port, and logs each request in FOLDER/requests.

The first two requests for a secret or an object are refused, as on a new VM, whose rights take effect with a delay."""

import base64
import http.server
import json
import os
import sys
from collections import Counter
from pathlib import Path

FOLDER = Path(sys.argv[1])
TOKEN = "ya29.a-token-of-the-vm"
REFUSED_FIRST = 2
METADATA = "/computeMetadata/v1/instance/"
tries = Counter()


def visible(secret):
    """Whether an argument of a process has it: every user of a machine can read those."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if secret.encode() in file.read_bytes():
                return True
        except OSError:  # it has ended meanwhile
            continue
    return False


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = self.answer()
        with open(FOLDER / "requests", "a", encoding="ascii") as log:
            log.write(f"{status} {self.path}\n")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        if self.path.startswith(METADATA):
            if self.headers["Metadata-Flavor"] != "Google":
                return 403, b""
            return self.metadata(self.path.removeprefix(METADATA))
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return 401, b""
        if visible(TOKEN):
            return 418, b"the token is an argument of a process"
        tries[self.path] += 1
        if tries[self.path] <= REFUSED_FIRST:
            return 403, b""
        return self.secret(self.path) if self.path.endswith(":access") else content(FOLDER / f"objects{self.path}")

    def metadata(self, path):
        if path == "service-accounts/default/token":
            return 200, json.dumps({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}).encode()
        return content(FOLDER / path)

    def secret(self, path):
        name = path.removeprefix("/v1/projects/example/secrets/").removesuffix("/versions/latest:access")
        status, value = content(FOLDER / "secrets" / name)
        data = base64.b64encode(value).decode()
        return status, json.dumps({"name": path, "payload": {"data": data, "dataCrc32c": "1"}}, indent=2).encode()

    def log_message(self, *_):
        pass


def content(file):
    return (200, file.read_bytes()) if file.is_file() else (404, b"")


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    (FOLDER / "port.new").write_text(str(server.server_port))
    os.replace(FOLDER / "port.new", FOLDER / "port")
    server.serve_forever()
