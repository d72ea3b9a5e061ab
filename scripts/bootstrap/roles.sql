-- Roles of the private cluster; run at every set-up, so every statement can be repeated.

-- The owner: Django and its migrations. CREATEDB is for the test suite's databases.
DO $$ BEGIN
    IF to_regrole('vo_owner') IS NULL THEN CREATE ROLE vo_owner; END IF;
    IF to_regrole('vo_reader') IS NULL THEN CREATE ROLE vo_reader; END IF;
END $$;
ALTER ROLE vo_owner LOGIN CREATEDB NOSUPERUSER NOCREATEROLE;
ALTER ROLE vo_owner SET search_path = public, pgsphere;

-- The reader: users' SQL. It sees only the published views that are granted to it.
ALTER ROLE vo_reader LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE;
ALTER ROLE vo_reader SET search_path = public, pgsphere;
-- A last resort; each query sets its own, shorter time.
ALTER ROLE vo_reader SET statement_timeout = '1h';
ALTER ROLE vo_reader SET idle_in_transaction_session_timeout = '10min';
-- Only a superuser can set this, so that no query can lift it.
ALTER ROLE vo_reader SET temp_file_limit = '8GB';

-- The owner cancels the queries of an aborted job, which run as the reader.
GRANT vo_reader TO vo_owner;
GRANT pg_signal_backend TO vo_owner;
