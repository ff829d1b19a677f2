-- Rows of a partitioned table: whatever partition they are in, and when they move.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (gone int, no int, day date, clinic text, note text, PRIMARY KEY (no, day)) PARTITION BY RANGE (day);
ALTER TABLE visit DROP COLUMN gone;
CREATE TABLE y2024 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE y2025 (lost int, note text, clinic text, day date NOT NULL, no int NOT NULL);
ALTER TABLE y2025 DROP COLUMN lost;
ALTER TABLE visit ATTACH PARTITION y2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE y2024 REPLICA IDENTITY FULL;
ALTER TABLE y2025 REPLICA IDENTITY FULL;
INSERT INTO visit VALUES (0, '2024-02-01', 'a', 'before');
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT no AS id, *, upper(note) AS loud FROM visit WHERE clinic = bucket.clinic AND note <> ''draft'''],
  $$SELECT auth.parameter('c') AS clinic$$, 'full');
INSERT INTO visit VALUES (1, '2024-02-01', 'a', 'x'), (2, '2025-02-01', 'b', 'y'), (3, '2025-02-01', 'b', 'draft');
UPDATE visit SET clinic = 'c';
SELECT * FROM stream();
-- To another partition, under another key, which the subkey follows; and back while it changes buckets.
UPDATE visit SET day = '2025-03-01' WHERE no = 1;
UPDATE visit SET day = '2024-03-01', clinic = 'd', note = 'back' WHERE no IN (1, 3);
DELETE FROM visit;
SELECT * FROM stream();
\i :drop
