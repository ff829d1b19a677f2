-- What is in force where the row was written counts: tags, definitions and columns, also within a transaction.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY, name text, room text);
SELECT FROM phisync.tag('patient', 'id', 'none;subject');
SELECT FROM phisync.tag('patient', 'name', 'none');
SELECT FROM phisync.tag('patient', 'room', 'phi:geo.street');
SELECT FROM phisync.create_bucket('all', ARRAY['SELECT * FROM patient']);
BEGIN;
INSERT INTO patient VALUES (1, 'before the tag', 'r');
SELECT FROM phisync.tag('patient', 'name', 'phi:name');
INSERT INTO patient VALUES (2, 'tagged', 'r');
SAVEPOINT s;
SELECT FROM phisync.tag('patient', 'name', 'none');
ROLLBACK TO s;
INSERT INTO patient VALUES (3, 'still tagged', 'r');
SELECT FROM phisync.tag('patient', 'name', 'none');
INSERT INTO patient VALUES (4, 'open again', 'r');
COMMIT;
-- A new column of a table that holds PHI is unclassified, so withheld; renamed and dropped ones follow.
BEGIN;
ALTER TABLE patient ADD COLUMN extra text DEFAULT 'x';
INSERT INTO patient VALUES (5, 'new column', 'r');
SELECT FROM phisync.tag('patient', 'extra', 'none');
UPDATE patient SET room = 's' WHERE id = 4;
ALTER TABLE patient RENAME COLUMN extra TO surplus;
UPDATE patient SET room = 't' WHERE id = 4;
ALTER TABLE patient DROP COLUMN surplus;
UPDATE patient SET room = 'u' WHERE id = 4;
COMMIT;
-- Definitions come and go.
BEGIN;
SELECT FROM phisync.create_bucket('few', ARRAY['SELECT id FROM patient AS few WHERE id > 5']);
INSERT INTO patient VALUES (6, 'in two', 'r');
SELECT FROM phisync.drop_bucket('all');
INSERT INTO patient VALUES (7, 'in one', 'r');
SAVEPOINT s;
SELECT FROM phisync.drop_bucket('few');
INSERT INTO patient VALUES (8, 'never', 'r');
ROLLBACK TO s;
DELETE FROM patient;
COMMIT;
-- The key tagged as PHI: nothing may be sent any more, and that is said.
SELECT FROM phisync.tag('patient', 'id', 'phi:mrn');
INSERT INTO patient VALUES (9, 'refused', 'r');
-- A column that the text names is gone, and nobody followed: as much.
ALTER EVENT TRIGGER phisync_follow_alter DISABLE;
ALTER EVENT TRIGGER phisync_follow_drop DISABLE;
SELECT FROM phisync.tag('patient', 'id', 'none');
ALTER TABLE patient RENAME COLUMN id TO key;
INSERT INTO patient VALUES (10, 'does not fit', 'r');
SELECT * FROM stream();
ALTER EVENT TRIGGER phisync_follow_alter ENABLE ALWAYS;
ALTER EVENT TRIGGER phisync_follow_drop ENABLE ALWAYS;
\i :drop
