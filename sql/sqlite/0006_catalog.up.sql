-- Changes of the catalogue by the office. The last entry of such a change in the registry has its command and the hash of its
-- note, which is in ledger_note with semester_id 0. Each command is there once.
ALTER TABLE registry ADD COLUMN command_id TEXT
  CONSTRAINT registry_command_adds_a_program CHECK (command_id IS NULL OR kind = 2);
ALTER TABLE registry ADD COLUMN note_hash BLOB  -- BLAKE2b-256 of the note
  CONSTRAINT registry_command_has_its_note
    CHECK ((note_hash IS NULL) = (command_id IS NULL) AND coalesce(length(note_hash), 32) = 32);
CREATE UNIQUE INDEX registry_one_command ON registry (command_id) WHERE command_id IS NOT NULL;
DROP TRIGGER registry_is_not_replaced;
CREATE TRIGGER registry_is_not_replaced BEFORE INSERT ON registry
WHEN EXISTS (SELECT 1 FROM registry WHERE seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 1 AND NEW.kind = 1 AND faculty_id = NEW.faculty_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 2 AND NEW.kind = 2 AND program_id = NEW.program_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 3 AND NEW.kind = 3 AND semester_id = NEW.semester_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 4 AND NEW.kind = 4 AND semester_id = NEW.semester_id)
  OR EXISTS (SELECT 1 FROM registry WHERE command_id = NEW.command_id)
BEGIN SELECT RAISE(ABORT, 'registry is only added to: this entry is there'); END;
