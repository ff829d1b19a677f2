-- A row that cannot be evaluated gives an error record and stops neither its transaction nor the slot.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE measure (id int PRIMARY KEY, a int, b int);
ALTER TABLE measure REPLICA IDENTITY FULL;
SELECT FROM phisync.create_bucket('ratio', ARRAY['SELECT id, a / b AS ratio FROM measure', 'SELECT id, a FROM measure AS large WHERE a * 1000 > 0'], profile => 'full');
BEGIN;
INSERT INTO measure VALUES (1, 4, 2), (2, 4, 0), (3, 2147483647, 1), (4, 5, 1);
-- What cannot be put leaves where it was.
UPDATE measure SET b = 0 WHERE id = 1;
UPDATE measure SET b = 1 WHERE id = 1;
DELETE FROM measure;
COMMIT;
SELECT * FROM stream();
-- An id that is null.
CREATE TABLE odd (id text PRIMARY KEY);
SELECT FROM phisync.create_bucket('odd', ARRAY[$$SELECT nullif(id, 'none') AS id FROM odd$$], profile => 'full');
INSERT INTO odd VALUES ('one'), ('none'), ('two');
SELECT * FROM stream();
-- Values of a type that is not the server's own are printed in a subtransaction.
CREATE TYPE pair AS (a int, b text);
CREATE TABLE paired (id int PRIMARY KEY, n int, p pair);
SELECT FROM phisync.create_bucket('paired', ARRAY['SELECT id, 10 / n AS part, p FROM paired'], profile => 'full');
INSERT INTO paired VALUES (1, 5, (1, 'x')), (2, 0, (2, 'y')), (3, NULL, NULL);
-- The key says where the row was.
UPDATE paired SET n = 0 WHERE id = 1;
SELECT * FROM stream();
\i :drop
