-- TRUNCATE takes what a data query made out of every bucket, and not what another made of the same type.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY, clinic int NOT NULL);
ALTER TABLE patient REPLICA IDENTITY FULL;
CREATE TABLE visit (id int PRIMARY KEY, patient int REFERENCES patient);
CREATE TABLE other (id int);
CREATE TABLE staff (id int PRIMARY KEY);
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id FROM patient WHERE clinic = bucket.clinic'], $$SELECT auth.parameter('c')::int AS clinic$$, 'full');
SELECT FROM phisync.create_bucket('all', ARRAY['SELECT id FROM visit', 'SELECT id FROM patient AS person', 'SELECT id FROM staff AS person'], profile => 'full');
INSERT INTO patient VALUES (1, 1);
BEGIN;
TRUNCATE patient CASCADE;
TRUNCATE other;
INSERT INTO patient VALUES (2, 2);
COMMIT;
TRUNCATE other;
SELECT * FROM stream();
\i :drop
