-- Tamper evidence: seals of batches, and a registry of what was added to the catalogue and to the semesters.
-- No row of the ledger changes: the first batch of a server that knows seals also seals the entries before it. A binary
-- from before 0003 leaves seal NULL and sealed_head behind; the next leader that knows seals then seals its entries.
-- docs/ledger-seals.md has the bytes that a seal covers, docs/adr/0024-tamper-evidence.md the reasons.

ALTER TABLE ledger ADD COLUMN seal bytea;  -- of the last entry of a batch: BLAKE2b-256; of the others NULL

ALTER TABLE semester
  ADD COLUMN sealed_head bigint NOT NULL DEFAULT 0,  -- seq of its last entry that has a seal; 0: none has
  ADD COLUMN seal bytea;                             -- of that entry

ALTER TABLE leadership
  ADD COLUMN store_id bytea,                           -- 16 random bytes, which all seals contain; NULL: not led since 0003
  ADD COLUMN registry_head bigint NOT NULL DEFAULT 0,  -- seq of the registry's last entry
  ADD COLUMN registry_seal bytea;                      -- of that entry

-- What was added, in order: the ledger of "semester 0". kind: 1 faculty-added, 2 program-added, 3 semester-opened.
CREATE TABLE registry (
  seq bigint,
  at timestamptz NOT NULL,
  faculty_id integer,   -- faculty-added, program-added
  program_id integer,   -- program-added
  semester_id integer,  -- semester-opened
  kind smallint NOT NULL,
  name text NOT NULL,
  key text,             -- faculty-added, program-added
  seal bytea,           -- of the last entry of those that were added together
  CONSTRAINT registry_in_order PRIMARY KEY (seq),
  CONSTRAINT registry_seq_positive CHECK (seq >= 1),
  CONSTRAINT registry_kind_has_its_columns CHECK (CASE kind
    WHEN 1 THEN num_nulls(faculty_id, key) = 0 AND num_nonnulls(program_id, semester_id) = 0
    WHEN 2 THEN num_nulls(faculty_id, program_id, key) = 0 AND semester_id IS NULL
    WHEN 3 THEN semester_id IS NOT NULL AND num_nonnulls(faculty_id, program_id, key) = 0
    ELSE kind > 3 END)
);
-- No id is used again. They also find the highest one.
CREATE UNIQUE INDEX registry_one_faculty ON registry (faculty_id) WHERE kind = 1;
CREATE UNIQUE INDEX registry_one_program ON registry (program_id) WHERE kind = 2;
CREATE UNIQUE INDEX registry_one_semester ON registry (semester_id) WHERE kind = 3;
CREATE TRIGGER registry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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
    EXECUTE format('GRANT UPDATE (sealed_head, seal) ON semester TO %I', role_name);
  END LOOP;
  FOR role_name, right_name IN
    SELECT pg_get_userbyid(a.grantee), a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
     WHERE c.oid = 'ledger'::regclass AND a.privilege_type IN ('SELECT', 'INSERT') AND a.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE format('GRANT %s ON registry TO %I', right_name, role_name);
  END LOOP;
END $$;

-- A grant is released once. No version so far writes such entries, so the index is empty.
DROP INDEX ledger_released;
CREATE UNIQUE INDEX ledger_released ON ledger (semester_id, program_id, generation) WHERE kind = 1;
