"""tests/golden/seals.jsonl and notes.jsonl: hashes that hashlib computed. The C++ suite reads the same file (unit_service)."""
import json

from tests_py.harness.process import ROOT
from tests_py.stores.seal_bytes import note_hash, seal


def test_each_stored_seal_is_what_the_page_about_seals_gives():
    lines = (ROOT / "tests" / "golden" / "seals.jsonl").read_text().splitlines()
    assert len(lines) >= 6
    for line in lines:
        vector = json.loads(line)
        computed = seal(bytes.fromhex(vector["store"]), vector["chain"], bytes.fromhex(vector["before"]),
                        vector["entries"])
        assert computed.hex() == vector["seal"], vector["what"]


def test_each_stored_hash_of_a_note_is_what_the_page_about_seals_gives():
    lines = (ROOT / "tests" / "golden" / "notes.jsonl").read_text().splitlines()
    assert len(lines) >= 3
    for line in lines:
        vector = json.loads(line)
        assert note_hash(bytes.fromhex(vector["salt"]), vector["actor"], vector["note"]).hex() == vector["hash"]
