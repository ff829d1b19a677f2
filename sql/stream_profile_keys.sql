-- Ids and keys as codes: the same person is the same in every table of a scope, and rows leave under the code that they came with.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
SELECT '/tmp/phisync_regress_key_' || pg_backend_pid() AS key_file \gset
SELECT 'umask 077; cat > ' || :'key_file' AS write, 'rm -f ' || :'key_file' AS remove \gset
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM :'write';
CREATE TABLE patient (mrn text PRIMARY KEY, name text, born date, ssn bigint);
CREATE TABLE visit (id int PRIMARY KEY, mrn text, day date, seen timestamp);
SELECT FROM phisync.tag('patient', 'mrn', 'phi:mrn;subject');
SELECT FROM phisync.tag('patient', 'name', 'phi:name');
SELECT FROM phisync.tag('patient', 'born', 'phi:date.birth');
SELECT FROM phisync.tag('patient', 'ssn', 'phi:ssn');
SELECT FROM phisync.tag('visit', 'id', 'none');
SELECT FROM phisync.tag('visit', 'mrn', 'phi:mrn;subject');
SELECT FROM phisync.tag('visit', 'day', 'phi:date.service');
SELECT FROM phisync.tag('visit', 'seen', 'phi:date.service');
SELECT FROM phisync.create_profile('study');
SELECT FROM phisync.set_profile_rule('study', 'phi:mrn', 'pseudonym');
SELECT FROM phisync.set_profile_rule('study', 'phi:ssn', 'pseudonym(other)');
SELECT FROM phisync.set_profile_rule('study', 'phi:name', 'null');
SELECT FROM phisync.set_profile_rule('study', 'phi:date', 'date_shift(30)');
\set patients 'SELECT mrn AS id, * FROM patient'
\set visits 'SELECT * FROM visit'
-- Nothing without a key, neither when the bucket is defined nor later.
SELECT phisync.create_bucket('study', ARRAY[:'patients', :'visits'], profile => 'study');
\echo :SQLSTATE
SET phisync.key_file = :'key_file';
SELECT FROM phisync.create_bucket('study', ARRAY[:'patients', :'visits'], profile => 'study');
SELECT type, outputs, transformed, refused FROM phisync.bucket_queries ORDER BY ordinal;
INSERT INTO patient VALUES ('A-1', 'Anna', '1980-02-29', 123456789), ('Å-2', NULL, NULL, NULL), (E'A\u030A-3', 'Bo', 'infinity', -1);
INSERT INTO visit VALUES (1, 'A-1', '2024-02-29', '2024-02-29 10:00'), (2, ' A-1 ', '2024-03-01', '-infinity'), (3, NULL, '2024-03-01', '2024-03-01');
UPDATE patient SET mrn = 'A-9' WHERE mrn = 'A-1';
UPDATE patient SET name = 'Bodil' WHERE mrn = 'A-9';
DELETE FROM patient;
CREATE TEMP TABLE seen (data text);
INSERT INTO seen SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress');
SELECT count(*) FILTER (WHERE data ~ 'Anna|Bod|A-[129]|123456789|"day":"2024-0(2-29|3-01)"') AS in_clear FROM seen;
-- The codes are those of the functions, and Å is the same however it is written.
SELECT phisync.mask_pseudonym('A-1', 'mrn', 'study'), phisync.mask_pseudonym('Å-2', 'mrn', 'study'), phisync.mask_pseudonym('Å-3', 'mrn', 'study'),
  phisync.mask_pseudonym(123456789, 'ssn', 'other'), phisync.mask_date_shift('2024-02-29'::date, 'A-1', 30, 'study');
-- Without the key there is no record, and it is said.
SET phisync.key_file = '';
SELECT type, outputs, transformed, refused FROM phisync.bucket_queries ORDER BY ordinal;
SELECT bucket, in_bucket, reason, columns FROM phisync.explain_row('visit', '1');
SELECT k, relation, sqlstate, count(*) FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress'),
  LATERAL (SELECT r::json ->> 'k' AS k, r::json ->> 'relation' AS relation, r::json ->> 'sqlstate' AS sqlstate FROM regexp_split_to_table(data, '\n') r) j
  WHERE k NOT IN ('hello', 'begin', 'commit', 'policy') GROUP BY 1, 2, 3 ORDER BY 2;
SET phisync.key_file = :'key_file';
SELECT count(*) FROM (SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress') EXCEPT ALL TABLE seen) AS differs;
SELECT * FROM stream();
COPY (SELECT WHERE false) TO PROGRAM :'remove';
\i :drop
SELECT FROM phisync.drop_profile('study');
