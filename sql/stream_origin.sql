-- Transactions are sent or not by the replication origin that they came from.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int PRIMARY KEY);
SELECT FROM phisync.create_bucket('all', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
SELECT FROM pg_replication_origin_create('regress_hub');
SELECT FROM pg_replication_origin_create('regress_mirror');
INSERT INTO visit VALUES (1);
SELECT FROM pg_replication_origin_session_setup('regress_hub');
INSERT INTO visit VALUES (2);
SELECT FROM pg_logical_emit_message(true, 'app', 'of the hub');
SELECT FROM pg_replication_origin_session_reset();
SELECT FROM pg_replication_origin_session_setup('regress_mirror');
INSERT INTO visit VALUES (3);
TRUNCATE visit;
SELECT FROM pg_replication_origin_session_reset();
CREATE FUNCTION got(VARIADIC options text[] DEFAULT '{}') RETURNS TABLE (k text, id text, origin text) LANGUAGE sql AS $$
  SELECT line::jsonb->>'k', line::jsonb->>'id', line::jsonb->>'origin' FROM regress_stream.peek(VARIADIC options) line WHERE line !~ '"commit"'
$$;
SELECT * FROM got();
SELECT * FROM got('origin', 'none');
SELECT * FROM got('origin', 'regress_hub', 'messages', '*');
SELECT * FROM got('origin', '-regress_hub', 'messages', '*');
SELECT * FROM got('origin', '-regress_hub,-regress_mirror');
SELECT * FROM got('origin', 'nobody');
-- An origin that is gone still has its name in what was written before.
SELECT FROM pg_replication_origin_drop('regress_hub');
SELECT * FROM got('origin', '-regress_hub');
SELECT * FROM got('origin', 'regress_hub,regress_mirror');
SELECT FROM pg_replication_origin_drop('regress_mirror');
-- One that gets nothing still learns how far the log was read.
SELECT FROM pg_replication_origin_create('regress_hub');
SELECT FROM pg_replication_origin_session_setup('regress_hub');
INSERT INTO visit SELECT g FROM generate_series(1, 20000) g;
SELECT FROM pg_replication_origin_session_reset();
SELECT FROM pg_replication_origin_drop('regress_hub');
SELECT line::jsonb->>'k' AS k FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'origin', 'nobody'), regexp_split_to_table(data, '\n') line;
\i :drop
