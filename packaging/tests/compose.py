"""Prints the arguments of `podman run` for a service of deploy/compose/compose.yaml, each ended by a NUL: compose.py SERVICE ADDRESS

The service listens on ADDRESS, because all of them share one network here. Its volumes have the names of the file, and its
secrets and configs are the files that the file names. An entry of the file that this module does not know is an error."""

import os
import re
import sys
from pathlib import Path

import yaml

FILE = Path(__file__).resolve().parents[2] / "deploy/compose/compose.yaml"
# What podman does not do, or what concerns a whole project or the network.
ELSEWHERE = {"build", "depends_on", "healthcheck", "image", "logging", "mem_limit", "networks", "network_mode", "ports",
             "profiles", "pull_policy", "restart", "stop_grace_period"}


def expanded(text):
    """The text with the variables of the caller, or their defaults."""
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: os.environ.get(found[1]) or found[2], str(text))
    return text.replace("$$", "$")


def path_of(project, kind, name):
    return (FILE.parent / project[kind][name]["file"]).resolve()


def arguments_of(project, name, address):
    service = project["services"][name]
    found, after = [], []
    for key, value in service.items():
        if key == "read_only":
            found += ["--read-only", "--read-only-tmpfs=false"] if value else []
        elif key in ("cap_drop", "cap_add", "security_opt", "tmpfs", "user"):
            values = value if isinstance(value, list) else [value]
            found += [f"--{key.replace('_', '-')}={one}".replace(":true", "") for one in values]
        elif key == "environment":
            found += [f"--env={variable}={expanded(text)}" for variable, text in value.items()]
        elif key == "volumes":
            found += [f"--volume={volume}" for volume in value]
        elif key == "secrets":
            found += [f"--volume={path_of(project, 'secrets', one)}:/run/secrets/{one}:ro" for one in value]
        elif key == "configs":
            found += [f"--volume={path_of(project, 'configs', one['source'])}:{one['target']}:ro" for one in value]
        elif key == "entrypoint":
            found.append(f"--entrypoint={value[0]}")
            after = [expanded(word) for word in value[1:]]
        elif key != "command" and key not in ELSEWHERE:
            raise SystemExit(f"compose.py: {name} has the entry {key}, which is not known here")
    port, http = {"dti-server": (6000, 6080), "dti-clients": (5000, 5080)}[service["image"].split(":")[0]]
    found += [f"--env=DTI_LISTEN=curve://{address}:{port}", f"--env=DTI_HTTP={address}:{http}"]
    return [*found, f"localhost/{service['image']}", *after, *(expanded(word) for word in service.get("command", ()))]


def main():
    project = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    print("\0".join(arguments_of(project, *sys.argv[1:])), end="\0")


if __name__ == "__main__":
    main()
