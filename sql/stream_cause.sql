-- A mark at the head of a transaction says why its rows leave.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int PRIMARY KEY);
SELECT FROM phisync.create_bucket('all', ARRAY['SELECT id FROM visit'], profile => 'full');
INSERT INTO visit VALUES (1), (2), (3);
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'phisync.retention', '{"policy":"visits","run":7}');
DELETE FROM visit WHERE id = 1;
UPDATE visit SET id = 4 WHERE id = 3;
COMMIT;
-- Too late, not of the transaction, or of others: no cause, and no record.
BEGIN;
DELETE FROM visit WHERE id = 2;
SELECT FROM pg_logical_emit_message(true, 'phisync.retention', '{}');
SELECT FROM pg_logical_emit_message(false, 'phisync.retention', '{}');
SELECT FROM pg_logical_emit_message(true, 'another', 'text');
COMMIT;
SELECT FROM pg_logical_emit_message(true, 'phisync.retention', '{}');
SELECT * FROM stream();
\i :drop
