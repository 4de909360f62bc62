-- Rounds: the requests of a file that are decided together.
--   kind   11 round: the grants that follow, in this order, are what its policy gives; 12 round-opened; the others as in 0007
--   cause  of a grant: 7 round; the others as in 0007
--   terms  how a round was decided, as a short text: docs/adr/0033-rounds.md
-- SQLite cannot change a CHECK: the ledger is copied, as in 0007.

DROP VIEW entry_count;
DROP VIEW history;
DROP VIEW alert;
DROP VIEW allocation;
DROP VIEW semester_left;
CREATE TABLE ledger_rebuilt (
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,          -- microseconds since 1970, UTC
  semester_id INTEGER NOT NULL,
  program_id INTEGER,           -- granted, released, waiting-left, confirmed, hold-extended
  generation INTEGER,           -- of these kinds: 1, plus one after each release
  classrooms_wanted INTEGER,    -- granted; released repeats the grant that comes back
  labs_wanted INTEGER,
  classrooms_granted INTEGER,
  labs_granted INTEGER,
  mobile_labs_granted INTEGER,
  classrooms_capacity INTEGER,  -- semester-opened, capacity-changed: the whole capacity from here on
  labs_capacity INTEGER,
  conversions_capacity INTEGER,
  kind INTEGER NOT NULL,
  status INTEGER,               -- granted
  cause INTEGER,                -- granted, released
  request_id TEXT,
  seal BLOB,                    -- of the last entry of a batch: BLAKE2b-256; of the others NULL
  command_id TEXT,
  note_hash BLOB,               -- of the last entry of a command: BLAKE2b-256 of its note
  waits_since INTEGER,          -- granted, topped-up: seq of the grant by which the program asked
  setting INTEGER,              -- setting
  expires_at INTEGER,           -- granted: of a hold; hold-extended: the later time. Microseconds since 1970, UTC
  faculty_id INTEGER,           -- quota-set
  classrooms_limit INTEGER,     -- quota-set: the most that its programs may have
  classrooms_limit_is_soft INTEGER,  -- quota-set, with a limit: 1: more is granted, and flagged
  labs_limit INTEGER,           -- a mobile lab counts as a lab
  labs_limit_is_soft INTEGER,
  terms TEXT,                   -- round, round-opened, and granted by a round: docs/adr/0033-rounds.md
  CONSTRAINT ledger_in_order PRIMARY KEY (semester_id, seq),
  CONSTRAINT ledger_of_a_semester FOREIGN KEY (semester_id) REFERENCES semester (id),
  CONSTRAINT ledger_of_a_program FOREIGN KEY (program_id) REFERENCES program (id),
  CONSTRAINT ledger_seq_positive CHECK (seq >= 1),
  CONSTRAINT ledger_kind_known CHECK (kind BETWEEN 0 AND 12),
  CONSTRAINT ledger_opened_first CHECK ((kind = 3) = (seq = 1)),
  CONSTRAINT ledger_kind_has_its_columns CHECK (CASE
    WHEN kind <= 1 THEN (program_id IS NULL) + (generation IS NULL) + (classrooms_wanted IS NULL)
                        + (labs_wanted IS NULL) + (classrooms_granted IS NULL) + (labs_granted IS NULL)
                        + (mobile_labs_granted IS NULL) = 0
                        AND coalesce(classrooms_capacity, labs_capacity, conversions_capacity) IS NULL
                        AND (kind = 0) = (status IS NOT NULL)
    WHEN kind BETWEEN 7 AND 9 THEN (program_id IS NULL) + (generation IS NULL) = 0
                                   AND coalesce(classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
                                                mobile_labs_granted, classrooms_capacity, labs_capacity,
                                                conversions_capacity, status) IS NULL
    ELSE coalesce(program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
                  mobile_labs_granted, status) IS NULL
         AND (classrooms_capacity IS NULL) + (labs_capacity IS NULL) + (conversions_capacity IS NULL)
             = CASE WHEN kind IN (2, 3) THEN 0 ELSE 3 END
  END),
  CONSTRAINT ledger_command_has_its_columns CHECK (CASE
    WHEN kind = 0 AND cause IS NULL THEN coalesce(command_id, note_hash, waits_since, setting, expires_at, faculty_id,
                                                  classrooms_limit, classrooms_limit_is_soft, labs_limit,
                                                  labs_limit_is_soft, terms) IS NULL
    WHEN kind = 0 AND cause = 0 THEN expires_at IS NOT NULL
                                     AND coalesce(command_id, note_hash, waits_since, setting, faculty_id,
                                                  classrooms_limit, classrooms_limit_is_soft, labs_limit,
                                                  labs_limit_is_soft, terms) IS NULL
    WHEN kind = 3 THEN coalesce(cause, command_id, note_hash, waits_since, setting, expires_at, faculty_id,
                                classrooms_limit, classrooms_limit_is_soft, labs_limit, labs_limit_is_soft, terms) IS NULL
    -- No function that can fail, such as length(): SQLite would then write a journal of each statement.
    ELSE command_id IS NOT NULL
         AND CASE kind WHEN 0 THEN cause IN (1, 3, 4, 7) WHEN 1 THEN coalesce(cause, 0) IN (1, 2, 3, 4, 5, 6)
                       ELSE cause IS NULL END
         AND (kind = 0 AND cause = 3) = (waits_since IS NOT NULL)
         AND coalesce(waits_since BETWEEN 2 AND seq - 1, true)
         AND (kind IN (11, 12) OR (kind = 0 AND cause = 7)) = (terms IS NOT NULL)
         AND CASE kind WHEN 6 THEN coalesce(setting, -1) IN (0, 1) ELSE setting IS NULL END
         AND CASE WHEN kind = 9 THEN expires_at IS NOT NULL
                  ELSE expires_at IS NULL OR kind = 0 AND cause IN (1, 3) END
         AND CASE kind WHEN 10 THEN faculty_id IS NOT NULL
                                    AND (classrooms_limit IS NULL) = (classrooms_limit_is_soft IS NULL)
                                    AND (labs_limit IS NULL) = (labs_limit_is_soft IS NULL)
                       ELSE coalesce(faculty_id, classrooms_limit, classrooms_limit_is_soft, labs_limit,
                                     labs_limit_is_soft) IS NULL END
  END),
  CONSTRAINT ledger_program_positive CHECK (program_id >= 1 AND generation >= 1),
  CONSTRAINT ledger_rooms_not_negative CHECK (classrooms_wanted >= 0 AND labs_wanted >= 0 AND classrooms_granted >= 0
    AND labs_granted >= 0 AND mobile_labs_granted >= 0),
  CONSTRAINT ledger_classrooms_within_wanted CHECK (classrooms_granted <= classrooms_wanted),
  CONSTRAINT ledger_labs_within_wanted CHECK (mobile_labs_granted + labs_granted <= labs_wanted),
  CONSTRAINT ledger_capacity_not_negative
    CHECK (classrooms_capacity >= 0 AND labs_capacity >= 0 AND conversions_capacity >= 0),
  CONSTRAINT ledger_conversions_within_classrooms CHECK (conversions_capacity <= classrooms_capacity),
  CONSTRAINT ledger_limits_not_negative CHECK (classrooms_limit >= 0 AND labs_limit >= 0
    AND classrooms_limit_is_soft IN (0, 1) AND labs_limit_is_soft IN (0, 1)),
  CONSTRAINT ledger_status_fits_grant CHECK (status = CASE
    WHEN classrooms_granted = classrooms_wanted AND labs_granted + mobile_labs_granted = labs_wanted THEN 0 ELSE 1 END)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_rebuilt
SELECT seq, at, semester_id, program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
       mobile_labs_granted, classrooms_capacity, labs_capacity, conversions_capacity, kind, status, cause, request_id,
       seal, command_id, note_hash, waits_since, setting, expires_at, faculty_id, classrooms_limit,
       classrooms_limit_is_soft, labs_limit, labs_limit_is_soft, NULL
  FROM ledger ORDER BY semester_id, seq;
DROP TABLE ledger;
ALTER TABLE ledger_rebuilt RENAME TO ledger;
CREATE UNIQUE INDEX ledger_one_grant ON ledger (semester_id, program_id, generation) WHERE kind = 0;
-- A grant is released once, its place in the wait list is left once, and a hold is confirmed once. It is extended to a
-- time once.
CREATE UNIQUE INDEX ledger_released ON ledger (semester_id, program_id, generation, kind, coalesce(expires_at, 0))
 WHERE kind = 1 OR kind = 7 OR kind = 8 OR kind = 9;
CREATE TRIGGER ledger_is_not_updated BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger is only added to: UPDATE is refused'); END;
CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger is only added to: DELETE is refused'); END;
-- INSERT OR REPLACE deletes without firing a DELETE trigger.
CREATE TRIGGER ledger_is_not_replaced BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger WHERE semester_id = NEW.semester_id AND seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM ledger WHERE kind = 0 AND NEW.kind = 0 AND semester_id = NEW.semester_id
                AND program_id = NEW.program_id AND generation = NEW.generation)
  OR EXISTS (SELECT 1 FROM ledger WHERE kind = 1 AND NEW.kind = 1 AND semester_id = NEW.semester_id
                AND program_id = NEW.program_id AND generation = NEW.generation)
  OR EXISTS (SELECT 1 FROM ledger WHERE kind = 7 AND NEW.kind = 7 AND semester_id = NEW.semester_id
                AND program_id = NEW.program_id AND generation = NEW.generation)
  OR EXISTS (SELECT 1 FROM ledger WHERE kind = 8 AND NEW.kind = 8 AND semester_id = NEW.semester_id
                AND program_id = NEW.program_id AND generation = NEW.generation)
  OR EXISTS (SELECT 1 FROM ledger WHERE kind = 9 AND NEW.kind = 9 AND semester_id = NEW.semester_id
                AND program_id = NEW.program_id AND generation = NEW.generation
                AND coalesce(expires_at, 0) = coalesce(NEW.expires_at, 0))
BEGIN SELECT RAISE(ABORT, 'ledger is only added to: this entry, or one of its kind about this grant, is there'); END;

-- What is left of each semester, from the ledger alone. What was released came back.
CREATE VIEW semester_left AS
WITH granted AS (
  SELECT semester_id,
         sum(CASE kind WHEN 0 THEN classrooms_granted ELSE -classrooms_granted END) AS classrooms,
         sum(CASE kind WHEN 0 THEN labs_granted ELSE -labs_granted END) AS labs,
         sum(CASE kind WHEN 0 THEN mobile_labs_granted ELSE -mobile_labs_granted END) AS mobile_labs
    FROM ledger
   WHERE kind IN (0, 1)
   GROUP BY semester_id
), capacity AS (
  SELECT l.semester_id, l.classrooms_capacity, l.labs_capacity, l.conversions_capacity
    FROM ledger l
    JOIN (SELECT semester_id, max(seq) AS seq FROM ledger WHERE kind IN (2, 3) GROUP BY semester_id) newest
      ON newest.semester_id = l.semester_id AND newest.seq = l.seq
), sums AS (
  SELECT s.name, c.classrooms_capacity, c.labs_capacity, c.conversions_capacity,
         coalesce(g.classrooms, 0) AS classrooms, coalesce(g.labs, 0) AS labs, coalesce(g.mobile_labs, 0) AS mobile_labs
    FROM semester s
    JOIN capacity c ON c.semester_id = s.id
    LEFT JOIN granted g ON g.semester_id = s.id
)
SELECT name AS semester, classrooms_capacity, labs_capacity, conversions_capacity,
       classrooms AS classrooms_granted, labs AS labs_granted, mobile_labs AS mobile_labs_granted,
       classrooms_capacity - classrooms - mobile_labs AS classrooms_left,
       labs_capacity - labs AS labs_left,
       min(conversions_capacity - mobile_labs, classrooms_capacity - classrooms - mobile_labs) AS mobile_labs_left
  FROM sums;

-- The programs by the names that they have now. The table has the names with which they were added.
CREATE INDEX registry_renamed ON registry (program_id, seq) WHERE kind = 7;
CREATE INDEX registry_program_changes ON registry (seq) WHERE kind IN (7, 8);
CREATE VIEW program_now AS
SELECT p.id, p.faculty_id,
       coalesce((SELECT r.name FROM registry r WHERE r.kind = 7 AND r.program_id = p.id ORDER BY r.seq DESC LIMIT 1),
                p.name) AS name
  FROM program p;

-- Who holds what: the grants that were not released.
CREATE VIEW allocation AS
SELECT s.name AS semester, f.name AS faculty, p.name AS program,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' ELSE 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       strftime('%Y-%m-%dT%H:%M:%S', l.at / 1000000, 'unixepoch') || printf('.%06dZ', l.at % 1000000) AS at, l.request_id,
       CASE l.cause WHEN 1 THEN 'amended' WHEN 3 THEN 'topped-up' WHEN 4 THEN 'confirmed-in-part' WHEN 7 THEN 'round'
                    ELSE 'asked' END AS cause,
       l.command_id,
       CASE WHEN l.expires_at IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM ledger c
                              WHERE c.kind = 8 AND c.semester_id = l.semester_id AND c.program_id = l.program_id
                                AND c.generation = l.generation)
            THEN (SELECT strftime('%Y-%m-%dT%H:%M:%S', until / 1000000, 'unixepoch') || printf('.%06dZ', until % 1000000)
                    FROM (SELECT coalesce(max(e.expires_at), l.expires_at) AS until FROM ledger e
                           WHERE e.kind = 9 AND e.semester_id = l.semester_id AND e.program_id = l.program_id
                             AND e.generation = l.generation) newest) END AS expires_at
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program_now p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = p.faculty_id
 WHERE l.kind = 0
   AND (l.semester_id, l.program_id, l.generation) NOT IN
       (SELECT semester_id, program_id, generation FROM ledger WHERE kind = 1);

-- Grants that stand and gave less than was wanted.
CREATE VIEW alert AS
SELECT semester, faculty, program, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
       mobile_labs_granted, status, at, request_id, cause, command_id, expires_at
  FROM allocation
 WHERE status <> 'OK';

-- Every entry, in words. The last entry of a command has the actor and the note, unless they were erased.
CREATE VIEW history AS
SELECT s.name AS semester, l.seq,
       strftime('%Y-%m-%dT%H:%M:%S', l.at / 1000000, 'unixepoch') || printf('.%06dZ', l.at % 1000000) AS at,
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
       CASE WHEN l.expires_at IS NOT NULL
            THEN strftime('%Y-%m-%dT%H:%M:%S', l.expires_at / 1000000, 'unixepoch')
                 || printf('.%06dZ', l.expires_at % 1000000) END AS expires_at,
       l.classrooms_limit, l.classrooms_limit_is_soft, l.labs_limit, l.labs_limit_is_soft, l.terms
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program_now p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = coalesce(p.faculty_id, l.faculty_id)
  LEFT JOIN ledger_note n ON n.semester_id = l.semester_id AND n.seq = l.seq;

CREATE VIEW entry_count AS
SELECT s.name AS semester,
       CASE n.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' WHEN 5 THEN 'semester-reopened'
                   WHEN 6 THEN 'setting' WHEN 7 THEN 'waiting-left' WHEN 8 THEN 'confirmed'
                   WHEN 9 THEN 'hold-extended' WHEN 10 THEN 'quota-set' WHEN 11 THEN 'round'
                   ELSE 'round-opened' END AS kind,
       n.entries
  FROM (SELECT semester_id, kind, count(*) AS entries FROM ledger GROUP BY semester_id, kind) n
  JOIN semester s ON s.id = n.semester_id;
