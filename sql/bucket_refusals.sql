-- What a bucket cannot be: each case with SQLSTATE, detail and hint.
CREATE SCHEMA regress_refusals;
SET search_path = regress_refusals, public;
CREATE FUNCTION refused(parameters text, VARIADIC data text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text;
BEGIN
  PERFORM phisync.create_bucket('refused', data, parameters, 'full');
  RETURN 'accepted: ' || array_to_string(data, '; ');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
  -- The server writes the setting's name in another way from 18 on.
  RETURN format(E'%s\n%s: %s\n  %s\n  %s\n', array_to_string(data, '; '), SQLSTATE, m, d, replace(h, 'DateStyle', 'datestyle'));
END
$$;
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE visit (id int PRIMARY KEY, clinic_id int, day date, at timestamptz, note text COLLATE "C", price numeric, mood mood, tags text[]);
ALTER TABLE visit REPLICA IDENTITY FULL;
CREATE TABLE weak (id int PRIMARY KEY, clinic_id int, note text);
CREATE TABLE composite (a int, b int, note text, PRIMARY KEY (a, b));
ALTER TABLE composite REPLICA IDENTITY FULL;
CREATE TABLE keyless (id int, clinic_id int);
CREATE TABLE later (id int PRIMARY KEY DEFERRABLE);
CREATE TABLE bucket (id int PRIMARY KEY);
CREATE TABLE staff (user_id text, clinic_id int, note text COLLATE "C", price numeric);
CREATE VIEW seen AS SELECT * FROM visit;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM visit;
CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child () INHERITS (parent);
CREATE UNLOGGED TABLE light (id int PRIMARY KEY);
CREATE TEMP TABLE passing (id int PRIMARY KEY);
CREATE SEQUENCE counter;
CREATE FOREIGN DATA WRAPPER regress_fdw;
CREATE SERVER regress_server FOREIGN DATA WRAPPER regress_fdw;
CREATE FOREIGN TABLE elsewhere (id int) SERVER regress_server;
CREATE FUNCTION mine(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR === (FUNCTION = same, LEFTARG = text, RIGHTARG = text);
CREATE COLLATION mine FROM "C";
CREATE DOMAIN short AS text CHECK (length(VALUE) < 5);
\pset format unaligned
\pset tuples_only on
\echo '# Tables'
SELECT refused(NULL, 'SELECT id FROM ' || t) FROM unnest(ARRAY['seen', 'kept', 'elsewhere', 'ONLY parted', 'parent', 'light', 'passing',
  'counter', 'keyless', 'later', 'bucket', 'missing', 'pg_catalog.pg_class', 'information_schema.sql_features', 'phisync.bucket', 'other_database.public.visit']) t;
\echo '# Shape'
SELECT refused(NULL, q) FROM unnest(ARRAY[
  'SELECT v.id FROM visit v, staff s', 'SELECT v.id FROM visit v JOIN staff s USING (clinic_id)',
  'SELECT id FROM (SELECT id FROM visit) v', 'SELECT 1 AS id FROM generate_series(1, 2)', 'SELECT id FROM visit TABLESAMPLE SYSTEM (1)',
  'SELECT 1 AS id', 'VALUES (1)', 'TABLE visit UNION TABLE visit', 'WITH v AS (SELECT 1) SELECT id FROM visit',
  'SELECT DISTINCT id FROM visit', 'SELECT id INTO taken FROM visit', 'SELECT id FROM visit GROUP BY id', 'SELECT id FROM visit HAVING true',
  'SELECT id FROM visit WINDOW w AS ()', 'SELECT id FROM visit ORDER BY id', 'SELECT id FROM visit LIMIT 1', 'SELECT id FROM visit OFFSET 1',
  'SELECT id FROM visit FOR UPDATE', 'SELECT id FROM visit v(id)', 'SELECT id FROM visit; SELECT id FROM visit', '', 'DELETE FROM visit',
  'SELECT max(id) AS id FROM visit', 'SELECT row_number() OVER () AS id FROM visit', 'SELECT id, (SELECT 1) AS one FROM visit',
  'SELECT id FROM visit WHERE EXISTS (SELECT FROM staff)', 'SELECT id FROM visit WHERE count(*) > 1', 'SELECT id FROM visit WHERE id = $1',
  'SELECT id, generate_series(1, 2) AS n FROM visit', 'SELECT id, visit FROM visit', 'SELECT id, v.*::text AS v FROM visit v', 'SELECT id, ctid FROM visit',
  'SELECT regress_refusals.visit.id FROM visit', 'SELECT id FRM visit']) q;
\echo '# Expressions'
SELECT refused(NULL, q) FROM unnest(ARRAY[
  'SELECT id FROM visit WHERE random() < 0.5', 'SELECT id FROM visit WHERE at < now()', 'SELECT id FROM visit WHERE day < CURRENT_DATE',
  'SELECT id, current_user AS who FROM visit', 'SELECT id, at::text AS at FROM visit', 'SELECT id, regress_refusals.mine(note) AS note FROM visit',
  'SELECT id, mine(note) AS note FROM visit', 'SELECT id FROM visit WHERE note OPERATOR(regress_refusals.===) ''x''',
  'SELECT id, note COLLATE regress_refusals.mine AS note FROM visit', 'SELECT id FROM visit WHERE mood = ''low''',
  'SELECT id, note::regress_refusals.short AS note FROM visit', 'SELECT id FROM visit WHERE day > ''today''', 'SELECT id FROM visit WHERE at > E''now''',
  'SELECT id FROM visit WHERE at > $q$now$q$', 'SELECT id FROM visit WHERE day = ANY (''{2024-01-01, Yesterday }'')', 'SELECT id, ''visit''::regclass AS t FROM visit',
  'SELECT id FROM visit WHERE day > ''01/02/2024''', 'SELECT id FROM visit WHERE id', 'SELECT id FROM visit WHERE missing', 'SELECT id, 1/0 AS n FROM visit']) q;
\echo '# Outputs'
SELECT refused(NULL, q) FROM unnest(ARRAY[
  'SELECT note FROM visit', 'SELECT 7 AS id FROM visit', 'SELECT note AS id FROM visit', 'SELECT id::text || note AS id FROM visit',
  'SELECT a || b AS id FROM composite', 'SELECT a::text || note AS id FROM composite', 'SELECT id, note, note FROM visit', 'SELECT id, *  FROM visit',
  'SELECT id, 1 + 1 FROM visit', 'SELECT FROM visit']) q;
\echo '# Parameters'
SELECT refused('SELECT clinic_id, note, price FROM staff', q) FROM unnest(ARRAY[
  'SELECT id FROM visit WHERE clinic_id = bucket.clinic_id', 'SELECT id FROM visit WHERE clinic_id = bucket.clinic_id AND note = bucket.note AND price = bucket.price',
  'SELECT id FROM visit WHERE clinic_id = bucket.note AND note = bucket.note', 'SELECT id FROM visit WHERE id = bucket.missing']) q;
SELECT refused('SELECT clinic_id FROM staff', q) FROM unnest(ARRAY[
  'SELECT id FROM visit', 'SELECT id FROM visit WHERE clinic_id = bucket.clinic_id AND id = bucket.clinic_id', 'SELECT id, bucket.clinic_id AS c FROM visit',
  'SELECT id FROM visit WHERE clinic_id = bucket.clinic_id OR id = 1', 'SELECT id FROM visit WHERE clinic_id > bucket.clinic_id',
  'SELECT id FROM visit WHERE clinic_id + 1 = bucket.clinic_id', 'SELECT id FROM visit WHERE bucket.clinic_id = bucket.clinic_id', 'SELECT id FROM visit WHERE NOT clinic_id = bucket.clinic_id',
  'SELECT id FROM visit WHERE visit = bucket.clinic_id', 'SELECT id FROM visit WHERE missing = bucket.clinic_id', 'SELECT id FROM visit WHERE note = bucket.clinic_id',
  'SELECT id FROM visit WHERE clinic_id = bucket', 'SELECT id FROM weak WHERE clinic_id = bucket.clinic_id AND note <> ''''']) q;
SELECT refused(NULL, 'SELECT id FROM visit WHERE clinic_id = bucket.clinic_id');
\echo '# Parameters queries'
SELECT p, refused(p, 'SELECT id FROM visit WHERE clinic_id = bucket.clinic_id') FROM unnest(ARRAY[
  'SELECT clinic_id FROM seen', 'SELECT relnatts::int AS clinic_id FROM pg_class', 'SELECT ordinal AS clinic_id FROM phisync.bucket_query', 'DELETE FROM staff RETURNING clinic_id',
  'WITH gone AS (DELETE FROM staff RETURNING clinic_id) SELECT clinic_id FROM gone', 'SELECT clinic_id FROM staff FOR UPDATE', 'SELECT clinic_id INTO taken FROM staff',
  'SELECT 1; SELECT 2', 'SELECT clinic_id FROM staff WHERE random() < 1', 'SELECT FROM staff', 'SELECT 1 + 1', 'SELECT clinic_id, clinic_id FROM staff',
  'SELECT clinic_id FROM staff WHERE user_id = auth.user_id(1)', 'SELECT clinic_id FROM staff WHERE user_id = auth.parameter(user_id)', 'SELECT clinic_id FROM staff WHERE user_id = auth.role()',
  'SELECT clinic_id FROM staff WHERE user_id = $1', 'SELECT clinic_id FROM missing']) p;
\echo '# The rest'
\pset format aligned
\pset tuples_only off
\set VERBOSITY default
SELECT phisync.create_bucket('Clinic', ARRAY['SELECT id FROM visit']);
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit'], profile => 'withold');
SELECT phisync.create_bucket('clinic', ARRAY[]::text[], profile => 'full');
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit', NULL], profile => 'full');
SELECT phisync.create_bucket(NULL, ARRAY['SELECT id FROM visit']);
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit' || repeat(' ', 7000)], profile => 'full');
SELECT phisync.drop_bucket('missing');
-- The position is shown in the text of the query.
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id, random() AS n FROM visit'], profile => 'full');
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit WHERE clinic_id > bucket.clinic_id'], 'SELECT clinic_id FROM staff', 'full');
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit'], 'SELECT clinc_id FROM staff', 'full');
-- Nobody defines a bucket over what he may not read.
CREATE ROLE regress_blind IN ROLE phisync_officer;
GRANT USAGE ON SCHEMA regress_refusals TO regress_blind;
SET ROLE regress_blind;
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit'], 'SELECT clinic_id FROM staff', 'full');
RESET ROLE;
GRANT SELECT ON visit TO regress_blind;
ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
SET ROLE regress_blind;
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit'], profile => 'full');
RESET ROLE;
SELECT count(*) AS defined FROM phisync.buckets;
SET client_min_messages = warning;
DROP SCHEMA regress_refusals CASCADE;
DROP FOREIGN DATA WRAPPER regress_fdw CASCADE;
DROP ROLE regress_blind;
