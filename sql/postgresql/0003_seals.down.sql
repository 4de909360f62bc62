-- Takes 0003_seals.up.sql back, with all seals. By hand only, while no server runs: psql -1 -f.
DROP INDEX ledger_released;
CREATE INDEX ledger_released ON ledger (semester_id, program_id, generation) WHERE kind = 1;
DROP TABLE registry;
ALTER TABLE leadership DROP COLUMN store_id, DROP COLUMN registry_head, DROP COLUMN registry_seal;
ALTER TABLE semester DROP COLUMN sealed_head, DROP COLUMN seal;
ALTER TABLE ledger DROP COLUMN seal;
DELETE FROM schema_version WHERE version = 3;
