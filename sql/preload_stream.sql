-- Who read the stream, or tried to, is in the trail.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int PRIMARY KEY);
SELECT FROM phisync.create_bucket('one', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT phisync.audit_flush();
CREATE TEMP TABLE before AS SELECT max(seq) AS seq FROM phisync.audit_log;
INSERT INTO visit VALUES (1);
SELECT count(*) FROM stream();
SELECT phisync.alter_consumer('regress', require_tls => true);
\set VERBOSITY terse
SELECT * FROM stream();
SELECT * FROM stream('nobody');
SELECT * FROM stream('No "name"');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'batch_bytes', 'many');
\set VERBOSITY default
SELECT phisync.audit_flush();
SELECT source, outcome, command, session_role = session_user AS is_me, tls, client_address, relations, row_count, detail
FROM phisync.audit_log WHERE source = 'stream' AND seq > (SELECT coalesce(seq, 0) FROM before) ORDER BY seq;
SELECT phisync.alter_consumer('regress', require_tls => false);
\i :drop
