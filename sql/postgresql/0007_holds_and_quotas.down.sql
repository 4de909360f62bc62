-- Takes 0007_holds_and_quotas.up.sql back. By hand only, while no server runs: psql -1 -f.
-- It fails if there was a hold or a quota, or a program has a new name or was retired: version 6 of the schema has no place
-- for that. Run roles.sql again afterwards: the views are new.
CREATE TABLE entry_of_version_7 (
  entries bigint CONSTRAINT version_6_has_no_holds_quotas_and_new_names CHECK (entries = 0)
);
INSERT INTO entry_of_version_7 SELECT count(*) FROM ledger WHERE kind > 7 OR cause = 0 OR cause > 3;
INSERT INTO entry_of_version_7 SELECT count(*) FROM registry WHERE kind > 6;
DROP TABLE entry_of_version_7;
DROP VIEW entry_count, history, alert, allocation;
DROP INDEX ledger_released;
ALTER TABLE ledger
  DROP CONSTRAINT ledger_command_has_its_columns,
  DROP CONSTRAINT ledger_kind_has_its_columns;
DROP FUNCTION ledger_kind_fits, ledger_quota_fits, ledger_command_fits;
ALTER TABLE ledger
  DROP COLUMN expires_at,
  DROP COLUMN faculty_id,
  DROP COLUMN classrooms_limit,
  DROP COLUMN classrooms_limit_is_soft,
  DROP COLUMN labs_limit,
  DROP COLUMN labs_limit_is_soft;

-- Whether an entry that is no plain grant has the columns of its kind. A function of the whole row, because PostgreSQL
-- reads each CHECK again for each statement: a reference to the row is shorter than one to each column.
CREATE FUNCTION ledger_kind_fits(entry ledger) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN num_nulls(entry.program_id, entry.generation) = CASE WHEN entry.kind IN (0, 1, 7) THEN 0 ELSE 2 END
    AND num_nulls(entry.classrooms_wanted, entry.labs_wanted, entry.classrooms_granted, entry.labs_granted,
                  entry.mobile_labs_granted) = CASE WHEN entry.kind IN (0, 1) THEN 0 ELSE 5 END
    AND num_nulls(entry.classrooms_capacity, entry.labs_capacity, entry.conversions_capacity)
      = CASE WHEN entry.kind IN (2, 3) THEN 0 ELSE 3 END
    AND (entry.kind = 0) = (entry.status IS NOT NULL);
END $$;
-- The same of the columns of its command.
CREATE FUNCTION ledger_command_fits(entry ledger) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF entry.kind = 3 THEN
    RETURN num_nonnulls(entry.cause, entry.command_id, entry.note_hash, entry.waits_since, entry.setting) = 0;
  END IF;
  RETURN entry.kind BETWEEN 0 AND 7 AND entry.command_id IS NOT NULL
    AND coalesce(octet_length(entry.note_hash), 32) = 32
    AND CASE
      WHEN entry.kind = 0 THEN coalesce(entry.cause, 0) IN (1, 3)
      WHEN entry.kind = 1 THEN coalesce(entry.cause, 0) IN (1, 2, 3)
      ELSE entry.cause IS NULL END
    AND (entry.kind = 0 AND entry.cause = 3) = (entry.waits_since IS NOT NULL)
    AND coalesce(entry.waits_since BETWEEN 2 AND entry.seq - 1, true)
    AND CASE entry.kind WHEN 6 THEN coalesce(entry.setting, -1) IN (0, 1) ELSE entry.setting IS NULL END;
END $$;
GRANT EXECUTE ON FUNCTION ledger_kind_fits, ledger_command_fits TO PUBLIC;  -- also where that is not the default

ALTER TABLE ledger
  ADD CONSTRAINT ledger_kind_has_its_columns CHECK (CASE
    WHEN kind = 0 THEN num_nulls(program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
                                 mobile_labs_granted, status) = 0
                       AND num_nonnulls(classrooms_capacity, labs_capacity, conversions_capacity) = 0
    ELSE ledger_kind_fits(ledger) END) NOT VALID,
  ADD CONSTRAINT ledger_command_has_its_columns CHECK (CASE
    WHEN kind = 0 AND command_id IS NULL THEN num_nonnulls(cause, note_hash, waits_since, setting) = 0
    ELSE ledger_command_fits(ledger) END) NOT VALID;
-- A grant is released once, and its place in the wait list is left once. One index for both: each further index costs a
-- request's commit time.
CREATE UNIQUE INDEX ledger_released ON ledger (semester_id, program_id, generation, kind) WHERE kind IN (1, 7);

ALTER TABLE registry
  DROP CONSTRAINT registry_kind_has_its_columns,
  DROP CONSTRAINT registry_command_is_about_a_program,
  ADD CONSTRAINT registry_kind_has_its_columns CHECK (CASE
    WHEN kind = 1 THEN num_nulls(faculty_id, key) = 0 AND num_nonnulls(program_id, semester_id, head, head_seal) = 0
    WHEN kind = 2 THEN num_nulls(faculty_id, program_id, key) = 0 AND num_nonnulls(semester_id, head, head_seal) = 0
    WHEN kind IN (3, 5, 6) THEN semester_id IS NOT NULL
                                AND num_nonnulls(faculty_id, program_id, key, head, head_seal) = 0
    WHEN kind = 4 THEN num_nulls(semester_id, head, head_seal) = 0 AND num_nonnulls(faculty_id, program_id, key) = 0
    ELSE false END) NOT VALID,
  ADD CONSTRAINT registry_command_adds_a_program CHECK (command_id IS NULL OR kind = 2) NOT VALID;
DROP INDEX registry_one_retirement;

-- Who holds what: the grants that were not released.
CREATE VIEW allocation AS
SELECT s.name AS semester, f.name AS faculty, p.name AS program,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' ELSE 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, l.request_id,
       CASE l.cause WHEN 1 THEN 'amended' WHEN 3 THEN 'topped-up' ELSE 'asked' END AS cause, l.command_id
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
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' WHEN 5 THEN 'semester-reopened'
                   WHEN 6 THEN 'setting' ELSE 'waiting-left' END AS kind,
       f.name AS faculty, p.name AS program, l.generation,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' WHEN 1 THEN 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       l.classrooms_capacity, l.labs_capacity, l.conversions_capacity, l.request_id,
       CASE l.cause WHEN 1 THEN 'amended' WHEN 2 THEN 'released' WHEN 3 THEN 'topped-up'
                    ELSE CASE l.kind WHEN 0 THEN 'asked' END END AS cause,
       l.command_id, n.actor, n.note, l.waits_since,
       CASE l.setting WHEN 0 THEN 'wait-list-off' WHEN 1 THEN 'wait-list-on' END AS setting
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = p.faculty_id
  LEFT JOIN ledger_note n ON n.semester_id = l.semester_id AND n.seq = l.seq;

CREATE VIEW entry_count AS
SELECT s.name AS semester,
       CASE n.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' WHEN 5 THEN 'semester-reopened'
                   WHEN 6 THEN 'setting' ELSE 'waiting-left' END AS kind,
       n.entries
  FROM (SELECT semester_id, kind, count(*) AS entries FROM ledger GROUP BY semester_id, kind) n
  JOIN semester s ON s.id = n.semester_id;

DELETE FROM schema_version WHERE version = 7;
