-- Which buckets a user gets: the parameters queries, run over the claims of the token with the definers' rights.
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_definer IN ROLE phisync_officer;
CREATE ROLE regress_sync_server IN ROLE phisync_consumer;
CREATE ROLE regress_other_server IN ROLE phisync_consumer;
CREATE ROLE regress_nobody;
CREATE SCHEMA regress_for;
GRANT USAGE ON SCHEMA regress_for TO regress_definer;
SET search_path = regress_for, public;
CREATE TYPE shift AS ENUM ('day', 'night');
CREATE TABLE staff (user_id text, clinic_id text, since date, ward uuid, shift shift, grade smallint, active boolean);
CREATE TABLE visit (id int PRIMARY KEY, clinic_id text, clinic int8, since date, ward uuid, shift shift, grade int, active boolean);
ALTER TABLE visit REPLICA IDENTITY FULL;
GRANT SELECT ON staff, visit TO regress_definer;
INSERT INTO staff VALUES
  ('u1', 'c1', '2026-01-02', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'night', 3, true),
  ('u1', E'quote " back \\ tab \t line \n é', '2026-01-02', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'day', -1, false),
  ('u1', 'c1', NULL, NULL, NULL, NULL, NULL),
  ('u1', NULL, NULL, NULL, NULL, NULL, NULL),
  ('u2', 'c2', NULL, NULL, NULL, NULL, NULL);
-- Ids are those of the stream, byte for byte: the rows that the data queries send say what those are.
SELECT FROM pg_create_logical_replication_slot('regress_for', 'phisync');
SET ROLE regress_definer;
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM staff WHERE user_id = auth.user_id()', 'full', 1);
SELECT FROM phisync.create_bucket('mixed',
  ARRAY['SELECT id FROM visit WHERE since = bucket.since AND ward = bucket.ward AND shift = bucket.shift AND grade = bucket.grade AND active = bucket.active'],
  $$SELECT since, ward, shift, grade, active FROM staff WHERE user_id = auth.user_id() AND clinic_id = auth.parameter('clinic')$$, 'full');
SELECT FROM phisync.create_bucket('numbers', ARRAY['SELECT id FROM visit WHERE clinic = bucket.c'],
  $$SELECT c::int8 AS c FROM jsonb_array_elements_text(auth.jwt() -> 'clinics') c$$, 'full', 0);
SELECT FROM phisync.create_bucket('news', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT FROM phisync.create_consumer('all', 'regress_sync_server');
SELECT FROM phisync.create_consumer('some', 'regress_other_server', '{news,clinic}');
RESET ROLE;
INSERT INTO visit (id, clinic_id, clinic, since, ward, shift, grade, active)
  SELECT row_number() OVER (), clinic_id, 9007199254740993, since, ward, shift, grade, active FROM staff;
CREATE TEMP TABLE streamed (bucket text);
GRANT regress_sync_server TO CURRENT_USER;
INSERT INTO streamed
SELECT DISTINCT jsonb_array_elements_text(record::jsonb -> 'buckets')
FROM (SELECT regexp_split_to_table(data, '\n') AS record FROM pg_logical_slot_get_changes('regress_for', NULL, NULL, 'consumer', 'all')) s
WHERE record LIKE '%"k":"put"%';
SET ROLE regress_sync_server;
SELECT * FROM phisync.buckets_for('{"sub": "u1", "clinic": "c1", "clinics": [9007199254740993]}') ORDER BY bucket COLLATE "C";
RESET ROLE;
SELECT count(*) FROM streamed;
SELECT bucket FROM streamed EXCEPT
SELECT f.bucket FROM staff s, LATERAL phisync.buckets_for(jsonb_build_object('sub', s.user_id, 'clinic', s.clinic_id, 'clinics', '{9007199254740993}'::int8[])) f;
-- Nothing but what the token says, in whatever it is written.
SELECT bucket FROM phisync.buckets_for('{}');
SELECT bucket FROM phisync.buckets_for('{"sub": null}', '{clinic}');
SELECT bucket FROM phisync.buckets_for($${"sub": "u1' OR true --"}$$, '{clinic}');
SELECT bucket FROM phisync.buckets_for('{"sub": "u2"}', '{clinic}');
SELECT bucket FROM phisync.buckets_for('{"sub": 7, "clinics": ["1", 2]}', '{numbers,clinic}') ORDER BY 1;
-- A caller sees what consumers of its roles are granted; officers and auditors, all.
\getenv abs_srcdir PG_ABS_SRCDIR
\set refused :abs_srcdir '/sql/include/refused.sql'
\i :refused
GRANT USAGE ON SCHEMA regress_for TO regress_other_server, regress_nobody, regress_sync_server;
SET ROLE regress_other_server;
SELECT bucket, priority FROM phisync.buckets_for('{"sub": "u2"}');
SELECT refused($$SELECT * FROM phisync.buckets_for('{"sub": "u2"}', '{news,mixed}')$$);
SELECT refused($$SELECT * FROM phisync.buckets_for('{"sub": "u2"}', '{nothing}')$$);
SELECT refused($$SELECT * FROM phisync.buckets_for('{"sub": "u2"}', '{NULL}')$$);
SELECT refused($$SELECT * FROM phisync.buckets_for(NULL)$$);
SELECT refused($$SELECT * FROM phisync.buckets_for('["u2"]')$$);
SELECT refused($$SELECT * FROM phisync.buckets_for('{}', max_buckets => 0)$$);
SELECT refused($$SELECT * FROM phisync_parameters.clinic() AS (c text)$$);
SELECT refused($$SELECT phisync.auth_user_id()$$);
SET ROLE regress_nobody;
SELECT refused($$SELECT * FROM phisync.buckets_for('{"sub": "u2"}')$$);
RESET ROLE;
-- The limit is over all definitions; duplicates and nulls do not count.
SET ROLE regress_sync_server;
SELECT count(*) FROM phisync.buckets_for('{"sub": "u1", "clinics": [1, 2, 3, 3, 3]}', '{clinic,numbers,news}', 6);
SELECT refused($$SELECT * FROM phisync.buckets_for('{"sub": "u1", "clinics": [1, 2, 3]}', '{clinic,numbers,news}', 5)$$);
SELECT refused(format('SELECT * FROM phisync.buckets_for(%L)', jsonb_build_object('clinics', array_agg(n)))) FROM generate_series(1, 1001) n;
-- No error holds a value of the claims or of a table.
SELECT refused($$SELECT * FROM phisync.buckets_for('{"clinics": ["secret"]}')$$);
RESET ROLE;
-- The definer's rights, path and row-level security, whoever asks.
GRANT SELECT ON staff TO regress_sync_server;
ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
CREATE POLICY night ON staff TO regress_definer USING (shift = 'night');
CREATE POLICY everything ON staff TO regress_sync_server USING (true);
SET search_path = public;
SET ROLE regress_sync_server;
CREATE TEMP TABLE staff (user_id text, clinic_id text);
INSERT INTO staff VALUES ('u1', 'forged');
SELECT bucket FROM phisync.buckets_for('{"sub": "u1"}', '{clinic}');
DROP TABLE pg_temp.staff;
RESET ROLE;
SET search_path = regress_for, public;
ALTER TABLE staff DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON staff FROM regress_definer;
SELECT refused($$SELECT * FROM phisync.buckets_for('{"sub": "u1"}', '{clinic}')$$);
GRANT SELECT ON staff TO regress_definer;
-- Settings of the session do not matter.
SET "DateStyle" = 'SQL, DMY';
SET bytea_output = escape;
SELECT bucket FROM phisync.buckets_for('{"sub": "u1", "clinic": "c1"}', '{mixed}');
SHOW "DateStyle";
RESET "DateStyle";
RESET bytea_output;
-- Renames are followed; what a query needs is not dropped by accident.
ALTER TABLE staff RENAME user_id TO login;
ALTER TABLE staff RENAME TO "Employee; x";
ALTER SCHEMA regress_for RENAME TO regress_renamed;
SET search_path = regress_renamed, public;
SELECT bucket FROM phisync.buckets_for('{"sub": "u2"}', '{clinic}');
SELECT refused($$ALTER TABLE "Employee; x" DROP COLUMN clinic_id$$);
SELECT refused($$DROP TABLE "Employee; x"$$);
-- A definition that lost its query says so.
SELECT refused('DROP FUNCTION phisync_parameters.clinic()');
BEGIN;
ALTER FUNCTION phisync_parameters.clinic() SET SCHEMA public;
SELECT refused($$SELECT * FROM phisync.buckets_for('{"sub": "u1"}', '{clinic}')$$);
ROLLBACK;
-- With what it reads goes the bucket, by CASCADE.
CREATE TABLE gone (clinic_id text, day date) PARTITION BY RANGE (day);
CREATE TABLE gone_1 PARTITION OF gone FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
SELECT FROM phisync.create_bucket('gone', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM gone', 'full');
SELECT max(version) AS version FROM phisync.policy_change \gset
SELECT FROM phisync.alter_bucket('gone', parameters => 'SELECT clinic_id FROM gone WHERE day > now()');
ALTER TABLE gone DETACH PARTITION gone_1;
CREATE TABLE gone_2 PARTITION OF gone FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
DROP TABLE gone_2;
ALTER TABLE gone ATTACH PARTITION gone_1 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
DROP TABLE gone CASCADE;
SELECT what, rebuild, clear FROM phisync.policy_change WHERE version > :version ORDER BY version;
SELECT name FROM phisync.buckets WHERE name = 'gone';
-- What a parameters query may not read.
CREATE TEMP TABLE passing (clinic_id text);
SELECT refused($$SELECT phisync.create_bucket('other', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM passing')$$);
SELECT phisync.drop_consumer('all'), phisync.drop_consumer('some');
SELECT FROM phisync.bucket b, LATERAL phisync.drop_bucket(b.name);
SELECT proname FROM pg_proc WHERE pronamespace = 'phisync_parameters'::regnamespace;
SELECT FROM pg_drop_replication_slot('regress_for');
SET client_min_messages = warning;
DROP SCHEMA regress_renamed CASCADE;
DROP ROLE regress_definer, regress_sync_server, regress_other_server, regress_nobody;
