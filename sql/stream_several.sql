-- A row in several buckets: of several columns, of the elements of an array, of several definitions.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int PRIMARY KEY, clinics text[], doctor text, nurse text, open boolean, note text);
ALTER TABLE visit REPLICA IDENTITY FULL;
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id, note FROM visit WHERE bucket.clinic = ANY (clinics)'],
  'SELECT auth.parameter(''c'') AS clinic', 'full');
SELECT FROM phisync.create_bucket('staff', ARRAY['SELECT id, note FROM visit WHERE bucket.person IN (doctor, nurse) AND open'],
  'SELECT auth.user_id() AS person', 'full');
SELECT FROM phisync.create_bucket('both', ARRAY['SELECT id, clinics FROM visit WHERE bucket.clinic = ANY (clinics) AND bucket.person IN (doctor, nurse)'],
  'SELECT auth.parameter(''c'') AS clinic, auth.user_id() AS person', 'full');
-- Each value once, nulls in none, an empty array in none; elements of any dimension; texts that JSON escapes.
INSERT INTO visit VALUES (1, '{c1,c2,NULL,c1}', 'd"1', 'n1', true, 'one'), (2, '{}', 'd1', 'd1', true, 'two'), (3, NULL, NULL, NULL, true, 'three'),
  (4, '{{c1,c2},{c2,c3}}', NULL, 'n1', false, 'four');
SELECT * FROM stream();
-- The content stays: nothing where the row was and is, a put where it is new, a remove where it is no more.
UPDATE visit SET clinics = '{c2,c3}' WHERE id = 1;
UPDATE visit SET doctor = 'd2' WHERE id = 1;
UPDATE visit SET open = false WHERE id = 1;
-- Another order of the same elements, and nothing at all.
UPDATE visit SET clinics = '{c3,c2}' WHERE id = 1;
UPDATE visit SET note = note;
-- New content: a put everywhere; another key: out of all, then in.
UPDATE visit SET note = 'uno', open = true WHERE id = 1;
UPDATE visit SET id = 5 WHERE id = 1;
DELETE FROM visit WHERE id = 5;
SELECT * FROM stream();
-- More than 1,000 buckets are refused, and the row leaves those it was in.
UPDATE visit SET clinics = ARRAY(SELECT 'c' || g FROM generate_series(1, 1000) g) WHERE id = 2;
SELECT substr(r, 1, 60), length(r) FROM stream() r;
UPDATE visit SET clinics = ARRAY(SELECT 'c' || g % 1001 FROM generate_series(1, 5000) g) WHERE id = 2;
SELECT substr(r, 1, 60), length(r) FROM stream() r;
UPDATE visit SET clinics = '{c1}' WHERE id = 2;
SELECT * FROM stream();
-- Values of every type name the bucket as they do in a column of their own.
CREATE TABLE typed (id int PRIMARY KEY, d date[] NOT NULL, b boolean NOT NULL);
ALTER TABLE typed REPLICA IDENTITY FULL;
SELECT FROM phisync.create_bucket('typed', ARRAY['SELECT id FROM typed WHERE bucket.d = ANY (d) AND b = bucket.b'], 'SELECT date ''2024-01-01'' AS d, true AS b', 'full');
INSERT INTO typed VALUES (1, '{2024-02-29,infinity,0044-03-15 BC}', true);
SELECT * FROM stream();
\i :drop
