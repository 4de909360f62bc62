-- Tamper evidence: seals of batches, and a registry of what was added to the catalogue and to the semesters.
-- No row of the ledger changes: the first batch of a server that knows seals also seals the entries before it. A binary
-- from before 0003 leaves seal NULL and sealed_head behind; the next leader that knows seals then seals its entries.
-- docs/ledger-seals.md has the bytes that a seal covers, docs/adr/0024-tamper-evidence.md the reasons.

ALTER TABLE ledger ADD COLUMN seal BLOB;  -- of the last entry of a batch: BLAKE2b-256; of the others NULL

ALTER TABLE semester ADD COLUMN sealed_head INTEGER NOT NULL DEFAULT 0;  -- seq of its last entry that has a seal; 0: none
ALTER TABLE semester ADD COLUMN seal BLOB;                               -- of that entry

ALTER TABLE leadership ADD COLUMN store_id BLOB;  -- 16 random bytes, which all seals contain; NULL: not led since 0003
ALTER TABLE leadership ADD COLUMN registry_head INTEGER NOT NULL DEFAULT 0;  -- seq of the registry's last entry
ALTER TABLE leadership ADD COLUMN registry_seal BLOB;                        -- of that entry

-- What was added, in order: the ledger of "semester 0". kind: 1 faculty-added, 2 program-added, 3 semester-opened.
CREATE TABLE registry (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,  -- microseconds since 1970, UTC
  faculty_id INTEGER,   -- faculty-added, program-added
  program_id INTEGER,   -- program-added
  semester_id INTEGER,  -- semester-opened
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  key TEXT,             -- faculty-added, program-added
  seal BLOB,            -- of the last entry of those that were added together
  CONSTRAINT registry_seq_positive CHECK (seq >= 1),
  CONSTRAINT registry_kind_has_its_columns CHECK (CASE kind
    WHEN 1 THEN (faculty_id IS NULL) + (key IS NULL) = 0 AND coalesce(program_id, semester_id) IS NULL
    WHEN 2 THEN (faculty_id IS NULL) + (program_id IS NULL) + (key IS NULL) = 0 AND semester_id IS NULL
    WHEN 3 THEN semester_id IS NOT NULL AND coalesce(faculty_id, program_id) IS NULL AND key IS NULL
    ELSE kind > 3 END)
) STRICT;
-- No id is used again. They also find the highest one.
CREATE UNIQUE INDEX registry_one_faculty ON registry (faculty_id) WHERE kind = 1;
CREATE UNIQUE INDEX registry_one_program ON registry (program_id) WHERE kind = 2;
CREATE UNIQUE INDEX registry_one_semester ON registry (semester_id) WHERE kind = 3;
CREATE TRIGGER registry_is_not_updated BEFORE UPDATE ON registry
BEGIN SELECT RAISE(ABORT, 'registry is only added to: UPDATE is refused'); END;
CREATE TRIGGER registry_is_not_deleted BEFORE DELETE ON registry
BEGIN SELECT RAISE(ABORT, 'registry is only added to: DELETE is refused'); END;
CREATE TRIGGER registry_is_not_replaced BEFORE INSERT ON registry
WHEN EXISTS (SELECT 1 FROM registry WHERE seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 1 AND NEW.kind = 1 AND faculty_id = NEW.faculty_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 2 AND NEW.kind = 2 AND program_id = NEW.program_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 3 AND NEW.kind = 3 AND semester_id = NEW.semester_id)
BEGIN SELECT RAISE(ABORT, 'registry is only added to: this entry is there'); END;

-- A grant is released once. No version so far writes such entries, so the index is empty.
CREATE UNIQUE INDEX ledger_released ON ledger (semester_id, program_id, generation) WHERE kind = 1;
DROP TRIGGER ledger_is_not_replaced;
CREATE TRIGGER ledger_is_not_replaced BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger WHERE semester_id = NEW.semester_id AND seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM ledger WHERE kind = 0 AND NEW.kind = 0 AND semester_id = NEW.semester_id
                AND program_id = NEW.program_id AND generation = NEW.generation)
  OR EXISTS (SELECT 1 FROM ledger WHERE kind = 1 AND NEW.kind = 1 AND semester_id = NEW.semester_id
                AND program_id = NEW.program_id AND generation = NEW.generation)
BEGIN SELECT RAISE(ABORT, 'ledger is only added to: this entry, or this grant, is there'); END;
