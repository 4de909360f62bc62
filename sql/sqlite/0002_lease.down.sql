-- Takes 0002_lease.up.sql back. By hand only, while no server runs.
DELETE FROM schema_version WHERE version = 2;
