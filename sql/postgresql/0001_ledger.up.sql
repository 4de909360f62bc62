-- The ledger, and what belongs to it. The server applies this when it takes over, in that transaction; by hand: psql -1 -f.
-- One table is updated (semester), one row is locked by all who administer (leadership); the rest is only added to.

CREATE TABLE schema_version (
  version integer PRIMARY KEY,
  applied_at timestamptz NOT NULL
);

-- Who leads. Exactly one row: every take-over and every administrative write locks it FOR UPDATE.
CREATE TABLE leadership (
  one_row boolean NOT NULL DEFAULT true,
  epoch bigint NOT NULL,
  holder text NOT NULL,       -- host, pid and an id of the server, for people and to know its own take-over by
  backend_pid integer,        -- the server's session here, which the next one may have to end
  backend_start timestamptz,
  taken_at timestamptz,
  CONSTRAINT leadership_one_row PRIMARY KEY (one_row),
  CONSTRAINT leadership_only_one_row CHECK (one_row),
  CONSTRAINT leadership_epoch_not_negative CHECK (epoch >= 0)
);
INSERT INTO leadership (epoch, holder) VALUES (0, 'nobody yet');

-- The catalogue. The server numbers it, densely from 1; the keys are stored, so that a newer Unicode never re-keys it.
CREATE TABLE faculty (
  id integer,
  name text NOT NULL,
  key text NOT NULL,
  CONSTRAINT faculty_id PRIMARY KEY (id),
  CONSTRAINT faculty_id_positive CHECK (id >= 1),
  CONSTRAINT faculty_key_unique UNIQUE (key)
);
CREATE TABLE program (
  id integer,
  faculty_id integer NOT NULL,
  name text NOT NULL,
  key text NOT NULL,
  CONSTRAINT program_id PRIMARY KEY (id),
  CONSTRAINT program_id_positive CHECK (id >= 1),
  CONSTRAINT program_of_a_faculty FOREIGN KEY (faculty_id) REFERENCES faculty (id),
  CONSTRAINT program_key_unique_in_faculty UNIQUE (faculty_id, key)
);

-- What is left of each semester. The one table that is updated: by each batch, guarded by (epoch, head).
CREATE TABLE semester (
  id integer,
  name text NOT NULL,
  epoch bigint NOT NULL,  -- of the server that may write to it
  head bigint NOT NULL,   -- seq of its last entry in the ledger
  classrooms_capacity bigint NOT NULL,
  labs_capacity bigint NOT NULL,
  conversions_capacity bigint NOT NULL,  -- how many classrooms may be turned into mobile labs
  classrooms_left bigint NOT NULL,
  labs_left bigint NOT NULL,
  conversions_left bigint NOT NULL,
  is_open boolean NOT NULL DEFAULT true,
  CONSTRAINT semester_id PRIMARY KEY (id),
  CONSTRAINT semester_name_unique UNIQUE (name),
  CONSTRAINT semester_numbered CHECK (id >= 1 AND epoch >= 0 AND head >= 1),
  CONSTRAINT semester_conversions_within_classrooms CHECK (conversions_capacity <= classrooms_capacity),
  CONSTRAINT semester_left_not_negative CHECK (least(classrooms_left, labs_left, conversions_left) >= 0),
  -- So that a capacity is not negative either.
  CONSTRAINT semester_left_within_capacity CHECK (classrooms_left <= classrooms_capacity
    AND labs_left <= labs_capacity AND conversions_left <= conversions_capacity)
) WITH (fillfactor = 20);  -- room on its page for the next version of the row: no index is touched by an update

-- What happened: seq 1, 2, 3, … in each semester, in the order in which it took effect.
-- No foreign keys: a trigger for each row would halve the rate, and could never fire usefully, since programs and
-- semesters are never deleted, and a batch holds the lock of its semester's row.
-- PostgreSQL reads and plans each CHECK anew for each statement, which is an eighth of a small batch's time: few and short.
-- Columns are ordered by width, so that a row has no padding; kind and status are codes, shown as text by the views:
--   kind   0 granted, 1 released, 2 capacity-changed, 3 semester-opened, 4 semester-closed
--   status 0 OK, 1 NOT-ENOUGH-RESOURCES-FOR-ASSIGNMENT (the grant is partial)
CREATE TABLE ledger (
  seq bigint NOT NULL,
  at timestamptz NOT NULL,
  semester_id integer NOT NULL,
  program_id integer,          -- granted, released
  generation integer,          -- granted, released: 1, plus one after each release
  classrooms_wanted integer,   -- granted; released repeats the grant that comes back
  labs_wanted integer,
  classrooms_granted integer,
  labs_granted integer,
  mobile_labs_granted integer,
  classrooms_capacity integer,  -- semester-opened, capacity-changed: the whole capacity from here on
  labs_capacity integer,
  conversions_capacity integer,
  kind smallint NOT NULL,
  status smallint,             -- granted
  request_id text,
  CONSTRAINT ledger_in_order PRIMARY KEY (semester_id, seq),
  CONSTRAINT ledger_opened_first CHECK (CASE kind WHEN 3 THEN seq = 1 ELSE seq > 1 END),
  CONSTRAINT ledger_kind_has_its_columns CHECK (
    num_nonnulls(program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
                 mobile_labs_granted)
      = CASE kind WHEN 0 THEN 7 WHEN 1 THEN 7 WHEN 2 THEN 0 WHEN 3 THEN 0 WHEN 4 THEN 0 ELSE -1 END
    AND num_nonnulls(classrooms_capacity, labs_capacity, conversions_capacity)
      = CASE kind WHEN 2 THEN 3 WHEN 3 THEN 3 ELSE 0 END
    AND (kind = 0) = (status IS NOT NULL)),
  CONSTRAINT ledger_program_positive CHECK (least(program_id, generation) >= 1),
  CONSTRAINT ledger_rooms_not_negative CHECK (least(classrooms_granted, labs_granted, mobile_labs_granted) >= 0),
  CONSTRAINT ledger_classrooms_within_wanted CHECK (classrooms_granted <= classrooms_wanted),
  CONSTRAINT ledger_labs_within_wanted CHECK (mobile_labs_granted + labs_granted <= labs_wanted),
  CONSTRAINT ledger_capacity_not_negative
    CHECK (least(classrooms_capacity, labs_capacity, conversions_capacity) >= 0),
  CONSTRAINT ledger_conversions_within_classrooms CHECK (conversions_capacity <= classrooms_capacity),
  CONSTRAINT ledger_status_fits_grant CHECK (status
    = (classrooms_granted < classrooms_wanted OR mobile_labs_granted + labs_granted < labs_wanted)::integer)
);
CREATE UNIQUE INDEX ledger_one_grant ON ledger (semester_id, program_id, generation) WHERE kind = 0;
-- So that a view finds what was released also while the table has no statistics; grants add nothing to it.
CREATE INDEX ledger_released ON ledger (semester_id, program_id, generation) WHERE kind = 1;

-- Statement triggers: they cost an INSERT nothing.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER faculty_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON faculty
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER program_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON program
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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
  SELECT DISTINCT ON (semester_id) semester_id, classrooms_capacity, labs_capacity, conversions_capacity
    FROM ledger
   WHERE kind IN (2, 3)
   ORDER BY semester_id, seq DESC
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
       least(conversions_capacity - mobile_labs, classrooms_capacity - classrooms - mobile_labs) AS mobile_labs_left
  FROM sums;

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
