-- The ledger, and what belongs to it. The server applies this when it takes over, in that transaction.
-- One table is updated (semester), one row says who leads (leadership); the rest is only added to.

CREATE TABLE schema_version (
  version INTEGER PRIMARY KEY,
  applied_at INTEGER NOT NULL  -- microseconds since 1970, UTC
) STRICT;

-- Who leads. Exactly one row: every take-over raises its epoch.
CREATE TABLE leadership (
  one_row INTEGER NOT NULL DEFAULT 1,
  epoch INTEGER NOT NULL,
  holder TEXT NOT NULL,  -- host, pid and an id of the server, for people and to know its own take-over by
  taken_at INTEGER,      -- microseconds since 1970, UTC
  CONSTRAINT leadership_one_row PRIMARY KEY (one_row),
  CONSTRAINT leadership_only_one_row CHECK (one_row = 1),
  CONSTRAINT leadership_epoch_not_negative CHECK (epoch >= 0)
) STRICT;
INSERT INTO leadership (epoch, holder) VALUES (0, 'nobody yet');

-- The catalogue. The server numbers it, densely from 1; the keys are stored, so that a newer Unicode never re-keys it.
CREATE TABLE faculty (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  CONSTRAINT faculty_id_positive CHECK (id >= 1),
  CONSTRAINT faculty_key_unique UNIQUE (key)
) STRICT;
CREATE TABLE program (
  id INTEGER PRIMARY KEY,
  faculty_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  CONSTRAINT program_id_positive CHECK (id >= 1),
  CONSTRAINT program_of_a_faculty FOREIGN KEY (faculty_id) REFERENCES faculty (id),
  CONSTRAINT program_key_unique_in_faculty UNIQUE (faculty_id, key)
) STRICT;

-- What is left of each semester. The one table that is updated: by each batch, guarded by (epoch, head).
CREATE TABLE semester (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  epoch INTEGER NOT NULL,  -- of the server that may write to it
  head INTEGER NOT NULL,   -- seq of its last entry in the ledger
  classrooms_capacity INTEGER NOT NULL,
  labs_capacity INTEGER NOT NULL,
  conversions_capacity INTEGER NOT NULL,  -- how many classrooms may be turned into mobile labs
  classrooms_left INTEGER NOT NULL,
  labs_left INTEGER NOT NULL,
  conversions_left INTEGER NOT NULL,
  is_open INTEGER NOT NULL DEFAULT 1,
  CONSTRAINT semester_id_positive CHECK (id >= 1),
  CONSTRAINT semester_name_unique UNIQUE (name),
  CONSTRAINT semester_epoch_not_negative CHECK (epoch >= 0),
  CONSTRAINT semester_head_positive CHECK (head >= 1),
  CONSTRAINT semester_open_or_not CHECK (is_open IN (0, 1)),
  CONSTRAINT semester_capacity_not_negative
    CHECK (classrooms_capacity >= 0 AND labs_capacity >= 0 AND conversions_capacity >= 0),
  CONSTRAINT semester_conversions_within_classrooms CHECK (conversions_capacity <= classrooms_capacity),
  CONSTRAINT semester_classrooms_left_not_negative CHECK (classrooms_left >= 0),
  CONSTRAINT semester_labs_left_not_negative CHECK (labs_left >= 0),
  CONSTRAINT semester_conversions_left_not_negative CHECK (conversions_left >= 0),
  CONSTRAINT semester_left_within_capacity CHECK (classrooms_left <= classrooms_capacity
    AND labs_left <= labs_capacity AND conversions_left <= conversions_capacity)
) STRICT;

-- What happened: seq 1, 2, 3, … in each semester, in the order in which it took effect.
-- kind and status are codes, shown as text by the views:
--   kind   0 granted, 1 released, 2 capacity-changed, 3 semester-opened, 4 semester-closed
--   status 0 OK, 1 NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT (the grant is partial)
CREATE TABLE ledger (
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,          -- microseconds since 1970, UTC
  semester_id INTEGER NOT NULL,
  program_id INTEGER,           -- granted, released
  generation INTEGER,           -- granted, released: 1, plus one after each release
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
  request_id TEXT,
  CONSTRAINT ledger_in_order PRIMARY KEY (semester_id, seq),
  CONSTRAINT ledger_of_a_semester FOREIGN KEY (semester_id) REFERENCES semester (id),
  CONSTRAINT ledger_of_a_program FOREIGN KEY (program_id) REFERENCES program (id),
  CONSTRAINT ledger_seq_positive CHECK (seq >= 1),
  CONSTRAINT ledger_kind_known CHECK (kind BETWEEN 0 AND 4),
  CONSTRAINT ledger_opened_first CHECK ((kind = 3) = (seq = 1)),
  CONSTRAINT ledger_kind_has_its_columns CHECK (CASE
    WHEN kind <= 1 THEN (program_id IS NULL) + (generation IS NULL) + (classrooms_wanted IS NULL)
                        + (labs_wanted IS NULL) + (classrooms_granted IS NULL) + (labs_granted IS NULL)
                        + (mobile_labs_granted IS NULL) = 0
                        AND coalesce(classrooms_capacity, labs_capacity, conversions_capacity) IS NULL
                        AND (kind = 0) = (status IS NOT NULL)
    ELSE coalesce(program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
                  mobile_labs_granted, status) IS NULL
         AND (classrooms_capacity IS NULL) + (labs_capacity IS NULL) + (conversions_capacity IS NULL)
             = CASE kind WHEN 4 THEN 3 ELSE 0 END
  END),
  CONSTRAINT ledger_program_positive CHECK (program_id >= 1 AND generation >= 1),
  CONSTRAINT ledger_rooms_not_negative CHECK (classrooms_wanted >= 0 AND labs_wanted >= 0 AND classrooms_granted >= 0
    AND labs_granted >= 0 AND mobile_labs_granted >= 0),
  CONSTRAINT ledger_classrooms_within_wanted CHECK (classrooms_granted <= classrooms_wanted),
  CONSTRAINT ledger_labs_within_wanted CHECK (mobile_labs_granted + labs_granted <= labs_wanted),
  CONSTRAINT ledger_capacity_not_negative
    CHECK (classrooms_capacity >= 0 AND labs_capacity >= 0 AND conversions_capacity >= 0),
  CONSTRAINT ledger_conversions_within_classrooms CHECK (conversions_capacity <= classrooms_capacity),
  CONSTRAINT ledger_status_fits_grant CHECK (status = CASE
    WHEN classrooms_granted = classrooms_wanted AND labs_granted + mobile_labs_granted = labs_wanted THEN 0 ELSE 1 END)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_one_grant ON ledger (semester_id, program_id, generation) WHERE kind = 0;

CREATE TRIGGER ledger_is_not_updated BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger is only added to: UPDATE is refused'); END;
CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger is only added to: DELETE is refused'); END;
-- INSERT OR REPLACE deletes without firing a DELETE trigger.
CREATE TRIGGER ledger_is_not_replaced BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger WHERE semester_id = NEW.semester_id AND seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM ledger WHERE kind = 0 AND NEW.kind = 0 AND semester_id = NEW.semester_id
                AND program_id = NEW.program_id AND generation = NEW.generation)
BEGIN SELECT RAISE(ABORT, 'ledger is only added to: this entry, or this grant, is there'); END;
CREATE TRIGGER faculty_is_not_updated BEFORE UPDATE ON faculty
BEGIN SELECT RAISE(ABORT, 'faculty is only added to: UPDATE is refused'); END;
CREATE TRIGGER faculty_is_not_deleted BEFORE DELETE ON faculty
BEGIN SELECT RAISE(ABORT, 'faculty is only added to: DELETE is refused'); END;
CREATE TRIGGER faculty_is_not_replaced BEFORE INSERT ON faculty
WHEN EXISTS (SELECT 1 FROM faculty WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM faculty WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'faculty is only added to: this one is there'); END;
CREATE TRIGGER program_is_not_updated BEFORE UPDATE ON program
BEGIN SELECT RAISE(ABORT, 'program is only added to: UPDATE is refused'); END;
CREATE TRIGGER program_is_not_deleted BEFORE DELETE ON program
BEGIN SELECT RAISE(ABORT, 'program is only added to: DELETE is refused'); END;
CREATE TRIGGER program_is_not_replaced BEFORE INSERT ON program
WHEN EXISTS (SELECT 1 FROM program WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM program WHERE faculty_id = NEW.faculty_id AND key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'program is only added to: this one is there'); END;

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

-- Who holds what: the grants that were not released.
CREATE VIEW allocation AS
SELECT s.name AS semester, f.name AS faculty, p.name AS program,
       l.classrooms_wanted, l.labs_wanted, l.classrooms_granted, l.labs_granted, l.mobile_labs_granted,
       CASE l.status WHEN 0 THEN 'OK' ELSE 'NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT' END AS status,
       strftime('%Y-%m-%dT%H:%M:%S', l.at / 1000000, 'unixepoch') || printf('.%06dZ', l.at % 1000000) AS at,
       l.request_id
  FROM ledger l
  JOIN semester s ON s.id = l.semester_id
  LEFT JOIN program p ON p.id = l.program_id
  LEFT JOIN faculty f ON f.id = p.faculty_id
 WHERE l.kind = 0
   AND (l.semester_id, l.program_id, l.generation) NOT IN
       (SELECT semester_id, program_id, generation FROM ledger WHERE kind = 1);

-- Grants that stand and gave less than was wanted.
CREATE VIEW alert AS
SELECT semester, faculty, program, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
       mobile_labs_granted, status, at, request_id
  FROM allocation
 WHERE status <> 'OK';

-- Every entry, in words.
CREATE VIEW history AS
SELECT s.name AS semester, l.seq,
       strftime('%Y-%m-%dT%H:%M:%S', l.at / 1000000, 'unixepoch') || printf('.%06dZ', l.at % 1000000) AS at,
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
