-- Changes of policy reach consumers at their place in the stream, as far as the definitions are granted.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE FUNCTION policies(consumer text DEFAULT 'regress') RETURNS SETOF text LANGUAGE sql AS $$
  SELECT regexp_replace(regress_stream.masked(record), '("another[0-9a-f]{32}.....)+', '"another...')
  FROM pg_catalog.pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', consumer) WITH ORDINALITY AS m (lsn, xid, data, n),
       pg_catalog.regexp_split_to_table(data, '\n') WITH ORDINALITY AS r (record, k)
  WHERE record !~ '^."k":"(hello|progress)"' ORDER BY n, k
$$;
CREATE TABLE visit (id int PRIMARY KEY);
SELECT FROM phisync.create_bucket('one', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT FROM phisync.create_bucket('two', ARRAY['SELECT id FROM visit'], profile => 'full');
SELECT FROM phisync.create_consumer('narrow', 'regress_stream_reader', '{two}');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
BEGIN;
INSERT INTO visit VALUES (1);
INSERT INTO phisync.policy_change (what, rebuild, clear) VALUES ('table dropped', '{two,one}',
  '[{"bucket":"one","ordinal":0,"type":"a \"b\"","reason":"drop"},{"bucket":"two","ordinal":3,"type":"visit","reason":"policy"}]');
INSERT INTO visit VALUES (2);
COMMIT;
-- Neither consumer is concerned, or not all are; what is rolled back, changed or deleted tells nobody.
INSERT INTO phisync.policy_change (what, rebuild) VALUES ('tag changed', '{another}');
INSERT INTO phisync.policy_change (what) VALUES ('nothing');
INSERT INTO phisync.policy_change (what, rebuild) VALUES ('tag changed', '{one}');
BEGIN;
INSERT INTO phisync.policy_change (what, rebuild) VALUES ('tag changed', '{one,two}');
ROLLBACK;
UPDATE phisync.policy_change SET what = 'another' WHERE what = 'nothing';
DELETE FROM phisync.policy_change WHERE what = 'another';
-- A long list is stored out of line.
INSERT INTO phisync.policy_change (what, rebuild) SELECT 'tag changed', array_agg('another' || md5(g::text)) || '{two}' FROM generate_series(1, 1000) g;
SELECT * FROM policies();
SELECT * FROM policies('narrow');
-- Nobody can write it, and a table that only looks like it says nothing.
SET ROLE phisync_officer;
\set VERBOSITY terse
INSERT INTO phisync.policy_change (what, rebuild) VALUES ('forged', '{one}');
SELECT count(*) > 0 FROM phisync.policy_change;
RESET ROLE;
SELECT count(*) > 0 FROM pg_logical_slot_get_changes('regress_stream', NULL, NULL, 'consumer', 'regress');
CREATE TABLE policy_change (LIKE phisync.policy_change INCLUDING ALL);
CREATE TABLE phisync.policy_changes (LIKE phisync.policy_change INCLUDING ALL);
INSERT INTO regress_stream.policy_change (what, rebuild) VALUES ('forged', '{one}');
INSERT INTO phisync.policy_changes (what, rebuild) VALUES ('forged', '{one}');
DROP TABLE phisync.policy_changes;
SELECT * FROM policies();
\i :drop
