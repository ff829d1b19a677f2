-- A consumer to whom nothing is sent still learns how far the log was read, so that its slot can move on.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY);
CREATE TABLE outside (id int, filler text);
SELECT FROM phisync.create_bucket('one', ARRAY['SELECT id FROM patient'], profile => 'full');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
-- Little log says nothing, 1 MB of it does.
INSERT INTO outside VALUES (0);
INSERT INTO outside VALUES (1);
SELECT count(*) FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress');
INSERT INTO outside SELECT g, repeat('x', 1000) FROM generate_series(1, 2000) g;
CREATE TEMP TABLE got (record jsonb);
INSERT INTO got SELECT line::jsonb
  FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress'), regexp_split_to_table(data, E'\n') AS line;
SELECT record->>'k' AS k FROM got;
-- It may be acknowledged, and then nothing of it comes again.
SELECT (record->>'lsn')::pg_lsn <= pg_current_wal_lsn() AS was_read FROM got WHERE record->>'k' = 'progress';
SELECT count(*) FROM pg_replication_slot_advance('regress_stream', (SELECT (record->>'lsn')::pg_lsn FROM got WHERE record->>'k' = 'progress'));
INSERT INTO patient VALUES (7);
SELECT line::jsonb->>'k' AS k, line::jsonb->>'id' AS id
  FROM pg_logical_slot_get_changes('regress_stream', NULL, NULL, 'consumer', 'regress'), regexp_split_to_table(data, E'\n') AS line;
-- Messages that it does not ask for are as much.
SELECT FROM pg_logical_slot_get_changes('regress_stream', NULL, NULL, 'consumer', 'regress');
SELECT count(pg_logical_emit_message(false, 'other', repeat('x', 1000))) FROM generate_series(1, 2100);
-- They are not written to disk before something is committed.
INSERT INTO outside VALUES (0);
SELECT DISTINCT line::jsonb->>'k' AS k
  FROM pg_logical_slot_get_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'messages', 'app'), regexp_split_to_table(data, E'\n') AS line ORDER BY 1;
DROP TABLE got;
\i :drop
