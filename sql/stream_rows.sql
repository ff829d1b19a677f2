-- Rows enter buckets, move between them and leave.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id text PRIMARY KEY, clinic text, name text, active boolean NOT NULL DEFAULT true);
ALTER TABLE patient REPLICA IDENTITY FULL;
CREATE TABLE staff (user_id text, clinic text);
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id, name FROM patient WHERE clinic = bucket.clinic AND active'],
  'SELECT clinic FROM staff WHERE user_id = auth.user_id()', 'full');
SELECT FROM phisync.create_bucket('everybody', ARRAY['SELECT id FROM patient AS person'], profile => 'full');
-- A null parameter: in no bucket of that query.
INSERT INTO patient VALUES ('p1', 'c1', 'Ann'), ('p2', NULL, 'Bob');
-- In the bucket before and after: put alone. Moved: put, then remove. Back in by its filter.
UPDATE patient SET name = 'Anna' WHERE id = 'p1';
UPDATE patient SET clinic = 'c2' WHERE id = 'p1';
UPDATE patient SET active = false WHERE id = 'p1';
UPDATE patient SET active = true WHERE id = 'p1';
UPDATE patient SET clinic = 'c"2' WHERE id = 'p2';
UPDATE patient SET clinic = NULL WHERE id = 'p2';
-- Another key is another row on the device: it leaves first.
UPDATE patient SET id = 'p3' WHERE id = 'p1';
UPDATE patient SET id = 'p4', active = false WHERE id = 'p3';
DELETE FROM patient;
SELECT * FROM stream();
-- Nothing left; what was rolled back never was.
BEGIN;
INSERT INTO patient VALUES ('p5', 'c1');
SAVEPOINT s;
INSERT INTO patient VALUES ('p6', 'c1');
ROLLBACK TO s;
COMMIT;
BEGIN;
INSERT INTO patient VALUES ('p7', 'c1');
ROLLBACK;
SELECT * FROM stream();
SELECT * FROM stream();
\i :drop
