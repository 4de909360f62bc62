-- Rounds: the requests of a file that are decided together.
--   kind   11 round: the grants that follow, in this order, are what its policy gives; 12 round-opened; the others as in 0007
--   cause  of a grant: 7 round; the others as in 0007
--   terms  how a round was decided, as a short text: docs/adr/0033-rounds.md
-- NOT VALID: PostgreSQL checks new rows only, so the table is locked for a moment.

ALTER TABLE ledger DROP CONSTRAINT ledger_command_has_its_columns;
ALTER TABLE ledger ADD COLUMN terms text;  -- round, round-opened, and granted by a round

-- Whether an entry that is no plain grant has the columns of its command, of its time and of a round.
CREATE OR REPLACE FUNCTION ledger_command_fits(entry ledger) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF NOT ledger_quota_fits(entry) THEN
    RETURN false;
  END IF;
  IF entry.kind = 3 THEN
    RETURN num_nonnulls(entry.cause, entry.command_id, entry.note_hash, entry.waits_since, entry.setting,
                        entry.expires_at, entry.terms) = 0;
  END IF;
  IF entry.kind = 0 AND entry.cause = 0 THEN  -- a hold that a request asked for
    RETURN entry.expires_at IS NOT NULL
      AND num_nonnulls(entry.command_id, entry.note_hash, entry.waits_since, entry.setting, entry.terms) = 0;
  END IF;
  RETURN entry.kind BETWEEN 0 AND 12 AND entry.command_id IS NOT NULL
    AND coalesce(octet_length(entry.note_hash), 32) = 32
    AND CASE
      WHEN entry.kind = 0 THEN coalesce(entry.cause, 0) IN (1, 3, 4, 7)
      WHEN entry.kind = 1 THEN coalesce(entry.cause, 0) IN (1, 2, 3, 4, 5, 6)
      ELSE entry.cause IS NULL END
    AND (entry.kind = 0 AND entry.cause = 3) = (entry.waits_since IS NOT NULL)
    AND (entry.kind IN (11, 12) OR (entry.kind = 0 AND coalesce(entry.cause, 0) = 7)) = (entry.terms IS NOT NULL)
    AND coalesce(entry.waits_since BETWEEN 2 AND entry.seq - 1, true)
    AND CASE entry.kind WHEN 6 THEN coalesce(entry.setting, -1) IN (0, 1) ELSE entry.setting IS NULL END
    AND CASE
      WHEN entry.kind = 9 THEN entry.expires_at IS NOT NULL
      ELSE entry.expires_at IS NULL OR entry.kind = 0 AND entry.cause IN (1, 3) END;
END $$;
ALTER TABLE ledger
  ADD CONSTRAINT ledger_command_has_its_columns CHECK (CASE
    WHEN kind = 0 AND cause IS NULL
    THEN num_nonnulls(command_id, note_hash, waits_since, setting, expires_at, faculty_id, classrooms_limit,
                      classrooms_limit_is_soft, labs_limit, labs_limit_is_soft, terms) = 0
    ELSE ledger_command_fits(ledger) END) NOT VALID;

-- The programs by the names that they have now. The table has the names with which they were added.
CREATE INDEX registry_renamed ON registry (program_id, seq) WHERE kind = 7;
CREATE INDEX registry_program_changes ON registry (seq) WHERE kind IN (7, 8);
CREATE VIEW program_now AS
SELECT p.id, p.faculty_id,
       coalesce((SELECT r.name FROM registry r WHERE r.kind = 7 AND r.program_id = p.id ORDER BY r.seq DESC LIMIT 1),
                p.name) AS name
  FROM program p;

-- Who holds what: the grants that were not released.
CREATE OR REPLACE VIEW allocation AS
SELECT s.name AS semester, f.name AS faculty, p.name AS program,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' ELSE 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, l.request_id,
       CASE l.cause WHEN 1 THEN 'amended' WHEN 3 THEN 'topped-up' WHEN 4 THEN 'confirmed-in-part' WHEN 7 THEN 'round'
                    ELSE 'asked' END AS cause,
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
  LEFT JOIN program_now p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = p.faculty_id
 WHERE l.kind = 0
   AND NOT EXISTS (SELECT 1 FROM ledger r
                    WHERE r.kind = 1 AND r.semester_id = l.semester_id AND r.program_id = l.program_id
                      AND r.generation = l.generation);

-- Every entry, in words. The last entry of a command has the actor and the note, unless they were erased.
CREATE OR REPLACE VIEW history AS
SELECT s.name AS semester, l.seq,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
       CASE l.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' WHEN 5 THEN 'semester-reopened'
                   WHEN 6 THEN 'setting' WHEN 7 THEN 'waiting-left' WHEN 8 THEN 'confirmed'
                   WHEN 9 THEN 'hold-extended' WHEN 10 THEN 'quota-set' WHEN 11 THEN 'round'
                   ELSE 'round-opened' END AS kind,
       f.name AS faculty, p.name AS program, l.generation,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' WHEN 1 THEN 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       l.classrooms_capacity, l.labs_capacity, l.conversions_capacity, l.request_id,
       CASE l.cause WHEN 1 THEN 'amended' WHEN 2 THEN 'released' WHEN 3 THEN 'topped-up'
                    WHEN 4 THEN 'confirmed-in-part' WHEN 5 THEN 'cancelled' WHEN 6 THEN 'expired' WHEN 7 THEN 'round'
                    ELSE CASE l.kind WHEN 0 THEN 'asked' END END AS cause,
       l.command_id, n.actor, n.note, l.waits_since,
       CASE l.setting WHEN 0 THEN 'wait-list-off' WHEN 1 THEN 'wait-list-on' END AS setting,
       to_char(l.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS expires_at,
       l.classrooms_limit, l.classrooms_limit_is_soft, l.labs_limit, l.labs_limit_is_soft, l.terms
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program_now p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = coalesce(p.faculty_id, l.faculty_id)
  LEFT JOIN ledger_note n ON n.semester_id = l.semester_id AND n.seq = l.seq;

CREATE OR REPLACE VIEW entry_count AS
SELECT s.name AS semester,
       CASE n.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' WHEN 5 THEN 'semester-reopened'
                   WHEN 6 THEN 'setting' WHEN 7 THEN 'waiting-left' WHEN 8 THEN 'confirmed'
                   WHEN 9 THEN 'hold-extended' WHEN 10 THEN 'quota-set' WHEN 11 THEN 'round'
                   ELSE 'round-opened' END AS kind,
       n.entries
  FROM (SELECT semester_id, kind, count(*) AS entries FROM ledger GROUP BY semester_id, kind) n
  JOIN semester s ON s.id = n.semester_id;
