-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION phisync" to load this file. \quit

-- The schema belongs to the extension: it goes with it, and one that somebody else made first is not taken over.
CREATE SCHEMA phisync;

-- Roles are shared by all databases of a server, so a second CREATE EXTENSION finds them; DROP EXTENSION leaves them.
DO $$
DECLARE
  r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['phisync_officer', 'phisync_auditor', 'phisync_consumer', 'phisync_masked'] LOOP
    BEGIN
      EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', r);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END;
  END LOOP;
END
$$;

COMMENT ON SCHEMA phisync IS 'PHI tags, bucket-tagged change stream, access audit and retention';

-- Names in the schema may be resolved by all; what each function and view gives is granted one by one.
GRANT USAGE ON SCHEMA phisync TO PUBLIC;

CREATE FUNCTION phisync.version() RETURNS text
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_version';
COMMENT ON FUNCTION phisync.version() IS
'Version of the loaded library; differs from the installed extension version between a package upgrade and ALTER EXTENSION phisync UPDATE. Needs no preload.';
