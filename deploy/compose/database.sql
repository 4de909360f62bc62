-- Runs once, as the superuser, when the service `database` makes its cluster. The owner of the schema and the servers get
-- ordinary roles. The superuser loses its password, so that it can connect only inside the container, over the Unix socket
-- or 127.0.0.1.
\if :{?roles} \else \set roles /etc/dti/roles.sql \endif
\getenv owner_password POSTGRES_PASSWORD
\set app_password `cat "${SECRETS:-/run/secrets}/db-password"`
CREATE DATABASE dti;
\connect dti
\i :roles
ALTER ROLE dti_owner PASSWORD :'owner_password';
ALTER ROLE dti_app PASSWORD :'app_password';
ALTER ROLE postgres PASSWORD NULL;
