"""Disks of a test's own, which can be full, go read-only or not answer. They need a root that may mount."""

import contextlib
import errno
import os
import subprocess

import pytest

from tests_py.harness.stopping import held

PIECE = 64 * 1024


class Disk:
    """A mounted file system; `folder` is for a store."""

    def __init__(self, mount_point):
        self._mount_point = mount_point
        self._filler = mount_point / "filler"
        self.folder = mount_point / "store"

    def fill(self):
        """Not a byte is left, for root neither."""
        size = PIECE
        with open(self._filler, "ab", buffering=0) as file:
            while size:
                try:
                    file.write(b"x" * size)
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error
                    size //= 2

    def free(self):
        self._filler.unlink()

    def fail(self):
        """Makes the system find a fault in the file system (ext4 only) and remount it read-only."""
        _mount("-o", "remount,abort", self._mount_point)

    def make_read_only(self):
        """Remounts it as an entry in /etc/fstab says. No process may have a file open there."""
        _mount("-o", "remount,ro", self._mount_point)


def _mount(*arguments, **options):
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, timeout=30, **options)


@contextlib.contextmanager
def _mounted(mount_point, *arguments, **options):
    """Mounts as mount(8) does with these arguments; the test is skipped where that is not possible."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount: run this test as root")
    try:
        with held():
            result = _mount(*arguments, mount_point, **options)
        if result.returncode != 0:
            pytest.skip(f"nothing can be mounted here: {result.stderr.strip()}")
        yield mount_point
    finally:
        # Lazily: a process may still have a file open there.
        subprocess.run(["umount", "-l", mount_point], capture_output=True, timeout=30)


@contextlib.contextmanager
def _disk(mount_point, *arguments):
    mount_point.mkdir(exist_ok=True)
    with _mounted(mount_point, *arguments):
        disk = Disk(mount_point)
        disk.folder.mkdir(exist_ok=True)
        yield disk


def disk_in_memory(mount_point, megabytes):
    return _disk(mount_point, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs")


@contextlib.contextmanager
def disk_in_a_file(mount_point, image):
    """An ext4 in that file, which is made if it is not there."""
    if not image.exists():
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        made = subprocess.run(["mkfs.ext4", "-q", "-F", image], capture_output=True, text=True, timeout=30)
        assert made.returncode == 0, made.stderr
    with _disk(mount_point, "-o", "loop,errors=remount-ro", image) as disk:
        yield disk


def mounted_elsewhere(source, target):
    """The file or the folder in a second place, as a container has a volume."""
    target.mkdir() if source.is_dir() else target.touch()
    return _mounted(target, "--bind", source)


@contextlib.contextmanager
def mounted_read_only(source, target):
    with mounted_elsewhere(source, target):
        result = _mount("-o", "remount,bind,ro", target)
        assert result.returncode == 0, result.stderr
        yield target


@contextlib.contextmanager
def disk_that_does_not_answer(mount_point):
    """Hides the folder behind a file system that answers nothing, as one of a network does whose server is away. A
    process that reads there waits until the block is left, and gets an error then."""
    try:
        device = open("/dev/fuse", "r+b", buffering=0)
    except OSError as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    options = f"fd={device.fileno()},rootmode=40000,user_id=0,group_id=0"
    with device, _mounted(mount_point, "-i", "-t", "fuse", "-o", options, "silent", pass_fds=[device.fileno()]):
        try:
            yield
        finally:
            device.close()  # ends each wait, so that the file system can be unmounted
