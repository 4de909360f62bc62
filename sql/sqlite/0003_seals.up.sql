-- Tamper evidence: seals of batches, and a registry of what was added to the catalogue and to the semesters.
-- No row of the ledger changes: the first server that leads with this schema seals the entries of each semester, and keeps
-- these seals in the registry. A binary from before 0003 refuses this schema. From then on, no entry is without a seal, and
-- no program or semester is missing from the registry, unless it was not a server that wrote it.
-- docs/ledger-seals.md has the bytes that a seal covers, docs/adr/0024-tamper-evidence.md the reasons.

ALTER TABLE ledger ADD COLUMN seal BLOB;  -- of the last entry of a batch: BLAKE2b-256; of the others NULL

ALTER TABLE semester ADD COLUMN sealed_head INTEGER NOT NULL DEFAULT 0;  -- seq of its last entry that has a seal; 0: none
ALTER TABLE semester ADD COLUMN seal BLOB  -- of that entry
  CONSTRAINT semester_sealed_within_ledger CHECK (sealed_head BETWEEN 0 AND head AND (sealed_head = 0) = (seal IS NULL)
                                                  AND (seal IS NULL OR length(seal) = 32));

ALTER TABLE leadership ADD COLUMN store_id BLOB  -- 16 random bytes, which all seals contain; NULL: not led since 0003
  CONSTRAINT leadership_store_id_has_16_bytes CHECK (store_id IS NULL OR length(store_id) = 16);
ALTER TABLE leadership ADD COLUMN registry_head INTEGER NOT NULL DEFAULT 0;  -- seq of the registry's last entry
ALTER TABLE leadership ADD COLUMN registry_seal BLOB  -- of that entry
  CONSTRAINT leadership_registry_is_sealed CHECK (registry_head >= 0 AND (registry_head = 0) = (registry_seal IS NULL)
                                                  AND (registry_seal IS NULL OR length(registry_seal) = 32));

-- A store without seals may become a copy of another one.
CREATE TRIGGER leadership_does_not_go_back BEFORE UPDATE ON leadership
WHEN OLD.registry_head > 0 AND NEW.store_id IS NOT OLD.store_id OR NEW.registry_head < OLD.registry_head
BEGIN SELECT RAISE(ABORT, 'leadership: a store with seals keeps its id, and no chain becomes shorter'); END;
CREATE TRIGGER semester_does_not_go_back BEFORE UPDATE ON semester WHEN NEW.sealed_head < OLD.sealed_head
BEGIN SELECT RAISE(ABORT, 'semester: a store with seals keeps its id, and no chain becomes shorter'); END;

-- What was added, in order: the ledger of "semester 0".
--   kind   1 faculty-added, 2 program-added, 3 semester-opened, 4 ledger-sealed: entries of a version without seals
CREATE TABLE registry (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,  -- microseconds since 1970, UTC
  faculty_id INTEGER,   -- faculty-added, program-added
  program_id INTEGER,   -- program-added
  semester_id INTEGER,  -- semester-opened, ledger-sealed
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  key TEXT,             -- faculty-added, program-added
  head INTEGER,         -- ledger-sealed: the last entry that the first seal covers
  head_seal BLOB,       -- ledger-sealed: that seal, which the ledger's row does not have
  seal BLOB,            -- of the last entry of those that were added together
  CONSTRAINT registry_seq_positive CHECK (seq >= 1),
  CONSTRAINT registry_kind_has_its_columns CHECK (CASE kind
    WHEN 1 THEN (faculty_id IS NULL) + (key IS NULL) = 0 AND coalesce(program_id, semester_id, head, head_seal) IS NULL
    WHEN 2 THEN (faculty_id IS NULL) + (program_id IS NULL) + (key IS NULL) = 0
                AND coalesce(semester_id, head, head_seal) IS NULL
    WHEN 3 THEN semester_id IS NOT NULL AND coalesce(faculty_id, program_id, key, head, head_seal) IS NULL
    WHEN 4 THEN (semester_id IS NULL) + (head IS NULL) + (head_seal IS NULL) = 0
                AND coalesce(faculty_id, program_id, key) IS NULL
    ELSE false END)
) STRICT;
-- No id is used again. They also find the highest one.
CREATE UNIQUE INDEX registry_one_faculty ON registry (faculty_id) WHERE kind = 1;
CREATE UNIQUE INDEX registry_one_program ON registry (program_id) WHERE kind = 2;
CREATE UNIQUE INDEX registry_one_semester ON registry (semester_id) WHERE kind = 3;
CREATE UNIQUE INDEX registry_one_first_seal ON registry (semester_id) WHERE kind = 4;
CREATE TRIGGER registry_is_not_updated BEFORE UPDATE ON registry
BEGIN SELECT RAISE(ABORT, 'registry is only added to: UPDATE is refused'); END;
CREATE TRIGGER registry_is_not_deleted BEFORE DELETE ON registry
BEGIN SELECT RAISE(ABORT, 'registry is only added to: DELETE is refused'); END;
CREATE TRIGGER registry_is_not_replaced BEFORE INSERT ON registry
WHEN EXISTS (SELECT 1 FROM registry WHERE seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 1 AND NEW.kind = 1 AND faculty_id = NEW.faculty_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 2 AND NEW.kind = 2 AND program_id = NEW.program_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 3 AND NEW.kind = 3 AND semester_id = NEW.semester_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 4 AND NEW.kind = 4 AND semester_id = NEW.semester_id)
BEGIN SELECT RAISE(ABORT, 'registry is only added to: this entry is there'); END;
