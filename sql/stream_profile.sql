-- What each of the built-in profiles sends of the same rows.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE DOMAIN zipcode AS varchar(10);
CREATE TABLE patient (id int PRIMARY KEY, name text, ssn char(11), zip zipcode, town text, born date, admitted timestamptz, age smallint, score float8, remark text);
SELECT FROM phisync.tag('patient', 'id', 'none;subject');
SELECT FROM (VALUES ('name', 'phi:name'), ('ssn', 'phi:ssn'), ('zip', 'phi:geo.zip'), ('town', 'phi:geo.city'),
  ('born', 'phi:date.birth'), ('admitted', 'phi:date.admit'), ('age', 'phi:age'), ('score', 'phi:clinical.lab'), ('remark', 'phi:freetext')) AS t (c, l), phisync.tag('patient', c, l);
SELECT FROM unnest('{withhold,safe_harbor,limited_dataset,treatment,full}'::text[]) AS profile,
  phisync.create_bucket(profile, ARRAY['SELECT * FROM patient'], profile => profile);
SELECT bucket, outputs, withholds, transformed, refused FROM phisync.bucket_queries ORDER BY bucket;
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
INSERT INTO patient VALUES (1, 'Anna Ödegaard', '123-45-6789', '02139-4307', 'Cambridge', '1980-02-29', '2024-12-31 23:30:00-05', 44, 1.5, 'Called. "Fine"'),
  (2, '', '', '036', '', '1911-11-11', 'infinity', 112, 'NaN', ''), (3, 'a', '1', '03601', 'b', '-infinity', '2024-06-30 12:00+00', 90, -0.0, 'c'),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE patient SET born = '2001-01-01', zip = '94110' WHERE id = 4;
DELETE FROM patient WHERE id = 4;
CREATE TEMP TABLE seen (data text);
INSERT INTO seen SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress');
-- The same bytes again, whenever it is read.
SET TimeZone = 'UTC';
SET extra_float_digits = -10;
SELECT count(*) FROM (SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress') EXCEPT ALL TABLE seen) AS differs;
SELECT * FROM stream();
SELECT phisync.explain_row('patient', '1');
\i :drop
