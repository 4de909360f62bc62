"""docs/tour.md shows what its commands print: they run in order, in one shell, and each prints what stands below it.

With DTI_WRITE_TOUR=1, the test writes what came out to the page instead. Read the difference before you commit it."""

import contextlib
import difflib
import os
import re
import selectors
import socket
import subprocess
import time

from tests_py.harness.postgresql import free_port
from tests_py.harness.process import HANG_SECONDS, ROOT, binary, clean_environment

PAGE = ROOT / "docs/tour.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "--end of the output of a command--"
SERVER_PORT, FACULTY_PORT = 6000, 5000  # on the page
FACULTIES = 5  # they listen at the ports after FACULTY_PORT
HOME = "/home/ana"  # on the page
# What differs each time.
VARIES = ((r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "2026-01-12T08:00:00.000000Z"),
          (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "6e254b4d-a05f-4d45-a922-6ffe5169031c"),
          (r"\bplan-[0-9a-f]{40}\b", "plan-4be4f3a1c2"),
          (r"\bstore [0-9a-f]{32}\b", "store 0c3afa6f5174cd2e86104a0ec71c5693"))
USER = "1000"  # on the page, as sudo names the user


def commands_of(block):
    """The commands of a block, and what is printed below each."""
    commands = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append(([line[2:]], []))
        elif line.startswith("> ") or line == ">":
            commands[-1][0].append(line[2:])
        else:
            commands[-1][1].append(line)
    return [("\n".join(command), "".join(f"{line}\n" for line in output)) for command, output in commands]


def text_of(commands):
    return "".join("$ " + command.replace("\n", "\n> ") + "\n" + output for command, output in commands)


class Shell:
    """A shell with the programs on its path. A command that ends with & continues in the background."""

    def __init__(self, folder):
        self._home = folder / "home"
        tools = folder / "tools"
        for made in (self._home, tools):
            made.mkdir()
        for name in ("dti_server", "faculty", "program", "dtictl"):
            (tools / name).symlink_to(binary(name))
        variables = {**clean_environment(self._home), "PATH": f"{tools}:{os.environ['PATH']}",
                     "SUDO_UID": USER}
        self._here = {HOME: str(self._home), str(SERVER_PORT): str(free_port())}
        first = free_ports_from(1 + FACULTIES)
        self._here |= {str(FACULTY_PORT + i): str(first + i) for i in range(1 + FACULTIES)}
        self._process = subprocess.Popen(["/bin/bash", "--norc"], cwd=self._home, env=variables, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(self._process.stdout.fileno(), False)
        self._read = ""

    def run(self, command, expected):
        """What the command prints. One in the background is waited for until it has printed what is expected."""
        self._command = command
        for name, here in self._here.items():
            command = command.replace(name, here)
        self._process.stdin.write(f"{{ {command}\n}} < /dev/null\necho '{END}'\n".encode())
        self._process.stdin.flush()
        self._until(lambda: END in self._read)
        self._read = self._read.replace(f"{END}\n", "")
        if command.endswith("&") and expected:
            self._until(lambda: self._shown() == expected)
        output, self._read = self._shown(), ""
        return output

    def _shown(self):
        return as_on_the_page(self._read, self._here)

    def _until(self, holds):
        end = time.monotonic() + HANG_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not holds():
                left = end - time.monotonic()
                assert left > 0, f"{self._command} still runs; it has printed: {self._read}"
                if selector.select(left):
                    read = os.read(self._process.stdout.fileno(), 65536)
                    assert read, f"{self._command} ended the shell; it has printed: {self._read}"
                    self._read += read.decode()

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 15)
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(HANG_SECONDS)


def free_ports_from(count):
    """The first of `count` free ports that follow one another."""
    while True:
        first = free_port()
        with contextlib.suppress(OSError, OverflowError), contextlib.ExitStack() as stack:
            for port in range(first, first + count):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


def as_on_the_page(text, here):
    for name, there in here.items():
        text = text.replace(there, name)
    for varies, shown in VARIES:
        text = re.sub(varies, shown, text)
    return text


def test_each_command_of_the_tour_prints_what_the_page_shows(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    came_out = page
    shell = Shell(tmp_path)
    try:
        for block in BLOCK.findall(page):
            ran = [(command, shell.run(command, output)) for command, output in commands_of(block)]
            came_out = came_out.replace(f"```console\n{block}```", f"```console\n{text_of(ran)}```", 1)
    finally:
        shell.end()
    if os.environ.get("DTI_WRITE_TOUR"):
        PAGE.write_text(came_out, encoding="utf-8")
    differences = difflib.unified_diff(page.splitlines(), came_out.splitlines(), "the page", "what came out", lineterm="")
    assert came_out == page, "\n".join(differences)
