-- What rewrites tables without changing rows is no change: neither of the tables in buckets nor of phisync's own.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int PRIMARY KEY, clinic int NOT NULL, note text);
ALTER TABLE visit REPLICA IDENTITY FULL;
SELECT FROM phisync.tag('visit', 'id', 'none');
SELECT FROM phisync.tag('visit', 'clinic', 'none');
SELECT FROM phisync.tag('visit', 'note', 'phi:freetext');
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT * FROM visit WHERE clinic = bucket.clinic'], $$SELECT auth.parameter('clinic')::int AS clinic$$);
INSERT INTO visit SELECT g, g % 2, repeat(md5(g::text), 200) FROM generate_series(1, 4) g;
SELECT count(*) FILTER (WHERE stream ~ '"put"') FROM stream();
BEGIN;
UPDATE visit SET note = 'before' WHERE id = 1;
ALTER TABLE visit ALTER COLUMN clinic TYPE bigint;
UPDATE visit SET note = 'after', clinic = 5 WHERE id = 2;
ALTER TABLE visit ADD COLUMN made timestamptz NOT NULL DEFAULT clock_timestamp();
DELETE FROM visit WHERE id = 3;
COMMIT;
VACUUM FULL visit;
CLUSTER visit USING visit_pkey;
ALTER TABLE visit SET TABLESPACE pg_default;
CREATE MATERIALIZED VIEW notes AS SELECT id, note FROM visit;
REFRESH MATERIALIZED VIEW notes;
CREATE TABLE copy AS SELECT * FROM visit;
-- The definitions move to other files, before changes that were made under them are read.
INSERT INTO visit VALUES (6, 1, 'x');
VACUUM FULL phisync.bucket;
VACUUM FULL phisync.bucket_query;
VACUUM FULL phisync.policy_change;
VACUUM FULL pg_seclabel;
REINDEX TABLE phisync.bucket;
INSERT INTO visit VALUES (7, 1, 'y');
CHECKPOINT;
SELECT FROM phisync.drop_bucket('clinic');
VACUUM FULL phisync.bucket;
VACUUM FULL phisync.bucket_query;
INSERT INTO visit VALUES (8, 1, 'z');
SELECT regexp_replace(stream, '"made":"[^"]*"', '"made":"*"') FROM stream() WHERE stream ~ '"(put|remove|error)"';
DROP MATERIALIZED VIEW notes;
\i :drop
