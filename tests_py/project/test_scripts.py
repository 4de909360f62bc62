"""The commands of scripts/: what they say at once, and that they leave nothing behind when they are interrupted."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests_py.harness.postgresql import FOLDERS, PREFIX, newest_bin_folder
from tests_py.harness.process import HANG_SECONDS, ROOT, binary, until

SCRIPTS = ROOT / "scripts"
COMMANDS = sorted(path.name for path in SCRIPTS.iterdir() if path.is_file() and not path.suffix)
COSTLY = ("apt-get", "cmake", "sudo")


@pytest.fixture
def tools(tmp_path):
    """A PATH on which each expensive command leaves a mark."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in COSTLY:
        (folder / name).write_text(f"#!/bin/sh\necho {name} >>{tmp_path}/mark\nexit 99\n")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def call(environment, name, *arguments):
    result = subprocess.run([SCRIPTS / name, *arguments], env=environment, stdin=subprocess.DEVNULL, timeout=30,
                            capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_help_costs_nothing(tmp_path, tools, name):
    for flag in ("--help", "-h"):
        status, stdout, stderr = call(tools, name, flag)
        assert (status, stderr) == (0, "") and stdout.strip()
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("name, arguments", [
    ("build", ["relaese"]), ("build", ["release", "dev"]), ("demo", ["--store", "oracle"]), ("demo", ["--kept"]),
    ("demo", ["fast"]), ("test", ["units"]), ("test", ["--fast"]), ("fuzz", ["--fast"]), ("fuzz", ["--seconds", "none"]),
    ("fuzz", ["--only", "nonsense"]), ("install-dependencies", ["everything"]), ("bench", ["--fast"]),
    ("bench", ["--only=speed"]), ("simulate", ["--jobs=0"]), ("crash-runs", ["--kills=0"]),
    ("challenge", ["--requests=999"]),
    ("failover-runs", ["--servers=1"]), ("fault-latency", ["--rate=1001"]),
    ("patroni-runs", ["--kinds=earthquake"]),
    ("fresh-root", ["trixie"]), ("package", ["--fast"]), ("terraform-schema", ["--fast"]), ("test-packages", ["sid"])])
def test_bad_arguments_are_exit_2_and_cost_nothing(tmp_path, tools, name, arguments):
    status, _, stderr = call(tools, name, *arguments)
    named = [*arguments[-1].lstrip("-").split("="), "one preset", "needs a suite"]
    assert status == 2 and any(word in stderr for word in named), stderr
    assert not (tmp_path / "mark").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a fresh root: run this test as root")
@pytest.mark.parametrize("kind", ["a file of another user", "a link"])
def test_a_fresh_root_is_not_made_of_what_another_user_left(tmp_path, kind):
    base = tmp_path / "dti-root-trixie.tar"
    if kind == "a link":
        base.symlink_to("/dev/null")
    else:
        base.touch()
        os.chown(base, 65534, 65534)
    needed, status, stderr = call_fresh_root(tmp_path)
    assert status == 77 and f"{base} is another user's, or no file" in stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((base.name, *needed)), "something is left"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a fresh root: run this test as root")
def test_a_fresh_root_has_the_settings_of_apt_under_names_that_no_package_has(tmp_path):
    (tmp_path / "files/etc/apt/apt.conf.d").mkdir(parents=True)
    (tmp_path / "files/etc/apt/apt.conf.d/50appstream").touch()
    subprocess.run(["tar", "-C", tmp_path / "files", "-cf", tmp_path / "dti-root-trixie.tar", "."], check=True)
    _, status, stderr = call_fresh_root(tmp_path, KEEP="1")
    assert status == 0, stderr
    root, = tmp_path.glob("dti-root-trixie.??????")
    ours = {f"machine-{path.name}" for path in Path("/etc/apt/apt.conf.d").glob("[!.]*") if path.is_file()}
    assert {path.name for path in (root / "etc/apt/apt.conf.d").iterdir()} == {"50appstream", *ours}


@pytest.mark.parametrize("kind", ["missing", "a file"])
def test_a_fresh_root_needs_the_folder_that_it_shares_before_it_begins(tmp_path, tools, kind):
    if kind == "a file":
        (tmp_path / "packages").touch()
    before = sorted(tmp_path.iterdir())
    environment = {**tools, "TMPDIR": str(tmp_path), "SHARED": str(tmp_path / "packages")}
    status, _, stderr = call(environment, "fresh-root", "trixie", "true")
    assert (status, stderr) == (2, f"fresh-root: SHARED={tmp_path}/packages: there is no such folder\n")
    assert sorted(tmp_path.iterdir()) == before


def call_fresh_root(folder, **environment):
    """scripts/fresh-root with tools that do nothing; it makes its roots in `folder`."""
    needed = ("debootstrap", "unshare", "apt-get")
    for name in needed:
        (folder / name).symlink_to("/bin/true")
    environment |= {"TMPDIR": str(folder), "PATH": f"{folder}:{os.environ['PATH']}"}
    status, _, stderr = call({**os.environ, **environment}, "fresh-root", "trixie", "true")
    return needed, status, stderr


def test_without_apt_the_list_is_printed_and_the_build_may_go_on(tmp_path):
    (tmp_path / "bash").symlink_to("/bin/bash")
    status, _, stderr = call({**os.environ, "PATH": str(tmp_path)}, "install-dependencies", "build")
    assert status == 0 and "libzmq3-dev" in stderr


def test_the_last_line_of_the_tests_counts_packages_that_cannot_be_installed_as_a_failure(tmp_path, tools):
    no_package = tmp_path / "tools/dpkg-query"
    no_package.write_text("#!/bin/sh\nexit 1\n")
    no_package.chmod(0o755)
    for folder in ("scripts", "tests_py"):
        shutil.copytree(ROOT / folder, tmp_path / folder, symlinks=True)
    result = subprocess.run([tmp_path / "scripts/test", "unit"], env=tools, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and "apt-get failed" in result.stderr
    assert result.stdout.splitlines()[-1] == "0 passed, 2 failed, 0 skipped", result.stdout  # the packages, the build


def run_tests(prelude, *arguments):
    """scripts/test with something changed; its exit status, its output and the last line of it."""
    code = ("import os\nfrom pathlib import Path\nfrom scripts.commands import test as run_tests\n"
            f"run_tests.install = lambda *_: None\n{prelude}\nrun_tests.main()")
    result = subprocess.run(["/usr/bin/python3", "-B", "-c", code, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return result.returncode, result.stdout, result.stdout.splitlines()[-1]


@pytest.mark.parametrize("what, status, count", [
    ("1 / 0", 1, "0 passed, 1 failed, 0 skipped"), ("os.kill(os.getpid(), 15)", 143, "0 passed, 0 failed, 0 skipped")],
    ids=["a fault", "SIGTERM"])
def test_the_last_line_of_the_tests_counts_whatever_happens(tmp_path, what, status, count):
    got, _, last = run_tests(f"{make_suites(tmp_path, SUITES)}run_tests.run_suites = lambda *_: {what}", "unit")
    assert (got, last) == (status, count)


def test_a_build_that_fails_is_one_failure_and_what_was_built_runs(tmp_path):
    prelude = make_suites(tmp_path, {"contract": SUITES["contract"].replace("66", "0")})
    got, output, last = run_tests(f"build = run_tests.build\n{prelude}run_tests.build = build\n"
                                  "run_tests.run_in_group = lambda *_: 1", "unit", "asan", "fuzz", "e2e")
    assert (got, last) == (1, "1 passed, 3 failed, 0 skipped"), output


def test_a_part_that_a_good_build_has_nothing_for_is_one_failure(tmp_path):
    got, output, last = run_tests(make_suites(tmp_path, {"simulation": ""}), "e2e")
    assert (got, last) == (1, "0 passed, 1 failed, 0 skipped") and "e2e is left out" in output, output


def test_a_fault_in_one_part_is_one_failure_and_the_next_part_runs(tmp_path):
    got, output, last = run_tests(make_suites(tmp_path, {"unit_one": "", "simulation": ""}) +
                                  "run_tests.run_suites = lambda *_: 1 / 0\n"
                                  "run_tests.run_simulation = lambda *_: print('simulated')", "unit", "simulation")
    assert (got, last) == (1, "0 passed, 1 failed, 0 skipped") and "simulated" in output, output


def test_a_cluster_that_cannot_be_made_is_one_failure_and_the_suites_run(tmp_path):
    got, output, last = run_tests(
        f"{make_suites(tmp_path, SUITES)}run_tests.newest_bin_folder = lambda: 1\n"
        "run_tests.scratch_cluster = lambda: 1 / 0\n"
        "run_tests.run_suites = lambda counts, parts, folder, conninfo: print('ran', parts, conninfo)", "unit")
    assert (got, last) == (1, "0 passed, 1 failed, 0 skipped")
    assert "ran ['unit'] None" in output and "cluster" in output


@pytest.mark.parametrize("traps", ["", "trap '' INT; "], ids=["ends when asked", "must be killed"])
def test_what_overruns_is_ended_with_all_that_it_has_started(tmp_path, traps):
    script = f"{traps}echo $$ >{tmp_path}/leader; sleep 60 & sleep 60 & wait"
    got, output, _ = run_tests(
        "run_tests.run_parts = lambda *_: print('status', run_tests.run_in_group("
        f"['/bin/sh', '-c', {script!r}], 0.3, 0.3))", "unit")
    assert got == 0 and "status None" in output
    check_all_ended(int((tmp_path / "leader").read_text()))


SUITES = {
    # The two wait for each other, and so end only if they run side by side.
    "unit_one": 'touch "$MARKS/one"; while [ ! -e "$MARKS/two" ]; do sleep 0.01; done\n'
                'echo "<testsuites><testcase/><testcase><skipped/></testcase></testsuites>" >"$report"',
    "unit_two": 'touch "$MARKS/two"; while [ ! -e "$MARKS/one" ]; do sleep 0.01; done\n'
                'echo "<testsuites><testcase/><testcase><failure/></testcase></testsuites>" >"$report"\n'
                'echo why; exit 1',
    "unit_crash": "exit 3",
    "contract": 'echo "<testsuites><testcase/></testsuites>" >"$report"; exit 66',  # a sanitizer's report
}


def make_suites(folder, suites):
    """Programs that stand in for the suites, as if built in `folder`."""
    (folder / "build/dev/bin").mkdir(parents=True)
    for name, text in suites.items():
        program = folder / "build/dev/bin" / name
        program.write_text(f'#!/bin/sh\nMARKS={folder}\nreport=${{1#--gtest_output=xml:}}\n{text}\n')
        program.chmod(0o755)
    return (f"run_tests.ROOT = Path({str(folder)!r})\nrun_tests.build = lambda *_: True\n"
            "run_tests.newest_bin_folder = lambda: None\n")


def test_suites_run_side_by_side_and_each_is_counted(tmp_path):
    got, output, last = run_tests(make_suites(tmp_path, SUITES) + "run_tests.SUITE_SECONDS = 30", "unit")
    assert (got, last) == (1, "3 passed, 3 failed, 1 skipped"), output
    assert "dev/unit_one: ok" in output and "dev/unit_two: FAILED" in output and "\nwhy\n" in output


def test_the_suites_of_apps_run_alone_or_with_all_of_unit_but_not_twice(tmp_path):
    passes = 'echo "<testsuites><testcase/></testsuites>" >"$report"'
    prelude = make_suites(tmp_path, {"unit_one": passes, "unit_apps": passes})
    for parts, last_line, presets in (("apps",), "1 passed", ["dev-programs"]), (("unit", "apps"), "2 passed", ["dev"]):
        got, output, last = run_tests(f"{prelude}run_tests.build = lambda counts, preset: print('builds', preset)\n", *parts)
        assert (got, last) == (0, f"{last_line}, 0 failed, 0 skipped"), output
        assert [line.split()[1] for line in output.splitlines() if line.startswith("builds")] == presets


def test_a_suite_that_overruns_is_one_failure_and_is_ended(tmp_path):
    prelude = make_suites(tmp_path, {"unit_hangs": f"echo $$ >{tmp_path}/leader; sleep 60 & sleep 60"})
    got, output, last = run_tests(f"{prelude}run_tests.SUITE_SECONDS = 1", "unit")
    assert (got, last) == (1, "0 passed, 1 failed, 0 skipped") and "still ran after 1 s" in output, output
    check_all_ended(int((tmp_path / "leader").read_text()))


def test_an_interruption_ends_the_suites_that_run(tmp_path):
    prelude = make_suites(tmp_path, {"unit_hangs": f"echo $$ >{tmp_path}/leader; kill -TERM $PPID; sleep 60"})
    got, output, last = run_tests(prelude, "unit")
    assert (got, last) == (143, "0 passed, 0 failed, 0 skipped"), output
    check_all_ended(int((tmp_path / "leader").read_text()))


def check_all_ended(leader):
    """All of that session was killed, and dies soon: by themselves they take a minute."""
    until(lambda: session(leader) == [], what="the end of what was killed")


def session(leader):
    """The processes of that session that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


class Demo:
    """scripts/demo in a session of its own, with its temporary folders where they can be counted."""

    def __init__(self, folder, *arguments):
        self.folder = folder / "tmp"
        self.folder.mkdir()
        self.clusters = f"{PREFIX}demo-{os.getpid()}-"
        self._output = folder / "output"
        environment = {**os.environ, "TMPDIR": str(self.folder), "DTI_TEST_CLUSTERS": self.clusters,
                       "DTI_BIN_DIR": os.path.dirname(binary("dti_server"))}
        with open(self._output, "wb") as output:
            self._popen = subprocess.Popen([SCRIPTS / "demo", *arguments], env=environment,
                                           stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                           start_new_session=True)

    @property
    def output(self):
        return self._output.read_text()

    def wait_for(self, text):
        until(lambda: text in self.output or self._popen.poll() is not None, what=f"«{text}»")

    def end(self, number):
        """The exit status, and what is left of it."""
        self._popen.send_signal(number)
        try:
            status = self._popen.wait(HANG_SECONDS)
        finally:
            self._popen.kill()
        return status, session(self._popen.pid), list(self.folder.iterdir()), self.left_clusters()

    def left_clusters(self):
        return list(FOLDERS.glob(self.clusters + "*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path, number):
    demo = Demo(tmp_path)
    demo.wait_for("faculties ready")
    assert demo.end(number) == (128 + number, [], [], [])
    last = demo.output.splitlines()[-1]
    assert last == f"stopped by {number.name}"
    assert "Traceback" not in demo.output and "--- stderr" not in demo.output


@pytest.mark.parametrize("half_way", ["postgresql.conf", "postmaster.pid"])
def test_a_demo_that_is_interrupted_while_it_makes_its_cluster_leaves_nothing_behind(tmp_path, half_way):
    if newest_bin_folder() is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/initdb")
    demo = Demo(tmp_path, "--store=postgresql")
    until(lambda: any((folder / "data" / half_way).exists() for folder in demo.left_clusters()), what=half_way)
    assert demo.end(signal.SIGTERM) == (143, [], [], [])
    assert "Traceback" not in demo.output
