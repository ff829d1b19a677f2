-- Who may get which bucket changes at the commit that says so: lookup records.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE staff (id int PRIMARY KEY, login varchar(100), clinic_id text, region text, active boolean NOT NULL DEFAULT true, seen timestamptz);
ALTER TABLE staff REPLICA IDENTITY FULL;
CREATE TABLE visit (id int PRIMARY KEY, clinic_id text, region text);
ALTER TABLE visit REPLICA IDENTITY FULL;
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM staff WHERE login = auth.user_id() AND active', 'full');
SELECT FROM phisync.create_bucket('region', ARRAY['SELECT id FROM visit WHERE region = bucket.r AND clinic_id = bucket.c'],
  $$SELECT DISTINCT upper(region) AS r, clinic_id AS c FROM staff WHERE auth.parameter('region') = region AND login = auth.user_id() AND active$$, 'full');
INSERT INTO staff VALUES (1, 'u1', 'c1', 'eu'), (2, 'u2', NULL, NULL), (3, NULL, 'c3', 'us');
SELECT * FROM stream();
-- What decides about no bucket gives no record.
UPDATE staff SET seen = now();
SELECT * FROM stream();
-- Another bucket, another user, nothing any more, again.
UPDATE staff SET clinic_id = 'c2' WHERE id = 1;
UPDATE staff SET login = E'o"neill \\ \n' WHERE id = 1;
UPDATE staff SET active = false WHERE id = 1;
UPDATE staff SET active = true WHERE id = 1;
DELETE FROM staff WHERE id = 1;
SELECT * FROM stream();
-- In one transaction, one record says once that every user is to be asked for again.
BEGIN;
TRUNCATE staff;
INSERT INTO staff VALUES (1, 'u1', 'c1', 'eu');
TRUNCATE staff;
COMMIT;
SELECT * FROM stream();
-- What is rolled back takes nothing away.
INSERT INTO staff VALUES (1, 'u1', 'c1', NULL);
BEGIN;
SAVEPOINT s;
DELETE FROM staff;
ROLLBACK TO s;
COMMIT;
SELECT * FROM stream();
-- Renamed columns, a dropped one before them, a rename of the table.
ALTER TABLE staff DROP COLUMN seen;
ALTER TABLE staff RENAME COLUMN login TO account;
ALTER TABLE staff RENAME TO employee;
DELETE FROM employee;
SELECT * FROM stream();
-- Without the old values: asked for again, but for new rows.
ALTER TABLE employee REPLICA IDENTITY DEFAULT;
INSERT INTO employee VALUES (1, 'u1', 'c1', NULL);
UPDATE employee SET region = region;
DELETE FROM employee;
SELECT * FROM stream();
ALTER TABLE employee REPLICA IDENTITY FULL;
-- A value out of line is taken from the old row.
INSERT INTO employee VALUES (1, 'u1', repeat('c', 3), NULL);
ALTER TABLE employee ALTER COLUMN clinic_id SET STORAGE EXTERNAL;
UPDATE employee SET clinic_id = repeat('c', 3000) WHERE id = 1;
UPDATE employee SET account = 'u2' WHERE id = 1;
SELECT regexp_replace(s, '(c{3})c+', '\1...', 'g') FROM stream() s;
-- Values that are PHI are in no record that its profile does not grant them.
SELECT FROM phisync.create_bucket('withheld', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM employee WHERE account = auth.user_id()');
SELECT FROM phisync.drop_bucket('region');
INSERT INTO employee VALUES (5, 'before', 'c5');
SELECT phisync.tag('employee', 'account', 'phi:name'), phisync.tag('employee', 'id', 'none'), phisync.tag('employee', 'clinic_id', 'none'),
  phisync.tag('employee', 'region', 'none'), phisync.tag('employee', 'active', 'none');
INSERT INTO employee VALUES (6, 'after', 'c6');
SELECT * FROM stream();
-- Whatever else a query may be, a change says that it may concern every user: join, array, cast of the request, security.
SELECT FROM phisync.drop_bucket('withheld');
SELECT FROM phisync.drop_bucket('clinic');
CREATE TABLE team (id uuid PRIMARY KEY, members text[], owner uuid, clinic_id text);
SELECT FROM phisync.create_bucket('joined', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT t.clinic_id FROM team t JOIN employee e USING (clinic_id) WHERE e.account = auth.user_id()', 'full');
SELECT FROM phisync.create_bucket('member', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM team WHERE auth.user_id() = ANY (members)', 'full');
SELECT FROM phisync.create_bucket('owner', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM team WHERE owner = auth.user_id()::uuid', 'full');
INSERT INTO team VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{u1}', NULL, 'c1');
INSERT INTO employee VALUES (7, 'u7', 'c1');
SELECT * FROM stream();
SELECT FROM phisync.drop_bucket('joined');
SELECT FROM phisync.drop_bucket('member');
SELECT FROM phisync.drop_bucket('owner');
CREATE TABLE secured (id int PRIMARY KEY, login text, clinic_id text);
SELECT FROM phisync.create_bucket('secured', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM secured WHERE login = auth.user_id()', 'full');
INSERT INTO secured VALUES (1, 'u1', 'c1');
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
INSERT INTO secured VALUES (2, 'u2', 'c2');
SELECT * FROM stream();
-- A filter that fails over a row says nothing of its values, and stops nothing.
CREATE TABLE ratio (login text PRIMARY KEY, a int, b int, clinic_id text);
SELECT FROM phisync.create_bucket('ratio', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM ratio WHERE login = auth.user_id() AND a / b > 1', 'full');
INSERT INTO ratio VALUES ('u1', 4, 2, 'c1');
INSERT INTO ratio VALUES ('u2', 4, 0, 'c1');
SELECT * FROM stream();
-- Partitions stand for the table that the query names, also with their columns in another order.
CREATE TABLE duty (login text, clinic_id text, day date) PARTITION BY RANGE (day);
CREATE TABLE duty_1 PARTITION OF duty FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE duty_2 (day date, gone int, clinic_id text, login text);
ALTER TABLE duty_2 DROP COLUMN gone, REPLICA IDENTITY FULL;
ALTER TABLE duty_1 REPLICA IDENTITY FULL;
SELECT FROM phisync.create_bucket('duty', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  $$SELECT clinic_id FROM duty WHERE login = auth.user_id() AND day > '2026-01-10'$$, 'full');
ALTER TABLE duty ATTACH PARTITION duty_2 FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO duty VALUES ('u1', 'c1', '2026-01-02'), ('u1', 'c1', '2026-01-12'), ('u2', 'c2', '2026-02-02');
UPDATE duty SET day = '2026-02-12' WHERE clinic_id = 'c1' AND day = '2026-01-12';
SELECT * FROM stream();
-- A consumer hears of what it is granted.
SELECT FROM phisync.create_consumer('narrow', 'regress_stream_reader', '{ratio}');
INSERT INTO duty VALUES ('u3', 'c3', '2026-01-22');
INSERT INTO ratio VALUES ('u3', 4, 2, 'c3');
SELECT * FROM stream('narrow');
-- What is defined, and no longer defined, where the row was written.
INSERT INTO secured VALUES (3, 'u3', 'c3');
BEGIN;
INSERT INTO ratio VALUES ('u4', 4, 2, 'c4');
SELECT FROM phisync.drop_bucket('duty');
INSERT INTO duty VALUES ('u4', 'c4', '2026-01-23');
SELECT FROM phisync.create_bucket('duty', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  $$SELECT clinic_id FROM duty WHERE login = auth.user_id()$$, 'full');
INSERT INTO duty VALUES ('u5', 'c5', '2026-01-05');
COMMIT;
DROP TABLE duty CASCADE;
SELECT * FROM stream() s WHERE s !~ '"k":"clear"';
\i :drop
