"""The seals that a server writes, recomputed by a program of the tests; and a server that finds another history."""
import re
import sqlite3

from tests_py.harness.process import run, running
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.stores import take_back
from tests_py.stores.seal_bytes import COLUMNS, REGISTRY, note_hash, seal, seals_of
from tests_py.harness.wire import OK, Client, grant, request
from tests_py.office.messages import SocketFile

FACULTY = "Derecho"
REQUESTS = [request(SEMESTER, FACULTY, ("Derecho Civil", 7, 2)),
            request(SEMESTER, FACULTY, ("Derecho Penal", 3, 1), ("Derecho Laboral", 2, 0))]


def digits(store, column):
    return f"lower(hex({column}))" if store.kind == "sqlite" else f"encode({column}, 'hex')"


def microseconds(store):
    return "at" if store.kind == "sqlite" else "(1000000 * extract(epoch FROM at))::bigint"


def rows(store, columns, table, order="seq"):
    """Dictionaries; `seal` as bytes."""
    shown = [microseconds(store) if name == "at" else digits(store, name) if name in ("seal", "note_hash") else name
             for name in columns]
    found = [dict(zip(columns, row)) for row in store.rows(f"SELECT {', '.join(shown)} FROM {table} ORDER BY {order}")]
    for row in found:
        row["seal"] = bytes.fromhex(row["seal"]) if row["seal"] else None
    return found


def test_another_program_computes_the_same_seals_from_the_stored_rows(store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        for message in REQUESTS:
            assert {status for status, *_ in grant(client, message)} == {OK}
    store_id = bytes.fromhex(store.rows(f"SELECT {digits(store, 'store_id')} FROM leadership")[0][0])
    assert len(store_id) == 16
    ledger = rows(store, ["seq", "at", "kind", *COLUMNS, "request_id", "seal"], "ledger WHERE semester_id = 1")
    pairs, unsealed = seals_of(store_id, 1, ledger)
    assert len(pairs) == 3 and not unsealed, "the opening and two batches"
    registry = rows(store, ["seq", "at", "kind", "faculty_id", "program_id", "semester_id", "name", "key", "seal"], "registry")
    registered, unsealed = seals_of(store_id, REGISTRY, registry)
    assert len(registered) == 2 and not unsealed, "the catalogue and the semester"
    for stored, computed in pairs + registered:
        assert stored == computed
    heads = store.rows(f"SELECT sealed_head, {digits(store, 'seal')} FROM semester")
    assert heads == [(4, pairs[-1][0].hex())]


def test_another_program_computes_the_same_seal_of_a_change_of_the_catalogue(store, tmp_path):
    with running(tmp_path, *POOL, store.flag, f"--admin={tmp_path}/a"), SocketFile(f"{tmp_path}/a") as office:
        question = {"dti-command": 1, "command": "change-catalog", "command-id": "q", "actor": "local/0", "dry-run": True,
                    "expects": 0, "add": [{"faculty": "Gastronomía", "programs": ["Cocina", "Pastelería"]}]}
        facts = office.ask(question)
        added = office.ask(question | {"command-id": "plan-1", "dry-run": False, "expects": facts["seq"], "note": "new year",
                                       "store": facts["catalog"]["store"]})
        assert (added["status"], added["catalog"]["programs"]) == (OK, 52)
    store_id = bytes.fromhex(facts["catalog"]["store"])
    registry = rows(store, ["seq", "at", "kind", "faculty_id", "program_id", "semester_id", "name", "key", "seal",
                            "command_id", "note_hash"], "registry")
    registered, unsealed = seals_of(store_id, REGISTRY, registry)
    assert len(registered) == 3 and not unsealed
    assert all(stored == computed for stored, computed in registered)
    (salt, actor, note), = store.rows(f"SELECT {digits(store, 'salt')}, actor, note FROM ledger_note WHERE semester_id = 0")
    assert registry[-1]["note_hash"] == note_hash(bytes.fromhex(salt), actor, note).hex()


def test_a_copy_of_a_store_that_was_only_migrated_gets_an_id_from_its_first_leader(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        grant(client, REQUESTS[0])
    connection = sqlite3.connect(sqlite.path, isolation_level=None)
    connection.executescript(take_back("sqlite", 2))
    connection.close()
    assert run(tmp_path, "dtictl", "migrate", sqlite.flag)[0] == 0
    copy = type(sqlite)(tmp_path / "copy")
    status, _, errors = run(tmp_path, "dtictl", "copy", sqlite.flag, f"--to=sqlite:{copy.path}")
    assert status == 0, errors
    assert copy.rows("SELECT store_id FROM leadership") == [(None,)]
    with running(tmp_path, *POOL, copy.flag) as dti, Client(dti.endpoint) as client:
        assert grant(client, REQUESTS[0])[0][0] == OK
        assert "entries-sealed" in dti.log
    assert ";0:62,1:2;" in sign(tmp_path, copy), "the first seal of the ledger is in the registry"
    assert run(tmp_path, "dtictl", "verify", copy.flag)[0] == 0


def test_a_change_that_follows_the_rule_is_found_by_its_batch(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        for message in REQUESTS:
            grant(client, message)
    connection = sqlite3.connect(sqlite.path, isolation_level=None)
    connection.execute("DROP TRIGGER ledger_is_not_updated")
    connection.execute("UPDATE ledger SET at = at + 1 WHERE seq = 3")
    connection.close()
    status, output, _ = run(tmp_path, "dtictl", "verify", sqlite.flag)
    assert status == 1
    assert re.search(r'seals of semester "2025-10": DIFFER: the seal does not fit entries 3 to 4: ', output), output


def test_a_leader_whose_history_was_rewritten_ends_and_says_why(postgresql, tmp_path):
    with running(tmp_path, *POOL, postgresql.flag, "--lease-seconds=1") as dti, Client(dti.endpoint) as client:
        assert grant(client, request(SEMESTER, FACULTY, ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]
        postgresql.rows("SET session_replication_role = replica; UPDATE ledger SET seal = decode(repeat('00', 32), 'hex')"
                        " WHERE seq = 2; UPDATE semester SET seal = decode(repeat('00', 32), 'hex')")
        postgresql.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dti_server'"
                        " AND datname = current_database()")
        assert dti.exit_status() == 3
        assert "the history of the store was rewritten: entry 2 of semester number 1" in dti.log


def sign(folder, store, *flags, key="head"):
    """A line of dtictl head, and the file of the public keys."""
    if not (folder / f"{key}.signing").exists():
        status, line, _ = run(folder, "dtictl", "key", "new", "--signing", key)
        assert status == 0
        with open(folder / "keys.txt", "a", encoding="ascii") as keys:
            keys.write(line)
    status, line, errors = run(folder, "dtictl", "head", store.flag, f"--signing-key={folder / key}.signing", *flags)
    assert (status, errors) == (0, "")
    return line


def verify(folder, store, *lines):
    (folder / "lines.txt").write_text("".join(lines))
    return run(folder, "dtictl", "verify", store.flag, f"--witness={folder}/lines.txt", f"--witness-keys={folder}/keys.txt")


def test_a_store_that_went_on_fits_the_lines_of_its_witness(store, tmp_path):
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        grant(client, REQUESTS[0])
        first = sign(tmp_path, store)
        assert first.count("\n") == 1 and ";0:61,1:2;" in first
        grant(client, REQUESTS[1])
    second = sign(tmp_path, store, key="newer")
    wrapped = "\n".join("> " + first[at:at + 72] for at in range(0, len(first), 72))
    status, output, _ = verify(tmp_path, store, wrapped, second)
    assert status == 0 and "witness: 2 lines compared\n" in output, output


def test_a_witness_proves_a_history_whose_seals_were_computed_again_and_a_removed_end(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag) as dti, Client(dti.endpoint) as client:
        for message in REQUESTS:
            grant(client, message)
    line = sign(tmp_path, sqlite)
    store_id = bytes.fromhex(sqlite.rows("SELECT hex(store_id) FROM leadership")[0][0])
    ledger = rows(sqlite, ["seq", "at", "kind", *COLUMNS, "request_id", "seal"], "ledger WHERE semester_id = 1")
    ledger[2]["at"] += 1
    computed = seal(store_id, 1, ledger[1]["seal"], ledger[2:])
    connection = sqlite3.connect(sqlite.path, isolation_level=None)
    connection.execute("DROP TRIGGER ledger_is_not_updated")
    connection.execute("DROP TRIGGER ledger_is_not_deleted")
    connection.execute("UPDATE ledger SET at = at + 1 WHERE seq = 3")
    connection.execute("UPDATE ledger SET seal = ? WHERE seq = 4", (computed,))
    connection.execute("UPDATE semester SET seal = ?", (computed,))
    assert run(tmp_path, "dtictl", "verify", sqlite.flag)[0] == 0, "the seals fit the changed history"
    forged = sign(tmp_path, sqlite)
    status, output, _ = verify(tmp_path, sqlite, line, forged)
    assert status == 1
    assert "has other seals than the store: history before it was rewritten" in output
    assert "have the same heads and different roots, and both are signed" in output
    connection.execute("DROP TRIGGER semester_does_not_go_back")
    connection.execute("DELETE FROM ledger WHERE seq > 2")
    connection.execute("UPDATE semester SET head = 2, sealed_head = 2, seal = (SELECT seal FROM ledger WHERE seq = 2),"
                       " classrooms_left = classrooms_left + 5, labs_left = labs_left + 1")
    connection.close()
    assert run(tmp_path, "dtictl", "verify", sqlite.flag)[0] == 0, "the rest fits"
    status, output, _ = verify(tmp_path, sqlite, line)
    assert status == 1 and "entry 4 of semester number 1, and the store does not" in output, output


def test_the_file_of_a_witness_gets_a_line_for_each_new_state(store, tmp_path):
    witness = tmp_path / "witness.txt"
    with running(tmp_path, *POOL, store.flag) as dti, Client(dti.endpoint) as client:
        for message in REQUESTS:
            grant(client, message)
            for _ in range(2):
                assert sign(tmp_path, store, f"--witness-file={witness}") == ""
    assert witness.read_text().count("\n") == 2, "a line for each of two states"
    witness.write_text(witness.read_text()[:-100])
    assert sign(tmp_path, store, f"--witness-file={witness}") == ""
    assert witness.read_text().count("\n") == 3, "the part of a line that a broken process left has an end"
    status, output, _ = verify(tmp_path, store, witness.read_text())
    assert status == 1 and "1 of 3 head lines in the file cannot be read; the first one is number 2" in output, output
    assert "DIFFERS: witness" in output and output.count("DIFFERS") == 1, output
    status, _, errors = run(tmp_path, "dtictl", "head", store.flag, f"--signing-key={tmp_path}/head.signing",
                            f"--witness-file={tmp_path}/none/witness.txt")
    assert status == 1 and "No such file or directory" in errors


def test_a_key_of_the_other_kind_is_refused(sqlite, tmp_path):
    with running(tmp_path, *POOL, sqlite.flag):
        pass
    assert run(tmp_path, "dtictl", "key", "new", "curve")[0] == 0
    status, _, errors = run(tmp_path, "dtictl", "head", sqlite.flag, f"--signing-key={tmp_path}/curve.key")
    assert status == 2 and "a signing key file has only signer, verify and sign" in errors
