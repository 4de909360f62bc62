"""usage: python3 processes COMMAND ARGUMENT

The processes of the environment. Commands for operators:

  status DIRECTORY     show each process; the exit code is 1 if one is not ready
  repair DIRECTORY     start each process that is not ready

Commands for Terraform, with a description as JSON:

  make DESCRIPTION     make the folder of the environment
  clear DESCRIPTION    end and remove what is left in that folder
  reserve DESCRIPTION  choose a free port for a process
  release DESCRIPTION  forget the port; end and remove the process, if it is still there
  start DESCRIPTION    start a process under a supervisor, and wait until it is ready
  stop DESCRIPTION     end the supervisor and the process, and remove their files"""

import json
import os
import signal
import sys
from pathlib import Path

import directory
import ports
from instance import Instance, instances_of, left_in
from starting import remove, start, stop
from supervisor import Supervisor
from system import Failure


def main(arguments):
    match arguments:
        case ["status", folder]:
            return status(processes_in(folder))
        case ["repair", folder]:
            check_user(Path(folder))
            return repair(processes_in(folder))
        case ["supervise", folder]:  # called by start
            return supervise(Path(folder))
        case [("make" | "clear" | "reserve" | "release" | "start" | "stop") as command, text]:
            return for_terraform(command, json.loads(text))
        case ["-h" | "--help"]:
            say(__doc__)
            return 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2


def supervise(folder):
    try:
        instance = Instance.read(folder)
    except Failure as failure:
        say(f"error: {failure}")
        return 0  # systemd shall not try again
    return Supervisor(instance).run()


def for_terraform(command, description):
    folder = Path(description["directory"])
    match command:
        case "make":
            say(directory.make(folder))
        case "clear":
            say(directory.clear(folder))
        case "reserve":
            say(ports.reserve(folder / f"{description['name']}.port"))
        case "release":
            for instance in left_in(folder):
                if instance.name == description["name"]:  # Terraform failed to create it, and does not call stop
                    say(remove(instance))
            say(ports.release(folder / f"{description['name']}.port"))
        case "start":
            say(start(Instance(description)))
        case "stop":
            say(stop(Instance(description)))
    return 0


def processes_in(folder):
    found = instances_of(Path(folder))
    if not found:
        raise Failure(f"{folder} has no process of this environment. Run: terraform apply")
    return found


def check_user(folder):
    """Another user's processes would have other rights."""
    if folder.is_dir() and folder.stat().st_uid != os.geteuid():
        raise Failure(f"{folder} belongs to the user {folder.owner()}. Run this command as that user")


def status(instances):
    exit_code = 0
    for instance in instances:
        if instance.is_ready():
            say(f"{instance.name:20} process {instance.process.read() or '-':<8} {instance.log.last_announcement()}")
        else:
            say(f"{instance.name:20} is not ready")
            exit_code = 1
    return exit_code


def repair(instances):
    database, *others = instances
    say(start(database))  # the servers wait for it
    is_repaired = True
    for instance in others:
        try:
            say(start(instance))
        except Failure as failure:
            is_repaired = False
            print(f"error: {failure}", file=sys.stderr)
    return 0 if is_repaired else 1


def say(text):
    print(text, flush=True)


def exit_by_signal(number, _frame):
    sys.exit(128 + number)


if __name__ == "__main__":
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, exit_by_signal)
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        sys.exit(f"error: {failure}")
