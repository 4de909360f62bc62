-- Tamper evidence: seals of batches, and a registry of what was added to the catalogue and to the semesters.
-- No row of the ledger changes: the first server that leads with this schema seals the entries of each semester, and keeps
-- these seals in the registry. A binary from before 0003 refuses this schema. From then on, no entry is without a seal, and
-- no program or semester is missing from the registry, unless it was not a server that wrote it.
-- docs/ledger-seals.md has the bytes that a seal covers, docs/adr/0024-tamper-evidence.md the reasons.

ALTER TABLE ledger ADD COLUMN seal bytea;  -- of the last entry of a batch: BLAKE2b-256; of the others NULL

ALTER TABLE semester
  ADD COLUMN sealed_head bigint NOT NULL DEFAULT 0,  -- seq of its last entry that has a seal; 0: none has
  ADD COLUMN seal bytea,                             -- of that entry
  ADD CONSTRAINT semester_sealed_within_ledger
    CHECK (sealed_head BETWEEN 0 AND head AND (sealed_head = 0) = (seal IS NULL) AND octet_length(seal) = 32);

ALTER TABLE leadership
  ADD COLUMN store_id bytea,                           -- 16 random bytes, which all seals contain; NULL: not led since 0003
  ADD COLUMN registry_head bigint NOT NULL DEFAULT 0,  -- seq of the registry's last entry
  ADD COLUMN registry_seal bytea,                      -- of that entry
  ADD CONSTRAINT leadership_store_id_has_16_bytes CHECK (octet_length(store_id) = 16),
  ADD CONSTRAINT leadership_registry_is_sealed
    CHECK (registry_head >= 0 AND (registry_head = 0) = (registry_seal IS NULL) AND octet_length(registry_seal) = 32);

-- The servers may update these columns. A store without seals may become a copy of another one. AFTER, because a trigger
-- BEFORE would lock the row once more for each batch.
CREATE FUNCTION refuse_going_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%: a store with seals keeps its id, and no chain becomes shorter', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER leadership_does_not_go_back AFTER UPDATE OF store_id, registry_head ON leadership FOR EACH ROW
  WHEN (OLD.registry_head > 0 AND NEW.store_id IS DISTINCT FROM OLD.store_id OR NEW.registry_head < OLD.registry_head)
  EXECUTE FUNCTION refuse_going_back();
CREATE TRIGGER semester_does_not_go_back AFTER UPDATE OF sealed_head ON semester FOR EACH ROW
  WHEN (NEW.sealed_head < OLD.sealed_head)
  EXECUTE FUNCTION refuse_going_back();

-- What was added, in order: the ledger of "semester 0".
--   kind   1 faculty-added, 2 program-added, 3 semester-opened, 4 ledger-sealed: entries of a version without seals
CREATE TABLE registry (
  seq bigint,
  at timestamptz NOT NULL,
  faculty_id integer,   -- faculty-added, program-added
  program_id integer,   -- program-added
  semester_id integer,  -- semester-opened, ledger-sealed
  kind smallint NOT NULL,
  name text NOT NULL,
  key text,             -- faculty-added, program-added
  head bigint,          -- ledger-sealed: the last entry that the first seal covers
  head_seal bytea,      -- ledger-sealed: that seal, which the ledger's row does not have
  seal bytea,           -- of the last entry of those that were added together
  CONSTRAINT registry_in_order PRIMARY KEY (seq),
  CONSTRAINT registry_seq_positive CHECK (seq >= 1),
  CONSTRAINT registry_kind_has_its_columns CHECK (CASE kind
    WHEN 1 THEN num_nulls(faculty_id, key) = 0 AND num_nonnulls(program_id, semester_id, head, head_seal) = 0
    WHEN 2 THEN num_nulls(faculty_id, program_id, key) = 0 AND num_nonnulls(semester_id, head, head_seal) = 0
    WHEN 3 THEN semester_id IS NOT NULL AND num_nonnulls(faculty_id, program_id, key, head, head_seal) = 0
    WHEN 4 THEN num_nulls(semester_id, head, head_seal) = 0 AND num_nonnulls(faculty_id, program_id, key) = 0
    ELSE false END)
);
-- No id is used again. They also find the highest one.
CREATE UNIQUE INDEX registry_one_faculty ON registry (faculty_id) WHERE kind = 1;
CREATE UNIQUE INDEX registry_one_program ON registry (program_id) WHERE kind = 2;
CREATE UNIQUE INDEX registry_one_semester ON registry (semester_id) WHERE kind = 3;
CREATE UNIQUE INDEX registry_one_first_seal ON registry (semester_id) WHERE kind = 4;
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
