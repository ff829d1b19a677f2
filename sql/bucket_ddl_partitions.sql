-- Partitions come and go under a bucket.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int, clinic int, note text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT * FROM visit WHERE clinic = bucket.clinic'], 'SELECT auth.parameter(''c'')::int AS clinic', 'full');
CREATE FUNCTION changes() RETURNS TABLE (what text, rebuild text[], clear jsonb) LANGUAGE sql AS $$
  SELECT what, rebuild, clear FROM phisync.policy_change WHERE version > coalesce((SELECT max(version) FROM phisync.policy_change WHERE what = 'bucket created'), 0) ORDER BY version
$$;
-- A new partition logs what buckets need.
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (1) TO (10);
SELECT relreplident FROM pg_class WHERE oid = 'visit_1'::regclass;
-- One with rows brings them in, and a tree of partitions too; other columns may lie otherwise.
CREATE TABLE visit_2 (note text, gone int, clinic int, id int NOT NULL) PARTITION BY RANGE (id);
ALTER TABLE visit_2 DROP COLUMN gone;
CREATE TABLE visit_2a PARTITION OF visit_2 FOR VALUES FROM (10) TO (15);
CREATE TABLE visit_2b PARTITION OF visit_2 FOR VALUES FROM (15) TO (20);
INSERT INTO visit VALUES (1, 7, 'one');
INSERT INTO visit_2 (id, clinic, note) VALUES (11, 7, 'eleven'), (16, 7, 'sixteen');
ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES FROM (10) TO (20);
INSERT INTO visit VALUES (2, 7, 'two'), (12, 7, 'twelve'), (17, 7, 'seventeen');
UPDATE visit SET id = id + 6 WHERE id = 12;
SELECT * FROM stream();
UPDATE visit SET id = 13 WHERE id = 17;
SELECT * FROM stream();
SELECT * FROM changes();
-- What leaves leaves, and what stays is taken anew.
ALTER TABLE visit DETACH PARTITION visit_2;
INSERT INTO visit_2 (id, clinic) VALUES (18, 7);
INSERT INTO visit VALUES (3, 7, 'three');
SELECT * FROM stream();
CREATE TABLE visit_4 PARTITION OF visit FOR VALUES FROM (40) TO (50);
ALTER TABLE visit DETACH PARTITION visit_4 CONCURRENTLY;
INSERT INTO visit_4 VALUES (41, 7);
SELECT * FROM stream();
ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES FROM (10) TO (20);
DROP TABLE visit_2a;
DROP TABLE visit_2;
SELECT * FROM stream();
CREATE SCHEMA regress_partition;
CREATE TABLE regress_partition.visit_3 PARTITION OF visit FOR VALUES FROM (20) TO (30);
DROP SCHEMA regress_partition CASCADE;
SELECT * FROM changes() OFFSET 1;
-- A partition that cannot be served is not taken.
ALTER TABLE visit_1 REPLICA IDENTITY DEFAULT;
CREATE UNLOGGED TABLE light PARTITION OF visit FOR VALUES FROM (30) TO (40);
ALTER TABLE visit_1 SET UNLOGGED;
-- Columns of all partitions.
ALTER TABLE visit ADD COLUMN extra int;
ALTER TABLE visit DROP COLUMN extra;
ALTER TABLE visit DROP COLUMN clinic;
ALTER TABLE visit ALTER clinic TYPE text;
ALTER TABLE visit DROP CONSTRAINT visit_pkey;
DROP TABLE visit;
DROP TABLE visit CASCADE;
SELECT * FROM stream();
SELECT what, rebuild, clear FROM phisync.policy_change ORDER BY version DESC LIMIT 3;
SELECT count(*) FROM phisync.buckets;
\i :drop
