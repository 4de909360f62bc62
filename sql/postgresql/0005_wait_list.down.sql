-- Takes 0005_wait_list.up.sql back. By hand only, while no server runs: psql -1 -f.
-- It fails if a wait list was used: version 4 of the schema has no place for that.
-- Run roles.sql again afterwards: the views are new.
CREATE TABLE entry_of_a_wait_list (
  entries bigint CONSTRAINT version_4_has_no_wait_lists CHECK (entries = 0)
);
INSERT INTO entry_of_a_wait_list SELECT count(*) FROM ledger WHERE kind > 5 OR cause = 3;
DROP TABLE entry_of_a_wait_list;
DROP VIEW entry_count, history, alert, allocation;
ALTER TABLE ledger
  DROP CONSTRAINT ledger_command_has_its_columns,
  DROP CONSTRAINT ledger_kind_has_its_columns,
  DROP COLUMN waits_since,
  DROP COLUMN setting;
DROP FUNCTION ledger_kind_fits, ledger_command_fits;

-- Whether an entry that is no plain grant has the columns of its command. A function, because PostgreSQL reads each CHECK
-- again for each statement: this text would be a twentieth of the time of a request's commit.
CREATE FUNCTION ledger_command_fits(kind smallint, cause smallint, command_id text, note_hash bytea) RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF kind = 3 THEN
    RETURN num_nonnulls(cause, command_id, note_hash) = 0;
  END IF;
  RETURN command_id IS NOT NULL AND coalesce(octet_length(note_hash), 32) = 32 AND CASE
    WHEN kind = 0 THEN coalesce(cause, 0) = 1
    WHEN kind = 1 THEN coalesce(cause, 0) IN (1, 2)
    ELSE kind IN (2, 4, 5) AND cause IS NULL END;
END $$;
GRANT EXECUTE ON FUNCTION ledger_command_fits TO PUBLIC;  -- also where that is not the default

ALTER TABLE ledger
  ADD CONSTRAINT ledger_kind_has_its_columns CHECK (
    num_nulls(program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
              mobile_labs_granted)
      = CASE WHEN kind > 1 THEN 7 ELSE 0 END
    AND num_nulls(classrooms_capacity, labs_capacity, conversions_capacity) = CASE WHEN kind IN (2, 3) THEN 0 ELSE 3 END
    AND (kind = 0) = (status IS NOT NULL)) NOT VALID,
  ADD CONSTRAINT ledger_command_has_its_columns CHECK (CASE
    WHEN kind = 0 AND command_id IS NULL THEN num_nonnulls(cause, note_hash) = 0
    ELSE ledger_command_fits(kind, cause, command_id, note_hash) END) NOT VALID;
DROP INDEX ledger_released;
CREATE UNIQUE INDEX ledger_released ON ledger (semester_id, program_id, generation) WHERE kind = 1;

-- Who holds what: the grants that were not released.
CREATE VIEW allocation AS
SELECT s.name AS semester, f.name AS faculty, p.name AS program,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' ELSE 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, l.request_id,
       CASE l.cause WHEN 1 THEN 'amended' ELSE 'asked' END AS cause, l.command_id
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
       mobile_labs_granted, status, at, request_id, cause, command_id
  FROM allocation
 WHERE status <> 'OK';

-- Every entry, in words. The last entry of a command has the actor and the note, unless they were erased.
CREATE VIEW history AS
SELECT s.name AS semester, l.seq,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
       CASE l.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' ELSE 'semester-reopened' END AS kind,
       f.name AS faculty, p.name AS program, l.generation,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' WHEN 1 THEN 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       l.classrooms_capacity, l.labs_capacity, l.conversions_capacity, l.request_id,
       CASE l.cause WHEN 1 THEN 'amended' WHEN 2 THEN 'released' ELSE CASE l.kind WHEN 0 THEN 'asked' END END AS cause,
       l.command_id, n.actor, n.note
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = p.faculty_id
  LEFT JOIN ledger_note n ON n.semester_id = l.semester_id AND n.seq = l.seq;

CREATE VIEW entry_count AS
SELECT s.name AS semester,
       CASE n.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' ELSE 'semester-reopened' END AS kind,
       n.entries
  FROM (SELECT semester_id, kind, count(*) AS entries FROM ledger GROUP BY semester_id, kind) n
  JOIN semester s ON s.id = n.semester_id;

DELETE FROM schema_version WHERE version = 5;
