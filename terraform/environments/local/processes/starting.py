"""Starts and stops a process together with its supervisor."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import keys
import units
from ports import locked
from supervisor import PROCESS_STOP_SECONDS
from system import ENVIRONMENT, POLL_SECONDS, Failure, end_process, find_process

PACKAGE = Path(__file__).resolve().parent
PARENT = os.getppid()  # Terraform, or the operator's shell
READY_SECONDS = 120  # for what hangs: a supervisor that ends is noticed at once
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
            wait_until_ready(instance, start_supervisor(instance))
            keys.write_lists(instance.folder.parent)  # it has a key now
        except BaseException:
            end_supervisor(instance)
            raise
        finally:
            instance.starter.remove()  # if the process is ready, its supervisor continues without this process
    return f"{instance.name}: runs. {instance.log.last_announcement()}"


def supervisor_arguments(instance):
    return ["supervise", str(instance.folder)]


def start_supervisor(instance):
    """Returns a function: has the supervisor ended?"""
    command = [sys.executable, "-B", str(PACKAGE), *supervisor_arguments(instance)]
    with open(instance.log.path, "ab") as log:
        if units.use_systemd(instance.description["process_manager"]):
            unit = units.name_of(instance.folder)
            units.start(unit, instance.folder, command, SUPERVISOR_STOP_SECONDS)
            return lambda: units.has_ended(unit)
        supervisor = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=ENVIRONMENT,
                                      start_new_session=True)
        return lambda: supervisor.poll() is not None


def wait_until_ready(instance, has_ended):
    deadline = time.monotonic() + READY_SECONDS
    while not instance.is_ready():
        if has_ended():
            raise failure(instance, "ended before it was ready")
        if time.monotonic() > deadline:
            raise failure(instance, f"was not ready within {READY_SECONDS} s")
        if os.getppid() != PARENT:
            raise failure(instance, "is stopped, because the command that started it has ended")
        time.sleep(POLL_SECONDS)


def failure(instance, what):
    return Failure(f"{instance.name} {what}. The end of its log, {instance.log.path}:\n{instance.log.last_lines()}")


def stop(instance):
    """Also if the process has ended already, if it was never started, or a second time."""
    end_processes(instance)
    if not instance.kind.keeps_files:
        _remove_folder(instance)
    return f"{instance.name}: stopped"


def remove(instance):
    end_processes(instance)
    _remove_folder(instance)
    return f"{instance.name}: removed"


def _remove_folder(instance):
    with locked(instance.folder.parent):  # write_lists() of another process must not write into the folder meanwhile
        instance.remove_folder()
    keys.write_lists(instance.folder.parent)


def end_processes(instance):
    """Also a start that still works, because Terraform was killed, and a supervisor whose folder was removed."""
    end_process(instance.starter.read, signal.SIGTERM, STARTER_STOP_SECONDS)
    end_supervisor(instance)
    end_process(instance.process.read, instance.kind.stop_signal, PROCESS_STOP_SECONDS)  # if its supervisor was killed
    instance.kind.clean_up(instance.folder)
    with contextlib.suppress(FileNotFoundError):
        instance.mark_not_ready()


def end_supervisor(instance):
    units.stop(units.name_of(instance.folder))
    end_process(partial(find_process, supervisor_arguments(instance)), signal.SIGTERM, SUPERVISOR_STOP_SECONDS)
