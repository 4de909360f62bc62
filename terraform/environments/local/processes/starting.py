"""Starts and stops a process together with its supervisor."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from supervisor import PROCESS_STOP_SECONDS
from system import ENVIRONMENT, POLL_SECONDS, Failure, end_process, find_process

PACKAGE = Path(__file__).resolve().parent
PARENT = os.getppid()  # Terraform, or the operator's shell
READY_SECONDS = 45
STARTER_STOP_SECONDS = 5
SUPERVISOR_STOP_SECONDS = PROCESS_STOP_SECONDS + 5


def start(instance):
    """Returns when the process is ready. If it fails or is interrupted, no process is left; the log is."""
    if not (instance.is_ready() and instance.has_this_description()):
        instance.make_folder()
        end_processes(instance)
        instance.starter.write(os.getpid())
        try:
            instance.kind.prepare(instance.folder, instance.description)
            start_supervisor(instance)
        finally:
            instance.starter.remove()
    return f"{instance.name}: runs. {instance.last_announcement()}"


def supervisor_arguments(instance):
    return ["supervise", str(instance.folder)]


def start_supervisor(instance):
    read_end, write_end = os.pipe()
    with open(instance.log, "ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-B", PACKAGE, *supervisor_arguments(instance)], stdin=read_end, stdout=log, stderr=log,
            cwd="/", env=ENVIRONMENT, start_new_session=True)
    os.close(read_end)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not instance.is_ready():
            if supervisor.poll() is not None:
                raise failure(instance, "ended before it was ready")
            if time.monotonic() > deadline:
                raise failure(instance, f"was not ready within {READY_SECONDS} s")
            if os.getppid() != PARENT:
                raise failure(instance, "is stopped, because the command that started it has ended")
            time.sleep(POLL_SECONDS)
        with contextlib.suppress(BrokenPipeError):  # it has just ended, and the log tells why
            os.write(write_end, b"r")  # the supervisor continues without this process
    except BaseException:
        os.close(write_end)
        supervisor.wait(SUPERVISOR_STOP_SECONDS)
        raise


def failure(instance, what):
    return Failure(f"{instance.name} {what}. The end of its log, {instance.log}:\n{instance.last_lines()}")


def stop(instance):
    """Also if the process has ended already, if it was never started, or a second time."""
    end_processes(instance)
    instance.remove_folder()
    return f"{instance.name}: stopped"


def end_processes(instance):
    """Also a start that still works, because Terraform was killed, and a supervisor whose folder was removed."""
    end_process(instance.starter.read, signal.SIGTERM, STARTER_STOP_SECONDS)
    end_process(partial(find_process, supervisor_arguments(instance)), signal.SIGTERM, SUPERVISOR_STOP_SECONDS)
    end_process(instance.process.read, instance.kind.stop_signal, PROCESS_STOP_SECONDS)  # if its supervisor was killed
    instance.kind.clean_up(instance.folder)
    with contextlib.suppress(FileNotFoundError):
        instance.mark_not_ready()
