-- A rule is in force from where it was changed, also within a transaction, in one reading of the log.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE staff (user_id text, ward int);
CREATE TABLE patient (id int PRIMARY KEY, ward int, name text, zip text, born date);
ALTER TABLE patient REPLICA IDENTITY FULL;
SELECT FROM phisync.tag('patient', 'id', 'none;subject');
SELECT FROM phisync.tag('patient', 'ward', 'none');
SELECT FROM phisync.tag('patient', 'name', 'phi:name');
SELECT FROM phisync.tag('patient', 'zip', 'phi:geo.zip');
SELECT FROM phisync.tag('patient', 'born', 'phi:date.birth');
SELECT FROM phisync.create_profile('research');
SELECT FROM phisync.create_bucket('ward', ARRAY['SELECT id, ward, name, zip, born FROM patient WHERE ward = bucket.ward'], 'SELECT ward FROM staff WHERE user_id = auth.user_id()', profile => 'research');
INSERT INTO patient VALUES (1, 7, 'nothing', '02139', '1980-05-05');
SELECT FROM phisync.set_profile_rule('research', 'phi:geo.zip', 'zip3');
INSERT INTO patient VALUES (2, 7, 'zip', '02139', '1980-05-05');
BEGIN;
INSERT INTO patient VALUES (3, 7, 'zip', '02139', '1980-05-05');
SELECT FROM phisync.set_profile_rule('research', 'phi:date.birth', 'date_year');
INSERT INTO patient VALUES (4, 7, 'zip and year', '02139', '1980-05-05');
SAVEPOINT s;
SELECT FROM phisync.set_profile_rule('research', 'phi:name', 'keep');
INSERT INTO patient VALUES (5, 7, 'never', '02139', '1980-05-05');
ROLLBACK TO s;
INSERT INTO patient VALUES (6, 7, 'zip and year', '02139', '1980-05-05');
SELECT FROM phisync.set_profile_rule('research', 'patient', 'name', 'partial(1,1)');
INSERT INTO patient VALUES (7, 7, 'zip, year and name', '02139', '1980-05-05');
COMMIT;
-- So is a list of ZIP prefixes, and a tag.
SELECT FROM phisync.set_zip3_restricted(2020, '{021}');
INSERT INTO patient VALUES (8, 7, 'other', '02139', '1980-05-05');
SELECT FROM phisync.set_zip3_restricted(2020, NULL);
SELECT FROM phisync.tag('patient', 'zip', 'phi:geo.street');
INSERT INTO patient VALUES (9, 7, 'other', '02139', '1980-05-05');
-- What parameters queries read is as sensitive.
SELECT FROM phisync.alter_bucket('ward', profile => 'full');
INSERT INTO staff VALUES ('u1', 7);
SELECT FROM phisync.tag('staff', 'user_id', 'phi:code');
SELECT FROM phisync.tag('staff', 'ward', 'none');
INSERT INTO staff VALUES ('u2', 7);
SELECT FROM phisync.alter_bucket('ward', profile => 'research');
INSERT INTO staff VALUES ('u3', 7);
SELECT FROM phisync.set_profile_rule('research', 'phi:code', 'keep');
INSERT INTO staff VALUES ('u4', 7);
SELECT FROM phisync.set_profile_rule('research', 'phi:code', 'drop');
INSERT INTO staff VALUES ('u5', 7);
CREATE TEMP TABLE seen (data text);
INSERT INTO seen SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress');
-- All of it was announced.
SELECT r::json ->> 'what' AS what, r::json -> 'buckets' AS buckets FROM seen, regexp_split_to_table(data, '\n') WITH ORDINALITY AS x (r, n) WHERE r LIKE '{"k":"policy"%';
SELECT count(*) FROM (SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress') EXCEPT ALL TABLE seen) AS differs;
SELECT * FROM stream();
\i :drop
SELECT FROM phisync.drop_profile('research');
