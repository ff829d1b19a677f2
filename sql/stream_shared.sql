-- Definitions that make the same of a row share its record; an update that changes nothing they read gives none.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id text PRIMARY KEY, clinic text, name text, score int, big text, aside text);
ALTER TABLE patient REPLICA IDENTITY FULL;
ALTER TABLE patient ALTER big SET STORAGE EXTERNAL;
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id, upper(name) AS name, length(big) AS size FROM patient WHERE clinic = bucket.clinic'],
  'SELECT auth.parameter(''c'') AS clinic', 'full');
SELECT FROM phisync.create_bucket('everybody', ARRAY['SELECT id, upper(name) AS name, length(big) AS size FROM patient'], profile => 'full');
SELECT FROM phisync.create_bucket('high', ARRAY['SELECT id, upper(name) AS name, length(big) AS size FROM patient WHERE score > 5'], profile => 'full');
-- Not the same: another name, another order, another type, another number in its definition.
SELECT FROM phisync.create_bucket('others', ARRAY['SELECT id, upper(name) AS label, length(big) AS size FROM patient',
  'SELECT id, upper(name) AS name, length(big) AS size FROM patient', 'SELECT id, length(big) AS size, upper(name) AS name FROM patient AS person'], profile => 'full');
INSERT INTO patient VALUES ('p1', 'c1', 'Ann', 9, repeat('b', 5000)), ('p2', NULL, 'Bob', 1, NULL);
SELECT * FROM stream();
SELECT FROM phisync.drop_bucket('others');
-- One record says for all of them what stays, comes and goes.
UPDATE patient SET name = 'Anna' WHERE id = 'p1';
UPDATE patient SET score = 2, clinic = 'c2' WHERE id = 'p1';
UPDATE patient SET name = 'Bert', score = 7, clinic = 'c2' WHERE id = 'p2';
UPDATE patient SET score = 8 WHERE id = 'p2';
UPDATE patient SET aside = 'x', big = big;
UPDATE patient SET id = 'p3' WHERE id = 'p2';
DELETE FROM patient WHERE id = 'p3';
SELECT * FROM stream();
-- Where the log does not have the old row, nobody knows that nothing changed.
ALTER TABLE patient DROP COLUMN aside;
DELETE FROM patient;
SELECT FROM unnest('{clinic,high}'::text[]) b, LATERAL phisync.drop_bucket(b);
ALTER TABLE patient REPLICA IDENTITY DEFAULT;
INSERT INTO patient VALUES ('p4', 'c1', 'Dan', 9);
UPDATE patient SET name = name;
SELECT * FROM stream();
\i :drop
