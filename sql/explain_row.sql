-- Why a row is in a bucket or not, and what becomes of its columns; no value but bucket ids.
CREATE SCHEMA regress_explain;
SET search_path = regress_explain;
\pset format unaligned
\pset tuples_only on
CREATE TABLE patient (id int PRIMARY KEY, clinic text, team text, name text, ssn text, born date, weight int, height int);
SELECT phisync.tag('patient', c, t) FROM (VALUES ('id', 'none'), ('clinic', 'none'), ('team', 'none'), ('name', 'phi:name'), ('ssn', 'phi:ssn'),
  ('weight', 'none'), ('height', 'none')) v (c, t);
ALTER TABLE patient REPLICA IDENTITY FULL;
SELECT phisync.create_bucket('clinic', ARRAY[
  'SELECT id, upper(name) AS label, clinic, born FROM patient WHERE clinic = bucket.clinic AND weight > 0',
  'SELECT id, weight / height AS ratio FROM patient AS ratio WHERE clinic = bucket.clinic'], $$SELECT auth.parameter('c') AS clinic$$);
SELECT phisync.create_bucket('both', ARRAY['SELECT id FROM patient WHERE bucket.part IN (clinic, team)'], $$SELECT auth.parameter('p') AS part$$);
SELECT phisync.create_bucket('everything', ARRAY['SELECT * FROM patient'], profile => 'full');
INSERT INTO patient VALUES (1, 'c1', 't1', 'Ann', '1', '2000-01-01', 60, 2), (2, 'c1', NULL, 'Bob', '2', '2000-01-01', 0, 0),
  (3, NULL, NULL, 'Cid', '3', '2000-01-01', 60, 2);
SELECT * FROM phisync.explain_row('patient', '1');
SELECT bucket, ordinal, in_bucket, buckets, reason FROM phisync.explain_row('patient', '2');
SELECT bucket, ordinal, in_bucket, buckets, reason FROM phisync.explain_row('patient', '3');
SELECT bucket, ordinal, in_bucket, buckets, reason FROM phisync.explain_row('patient', '4');
-- A query that gives no records any more.
SELECT phisync.tag('patient', 'clinic', 'phi:name');
SELECT bucket, ordinal, in_bucket, buckets, reason, columns IS NULL AS unknown FROM phisync.explain_row('patient', '1') WHERE bucket <> 'everything';
-- Keys of several columns; partitions.
CREATE TABLE visit (patient int, day date, note text, PRIMARY KEY (day, patient)) PARTITION BY RANGE (day);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE visit_2025 REPLICA IDENTITY FULL;
ALTER TABLE visit_2026 REPLICA IDENTITY FULL;
SELECT phisync.create_bucket('visits', ARRAY[$$SELECT patient::text || '/' || extract(year FROM day)::text AS id FROM visit WHERE patient = bucket.patient$$], 'SELECT 1 AS patient');
INSERT INTO visit VALUES (7, '2026-03-04', 'n');
SELECT * FROM phisync.explain_row('visit', '2026-03-04', '7');
SELECT in_bucket, buckets FROM phisync.explain_row('visit_2026', '2026-03-04', '7');
SELECT in_bucket, reason FROM phisync.explain_row('visit_2025', '2026-03-04', '7');
-- A checksum over partitions, and a snapshot of one bucket of them through an index.
SELECT count, errors FROM phisync.bucket_checksum('visits[7]');
CREATE INDEX ON visit (patient);
SELECT count, errors FROM phisync.bucket_checksum('visits[7]');
-- Refusals.
SELECT phisync.explain_row('patient', '1', '2');
SELECT phisync.explain_row('patient', 'x');
SELECT phisync.explain_row('patient', NULL);
SELECT phisync.explain_row('pg_stats', '1');
SELECT phisync.explain_row(0, '1');
CREATE TABLE keyless (id int);
SELECT phisync.explain_row('keyless', '1');
CREATE ROLE regress_explain_nobody;
SET ROLE regress_explain_nobody;
SELECT phisync.explain_row('pg_class', '1');
RESET ROLE;
SELECT count(phisync.drop_bucket(name)) FROM phisync.buckets;
DROP ROLE regress_explain_nobody;
SET client_min_messages = warning;
DROP SCHEMA regress_explain CASCADE;
