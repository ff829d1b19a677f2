-- Several consumers share the buckets, each reading the same log.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int PRIMARY KEY, clinic text, other text);
ALTER TABLE visit REPLICA IDENTITY FULL;
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit WHERE clinic = bucket.clinic'], $$SELECT auth.parameter('clinic') AS clinic$$, 'full');
SELECT FROM phisync.create_bucket('all', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
-- The part of a bucket never changes: CRC-32C of clinic["a"] is 3214000140, of clinic["b"] 1438580863, of clinic["c"]
-- 4043215361, of all[] 2818438319 (docs/record-format.md).
INSERT INTO visit VALUES (1, 'a'), (2, 'b'), (3, 'c');
UPDATE visit SET clinic = 'b' WHERE id = 1;
INSERT INTO visit VALUES (4);
TRUNCATE visit;
SELECT FROM phisync.tag('visit', 'clinic', 'phi:geo.street');
SELECT * FROM peek('shard', '0/3');
SELECT * FROM peek('shard', '1/3');
SELECT * FROM peek('shard', '2/3');
-- Together they are the whole.
CREATE VIEW whole AS SELECT line::jsonb->'k' AS k, bucket, line::jsonb->'id' AS id, line::jsonb->'reason' AS reason
  FROM peek() line, jsonb_array_elements(line::jsonb->'buckets') bucket WHERE line ~ '"(put|remove)"';
CREATE VIEW parts AS SELECT line::jsonb->'k' AS k, bucket, line::jsonb->'id' AS id, line::jsonb->'reason' AS reason
  FROM generate_series(0, 4) part, peek('shard', part || '/5') line, jsonb_array_elements(line::jsonb->'buckets') bucket WHERE line ~ '"(put|remove)"';
SELECT count(*) FROM whole;
(TABLE whole EXCEPT ALL TABLE parts) UNION ALL (TABLE parts EXCEPT ALL TABLE whole);
-- A row is encoded for the shards of its buckets alone: others do not meet what is wrong with it.
CREATE TABLE poison (id int, clinic text, n int, PRIMARY KEY (id, clinic));
SELECT FROM phisync.create_bucket('inverse', ARRAY['SELECT id, 6 / n AS n FROM poison WHERE clinic = bucket.clinic'], $$SELECT auth.parameter('clinic') AS clinic$$, 'full');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
INSERT INTO poison VALUES (1, 'a', 0), (2, 'b', 3);
SELECT part, line FROM generate_series(0, 1) part, peek('shard', part || '/2') line WHERE line ~ '"(put|error)"' ORDER BY 1, 2;
-- One that gets nothing still learns how far the log was read.
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
CREATE TABLE big (id int PRIMARY KEY, filler text);
SELECT FROM phisync.create_bucket('big', ARRAY['SELECT id, filler FROM big'], profile => 'full');
INSERT INTO big SELECT g, repeat('x', 1000) FROM generate_series(1, 2000) g;
SELECT part, count(*) FILTER (WHERE line ~ '"put"') AS puts, count(*) FILTER (WHERE line ~ '"progress"') > 0 AS progress
  FROM generate_series(0, 1) part,
    pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'shard', part || '/2'), regexp_split_to_table(data, '\n') line GROUP BY 1 ORDER BY 1;
\i :drop
