"""DIRECTORY, which has a folder for each process, and a port and a key for each server and faculty."""

import contextlib
import os

import units
from instance import left_in
from starting import remove
from system import Failure, allow_search

MARK = ".made-by-terraform-environments-local"  # what is in a folder with this file is ours
REMEDY = "name another folder: terraform apply -var directory=PATH"


def make(directory):
    """Also after Terraform lost its state: what is in the folder is used again."""
    try:
        directory.mkdir()
    except FileExistsError:
        check_is_ours(directory)
    except OSError as error:
        raise Failure(f"the folder {directory} cannot be made: {error.strerror}. Make its parent, with the right to "
                      f"write there, or {REMEDY}") from None
    (directory / MARK).touch()
    allow_search(directory)
    return f"{directory}: made"


def check_is_ours(directory):
    if not directory.is_dir() or directory.stat().st_uid != os.geteuid():
        raise Failure(f"{directory} is not a folder of this user; {REMEDY}")
    if not (directory / MARK).exists() and any(directory.iterdir()):
        raise Failure(f"{directory} is not empty, and this environment did not make it; {REMEDY}")


def clear(directory):
    """Ends and removes what is left: Terraform does not run the destroy provisioners of what it failed to create."""
    units.stop(units.pattern_of(directory))  # also of what has no folder any more
    if not (directory / MARK).exists():
        return f"{directory}: was removed already"
    for instance in left_in(directory):
        remove(instance)
    for file in (*directory.glob("*.port"), *directory.glob("*.key"), *directory.glob("*.new")):
        file.unlink()
    for folder in directory.iterdir():
        with contextlib.suppress(OSError):  # not a folder, or not empty and therefore of another origin
            folder.rmdir()
    (directory / MARK).unlink()
    with contextlib.suppress(OSError):
        directory.rmdir()
    return f"{directory}: cleared"
