-- Takes 0006_catalog.up.sql back. By hand only, while no server runs: psql -1 -f.
-- It fails if the office has changed the catalogue: version 5 of the schema has no place for that.
CREATE TABLE change_of_the_catalog (
  entries bigint CONSTRAINT version_5_has_no_changes_of_the_catalog CHECK (entries = 0)
);
INSERT INTO change_of_the_catalog SELECT count(*) FROM registry WHERE command_id IS NOT NULL;
DROP TABLE change_of_the_catalog;
ALTER TABLE registry DROP COLUMN command_id, DROP COLUMN note_hash;

DELETE FROM schema_version WHERE version = 6;
