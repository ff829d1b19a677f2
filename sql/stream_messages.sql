-- Logical messages whose prefix the consumer asks for.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int PRIMARY KEY);
SELECT FROM phisync.create_bucket('all', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
-- In order within the transaction; what is not of one arrives before what was begun earlier.
BEGIN;
INSERT INTO visit VALUES (1);
SELECT FROM pg_logical_emit_message(true, 'app', E'high "water"\n\\');
SELECT FROM pg_logical_emit_message(false, 'app', 'at once');
INSERT INTO visit VALUES (2);
SELECT FROM pg_logical_emit_message(true, 'other', 'o');
SELECT FROM pg_logical_emit_message(true, 'phisync.retention', '{}');
COMMIT;
-- Alone in its transaction, rolled back, not text, empty.
SELECT FROM pg_logical_emit_message(true, 'app', '');
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'app', 'rolled back');
SELECT FROM pg_logical_emit_message(false, 'app', 'not rolled back');
ROLLBACK;
SELECT FROM pg_logical_emit_message(false, 'app', '\xff00'::bytea);
SELECT FROM pg_logical_emit_message(true, 'app', '\x6100'::bytea);
SELECT FROM pg_logical_emit_message(false, 'phisync', 'own');
SELECT FROM pg_logical_emit_message(true, 'phisync.x', 'own');
SELECT FROM pg_logical_emit_message(true, 'phisyncs', 'not own');
SELECT * FROM peek('messages', 'app');
SELECT * FROM peek('messages', '*') WHERE "peek" ~ 'message';
SELECT * FROM peek('messages', 'other, phisyncs') WHERE "peek" ~ 'message';
SELECT count(*) FROM peek('messages', 'ap') WHERE "peek" ~ 'message';
-- A mark after a message is too late to be the head of the transaction, for that consumer.
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'app', 'first');
SELECT FROM pg_logical_emit_message(true, 'phisync.retention', '{}');
DELETE FROM visit WHERE id = 1;
COMMIT;
SELECT * FROM peek('messages', 'app');
SELECT * FROM peek();
\i :drop
