"""The SQL of the operator's page that renames a program with a name that is refused, run on both stores as it is there."""

import sqlite3
import textwrap

from tests_py.harness.process import ROOT, run, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, request

GOOD, BAD = "Derecho Civil", "Derecho Civil\u200b"


def ask_for(client, name):
    return grant(client, request(SEMESTER, "Derecho", (name, 7, 2)))


def script_of_the_page(kind):
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    section = page.split("## Semesters with a name that is refused")[1].split("\n## ")[0]
    begin = {"sqlite": "    BEGIN IMMEDIATE;\n", "postgresql": "    BEGIN;\n"}[kind]
    return textwrap.dedent(begin + section.split(begin)[1].split("COMMIT;")[0]) + "COMMIT;\n"


def execute(store, script):
    if store.kind == "sqlite":
        connection = sqlite3.connect(store.path, isolation_level=None)
        connection.executescript(script)
        connection.close()
    else:
        store.cluster.sql(store.database, script)


def test_a_program_with_a_name_that_is_refused_is_renamed_as_the_page_says(store, tmp_path):
    script = script_of_the_page(store.kind)
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        assert ask_for(client, GOOD) == [(OK, 7, 2, 0)]
    code = "char(8203)" if store.kind == "sqlite" else "chr(8203)"
    spoil = script.replace(f"SET name = '{GOOD}', key = 'derechocivil'",
                           f"SET name = '{GOOD}' || {code}, key = 'derechocivil' || {code}")
    execute(store, spoil.replace(f"WHERE name = '{GOOD}' || {code}", f"WHERE name = '{GOOD}'"))
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        assert ask_for(client, BAD) == [(OK, 7, 2, 0)], "an existing store stays readable"
    status, _, stderr = run(tmp_path, "program", f"--name={BAD}", f"--semester={SEMESTER}", "--classrooms=7", "--labs=2",
                            "--faculty-server=127.0.0.1:1")
    assert status == 2 and "U+200B" in stderr

    execute(store, script)
    status, _, stderr = run(tmp_path, "dtictl", "verify", store.flag)
    assert status == 0, stderr
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        assert ask_for(client, GOOD) == [(OK, 7, 2, 0)]
    assert store.count("SELECT count(*) FROM ledger") == 2, "the grant is the first one"
    status, _, _ = run(tmp_path, "dtictl", "verify", store.flag)
    assert status == 0
