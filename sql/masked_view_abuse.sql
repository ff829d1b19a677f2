-- Masked views against those who would have more of them than they show.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE SCHEMA regress_abuse;
SET search_path = regress_abuse;
CREATE ROLE regress_abuse_owner;
CREATE ROLE regress_abuse_steward IN ROLE phisync_officer, regress_abuse_owner;
CREATE ROLE regress_abuse_officer IN ROLE phisync_officer;
CREATE ROLE regress_abuse_reader;
GRANT USAGE ON SCHEMA regress_abuse TO regress_abuse_owner, regress_abuse_officer, regress_abuse_reader;
GRANT CREATE ON SCHEMA regress_abuse TO regress_abuse_owner, regress_abuse_officer;
SELECT '/tmp/phisync_regress_abuse_key_' || pg_backend_pid() AS key_file \gset
SELECT 'umask 077; cat > ' || :'key_file' AS write, 'rm -f ' || :'key_file' AS remove \gset
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM :'write';
SET phisync.key_file = :'key_file';
SET ROLE regress_abuse_owner;
CREATE TABLE visit (id int PRIMARY KEY, day date, seen timestamptz, mrn text);
INSERT INTO visit VALUES (1, '2024-02-29', '2024-02-29 10:30+00', 'CANARY');
RESET ROLE;
SET ROLE regress_abuse_steward;
SELECT phisync.tag('visit', 'id', 'none;subject'), phisync.tag('visit', 'day', 'phi:date.service'), phisync.tag('visit', 'seen', 'phi:date.service'),
       phisync.tag('visit', 'mrn', 'phi:mrn') \g /dev/null
SELECT phisync.create_profile('regress_abuse'), phisync.set_profile_rule('regress_abuse', 'phi:date', 'date_shift(30)'),
       phisync.set_profile_rule('regress_abuse', 'phi:mrn', 'pseudonym') \g /dev/null
SELECT phisync.create_masked_view('visit', 'regress_abuse');
GRANT SELECT ON phi_masked.visit TO regress_abuse_reader;
RESET ROLE;
SELECT id AS view_id FROM phisync.masked_view WHERE view = 'phi_masked.visit'::regclass \gset
SELECT 'visit'::regclass::oid AS visit \gset

-- A number is not taken for an address, nor an address shown as a number: the type is that of the view.
SET ROLE regress_abuse_reader;
SELECT phisync.masked_value(NULL::text, :view_id, 'seen', :visit, '(0,1)');
SELECT phisync.masked_value(NULL::text, :view_id, 'day', :visit, '(0,1)');
SELECT phisync.masked_value(NULL::bigint, :view_id, 'mrn', :visit, '(0,1)');
SELECT phisync.masked_value(NULL::text[], :view_id, 'mrn', :visit, '(0,1)');
SELECT phisync.masked_value(NULL::date, :view_id, 'day', :visit, '(0,1)') <> '2024-02-29' AS shifted, length(phisync.masked_value(NULL::text, :view_id, 'mrn', :visit, '(0,1)'));
RESET ROLE;

-- Code of an officer that runs while a superuser maintains his materialized view has the officer's rights, not the superuser's.
SET ROLE regress_abuse_officer;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE MATERIALIZED VIEW tried AS SELECT statement, try(statement) AS outcome FROM (VALUES
  ($$SELECT phisync.drop_masked_view('phi_masked.visit')$$),
  ($$SELECT phisync.create_masked_view('regress_abuse.visit', 'full', 'visit_full')$$),
  ($$SELECT phisync.clear_statistics('regress_abuse.visit')$$),
  ($$SELECT phisync.note_safe_publication('regress_abuse', 'full', '{}', '{}')$$)) s (statement) WITH NO DATA;
RESET ROLE;
SET client_min_messages = error;
CREATE PUBLICATION regress_abuse FOR TABLE visit;
SET client_min_messages = warning;
REFRESH MATERIALIZED VIEW tried;
SELECT outcome FROM tried;
DROP PUBLICATION regress_abuse;

-- Not in schemas of the server, of phisync, or of a session: nobody else could bring such a view up to date.
CREATE TEMPORARY TABLE there_is_one ();
DO $$
DECLARE
  s name;
BEGIN
  FOREACH s IN ARRAY ARRAY['pg_temp', pg_my_temp_schema()::regnamespace::text, 'pg_catalog', 'information_schema', 'phisync', 'phisync_parameters'] LOOP
    BEGIN
      PERFORM phisync.create_masked_view('visit', 'withhold', 'elsewhere', s);
      RAISE WARNING 'made in %', s;
    EXCEPTION WHEN invalid_schema_name THEN
      NULL;
    END;
  END LOOP;
END
$$;
SELECT phisync.create_masked_view('visit', 'withhold', 'elsewhere', 'phisync');
ALTER TABLE visit ADD COLUMN later text;

-- Grants are given back by phisync alone, and what it is given is no more than a privilege and names.
SET ROLE regress_abuse_officer;
SELECT phisync.grant_as('phi_masked.visit', 10, 'regress_abuse_officer'::regrole, 'SELECT', NULL, true);
RESET ROLE;
SELECT phisync.grant_as('phi_masked.visit', 10, 'regress_abuse_officer'::regrole, p, NULL, false)
FROM unnest(ARRAY['SELECT ON visit TO PUBLIC; GRANT SELECT', 'ALL', 'select', 'SELECT (id), UPDATE', 'regress_abuse_owner', '']) p \g /dev/null
SELECT phisync.grant_as('phi_masked.visit', 10, 'regress_abuse_officer'::regrole, 'SELECT', 'id) ON visit TO PUBLIC; --', false);
SELECT phisync.grant_as('phi_masked.visit', 10, 4294967295, 'SELECT', NULL, false);
SELECT phisync.grant_as('phi_masked.visit', 4294967295, 'regress_abuse_officer'::regrole, 'SELECT', NULL, false);
CREATE ROLE "regress_abuse; DROP TABLE ""visit""";
SELECT phisync.grant_as('phi_masked.visit', 10, '"regress_abuse; DROP TABLE ""visit"""'::regrole, 'SELECT', 'id', false) \g /dev/null
SELECT grantee::regrole, privilege_type FROM pg_class, aclexplode(relacl) WHERE oid IN ('visit'::regclass, 'phi_masked.visit'::regclass)
  AND grantee::regrole::text IN ('-', 'regress_abuse_officer');
SELECT attname, attacl IS NOT NULL AS granted FROM pg_attribute WHERE attrelid = 'phi_masked.visit'::regclass AND attnum > 0 AND attacl IS NOT NULL;
SELECT count(*) FROM visit;

SELECT phisync.drop_masked_view('phi_masked.visit');
DROP ROLE "regress_abuse; DROP TABLE ""visit""";
SELECT phisync.drop_profile('regress_abuse') \g /dev/null
COPY (SELECT WHERE false) TO PROGRAM :'remove';
DROP SCHEMA regress_abuse, phi_masked CASCADE;
DROP ROLE regress_abuse_owner, regress_abuse_steward, regress_abuse_officer, regress_abuse_reader;
