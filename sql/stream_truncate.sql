-- TRUNCATE takes what a data query made out of every bucket, and not what another made of the same type.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY, clinic int NOT NULL);
ALTER TABLE patient REPLICA IDENTITY FULL;
CREATE TABLE visit (id int PRIMARY KEY, patient int REFERENCES patient);
CREATE TABLE other (id int);
CREATE TABLE staff (id int PRIMARY KEY);
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id FROM patient WHERE clinic = bucket.clinic'], $$SELECT auth.parameter('c')::int AS clinic$$, 'full');
SELECT FROM phisync.create_bucket('all', ARRAY['SELECT id FROM visit', 'SELECT id FROM patient AS person', 'SELECT id FROM staff AS person'], profile => 'full');
INSERT INTO patient VALUES (1, 1);
BEGIN;
TRUNCATE patient CASCADE;
TRUNCATE other;
INSERT INTO patient VALUES (2, 2);
COMMIT;
TRUNCATE other;
SELECT * FROM stream();
-- Of a partitioned table: once for each query. Of a partition alone, the query's other rows stay: its buckets are taken anew.
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
CREATE TABLE event (id int, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE north PARTITION OF event FOR VALUES IN ('n1', 'n2') PARTITION BY LIST (region);
CREATE TABLE n1 PARTITION OF north FOR VALUES IN ('n1');
CREATE TABLE n2 PARTITION OF north FOR VALUES IN ('n2');
CREATE TABLE south PARTITION OF event FOR VALUES IN ('s');
SELECT FROM phisync.create_bucket('events', ARRAY['SELECT id FROM event', 'SELECT id FROM event AS other', 'SELECT id FROM n1 AS direct'], profile => 'full');
INSERT INTO event VALUES (1, 'n1'), (1, 'n2'), (1, 's');
TRUNCATE event;
TRUNCATE n1;
TRUNCATE north, south;
TRUNCATE south;
SELECT masked(record)
  FROM pg_logical_slot_get_changes('regress_stream', NULL, NULL, 'consumer', 'regress') WITH ORDINALITY AS m (lsn, xid, data, n),
       regexp_split_to_table(data, '\n') WITH ORDINALITY AS r (record, k) WHERE record ~ '"(clear|policy)"' AND record !~ 'bucket created' ORDER BY n, k;
\i :drop
