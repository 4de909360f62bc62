-- Takes 0001_ledger.up.sql back, with everything that is stored. By hand only: psql -1 -f.
DROP VIEW entry_count, history, alert, allocation, semester_left;
DROP TABLE ledger, semester, program, faculty, leadership, schema_version;
DROP FUNCTION refuse_change();
