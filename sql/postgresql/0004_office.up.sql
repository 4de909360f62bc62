-- The changes of the office: grants that are given back or amended, other capacities, semesters that are closed or reopened.
-- Each entry of such a change names its command. The reason for it, and the person, are personal data: they are in a table
-- of their own, whose rows can be deleted, and the ledger has their hash. A plain grant is stored as before.
--   kind    5 semester-reopened; the others as in 0001
--   cause   of a grant or a release: NULL asked, 1 amended, 2 released
-- NOT VALID: PostgreSQL checks new rows only, so the tables are locked for a moment. Only the index of releases needs a
-- scan of the ledger: a twentieth of a second for a million entries that are cached.

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
  ADD COLUMN cause smallint,
  ADD COLUMN command_id text,
  ADD COLUMN note_hash bytea,  -- of the last entry of a command: BLAKE2b-256 of its note
  DROP CONSTRAINT ledger_kind_has_its_columns,
  ADD CONSTRAINT ledger_kind_has_its_columns CHECK (
    num_nulls(program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
              mobile_labs_granted)
      = CASE WHEN kind > 1 THEN 7 ELSE 0 END
    AND num_nulls(classrooms_capacity, labs_capacity, conversions_capacity) = CASE WHEN kind IN (2, 3) THEN 0 ELSE 3 END
    AND (kind = 0) = (status IS NOT NULL)) NOT VALID,
  ADD CONSTRAINT ledger_command_has_its_columns CHECK (CASE
    WHEN kind = 0 AND command_id IS NULL THEN num_nonnulls(cause, note_hash) = 0
    ELSE ledger_command_fits(kind, cause, command_id, note_hash) END) NOT VALID;
-- A grant is released once.
DROP INDEX ledger_released;
CREATE UNIQUE INDEX ledger_released ON ledger (semester_id, program_id, generation) WHERE kind = 1;

--   kind   5 semester-closed, 6 semester-reopened; the others as in 0003
ALTER TABLE registry
  DROP CONSTRAINT registry_kind_has_its_columns,
  ADD CONSTRAINT registry_kind_has_its_columns CHECK (CASE
    WHEN kind = 1 THEN num_nulls(faculty_id, key) = 0 AND num_nonnulls(program_id, semester_id, head, head_seal) = 0
    WHEN kind = 2 THEN num_nulls(faculty_id, program_id, key) = 0 AND num_nonnulls(semester_id, head, head_seal) = 0
    WHEN kind IN (3, 5, 6) THEN semester_id IS NOT NULL
                                AND num_nonnulls(faculty_id, program_id, key, head, head_seal) = 0
    WHEN kind = 4 THEN num_nulls(semester_id, head, head_seal) = 0 AND num_nonnulls(faculty_id, program_id, key) = 0
    ELSE false END) NOT VALID;

-- The persons and the reasons of commands. A row can be deleted, and not changed.
CREATE TABLE ledger_note (
  seq bigint,           -- of the last entry of the command
  semester_id integer,
  salt bytea NOT NULL,  -- 16 random bytes, so that an erased text cannot be found by trying
  actor text NOT NULL,
  note text NOT NULL,
  CONSTRAINT ledger_note_of_an_entry PRIMARY KEY (semester_id, seq),
  CONSTRAINT ledger_note_has_its_lengths
    CHECK (octet_length(salt) = 16 AND octet_length(actor) <= 200 AND octet_length(note) <= 500)
);
CREATE TRIGGER ledger_note_is_not_updated BEFORE UPDATE ON ledger_note
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who holds what: the grants that were not released.
CREATE OR REPLACE VIEW allocation AS
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
CREATE OR REPLACE VIEW alert AS
SELECT semester, faculty, program, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
       mobile_labs_granted, status, at, request_id, cause, command_id
  FROM allocation
 WHERE status <> 'OK';

-- Every entry, in words. The last entry of a command has the actor and the note, unless they were erased.
CREATE OR REPLACE VIEW history AS
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

CREATE OR REPLACE VIEW entry_count AS
SELECT s.name AS semester,
       CASE n.kind WHEN 0 THEN 'granted' WHEN 1 THEN 'released' WHEN 2 THEN 'capacity-changed'
                   WHEN 3 THEN 'semester-opened' WHEN 4 THEN 'semester-closed' ELSE 'semester-reopened' END AS kind,
       n.entries
  FROM (SELECT semester_id, kind, count(*) AS entries FROM ledger GROUP BY semester_id, kind) n
  JOIN semester s ON s.id = n.semester_id;

-- The rights of the servers and of the auditors include what is new, so that they can go on before roles.sql is run again.
DO $$
DECLARE
  role_name text;
  right_name text;
BEGIN
  FOR role_name IN
    SELECT DISTINCT pg_get_userbyid(a.grantee) FROM pg_attribute c, aclexplode(c.attacl) a
     WHERE c.attrelid = 'semester'::regclass AND c.attname = 'head' AND a.privilege_type = 'UPDATE' AND a.grantee <> 0
  LOOP
    EXECUTE format('GRANT UPDATE (classrooms_capacity, labs_capacity, conversions_capacity, is_open) ON semester TO %I',
                   role_name);
  END LOOP;
  FOR role_name, right_name IN
    SELECT pg_get_userbyid(a.grantee), a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
     WHERE c.oid = 'ledger'::regclass AND a.privilege_type IN ('SELECT', 'INSERT') AND a.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE format('GRANT %s ON ledger_note TO %I', right_name, role_name);
  END LOOP;
END $$;
