"""A PostgreSQL cluster that listens on a unix socket only.

PostgreSQL lets in the operating system's user who runs the servers, as the role dti, and the user who made the cluster,
as its superuser. No password exists. root cannot run PostgreSQL: the user postgres does it then."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

from system import ENVIRONMENT, POLL_SECONDS, Failure, allow_search

INITDB_SECONDS = 120  # on a machine many times slower than usual
SESSIONS_SECONDS = 10  # until the sessions notice that the first process has ended
ROOT_USES = "postgres"
HBA = """\
local dti dti peer map=servers
local all all peer
"""
DATABASE = b"""\
CREATE ROLE dti LOGIN
CREATE DATABASE dti OWNER dti
"""


def make_cluster(folder):
    """A repeat changes nothing; a cluster that is half made is made again."""
    programs = bin_folder()
    finished = folder / "cluster-is-made"
    if finished.exists():
        return
    allow_search(folder)
    for name in ("data", "run"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(mode=0o700)
        if os.geteuid() == 0:
            user = postgres_user()
            os.chown(folder / name, user.pw_uid, user.pw_gid)
    check_access(folder / "data")
    data = folder / "data"
    run([programs / "initdb", "--pgdata", data, "--auth=peer", "--encoding=UTF8", "--locale=C.UTF-8",
         "--no-instructions"])
    (data / "pg_hba.conf").write_text(HBA)
    (data / "pg_ident.conf").write_text(f'servers "{pwd.getpwuid(os.geteuid()).pw_name}" dti\n')
    run([programs / "postgres", "--single", "-D", data, "-c", "exit_on_error=true", "postgres"], DATABASE)
    finished.touch()


def command(folder):
    return ["setpriv", *unprivileged(), "--pdeathsig=INT", "--", str(bin_folder() / "postgres"),
            "-D", str(folder / "data"), "-c", "listen_addresses=", "-c", f'unix_socket_directories="{folder}/run"',
            "-c", "dynamic_shared_memory_type=mmap"]  # files in the folder, not in /dev/shm


def run(command, text=b""):
    """It ends with this process. An interrupt ends the processes of initdb too."""
    with subprocess.Popen(["setpriv", *unprivileged(), "--pdeathsig=KILL", "--", *command], cwd="/", env=ENVIRONMENT,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as process:
        try:
            output, _ = process.communicate(text, timeout=INITDB_SECONDS)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode != 0:
        raise Failure(f"{command[0].name} failed:\n{output.decode(errors='replace')}")


def check_access(folder):
    test = subprocess.run(["setpriv", *unprivileged(), "--", "test", "-w", folder], cwd="/", env=ENVIRONMENT)
    if test.returncode != 0:
        raise Failure(f"PostgreSQL runs as the user {ROOT_USES} here, who has no access to {folder}, because a folder "
                      "above it is closed to other users. Name another folder: terraform apply -var "
                      "directory=/var/lib/dti-local")


def unprivileged():
    if os.geteuid() != 0:
        return []
    user = postgres_user()
    return [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups"]


def postgres_user():
    try:
        return pwd.getpwnam(ROOT_USES)
    except KeyError:
        raise Failure(f"root cannot run PostgreSQL, and the user {ROOT_USES} does not exist. Run Terraform as another "
                      "user, or install PostgreSQL's package: scripts/install-dependencies demo-postgresql") from None


def bin_folder():
    """Of the newest version that is installed."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not folders:
        raise Failure("PostgreSQL is not installed: /usr/lib/postgresql has no initdb. Run in the checkout: "
                      "scripts/install-dependencies demo-postgresql")
    return max(folders, key=lambda folder: float(folder.parent.name))


def clean_up(folder):
    """After the first process of PostgreSQL was killed: waits for the others to end, and removes their segment of
    System V shared memory and the lock files. PostgreSQL would remove them too, unless a process has the id in a lock
    file: a zombie, or after a reboot any other process of its user."""
    locks = [folder / "data/postmaster.pid", folder / "run/.s.PGSQL.5432.lock"]
    try:
        key, identifier = map(int, locks[0].read_text().splitlines()[6].split())
    except (OSError, IndexError, ValueError):
        return
    deadline = time.monotonic() + SESSIONS_SECONDS
    while (users := users_of_segment(key, identifier)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if users == 0:
        subprocess.run(["ipcrm", "-m", str(identifier)], env=ENVIRONMENT, check=False)
    if not users:
        for lock in locks:
            lock.unlink(missing_ok=True)


def users_of_segment(key, identifier):
    """How many processes use the segment; None if it does not exist."""
    for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[:2] == [str(key), str(identifier)]:
            return int(fields[6])
    return None
