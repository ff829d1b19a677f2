-- Under withhold no value of a tagged or unclassified column is in any record, nor in the server's messages.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY, clinic int NOT NULL, name text, ssn text, born date, n int, later text);
ALTER TABLE patient REPLICA IDENTITY FULL;
SELECT FROM phisync.tag('patient', 'id', 'none;subject');
SELECT FROM phisync.tag('patient', 'clinic', 'none');
SELECT FROM phisync.tag('patient', 'n', 'none');
SELECT FROM phisync.tag('patient', 'name', 'phi:name');
SELECT FROM phisync.tag('patient', 'ssn', 'phi:ssn');
SELECT FROM phisync.tag('patient', 'born', 'phi:date.birth');
SELECT FROM phisync.create_bucket('clinic', ARRAY[
  $$SELECT *, upper(name) AS loud, clinic + 1 AS next, ssn || '-' || n::text AS mixed, 1 / n AS ratio FROM patient WHERE clinic = bucket.clinic AND ssn <> 'CANARY-FILTER'$$],
  $$SELECT auth.parameter('c')::int AS clinic$$);
SELECT FROM phisync.create_bucket('fails', ARRAY[$$SELECT id, n FROM patient AS failing WHERE ssn::int > 0$$]);
INSERT INTO patient VALUES (1, 1, 'CANARY-NAME', 'CANARY-SSN', '1911-11-11', 1, 'CANARY-LATER'), (2, 1, 'CANARY-NAME', 'CANARY-FILTER', NULL, 1, 'CANARY-LATER');
UPDATE patient SET clinic = 2, n = 0;
UPDATE patient SET ssn = 'CANARY-FILTER', n = 3;
DELETE FROM patient;
CREATE TEMP TABLE seen (r text);
INSERT INTO seen SELECT * FROM stream();
SELECT * FROM seen;
SELECT count(*) > 10, count(*) FILTER (WHERE r ~* 'canary|1911') FROM seen;
\i :drop
