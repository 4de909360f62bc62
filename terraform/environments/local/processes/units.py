"""systemd, where it runs: each supervisor is then the first process of a transient unit, which systemd restarts if the
supervisor fails. root uses the manager of the system, another user the manager of that user.

A unit outlives its folder: its name follows from the path, so that it is found and stopped in any case."""

import contextlib
import hashlib
import os
import pwd
import subprocess
from pathlib import Path

from system import ENVIRONMENT, Failure

RUNS = Path("/run/systemd/system")  # see sd_booted(3)
LINGER = Path("/var/lib/systemd/linger")
ANSWER_SECONDS = 10
STOP_SECONDS = 60


def use_systemd(process_manager):
    """Decides for a process that starts now."""
    match process_manager:
        case "systemd":
            if not _answers():
                raise Failure("systemd does not run here, or does not answer this user. Use: terraform apply -var "
                              "process_manager=auto")
            return True
        case "auto":
            # Without lingering, the manager of a user ends at the last logout, and the units with it.
            return (os.geteuid() == 0 or _user_lingers()) and _answers()
    return False


def start(name, folder, command, stop_seconds):
    """Returns when the first process of the unit runs."""
    properties = [
        "Restart=on-failure", "RestartSec=1", "StartLimitIntervalSec=0", f"ConditionPathExists={folder}/description.json",
        "KillMode=mixed", f"TimeoutStopSec={stop_seconds}",  # the supervisor ends the process
        "UMask=0077", f"StandardOutput=append:{folder}/log", f"StandardError=append:{folder}/log",
    ]
    result = _run("systemd-run", "--quiet", "--collect", "--service-type=exec", f"--unit={name}",
                  f"--description={folder.name} of {folder.parent}", *(f"--property={text}" for text in properties), "--",
                  *(argument.replace("$", "$$") for argument in command), seconds=STOP_SECONDS)
    if result.returncode != 0:
        raise Failure(f"systemd does not start {name}: {result.stderr.strip()}. To do without it, use: terraform apply -var "
                      "process_manager=none")


def has_ended(name):
    """Not while it waits for its next start."""
    return _run("systemctl", "is-active", name, seconds=ANSWER_SECONDS).stdout.strip() in ("inactive", "failed")


def stop(pattern):
    """Also if there is no such unit, or no systemd."""
    if not _answers():
        return
    with contextlib.suppress(Failure):  # the caller kills what still runs
        _run("systemctl", "stop", pattern, seconds=STOP_SECONDS)


def name_of(folder):
    return f"{_prefix(folder.parent)}-{folder.name}.service"


def pattern_of(directory):
    return f"{_prefix(directory)}-*.service"


def _prefix(directory):
    return f"dti-local-{hashlib.sha256(os.fsencode(directory)).hexdigest()[:8]}"


def _answers():
    if not RUNS.is_dir():
        return False
    try:
        result = _run("systemctl", "show", "--property=Version", seconds=ANSWER_SECONDS)
    except Failure:
        return False
    return result.returncode == 0 and result.stdout.startswith("Version=")  # systemctl prints nothing in a chroot


def _user_lingers():
    try:
        return (LINGER / pwd.getpwuid(os.geteuid()).pw_name).exists()
    except KeyError:
        return False


def _run(program, *arguments, seconds):
    user = os.geteuid()
    try:
        return subprocess.run([program, *([] if user == 0 else ["--user"]), *arguments], stdin=subprocess.DEVNULL,
                              env={**ENVIRONMENT, "XDG_RUNTIME_DIR": f"/run/user/{user}"}, capture_output=True, text=True,
                              timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"systemd does not answer: {error}") from None
