-- Values that an update leaves untouched out of line are not in the log.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE note (id int PRIMARY KEY, n int, body text, more text);
ALTER TABLE note ALTER body SET STORAGE EXTERNAL, ALTER more SET STORAGE EXTERNAL;
SELECT FROM phisync.create_bucket('notes', ARRAY['SELECT id, n, body, length(more) AS size FROM note'], profile => 'full');
INSERT INTO note VALUES (1, 1, repeat('b', 5000), repeat('m', 6000));
UPDATE note SET n = 2;
UPDATE note SET body = repeat('c', 5000);
ALTER TABLE note REPLICA IDENTITY FULL;
UPDATE note SET n = 3;
UPDATE note SET more = 'm', n = 4;
DELETE FROM note;
SELECT replace(replace(r, repeat('b', 5000), '(5000 b)'), repeat('c', 5000), '(5000 c)') FROM stream() r;
-- In a key they are always there.
CREATE TABLE long (id text PRIMARY KEY, n int);
ALTER TABLE long ALTER id SET STORAGE EXTERNAL;
SELECT FROM phisync.create_bucket('long', ARRAY['SELECT n, id FROM long'], profile => 'full');
INSERT INTO long VALUES (repeat('k', 2500), 1);
UPDATE long SET n = 2;
DELETE FROM long;
SELECT replace(r, repeat('k', 2500), '(2500 k)') FROM stream() r;
\i :drop
