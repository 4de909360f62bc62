-- Takes 0002_lease.up.sql back. By hand only, while no server runs: psql -1 -f.
ALTER TABLE leadership DROP COLUMN lease_until, DROP COLUMN endpoint;
DELETE FROM schema_version WHERE version = 2;
