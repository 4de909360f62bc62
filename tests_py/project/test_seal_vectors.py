"""tests/golden/seals.jsonl: seals that hashlib computed. The C++ suite reads the same file (unit_service)."""
import json

from tests_py.harness.process import ROOT
from tests_py.stores.seal_bytes import seal


def test_each_stored_seal_is_what_the_page_about_seals_gives():
    lines = (ROOT / "tests" / "golden" / "seals.jsonl").read_text().splitlines()
    assert len(lines) >= 6
    for line in lines:
        vector = json.loads(line)
        computed = seal(bytes.fromhex(vector["store"]), vector["chain"], bytes.fromhex(vector["before"]),
                        vector["entries"])
        assert computed.hex() == vector["seal"], vector["what"]
