-- A column that gets a new name keeps its place in the data queries that name it, and outputs keep their names.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE staff (clinic int);
CREATE TABLE visit (id int PRIMARY KEY, clinic int, note text, day date, tags text[], "Odd ""Name" text, score int);
ALTER TABLE visit REPLICA IDENTITY FULL;
CREATE FUNCTION define() RETURNS void LANGUAGE sql AS $f$
SELECT phisync.create_bucket('clinic', ARRAY[
    $$SELECT id, note, v."note" AS remark, upper(note) AS loud, length(v . note) AS size FROM visit v WHERE clinic = bucket.clinic AND v.note <> 'note' /* note */$$,
    $$SELECT id, (note)FROM visit AS short WHERE clinic = bucket.clinic$$,
    $$SELECT id, note::varchar(10)  , day FROM visit AS cut WHERE clinic = bucket.clinic$$,
    $$SELECT id, CASE WHEN note IS DISTINCT FROM 'x' THEN 'y' ELSE note END, tags[1], extract(year FROM day) AS year FROM visit AS second WHERE bucket.clinic IN (clinic, score)$$,
    $$SELECT id, "Odd ""Name" , U&"n\006Fte" AS u FROM visit AS third -- note
WHERE clinic = bucket.clinic$$],
  'SELECT clinic FROM staff', 'full')
$f$;
SELECT define();
SELECT FROM phisync.create_bucket('every', ARRAY['SELECT *, upper(note) AS loud FROM visit'], profile => 'full');
CREATE VIEW texts AS SELECT bucket, ordinal, query, columns FROM phisync.bucket_query ORDER BY 1, 2;
CREATE VIEW sent AS SELECT bucket, ordinal, outputs, refused FROM phisync.bucket_queries ORDER BY 1, 2;
TABLE sent;
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
INSERT INTO visit VALUES (1, 7, 'first', '2024-01-01', '{t}', 'odd', 8);
ALTER TABLE visit RENAME note TO "Full Text";
TABLE texts;
TABLE sent;
ALTER TABLE visit RENAME "Odd ""Name" TO plain;
ALTER TABLE visit RENAME clinic TO "user";
ALTER TABLE visit RENAME COLUMN tags TO labels;
ALTER TABLE visit RENAME day TO "from";
SELECT query FROM texts WHERE ordinal > 2;
INSERT INTO visit VALUES (2, 7, 'second', '2024-01-01', '{t}', 'odd', 8);
-- Where all columns are outputs, their new names are sent: the bucket is taken anew.
SELECT * FROM stream();
SELECT what, rebuild, clear FROM phisync.policy_change WHERE what = 'column renamed';
SELECT DISTINCT refused FROM sent;
-- A name that cannot be.
ALTER TABLE visit RENAME plain TO loud;
-- Names that nobody says, other names of the table, and a transaction that is rolled back change nothing.
BEGIN;
ALTER TABLE visit RENAME "Full Text" TO note;
ROLLBACK;
SELECT query FROM texts WHERE bucket = 'every';
CREATE TABLE other (id int PRIMARY KEY, note text);
ALTER TABLE other RENAME note TO remark;
ALTER TABLE visit RENAME TO encounter;
ALTER TABLE encounter RENAME "Full Text" TO note;
SELECT query FROM texts WHERE bucket = 'every';
-- Within a transaction each row is sent by the text of its moment.
SELECT FROM phisync.create_bucket('within', ARRAY['SELECT id, note, upper(note) AS loud FROM encounter AS e WHERE score > 1'], profile => 'full');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
BEGIN;
INSERT INTO encounter (id, note, score) VALUES (10, 'before', 2);
ALTER TABLE encounter RENAME note TO a;
INSERT INTO encounter (id, a, score) VALUES (11, 'renamed', 2);
SAVEPOINT s;
ALTER TABLE encounter RENAME score TO points;
ALTER TABLE encounter RENAME a TO b;
INSERT INTO encounter (id, b, points) VALUES (12, 'never', 2);
ROLLBACK TO s;
INSERT INTO encounter (id, a, score) VALUES (13, 'back', 2);
ALTER TABLE encounter RENAME a TO score2;
ALTER TABLE encounter RENAME score TO a;
ALTER TABLE encounter RENAME score2 TO score;
UPDATE encounter SET score = 'swapped' WHERE id = 13;
DELETE FROM encounter WHERE id = 11;
COMMIT;
SELECT query FROM texts WHERE bucket = 'within';
SELECT * FROM stream();
-- A partitioned table and its partitions; a parent, of which a child has queries of its own.
CREATE TABLE parted (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (10);
CREATE TABLE parent (id int PRIMARY KEY, note text);
CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
SELECT FROM phisync.create_bucket('heirs', ARRAY['SELECT id, note FROM parted', 'SELECT id, note AS n FROM parted_1', 'SELECT id, note FROM child', 'SELECT id, upper(note) AS u FROM ONLY parent'], profile => 'full');
ALTER TABLE parted RENAME note TO remark;
ALTER TABLE parent RENAME note TO remark;
SELECT query FROM texts WHERE bucket = 'heirs';
-- A table of a composite type.
CREATE TYPE shape AS (a int, b text, c int);
CREATE TABLE typed OF shape (PRIMARY KEY (a));
SELECT FROM phisync.create_bucket('shapes', ARRAY['SELECT a AS id, b FROM typed', 'SELECT *, a AS id FROM typed AS whole'], profile => 'full');
ALTER TYPE shape RENAME ATTRIBUTE b TO note CASCADE;
ALTER TYPE shape ADD ATTRIBUTE d int CASCADE;
ALTER TYPE shape ALTER ATTRIBUTE c TYPE bigint CASCADE;
SELECT query FROM texts WHERE bucket = 'shapes';
SELECT what, rebuild FROM phisync.policy_change WHERE rebuild @> '{shapes}' ORDER BY version;
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
INSERT INTO parted VALUES (1, 'p');
INSERT INTO child VALUES (1, 'c');
SELECT * FROM stream();
\i :drop
