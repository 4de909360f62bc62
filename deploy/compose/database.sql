-- Runs once, as the superuser, when the service `database` makes its cluster. The servers get an ordinary role. The
-- superuser loses its password, so that it can connect only inside the container, over the Unix socket or 127.0.0.1.
\getenv password POSTGRES_PASSWORD
CREATE ROLE dti LOGIN PASSWORD :'password';
CREATE DATABASE dti OWNER dti;
ALTER ROLE postgres PASSWORD NULL;
