-- What buckets hold: the same records as the stream's, under one snapshot.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE FUNCTION snapshot(consumer text, buckets text[] DEFAULT NULL, VARIADIC options text[] DEFAULT '{}')
RETURNS SETOF text LANGUAGE sql AS $$
  SELECT pg_catalog.regexp_replace(regress_stream.masked(record), '"snapshot":"[^"]*"', '"snapshot":"*"')
  FROM phisync.snapshot(consumer, buckets, VARIADIC options) WITH ORDINALITY AS m (data, n),
       pg_catalog.regexp_split_to_table(data, '\n') WITH ORDINALITY AS r (record, k)
  ORDER BY n, k
$$;
CREATE TABLE patient (id int PRIMARY KEY, clinic text, name text, open boolean);
ALTER TABLE patient REPLICA IDENTITY FULL;
CREATE TABLE clinic (id text PRIMARY KEY, name text);
SELECT phisync.create_bucket('clinic', ARRAY[
  'SELECT id, clinic, name FROM patient WHERE clinic = bucket.clinic AND open',
  'SELECT * FROM clinic WHERE id = bucket.clinic'], $$SELECT auth.parameter('c') AS clinic$$, 'full');
SELECT phisync.create_bucket('directory', ARRAY['SELECT * FROM clinic'], profile => 'full');
INSERT INTO clinic VALUES ('c1', 'One'), ('c"2', 'Two');
INSERT INTO patient VALUES (1, 'c1', 'Ann', true), (2, 'c"2', 'Bob', true), (3, NULL, 'Cid', true), (4, 'c1', 'Dan', false);
SELECT snapshot('regress');
-- The puts are those of the stream, byte for byte but for their number.
CREATE FUNCTION puts(record text) RETURNS text LANGUAGE sql AS
  $$ SELECT pg_catalog.regexp_replace($1, '"seq":[0-9]+', '"seq":0') WHERE $1 LIKE '{"k":"put"%' $$;
CREATE TEMP TABLE streamed AS SELECT puts(r) AS record FROM stream() r WHERE puts(r) IS NOT NULL;
CREATE TEMP TABLE taken AS SELECT puts(r) AS record FROM snapshot('regress') r WHERE puts(r) IS NOT NULL;
SELECT count(*), (SELECT count(*) FROM taken) FROM streamed;
(TABLE streamed EXCEPT ALL TABLE taken) UNION ALL (TABLE taken EXCEPT ALL TABLE streamed);

-- One definition, one bucket, several of both.
SELECT snapshot('regress', '{directory}');
SELECT snapshot('regress', '{clinic[*]}') EXCEPT SELECT snapshot('regress', '{clinic}');
SELECT snapshot('regress', ARRAY['clinic["c\"2"]']);
SELECT snapshot('regress', ARRAY['clinic["c1"]', 'directory[]', 'clinic["nowhere"]']);
SELECT snapshot('regress', '{}');
-- Through an index, with the same result; the heap is not read.
CREATE INDEX patient_clinic ON patient (clinic, open);
SELECT snapshot('regress', ARRAY['clinic["c1"]', 'clinic["c\"2"]']);
INSERT INTO patient SELECT g, 'c3', 'many', true FROM generate_series(100, 2000) g;
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT count(*) FROM snapshot('regress', ARRAY['clinic["c1"]']);
SELECT seq_scan, idx_scan > 0 AS idx_scan FROM pg_stat_xact_user_tables WHERE relid = 'patient'::regclass;
COMMIT;
-- Also where the index has entries of rows that are gone, which the scan notes as it goes.
INSERT INTO patient SELECT g, 'c4', 'few', true FROM generate_series(30001, 30300) g;
DELETE FROM patient WHERE clinic = 'c4' AND id % 2 = 0;
SELECT count(*) FROM snapshot('regress', ARRAY['clinic["c4"]']);
SELECT count(*) FROM snapshot('regress', ARRAY['clinic["c4"]']);
DELETE FROM patient WHERE clinic = 'c4';

-- Messages hold whole records, none much more than asked for; the checksum is over all of them.
SELECT count(*) > 10 AS several, max(length(m)) < 20000 AS small, count(*) FILTER (WHERE m !~ '^\{.*\}$') AS broken
FROM phisync.snapshot('regress', '{clinic}', 'batch_bytes', '16kB') m;
SELECT array_agg(r ->> 'k' || coalesce(r ->> 'count', '') ORDER BY n DESC) FILTER (WHERE r ->> 'k' <> 'put')
FROM phisync.snapshot('regress', '{clinic}') WITH ORDINALITY m (data, n), LATERAL (SELECT t::json AS r FROM regexp_split_to_table(data, '\n') t) x;
-- A cursor takes what it wants, and holds nothing after.
BEGIN;
DECLARE few CURSOR FOR SELECT left(phisync.snapshot('regress', '{clinic}', 'batch_bytes', '1kB'), 12);
FETCH 2 FROM few;
SAVEPOINT s;
DELETE FROM patient;
FETCH 1 FROM few;
ROLLBACK TO s;
FETCH 1 FROM few;
CLOSE few;
SELECT left(phisync.snapshot('regress', '{clinic}', 'batch_bytes', '1kB'), 12) LIMIT 2;
COMMIT;
DELETE FROM patient WHERE id >= 100;

-- A row that cannot be sent gives an error without a place in the log, and the others come.
CREATE TABLE ratio (id int PRIMARY KEY, a int, b int);
SELECT phisync.create_bucket('ratio', ARRAY['SELECT id, a / b AS r FROM ratio'], profile => 'full');
INSERT INTO ratio VALUES (1, 6, 3), (2, 1, 0), (3, 9, 3);
SELECT snapshot('regress', '{ratio}');
-- Options shape the records as they do the stream's.
SELECT snapshot('regress', '{ratio}', 'on_error', 'skip');
SELECT phisync.snapshot('regress', '{ratio}', 'on_error', 'stop');
CREATE FUNCTION entries(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat(bucket, ' ', r::json ->> 'subkey') FROM snapshot('regress', NULL, VARIADIC options) r, json_array_elements_text(r::json -> 'buckets') bucket
$$;
SELECT count(*) > 3 AS several FROM entries();
(SELECT entries('shard', '0/2') UNION ALL SELECT entries('shard', '1/2')) EXCEPT ALL SELECT entries();
SELECT entries() EXCEPT ALL (SELECT entries('shard', '0/2') UNION ALL SELECT entries('shard', '1/2'));
SELECT entries('shard', '0/2') LIMIT 1 \gset shard_
SELECT count(*) FROM entries('shard', '1/2') e WHERE e = :'shard_entries';
CREATE TABLE file (id int PRIMARY KEY, content bytea, made timestamptz);
INSERT INTO file VALUES (1, '\x01ff', '2024-01-02 00:00+00');
SELECT phisync.create_bucket('files', ARRAY['SELECT * FROM file'], profile => 'full');
SELECT snapshot('regress', '{files}', 'bytea', 'hex', 'timestamps', 'legacy');
SELECT phisync.bucket_checksum('files[]'), phisync.bucket_checksum('files[]', 'bytea', 'hex', 'timestamps', 'legacy');
-- So does a data query that gives none any more.
SELECT phisync.alter_bucket('ratio', ARRAY['SELECT id, b FROM ratio'], profile => 'withhold');
SELECT phisync.tag('ratio', 'id', 'phi:mrn');
SELECT snapshot('regress', '{ratio,directory}');

-- Refusals.
\set VERBOSITY default
SELECT phisync.snapshot('nobody');
SELECT phisync.snapshot(NULL);
SELECT phisync.snapshot('regress', '{unknown}');
SELECT phisync.snapshot('regress', '{clinic[}');
SELECT phisync.snapshot('regress', ARRAY['clinic[1,2]']);
SELECT phisync.snapshot('regress', '{NULL}');
SELECT phisync.snapshot('regress', '{clinic}', 'batch_bytes');
SELECT phisync.snapshot('regress', '{clinic}', 'batch_bites', '1');
SELECT phisync.create_consumer('part', 'regress_stream_reader', '{directory}');
SELECT phisync.snapshot('part', '{clinic}');
SELECT phisync.snapshot('part', ARRAY['clinic["c1"]']);
SELECT snapshot('part');
-- Logins that are members of the role alone, and roles that they work as; no privilege on tables is asked for, and no row security applies.
REVOKE regress_stream_reader FROM CURRENT_USER;
SELECT phisync.snapshot('regress');
GRANT regress_stream_reader TO CURRENT_USER;
CREATE ROLE regress_snapshot_login;
ALTER TABLE clinic ENABLE ROW LEVEL SECURITY;
SET ROLE regress_snapshot_login;
SELECT phisync.snapshot('regress', '{directory}');
RESET ROLE;
GRANT regress_stream_reader TO regress_snapshot_login;
SET SESSION AUTHORIZATION regress_snapshot_login;
SELECT phisync.snapshot('regress', '{directory}') LIKE '%"One"%';
SELECT phisync.bucket_checksum('directory[]');
RESET SESSION AUTHORIZATION;
-- Whether a commit that the stream delivered can be queried.
SELECT phisync.transaction_is_visible(0);
SELECT phisync.transaction_is_visible(4294967296);
SELECT phisync.transaction_is_visible(3), phisync.transaction_is_visible((pg_current_xact_id()::text::bigint + 1000) % 4294967296);
-- Of the 2^32 ids, half lie in the past.
SELECT array_agg(phisync.transaction_is_visible((x + d + 4294967296) % 4294967296) ORDER BY d)
FROM (SELECT pg_current_xact_id()::text::bigint % 4294967296 AS x) current, unnest('{-2147483000,-1,10,2147483000}'::bigint[]) d;

-- The checksum of a bucket is the sum of its puts' modulo 2^32.
SELECT c.*, s.count = c.count AND s.sum % 4294967296 = c.checksum AS equal
FROM phisync.bucket_checksum('clinic["c1"]') c,
     (SELECT count(*), sum((r::json ->> 'sum')::bigint) FROM snapshot('regress', ARRAY['clinic["c1"]']) r WHERE r LIKE '{"k":"put"%') s;
SELECT * FROM phisync.bucket_checksum('ratio[]');
SELECT * FROM phisync.bucket_checksum('clinic["nowhere"]');
SELECT * FROM phisync.bucket_checksum('nowhere[]');
SELECT phisync.drop_consumer('part');
DROP ROLE regress_snapshot_login;
\i :drop
