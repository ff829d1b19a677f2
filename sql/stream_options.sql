-- What becomes of values and rows that the format cannot say, by the consumer's options.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE value (id int PRIMARY KEY, ts timestamp, tz timestamptz, t time, b bytea, f float8, r real, ats timestamptz[], ab bytea[], af float8[]);
SELECT FROM phisync.create_bucket('all', ARRAY['SELECT * FROM value'], profile => 'full');
INSERT INTO value VALUES
  (1, '2024-01-02 03:04:05.1', '2024-01-02 03:04:05+09', '03:04:05', '\x00ff', 'NaN', '-Infinity', '{2024-01-02 03:04:05.123456Z,infinity}', '{"\\x01"}', '{Infinity,1}'),
  (2, 'infinity', '-infinity', '03:04:05.12', '', 1, 1.5, '{}', '{NULL}', '{NaN}'),
  (3, '2024-01-02', '2024-01-02 00:00Z', '24:00', NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM peek() WHERE "peek" ~ '"put"';
SELECT * FROM peek('timestamps', 'legacy', 'bytea', 'hex', 'nonfinite', 'string') WHERE "peek" ~ '"put"';
SELECT * FROM peek('timestamps', 'iso', 'bytea', 'base64', 'nonfinite', 'token') WHERE "peek" ~ '"put"';
-- Times have their form within other values, too.
CREATE TYPE seen AS (at timestamptz, until time, spans tsrange[]);
CREATE TABLE span (id int PRIMARY KEY, r tstzrange, m tsmultirange, rs tsrange[], c seen, cs seen[]);
SELECT FROM phisync.create_bucket('spans', ARRAY['SELECT * FROM span'], profile => 'full');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
INSERT INTO span VALUES (1, '[2024-01-02 03:04:05.1+09,infinity)', '{[2024-01-01,2024-01-02 00:00:00.5)}', '{"[2024-01-01,)",empty}',
  ('2024-01-02 03:04+00', '12:00', '{"(,2024-01-01 00:00:00.123456]"}'), ARRAY[('-infinity', '24:00:00', NULL)::seen, NULL]);
SELECT line::jsonb ->> 'data' FROM peek() line WHERE line ~ '"put"';
SELECT line::jsonb ->> 'data' FROM peek('timestamps', 'legacy') line WHERE line ~ '"put"';
-- Ids of rows and buckets do not depend on them.
CREATE TABLE keyed (day timestamp PRIMARY KEY, raw bytea);
SELECT FROM phisync.create_bucket('days', ARRAY['SELECT day AS id, day, raw FROM keyed WHERE day = bucket.day'],
  $$SELECT auth.parameter('day')::timestamp AS day$$, 'full');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
INSERT INTO keyed VALUES ('2024-01-02 03:04:05', '\x01');
SELECT * FROM peek('timestamps', 'legacy', 'bytea', 'hex') WHERE "peek" ~ '"put"';
-- A row that cannot be sent: an error record, nothing, or the end.
CREATE TABLE poison (id int PRIMARY KEY, n int NOT NULL);
SELECT FROM phisync.create_bucket('inverse', ARRAY['SELECT id, 6 / n AS n FROM poison'], profile => 'full');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
INSERT INTO poison VALUES (1, 0), (2, 2);
INSERT INTO poison VALUES (3, 0);
SELECT * FROM peek('on_error', 'record');
SELECT * FROM peek('on_error', 'skip');
\set VERBOSITY terse
SELECT * FROM peek('on_error', 'stop');
-- What is not understood is refused.
SELECT * FROM peek('timestamps', 'ISO');
SELECT * FROM peek('bytea', 'escape');
SELECT * FROM peek('nonfinite', 'nan');
SELECT * FROM peek('on_error', 'null');
SELECT * FROM peek('streaming', 'parallel');
SELECT * FROM peek('shard', '2/2');
SELECT * FROM peek('shard', '1');
SELECT * FROM peek('shard', '0/0');
SELECT * FROM peek('shard', '-1/2');
SELECT * FROM peek('shard', '0/2 ');
SELECT * FROM peek('messages', 'a,,b');
SELECT * FROM peek('messages', '*,a');
SELECT * FROM peek('messages', 'a,phisync.retention');
SELECT * FROM peek('origin', 'a,-b');
SELECT * FROM peek('origin', '-a,b');
SELECT * FROM peek('origin', 'none,a');
SELECT * FROM peek('origin', '-');
SELECT * FROM peek('streaming', 'on', 'origin', 'none');
\set VERBOSITY default
SELECT * FROM peek('bytea', 'escape');
-- All that are in force are said.
SELECT substring(line from '"options":(.*).$') FROM pg_logical_slot_peek_changes('regress_stream', NULL, 1, 'consumer', 'regress', 'batch_bytes', '1', 'messages', ' a, b ', 'origin', '-hub,-x',
  'shard', '0/1', 'on_error', 'skip', 'timestamps', 'legacy', 'bytea', 'base64', 'nonfinite', 'token'), regexp_split_to_table(data, '\n') line WHERE line ~ '"hello"';
\i :drop
