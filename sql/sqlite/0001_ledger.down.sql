-- Takes 0001_ledger.up.sql back, with everything that is stored. By hand only, with the server stopped.
DROP VIEW entry_count;
DROP VIEW history;
DROP VIEW alert;
DROP VIEW allocation;
DROP VIEW semester_left;
DROP TRIGGER ledger_is_not_deleted;
DROP TRIGGER program_is_not_deleted;
DROP TRIGGER faculty_is_not_deleted;
DROP TABLE ledger;
DROP TABLE semester;
DROP TABLE program;
DROP TABLE faculty;
DROP TABLE leadership;
DROP TABLE schema_version;
