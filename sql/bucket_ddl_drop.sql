-- What a data query names is not dropped under it. With CASCADE the query goes, and its rows leave all buckets.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE staff (clinic int);
CREATE SCHEMA regress_dropped;
CREATE TYPE regress_dropped.mood AS ENUM ('low', 'high');
CREATE TABLE visit (id int PRIMARY KEY, clinic int, note text, extra int, mood regress_dropped.mood);
CREATE TABLE regress_dropped.news (id int PRIMARY KEY, title text, body text);
ALTER TABLE visit REPLICA IDENTITY FULL;
CREATE FUNCTION define() RETURNS void LANGUAGE sql AS $f$
  SELECT phisync.create_bucket('clinic', ARRAY['SELECT id, note FROM visit WHERE clinic = bucket.clinic', 'SELECT * FROM visit AS whole WHERE bucket.clinic = clinic AND note <> ''draft'''],
    'SELECT clinic FROM staff', 'full');
  SELECT phisync.create_bucket('news', ARRAY['SELECT id, title FROM regress_dropped.news'], profile => 'full');
  SELECT phisync.create_bucket('moods', ARRAY['SELECT id, mood FROM visit', 'SELECT id FROM regress_dropped.news'], profile => 'full');
$f$;
SELECT define();
CREATE VIEW texts AS SELECT bucket, ordinal, query FROM phisync.bucket_query ORDER BY 1, 2;
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
-- Refused.
ALTER TABLE visit DROP COLUMN note;
ALTER TABLE visit DROP COLUMN extra, DROP COLUMN clinic;
DROP TABLE visit;
DROP TABLE visit, regress_dropped.news;
SET client_min_messages = warning;
DROP TYPE regress_dropped.mood;
RESET client_min_messages;
SELECT count(*) FROM texts;
-- Nobody names it; but those who take all columns must take the bucket anew.
INSERT INTO visit VALUES (1, 7, 'one', 5, 'low');
ALTER TABLE visit DROP COLUMN extra;
ALTER TABLE visit ADD COLUMN added int DEFAULT 3;
ALTER TABLE regress_dropped.news DROP COLUMN body;
INSERT INTO visit VALUES (2, 7, 'two', 'low', 4);
SELECT * FROM stream();
SELECT what, rebuild, clear FROM phisync.policy_change WHERE version > (SELECT max(version) FROM phisync.policy_change WHERE what = 'bucket created') ORDER BY version;
-- With CASCADE.
BEGIN;
ALTER TABLE visit DROP COLUMN note CASCADE;
TABLE texts;
INSERT INTO visit VALUES (3, 7, 'low', 4);
SELECT bucket, type, outputs, refused FROM phisync.bucket_queries ORDER BY bucket, ordinal;
COMMIT;
SELECT * FROM stream();
SELECT name FROM phisync.buckets ORDER BY name;
DROP SCHEMA regress_dropped;
DROP SCHEMA regress_dropped CASCADE;
TABLE texts;
SELECT * FROM stream();
SELECT what, rebuild, clear FROM phisync.policy_change ORDER BY version DESC LIMIT 2;
-- All else is dropped as ever: what has no query, temporary tables, tables of a bucket that is gone.
CREATE TABLE free (id int PRIMARY KEY, note text);
ALTER TABLE free DROP COLUMN note;
DROP TABLE free;
CREATE TEMP TABLE passing (id int);
DROP TABLE passing;
SELECT FROM phisync.create_bucket('last', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT FROM phisync.drop_bucket('last');
DROP TABLE visit;
-- Roles that drop what they own, and that have no rights in phisync.
CREATE ROLE regress_owner;
GRANT ALL ON SCHEMA regress_stream TO regress_owner;
SET ROLE regress_owner;
CREATE TABLE owned (id int PRIMARY KEY, note text);
RESET ROLE;
SELECT FROM phisync.create_bucket('owned', ARRAY['SELECT id, note FROM owned WHERE id = bucket.id'], 'SELECT auth.parameter(''id'')::int AS id', 'full');
SET ROLE regress_owner;
DROP TABLE owned;
ALTER TABLE owned RENAME note TO remark;
RESET ROLE;
TABLE texts;
DROP OWNED BY regress_owner;
DROP OWNED BY regress_owner CASCADE;
TABLE texts;
SELECT what, rebuild, clear FROM phisync.policy_change ORDER BY version DESC LIMIT 1;
SELECT count(*) FROM pg_proc WHERE pronamespace = 'phisync_parameters'::regnamespace;
DROP ROLE regress_owner;
\i :drop
