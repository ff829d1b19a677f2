-- Keys of several columns, ids made of them, and identities other than FULL.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE ward (region text, clinic bigint, no int, beds int, note text, PRIMARY KEY (region, clinic, no));
SELECT FROM phisync.create_bucket('region', ARRAY[
    $$SELECT region || '/' || clinic::text || '/' || no::text AS id, beds, beds * 2 AS twice FROM ward WHERE region = bucket.region$$,
    $$SELECT no AS id, upper(note) AS note FROM ward AS small WHERE region = bucket.region AND no < 10$$],
  $$SELECT auth.parameter('region') AS region$$, 'full');
INSERT INTO ward VALUES ('north', 1, 2, 20, 'n'), ('s/th', 9007199254740993, -1, NULL, NULL);
-- The key unchanged: the log has no old row, and none is needed.
UPDATE ward SET beds = 21 WHERE no = 2;
UPDATE ward SET region = 'south' WHERE no = 2;
UPDATE ward SET no = 10 WHERE no = 2;
DELETE FROM ward;
SELECT * FROM stream();
-- A unique index that has key and parameter in it serves as well.
CREATE TABLE bed (id int PRIMARY KEY, room text NOT NULL, note text);
CREATE UNIQUE INDEX bed_identity ON bed (room, id);
ALTER TABLE bed REPLICA IDENTITY USING INDEX bed_identity;
SELECT FROM phisync.create_bucket('room', ARRAY['SELECT * FROM bed WHERE room = bucket.room'], $$SELECT auth.parameter('room') AS room$$, 'full');
INSERT INTO bed VALUES (1, 'r1', 'x');
UPDATE bed SET room = 'r2';
UPDATE bed SET note = 'y';
DELETE FROM bed;
SELECT * FROM stream();
-- An identity that was weakened later: rows still come, but what leaves is not known, and that is said.
ALTER EVENT TRIGGER phisync_follow_alter DISABLE;
ALTER EVENT TRIGGER phisync_follow_drop DISABLE;
ALTER TABLE bed REPLICA IDENTITY DEFAULT;
INSERT INTO bed VALUES (1, 'r1', 'x');
UPDATE bed SET room = 'r2';
DELETE FROM bed;
ALTER TABLE bed REPLICA IDENTITY NOTHING;
INSERT INTO bed VALUES (2, 'r1', 'x');
DELETE FROM bed;
SELECT * FROM stream();
ALTER EVENT TRIGGER phisync_follow_alter ENABLE ALWAYS;
ALTER EVENT TRIGGER phisync_follow_drop ENABLE ALWAYS;
\i :drop
