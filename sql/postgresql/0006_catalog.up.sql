-- Changes of the catalogue by the office. The last entry of such a change in the registry has its command and the hash of its
-- note, which is in ledger_note with semester_id 0. Each command is there once.
ALTER TABLE registry
  ADD COLUMN command_id text,
  ADD COLUMN note_hash bytea,  -- BLAKE2b-256 of the note
  ADD CONSTRAINT registry_command_adds_a_program CHECK (command_id IS NULL OR kind = 2) NOT VALID,
  ADD CONSTRAINT registry_command_has_its_note
    CHECK ((note_hash IS NULL) = (command_id IS NULL) AND coalesce(octet_length(note_hash), 32) = 32) NOT VALID;
CREATE UNIQUE INDEX registry_one_command ON registry (command_id) WHERE command_id IS NOT NULL;
