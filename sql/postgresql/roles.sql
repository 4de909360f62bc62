-- The roles of one database of dti, and their rights. docs/operations.md, "Roles in PostgreSQL", has the steps.
--
--   owner    owns the tables. `dtictl migrate` connects as this role; no server does
--   app      the servers: reads, adds rows, and updates only semesters and the lead
--   auditor  only reads: `dtictl verify`, the reports
--
-- Run it in the database, as a superuser or as a role with CREATEROLE that may grant rights on the database. Run it
-- again after each migration, because new tables have no rights; the owner may do that. In one transaction:
--
--   psql --no-psqlrc --file=roles.sql postgresql://postgres@HOST/dti
--   psql --no-psqlrc --set=owner=dti --set=app=dti_app --set=auditor=dti_auditor --file=roles.sql …
--
-- The roles have no password here: set it with \password, or use certificates.
\set ON_ERROR_STOP on
\if :{?owner} \else \set owner dti_owner \endif
\if :{?app} \else \set app dti_app \endif
\if :{?auditor} \else \set auditor dti_auditor \endif
\if :{?schema} \else \set schema public \endif

BEGIN;
SET LOCAL client_min_messages = error;  -- of the rights that another role has granted already

-- Refuses what would make the rights below worthless.
SELECT format('DO $refuse$ BEGIN RAISE EXCEPTION %L; END $refuse$', reason)
  FROM (SELECT 'owner, app and auditor must be three roles'
         WHERE :'owner' = :'app' OR :'owner' = :'auditor' OR :'app' = :'auditor'
        UNION ALL
        SELECT format('the role %I may do too much: remove SUPERUSER, CREATEROLE, CREATEDB, REPLICATION, BYPASSRLS, and its '
                      'membership in %I', r.rolname, :'owner')
          FROM pg_roles r
         WHERE r.rolname IN (:'app', :'auditor')
           AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
                OR EXISTS (SELECT FROM pg_roles o WHERE o.rolname = :'owner' AND pg_has_role(r.oid, o.oid, 'MEMBER')))
        UNION ALL
        SELECT format('the tables belong to the role %1$I: run this file with --set=owner=%1$I', tableowner)
          FROM pg_tables
         WHERE schemaname = :'schema' AND tablename = 'ledger' AND tableowner <> :'owner') AS refusal (reason)
 LIMIT 1
\gexec

SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY[:'owner', :'app', :'auditor']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
SELECT format('ALTER ROLE %I SET default_transaction_read_only = on', rolname)
  FROM pg_roles
 WHERE rolname = :'auditor' AND NOT coalesce('default_transaction_read_only=on' = ANY (rolconfig), false)
\gexec

REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC, :"app", :"auditor";
GRANT CONNECT ON DATABASE :"DBNAME" TO :"owner", :"app", :"auditor";
REVOKE ALL ON SCHEMA :"schema" FROM PUBLIC, :"app", :"auditor";
GRANT USAGE, CREATE ON SCHEMA :"schema" TO :"owner";
GRANT USAGE ON SCHEMA :"schema" TO :"app", :"auditor";

-- Before the first migration there are no tables. Triggers refuse UPDATE, DELETE and TRUNCATE of ledger, faculty, program
-- and registry to every role, also to the owner (0001_ledger.up.sql, 0003_seals.up.sql).
REVOKE ALL ON ALL TABLES IN SCHEMA :"schema" FROM PUBLIC, :"app", :"auditor";
GRANT SELECT ON ALL TABLES IN SCHEMA :"schema" TO :"auditor";
SELECT to_regclass(format('%I.ledger', :'schema')) IS NOT NULL AS has_tables
\gset
\if :has_tables
SET LOCAL search_path = :"schema";
GRANT SELECT ON schema_version, leadership, faculty, program, semester, ledger TO :"app";
GRANT INSERT ON faculty, program, semester, ledger TO :"app";
GRANT UPDATE ON leadership TO :"app";
GRANT UPDATE (epoch, head, classrooms_left, labs_left, conversions_left) ON semester TO :"app";
\endif
SELECT to_regclass(format('%I.registry', :'schema')) IS NOT NULL AS has_registry  -- from 0003 on
\gset
\if :has_registry
SET LOCAL search_path = :"schema";
GRANT SELECT, INSERT ON registry TO :"app";
GRANT UPDATE (sealed_head, seal) ON semester TO :"app";
\endif
SELECT to_regclass(format('%I.ledger_note', :'schema')) IS NOT NULL AS has_notes  -- from 0004 on
\gset
\if :has_notes
SET LOCAL search_path = :"schema";
GRANT SELECT, INSERT ON ledger_note TO :"app";
GRANT UPDATE (classrooms_capacity, labs_capacity, conversions_capacity, is_open) ON semester TO :"app";
\endif
COMMIT;
