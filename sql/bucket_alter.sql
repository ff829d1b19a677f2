-- A bucket is altered in place: what is not given is kept, all is checked as when it is created, consumers take it anew.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE FUNCTION records() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT regress_stream.masked(record)
  FROM pg_catalog.pg_logical_slot_get_changes('regress_stream', NULL, NULL, 'consumer', 'regress') WITH ORDINALITY AS m (lsn, xid, data, n),
       pg_catalog.regexp_split_to_table(data, '\n') WITH ORDINALITY AS r (record, k)
  WHERE record !~ '^."k":"(hello|progress|begin|commit)"' ORDER BY n, k
$$;
CREATE TABLE staff (user_id text, clinic int, ward text);
CREATE TABLE visit (id int PRIMARY KEY, clinic int, ward text, note text);
ALTER TABLE visit REPLICA IDENTITY FULL;
CREATE TABLE news (id int PRIMARY KEY, title text);
CREATE VIEW defined AS SELECT name, parameters, parameter_names, data, profile, relations, priority FROM phisync.buckets;
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id, note FROM visit WHERE clinic = bucket.clinic', 'SELECT * FROM news'],
  parameters => NULL, profile => 'full');
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id, note FROM visit WHERE clinic = bucket.clinic'], 'SELECT clinic FROM staff', 'full', 2);
SELECT FROM phisync.create_consumer('phones', 'regress_stream_reader', '{clinic}');
INSERT INTO visit VALUES (1, 7, 'w', 'one');
SELECT * FROM records();
-- One thing at a time; the grant stays.
SELECT FROM phisync.alter_bucket('clinic', priority => 1);
SELECT FROM phisync.alter_bucket('clinic', profile => 'withhold');
SELECT FROM phisync.alter_bucket('clinic', ARRAY['SELECT id, ward FROM visit WHERE clinic = bucket.clinic', 'SELECT id FROM visit AS short WHERE bucket.clinic = clinic AND id > 5']);
TABLE defined;
INSERT INTO visit VALUES (2, 7, 'w', 'two'), (6, 7, 'w', 'six');
SELECT * FROM records();
SELECT name, buckets FROM phisync.consumers WHERE name = 'phones';
-- Other parameters need other queries; an empty text makes it one bucket for all.
SELECT FROM phisync.alter_bucket('clinic', parameters => 'SELECT ward FROM staff');
SELECT FROM phisync.alter_bucket('clinic', parameters => '');
SELECT FROM phisync.alter_bucket('clinic', ARRAY['SELECT id, note FROM visit WHERE ward = bucket.ward'], 'SELECT ward FROM staff');
SELECT FROM phisync.alter_bucket('clinic', parameters => 'SELECT clinic AS ward FROM staff');
TABLE defined;
INSERT INTO visit VALUES (3, 7, 'w', 'three');
SELECT FROM phisync.alter_bucket('clinic', ARRAY['SELECT * FROM news'], '');
TABLE defined;
INSERT INTO visit VALUES (4, 7, 'w', 'four');
INSERT INTO news VALUES (1, 'new');
SELECT * FROM records();
-- A kept query holds on to its table, whatever its name is by now.
ALTER TABLE news RENAME TO olds;
CREATE TABLE news (id int PRIMARY KEY);
SELECT FROM phisync.alter_bucket('clinic', profile => 'full');
SELECT relations FROM defined;
-- What is refused leaves all as it was.
SELECT FROM phisync.alter_bucket('missing', profile => 'full');
SELECT FROM phisync.alter_bucket(NULL);
SELECT FROM phisync.alter_bucket('clinic', ARRAY[]::text[]);
SELECT FROM phisync.alter_bucket('clinic', profile => 'all');
SELECT FROM phisync.alter_bucket('clinic', priority => -1);
SELECT FROM phisync.alter_bucket('clinic', ARRAY['SELECT id FROM missing']);
TABLE defined;
-- Who alters it answers for all of it.
CREATE ROLE regress_alter IN ROLE phisync_officer;
GRANT USAGE ON SCHEMA regress_stream TO regress_alter;
SET ROLE regress_alter;
SELECT FROM phisync.alter_bucket('clinic', priority => 0);
RESET ROLE;
GRANT SELECT ON olds TO regress_alter;
SET ROLE regress_alter;
SELECT FROM phisync.alter_bucket('clinic', priority => 0);
RESET ROLE;
SELECT priority, definer FROM phisync.buckets;
-- A granted bucket goes by cascade: its rows leave, and its name is not given to another bucket unseen.
SELECT FROM phisync.drop_bucket('clinic');
SELECT FROM phisync.drop_bucket('clinic', cascade => true);
SELECT * FROM records();
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT FROM phisync.drop_consumer('phones');
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT FROM phisync.drop_bucket('clinic');
SELECT * FROM records();
DROP OWNED BY regress_alter;
DROP ROLE regress_alter;
\i :drop
