-- Grants for a time, quotas of faculties, and new names in the catalogue. Plain grants are stored as before.
--   kind        8 confirmed, 9 hold-extended, 10 quota-set; the others as in 0005
--   cause       of a grant: 0 asked, of a hold that a request asked for (NULL: a grant without an end), 4 confirmed-in-part;
--               of a release: 4 confirmed-in-part, 5 cancelled, 6 expired; the others as in 0005
--   expires_at  of a hold: until when its program has the rooms unless it is confirmed: docs/adr/0031-holds.md
--   the limits  of a faculty in the semester: docs/adr/0032-quotas.md. NULL: no limit of that kind
--   registry    kind 7 program-renamed, 8 program-retired
-- NOT VALID: PostgreSQL checks new rows only, so the tables are locked for a moment. Only the index of releases needs a
-- scan of the ledger: a twentieth of a second for a million entries that are cached.

ALTER TABLE ledger
  DROP CONSTRAINT ledger_command_has_its_columns,
  DROP CONSTRAINT ledger_kind_has_its_columns;
DROP FUNCTION ledger_kind_fits, ledger_command_fits;
ALTER TABLE ledger
  ADD COLUMN expires_at timestamptz,             -- granted: of a hold; hold-extended: the later time
  ADD COLUMN faculty_id integer,                 -- quota-set
  ADD COLUMN classrooms_limit integer,           -- quota-set: the most that its programs may have
  ADD COLUMN classrooms_limit_is_soft boolean,   -- quota-set, with a limit: more is granted, and flagged
  ADD COLUMN labs_limit integer,                 -- a mobile lab counts as a lab
  ADD COLUMN labs_limit_is_soft boolean;

-- Whether an entry that is no plain grant has the columns of its kind. A function of the whole row, because PostgreSQL
-- reads each CHECK again for each statement: a reference to the row is shorter than one to each column.
CREATE FUNCTION ledger_kind_fits(entry ledger) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN num_nulls(entry.program_id, entry.generation) = CASE WHEN entry.kind IN (0, 1, 7, 8, 9) THEN 0 ELSE 2 END
    AND num_nulls(entry.classrooms_wanted, entry.labs_wanted, entry.classrooms_granted, entry.labs_granted,
                  entry.mobile_labs_granted) = CASE WHEN entry.kind IN (0, 1) THEN 0 ELSE 5 END
    AND num_nulls(entry.classrooms_capacity, entry.labs_capacity, entry.conversions_capacity)
      = CASE WHEN entry.kind IN (2, 3) THEN 0 ELSE 3 END
    AND (entry.kind = 0) = (entry.status IS NOT NULL);
END $$;
-- Whether an entry that is no plain grant has the columns of a quota: only quota-set has them.
CREATE FUNCTION ledger_quota_fits(entry ledger) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF entry.kind <> 10 THEN
    RETURN num_nonnulls(entry.faculty_id, entry.classrooms_limit, entry.classrooms_limit_is_soft, entry.labs_limit,
                        entry.labs_limit_is_soft) = 0;
  END IF;
  RETURN entry.faculty_id IS NOT NULL
    AND (entry.classrooms_limit IS NULL) = (entry.classrooms_limit_is_soft IS NULL)
    AND (entry.labs_limit IS NULL) = (entry.labs_limit_is_soft IS NULL)
    AND coalesce(entry.classrooms_limit, 0) >= 0 AND coalesce(entry.labs_limit, 0) >= 0;
END $$;
-- The same of the columns of its command, and of its time.
CREATE FUNCTION ledger_command_fits(entry ledger) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF NOT ledger_quota_fits(entry) THEN
    RETURN false;
  END IF;
  IF entry.kind = 3 THEN
    RETURN num_nonnulls(entry.cause, entry.command_id, entry.note_hash, entry.waits_since, entry.setting,
                        entry.expires_at) = 0;
  END IF;
  IF entry.kind = 0 AND entry.cause = 0 THEN  -- a hold that a request asked for
    RETURN entry.expires_at IS NOT NULL
      AND num_nonnulls(entry.command_id, entry.note_hash, entry.waits_since, entry.setting) = 0;
  END IF;
  RETURN entry.kind BETWEEN 0 AND 10 AND entry.command_id IS NOT NULL
    AND coalesce(octet_length(entry.note_hash), 32) = 32
    AND CASE
      WHEN entry.kind = 0 THEN coalesce(entry.cause, 0) IN (1, 3, 4)
      WHEN entry.kind = 1 THEN coalesce(entry.cause, 0) IN (1, 2, 3, 4, 5, 6)
      ELSE entry.cause IS NULL END
    AND (entry.kind = 0 AND entry.cause = 3) = (entry.waits_since IS NOT NULL)
    AND coalesce(entry.waits_since BETWEEN 2 AND entry.seq - 1, true)
    AND CASE entry.kind WHEN 6 THEN coalesce(entry.setting, -1) IN (0, 1) ELSE entry.setting IS NULL END
    AND CASE
      WHEN entry.kind = 9 THEN entry.expires_at IS NOT NULL
      ELSE entry.expires_at IS NULL OR entry.kind = 0 AND entry.cause IN (1, 3) END;
END $$;
-- Also where that is not the default.
GRANT EXECUTE ON FUNCTION ledger_kind_fits, ledger_quota_fits, ledger_command_fits TO PUBLIC;

ALTER TABLE ledger
  ADD CONSTRAINT ledger_kind_has_its_columns CHECK (CASE
    WHEN kind = 0 THEN num_nulls(program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
                                 mobile_labs_granted, status) = 0
                       AND num_nonnulls(classrooms_capacity, labs_capacity, conversions_capacity) = 0
    ELSE ledger_kind_fits(ledger) END) NOT VALID,
  ADD CONSTRAINT ledger_command_has_its_columns CHECK (CASE
    WHEN kind = 0 AND cause IS NULL
    THEN num_nonnulls(command_id, note_hash, waits_since, setting, expires_at, faculty_id, classrooms_limit,
                      classrooms_limit_is_soft, labs_limit, labs_limit_is_soft) = 0
    ELSE ledger_command_fits(ledger) END) NOT VALID;
-- A grant is released once, its place in the wait list is left once, and a hold is confirmed once. It is extended to a
-- time once. One index for all: each further index costs a request's commit time.
DROP INDEX ledger_released;
CREATE UNIQUE INDEX ledger_released ON ledger (semester_id, program_id, generation, kind, coalesce(expires_at, '-infinity'))
 WHERE kind IN (1, 7, 8, 9);

ALTER TABLE registry
  DROP CONSTRAINT registry_kind_has_its_columns,
  DROP CONSTRAINT registry_command_adds_a_program,
  ADD CONSTRAINT registry_kind_has_its_columns CHECK (CASE
    WHEN kind = 1 THEN num_nulls(faculty_id, key) = 0 AND num_nonnulls(program_id, semester_id, head, head_seal) = 0
    WHEN kind IN (2, 7) THEN num_nulls(faculty_id, program_id, key) = 0
                             AND num_nonnulls(semester_id, head, head_seal) = 0
    WHEN kind IN (3, 5, 6) THEN semester_id IS NOT NULL
                                AND num_nonnulls(faculty_id, program_id, key, head, head_seal) = 0
    WHEN kind = 4 THEN num_nulls(semester_id, head, head_seal) = 0 AND num_nonnulls(faculty_id, program_id, key) = 0
    WHEN kind = 8 THEN num_nulls(faculty_id, program_id) = 0 AND num_nonnulls(semester_id, key, head, head_seal) = 0
    ELSE false END) NOT VALID,
  ADD CONSTRAINT registry_command_is_about_a_program CHECK (command_id IS NULL OR kind IN (2, 7, 8)) NOT VALID;
CREATE UNIQUE INDEX registry_one_retirement ON registry (program_id) WHERE kind = 8;

-- Who holds what: the grants that were not released.
CREATE OR REPLACE VIEW allocation AS
SELECT s.name AS semester, f.name AS faculty, p.name AS program,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' ELSE 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, l.request_id,
       CASE l.cause WHEN 1 THEN 'amended' WHEN 3 THEN 'topped-up' WHEN 4 THEN 'confirmed-in-part' ELSE 'asked' END AS cause,
       l.command_id,
       CASE WHEN l.expires_at IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM ledger c
                              WHERE c.kind = 8 AND c.semester_id = l.semester_id AND c.program_id = l.program_id
                                AND c.generation = l.generation)
            THEN (SELECT to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                    FROM (SELECT coalesce(max(e.expires_at), l.expires_at) AS until FROM ledger e
                           WHERE e.kind = 9 AND e.semester_id = l.semester_id AND e.program_id = l.program_id
                             AND e.generation = l.generation) newest) END AS expires_at
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = p.faculty_id
 WHERE l.kind = 0
   AND NOT EXISTS (SELECT 1 FROM ledger r
                    WHERE r.kind = 1 AND r.semester_id = l.semester_id AND r.program_id = l.program_id
                      AND r.generation = l.generation);

-- Grants that stand and gave less than was wanted.
CREATE OR REPLACE VIEW alert AS
SELECT semester, faculty, program, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
       mobile_labs_granted, status, at, request_id, cause, command_id, expires_at
  FROM allocation
 WHERE status <> 'OK';

-- Every entry, in words. The last entry of a command has the actor and the note, unless they were erased.
CREATE OR REPLACE VIEW history AS
SELECT s.name AS semester, l.seq,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
       CASE l.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' WHEN 5 THEN 'semester-reopened'
                   WHEN 6 THEN 'setting' WHEN 7 THEN 'waiting-left' WHEN 8 THEN 'confirmed'
                   WHEN 9 THEN 'hold-extended' ELSE 'quota-set' END AS kind,
       f.name AS faculty, p.name AS program, l.generation,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' WHEN 1 THEN 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       l.classrooms_capacity, l.labs_capacity, l.conversions_capacity, l.request_id,
       CASE l.cause WHEN 1 THEN 'amended' WHEN 2 THEN 'released' WHEN 3 THEN 'topped-up'
                    WHEN 4 THEN 'confirmed-in-part' WHEN 5 THEN 'cancelled' WHEN 6 THEN 'expired'
                    ELSE CASE l.kind WHEN 0 THEN 'asked' END END AS cause,
       l.command_id, n.actor, n.note, l.waits_since,
       CASE l.setting WHEN 0 THEN 'wait-list-off' WHEN 1 THEN 'wait-list-on' END AS setting,
       to_char(l.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS expires_at,
       l.classrooms_limit, l.classrooms_limit_is_soft, l.labs_limit, l.labs_limit_is_soft
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = coalesce(p.faculty_id, l.faculty_id)
  LEFT JOIN ledger_note n ON n.semester_id = l.semester_id AND n.seq = l.seq;

CREATE OR REPLACE VIEW entry_count AS
SELECT s.name AS semester,
       CASE n.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' WHEN 5 THEN 'semester-reopened'
                   WHEN 6 THEN 'setting' WHEN 7 THEN 'waiting-left' WHEN 8 THEN 'confirmed'
                   WHEN 9 THEN 'hold-extended' ELSE 'quota-set' END AS kind,
       n.entries
  FROM (SELECT semester_id, kind, count(*) AS entries FROM ledger GROUP BY semester_id, kind) n
  JOIN semester s ON s.id = n.semester_id;
