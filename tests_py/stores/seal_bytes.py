"""Seals as docs/ledger-seals.md describes them: written for the tests, from that page, with hashlib alone."""
import hashlib
import struct

REGISTRY = 0
NOTHING = bytes(32)
COLUMNS = ("program_id", "generation", "classrooms_wanted", "labs_wanted", "classrooms_granted", "labs_granted",
           "mobile_labs_granted", "classrooms_capacity", "labs_capacity", "conversions_capacity", "status")
MORE_COLUMNS = ("waits_since", "setting", "expires_at", "faculty_id", "classrooms_limit", "classrooms_limit_is_soft",
                "labs_limit", "labs_limit_is_soft")
WIDE_COLUMNS = ("waits_since", "expires_at")
TERMS = 8  # of the second bits
REQUEST_ID, CAUSE, NOTE_HASH, COMMAND_ID, MORE_BITS = 11, 12, 13, 14, 15  # bits


def text_bytes(text):
    data = text.encode()
    return struct.pack(">I", len(data)) + data


def ledger_bytes(entry):
    """A row of the ledger, a dict; `at` in microseconds."""
    bits, numbers = 0, b""
    for bit, column in enumerate(COLUMNS):
        if entry.get(column) is not None:
            bits |= 1 << bit
            numbers += struct.pack(">i", entry[column])
    if entry.get("cause") is not None:
        bits |= 1 << CAUSE
        numbers += struct.pack(">i", entry["cause"])
    more_bits = 0
    for bit, column in enumerate(MORE_COLUMNS):
        if entry.get(column) is not None:
            more_bits |= 1 << bit
            numbers += struct.pack(">q" if column in WIDE_COLUMNS else ">i", entry[column])
    texts = b""
    if entry.get("terms") is not None:
        more_bits |= 1 << TERMS
        texts += text_bytes(entry["terms"])
    for bit, column in ((REQUEST_ID, "request_id"), (COMMAND_ID, "command_id")):
        if entry.get(column) is not None:
            bits |= 1 << bit
            texts += text_bytes(entry[column])
    if entry.get("note_hash") is not None:
        bits |= 1 << NOTE_HASH
        texts += bytes.fromhex(entry["note_hash"])
    head = struct.pack(">HH", bits | 1 << MORE_BITS, more_bits) if more_bits else struct.pack(">H", bits)
    return head + struct.pack(">qqB", entry["seq"], entry["at"], entry["kind"]) + numbers + texts


def note_hash(salt, actor, note):
    return hashlib.blake2b(b"dti-note-1" + salt + text_bytes(actor) + text_bytes(note), digest_size=32).digest()


def registry_bytes(entry):
    bits, ids = 0, b""
    for bit, column in enumerate(("faculty_id", "program_id", "semester_id")):
        if entry.get(column) is not None:
            bits |= 1 << bit
            ids += struct.pack(">q", entry[column])
    key, head = entry.get("key"), entry.get("head")
    bits |= (0 if key is None else 1 << 3) | (0 if head is None else 3 << 4)
    bits |= 0 if entry.get("command_id") is None else 3 << 6
    data = struct.pack(">BqqB", bits, entry["seq"], entry["at"], entry["kind"]) + ids + text_bytes(entry["name"])
    if key is not None:
        data += text_bytes(key)
    if head is not None:
        data += struct.pack(">q", head) + bytes.fromhex(entry["head_seal"])
    if entry.get("command_id") is not None:
        data += text_bytes(entry["command_id"]) + bytes.fromhex(entry["note_hash"])
    return data


def seal(store_id, chain, before, entries):
    """The seal of entries that follow the seal `before`."""
    encode = registry_bytes if chain == REGISTRY else ledger_bytes
    data = b"dti-ledger-1" + store_id + struct.pack(">q", chain) + before + b"".join(map(encode, entries))
    return hashlib.blake2b(data, digest_size=32).digest()


def seals_of(store_id, chain, entries):
    """Pairs of each stored seal of a chain and the one that its entries give; and the entries after the last."""
    pairs, before, open_entries = [], NOTHING, []
    for entry in entries:
        open_entries.append(entry)
        if entry["seal"] is not None:
            pairs.append((entry["seal"], seal(store_id, chain, before, open_entries)))
            before, open_entries = entry["seal"], []
    return pairs, open_entries
