"""The log of a process, to which its supervisor appends too. It is cut when it is long, so that it cannot fill the disk.

The process keeps the file open. The supervisor therefore copies it to log.1 and empties it; what is written between the
two is lost."""

import contextlib
import os
import shutil

LOG_BYTES_MAX = 10 * 1024 * 1024
LINES_SHOWN = 12


class Log:
    """An announcement is a line in which the process says that it is ready."""

    def __init__(self, folder, announcement):
        self.path = folder / "log"
        self._old = folder / "log.1"
        self._kept = folder / "announcement"  # the last one before the log was cut
        self._announcement = announcement
        self._position = 0
        self._half_line = b""

    def last_lines(self):
        return "\n".join(_lines(self.path)[-LINES_SHOWN:])

    def last_announcement(self):
        return self._last_announcement(self.path) or next(iter(_lines(self._kept)), "")

    def _last_announcement(self, path):
        return next(filter(self._announcement.search, reversed(_lines(path))), "")

    def skip(self):
        self._position = self._size()
        self._half_line = b""

    def read_and_cut(self):
        """Is there an announcement since the last call?"""
        is_announced = self._read()
        if self._size() > LOG_BYTES_MAX:
            with contextlib.suppress(OSError):  # if the disk is full, the old lines are lost
                shutil.copyfile(self.path, self._old)
                if last := self._last_announcement(self._old):
                    self._kept.write_text(last + "\n", encoding="utf-8")
            is_announced = self._read() or is_announced
            os.truncate(self.path, 0)
            self.skip()
        return is_announced

    def _read(self):
        with contextlib.suppress(FileNotFoundError), open(self.path, "rb") as file:
            if self._size() < self._position:  # an operator has emptied it
                self._position = 0
            file.seek(self._position)
            text = file.read()
            self._position += len(text)
            *lines, self._half_line = (self._half_line + text).split(b"\n")
            return any(self._announcement.search(line.decode(errors="replace")) for line in lines)
        return False

    def _size(self):
        try:
            return self.path.stat().st_size
        except FileNotFoundError:  # an operator has removed it
            return 0


def _lines(path):
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    return []
