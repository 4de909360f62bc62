-- Takes 0004_office.up.sql back. By hand only, while no server runs: psql -1 -f.
-- It fails if the office has changed anything: version 3 of the schema has no place for that.
-- Run roles.sql again afterwards: the views are new.
CREATE TABLE change_of_the_office (
  entries bigint CONSTRAINT version_3_has_no_changes_of_the_office CHECK (entries = 0)
);
INSERT INTO change_of_the_office SELECT count(*) FROM ledger WHERE kind NOT IN (0, 3) OR cause IS NOT NULL;
INSERT INTO change_of_the_office SELECT count(*) FROM registry WHERE kind > 4;
DROP TABLE change_of_the_office;
DROP VIEW entry_count, history, alert, allocation;
DROP TABLE ledger_note;
ALTER TABLE ledger
  DROP CONSTRAINT ledger_command_has_its_columns,
  DROP CONSTRAINT ledger_kind_has_its_columns,
  DROP COLUMN cause,
  DROP COLUMN command_id,
  DROP COLUMN note_hash,
  ADD CONSTRAINT ledger_kind_has_its_columns CHECK (
    num_nonnulls(program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
                 mobile_labs_granted)
      = CASE kind WHEN 0 THEN 7 WHEN 1 THEN 7 WHEN 2 THEN 0 WHEN 3 THEN 0 WHEN 4 THEN 0 ELSE -1 END
    AND num_nonnulls(classrooms_capacity, labs_capacity, conversions_capacity)
      = CASE kind WHEN 2 THEN 3 WHEN 3 THEN 3 ELSE 0 END
    AND (kind = 0) = (status IS NOT NULL));
DROP FUNCTION ledger_command_fits;
DROP INDEX ledger_released;
CREATE INDEX ledger_released ON ledger (semester_id, program_id, generation) WHERE kind = 1;
ALTER TABLE registry
  DROP CONSTRAINT registry_kind_has_its_columns,
  ADD CONSTRAINT registry_kind_has_its_columns CHECK (CASE kind
    WHEN 1 THEN num_nulls(faculty_id, key) = 0 AND num_nonnulls(program_id, semester_id, head, head_seal) = 0
    WHEN 2 THEN num_nulls(faculty_id, program_id, key) = 0 AND num_nonnulls(semester_id, head, head_seal) = 0
    WHEN 3 THEN semester_id IS NOT NULL AND num_nonnulls(faculty_id, program_id, key, head, head_seal) = 0
    WHEN 4 THEN num_nulls(semester_id, head, head_seal) = 0 AND num_nonnulls(faculty_id, program_id, key) = 0
    ELSE false END);

-- Who holds what: the grants that were not released.
CREATE VIEW allocation AS
SELECT s.name AS semester, f.name AS faculty, p.name AS program,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' ELSE 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, l.request_id
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = p.faculty_id
 WHERE l.kind = 0
   AND NOT EXISTS (SELECT 1 FROM ledger r
                    WHERE r.kind = 1 AND r.semester_id = l.semester_id AND r.program_id = l.program_id
                      AND r.generation = l.generation);

-- Grants that stand and gave less than was wanted.
CREATE VIEW alert AS
SELECT semester, faculty, program, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
       mobile_labs_granted, status, at, request_id
  FROM allocation
 WHERE status <> 'OK';

-- Every entry, in words.
CREATE VIEW history AS
SELECT s.name AS semester, l.seq,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
       CASE l.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' ELSE 'semester-closed' END AS kind,
       f.name AS faculty, p.name AS program, l.generation,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' WHEN 1 THEN 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       l.classrooms_capacity, l.labs_capacity, l.conversions_capacity, l.request_id
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = p.faculty_id;

CREATE VIEW entry_count AS
SELECT s.name AS semester,
       CASE n.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' ELSE 'semester-closed' END AS kind,
       n.entries
  FROM (SELECT semester_id, kind, count(*) AS entries FROM ledger GROUP BY semester_id, kind) n
  JOIN semester s ON s.id = n.semester_id;

DELETE FROM schema_version WHERE version = 4;
