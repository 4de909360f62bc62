"""PgBouncer before a cluster: Debian's, on a unix socket of its own."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from tests_py.harness.postgresql import APP, FOLDERS, PREFIX
from tests_py.harness.process import Process, owned, until

BINARY = "/usr/sbin/pgbouncer"


class Pgbouncer:
    def __init__(self, folder, port):
        self._folder = folder
        self._port = port

    def uri(self, database):
        return f"postgresql:///{database}?host={self._folder}&port={self._port}&user={APP}"


@contextlib.contextmanager
def pgbouncer(cluster, mode):
    """`mode`: session, transaction or statement."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=FOLDERS))
    try:
        (folder / "users").write_text(f'"{APP}" ""\n')
        (folder / "ini").write_text(f"""[databases]
* = host={cluster.folder} port={cluster.port}
[pgbouncer]
listen_addr =
listen_port = {cluster.port}
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = {mode}
ignore_startup_parameters = extra_float_digits
""")
        command = [BINARY, str(folder / "ini")]
        if os.geteuid() == 0:  # which it refuses to run as
            shutil.chown(folder, "postgres")
            command = ["runuser", "-u", "postgres", "--", BINARY, str(folder / "ini")]
        with owned(Process(command, folder)) as process:
            until(lambda: (folder / f".s.PGSQL.{cluster.port}").exists(), what="PgBouncer's socket")
            yield Pgbouncer(folder, cluster.port)
            process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
