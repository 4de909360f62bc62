-- Takes 0006_catalog.up.sql back. By hand only, while no server runs:
-- sqlite3 -bail FILE BEGIN '.read 0006_catalog.down.sql' COMMIT
-- It fails if the office has changed the catalogue: version 5 of the schema has no place for that.
CREATE TABLE change_of_the_catalog (
  entries INTEGER CONSTRAINT version_5_has_no_changes_of_the_catalog CHECK (entries = 0)
) STRICT;
INSERT INTO change_of_the_catalog SELECT count(*) FROM registry WHERE command_id IS NOT NULL;
DROP TABLE change_of_the_catalog;
DROP TRIGGER registry_is_not_replaced;
DROP INDEX registry_one_command;
ALTER TABLE registry DROP COLUMN note_hash;
ALTER TABLE registry DROP COLUMN command_id;
CREATE TRIGGER registry_is_not_replaced BEFORE INSERT ON registry
WHEN EXISTS (SELECT 1 FROM registry WHERE seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 1 AND NEW.kind = 1 AND faculty_id = NEW.faculty_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 2 AND NEW.kind = 2 AND program_id = NEW.program_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 3 AND NEW.kind = 3 AND semester_id = NEW.semester_id)
  OR EXISTS (SELECT 1 FROM registry WHERE kind = 4 AND NEW.kind = 4 AND semester_id = NEW.semester_id)
BEGIN SELECT RAISE(ABORT, 'registry is only added to: this entry is there'); END;

DELETE FROM schema_version WHERE version = 6;
