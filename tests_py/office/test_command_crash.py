"""A command of the office whose server was killed between the commit and the reply."""

from tests_py.harness.process import run, running, until
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request
from tests_py.office.messages import ABOUT_PROGRAM, PROGRAM, SocketFile, change, command

DERECHO = request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))


def test_a_retry_after_a_crash_finds_its_change_and_makes_it_once(tmp_path):
    flags = (*POOL, f"--store=sqlite:{tmp_path}/dti.db", f"--admin={tmp_path}/a")
    amended = command("amend-grant", 2, actor="local/0", classrooms=5, labs=1, **PROGRAM)
    with running(tmp_path, *flags) as dti, Client(dti.endpoint) as client, SocketFile(tmp_path / "a") as office:
        assert grant(client, DERECHO) == [(OK, 7, 2, 0)]
        office.send(amended)
        until(lambda: " office-command: " in dti.log, what="the commit")
        dti.crash()
    with running(tmp_path, *flags), SocketFile(tmp_path / "a") as office:
        again = office.ask(amended)
        assert (again["status"], again["repeat"], again["seq"]) == (OK, True, 4)
        code, out, log = change(tmp_path, "grant", "amend", *ABOUT_PROGRAM, "--classrooms=5", "--labs=1", "--command-id=c-1",
                                "--expects=2", admin=tmp_path / "a")
        assert (code, "an earlier copy of this command has made the change" in log) == (0, True), log
        assert office.order("release-grant", 4, command_id="c-2", **PROGRAM)["status"] == OK
    status, out, log = run(tmp_path, "dtictl", "verify", f"--store=sqlite:{tmp_path}/dti.db")
    assert status == 0, out + log
