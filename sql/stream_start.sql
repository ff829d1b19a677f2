-- Who may start the stream, with which options, and what a grant leaves out.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY);
CREATE TABLE outside (id int PRIMARY KEY);
SELECT FROM phisync.create_bucket('one', ARRAY['SELECT id FROM patient AS first'], profile => 'full');
SELECT FROM phisync.create_bucket('two', ARRAY['SELECT id FROM patient AS second'], profile => 'full');
SELECT FROM phisync.create_consumer('narrow', 'regress_stream_reader', '{two}');
INSERT INTO patient VALUES (1);
INSERT INTO outside VALUES (1);
-- Reading again gives the same bytes, whatever the size of the messages.
CREATE TEMP TABLE peeked (data text);
INSERT INTO peeked SELECT (SELECT string_agg(data, E'\n' ORDER BY n)
  FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'batch_bytes', size) WITH ORDINALITY AS m (lsn, xid, data, n)) AS data
  FROM unnest('{1,64kB,64kB}'::text[]) AS size;
SELECT count(*), count(DISTINCT regexp_replace(data, '^[^\n]*\n', '')) FROM peeked;
SELECT DISTINCT regexp_replace(regexp_replace(substring(data from '^[^\n]*'), '"(system|database)":"[^"]*"', '"\1":"*"', 'g'), '"batch_bytes":[0-9]+', '"batch_bytes":N') FROM peeked;
SELECT * FROM stream('narrow');
-- A message holds a change at least.
INSERT INTO patient VALUES (2);
SELECT count(*) FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'batch_bytes', '1');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL);
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', '');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'consumer', 'narrow');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'batchbytes', '1');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'proto_version', '1');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'batch_bytes', '0');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'batch_bytes', '17MB');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'batch_bytes', 'many');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'format', '2');
SELECT count(*) FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'format', 'json');
-- Members of the role alone, superusers included.
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'nobody');
REVOKE regress_stream_reader FROM CURRENT_USER;
\set VERBOSITY terse
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress');
\set VERBOSITY default
GRANT regress_stream_reader TO CURRENT_USER;
-- This connection is over a unix socket: without TLS, and without an address.
SELECT phisync.alter_consumer('narrow', require_tls => true);
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'narrow');
SELECT phisync.alter_consumer('narrow', require_tls => false, networks => '{0.0.0.0/0,::/0}');
SELECT data FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'narrow');
SELECT phisync.alter_consumer('narrow', any_network => true);
SELECT count(*) > 0 FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'narrow');
-- The caller's settings are as they were.
SET extra_float_digits = -3;
SET "TimeZone" = 'PST8PDT';
SELECT count(*) FROM pg_logical_slot_get_changes('regress_stream', NULL, NULL, 'consumer', 'regress');
SHOW extra_float_digits;
SHOW "TimeZone";
\i :drop
