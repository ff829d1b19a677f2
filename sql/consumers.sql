-- A consumer is a name under which members of a role read the stream.
CREATE ROLE regress_phone_sync;
CREATE ROLE regress_officer IN ROLE phisync_officer;
CREATE ROLE regress_nobody;
CREATE TABLE regress_consumed (id int PRIMARY KEY);
\getenv abs_srcdir PG_ABS_SRCDIR
\set refused :abs_srcdir '/sql/include/refused.sql'
\i :refused
SELECT phisync.create_bucket('consumed', ARRAY['SELECT id FROM regress_consumed'], profile => 'full');
SET ROLE regress_officer;
SELECT phisync.create_consumer('phones', 'regress_phone_sync');
SELECT phisync.create_consumer('tablets', 'regress_phone_sync', ARRAY['consumed']);
SELECT * FROM phisync.consumers ORDER BY name;
-- Refused, each with a way out. What is granted by name cannot be exchanged behind the grant.
\pset format unaligned
\pset tuples_only on
SELECT refused(command) FROM (VALUES
  ($$SELECT phisync.create_consumer('phones', 'regress_phone_sync')$$),
  ($$SELECT phisync.create_consumer('Phones!', 'regress_phone_sync')$$),
  ($$SELECT phisync.create_consumer(E'phones\n', 'regress_phone_sync')$$),
  ($$SELECT phisync.create_consumer('other', 'regress_no_such_role')$$),
  ($$SELECT phisync.create_consumer('other', 4294967295::regrole)$$),
  ($$SELECT phisync.create_consumer('other', 'regress_phone_sync', ARRAY['consumed', 'missing'])$$),
  ($$SELECT phisync.create_consumer('other', 'regress_phone_sync', ARRAY['consumed', NULL])$$),
  ($$SELECT phisync.create_consumer('other', NULL)$$),
  ($$SELECT phisync.create_consumer('other', 'regress_phone_sync', require_tls => NULL)$$),
  ($$SELECT phisync.create_consumer('other', 'regress_phone_sync', networks => '{}')$$),
  ($$SELECT phisync.create_consumer('other', 'regress_phone_sync', networks => '{10.0.0.0/8,NULL}')$$),
  ($$SELECT phisync.alter_consumer('other', require_tls => true)$$),
  ($$SELECT phisync.alter_consumer('phones', role => 4294967295::regrole)$$),
  ($$SELECT phisync.alter_consumer('phones', buckets => '{missing}')$$),
  ($$SELECT phisync.alter_consumer('phones', buckets => '{consumed}', all_buckets => true)$$),
  ($$SELECT phisync.alter_consumer('phones', networks => '{}')$$),
  ($$SELECT phisync.end_streams('phones')$$),
  ($$SELECT phisync.drop_consumer('other')$$),
  ($$SELECT phisync.drop_bucket('consumed')$$),
  ($$INSERT INTO phisync.consumer VALUES ('mine', 'regress_officer')$$)) c(command);
-- What is not said stays.
SELECT phisync.alter_consumer('phones', buckets => '{consumed}', networks => '{10.1.0.0/16,fd00::/8}');
SELECT phisync.alter_consumer('phones', require_tls => true);
SELECT * FROM phisync.consumers WHERE name = 'phones';
SELECT phisync.alter_consumer('phones', 'phisync_consumer', all_buckets => true, any_network => true);
SELECT * FROM phisync.consumers WHERE name = 'phones';
-- Nobody else may look or change.
SET ROLE regress_nobody;
SELECT refused(command) FROM (VALUES
  ($$SELECT phisync.create_consumer('other', 'regress_phone_sync')$$),
  ($$SELECT phisync.alter_consumer('phones', 'regress_nobody')$$),
  ($$SELECT phisync.drop_consumer('phones')$$),
  ($$SELECT phisync.create_bucket('other', ARRAY['SELECT id FROM regress_consumed'])$$),
  ($$SELECT phisync.drop_bucket('consumed')$$),
  ($$SELECT * FROM phisync.consumers$$),
  ($$SELECT * FROM phisync.buckets$$)) c(command);
RESET ROLE;
SELECT phisync.drop_consumer('tablets'), phisync.drop_consumer('phones'), phisync.drop_bucket('consumed');
SELECT count(*) FROM phisync.consumers;
DROP FUNCTION refused;
DROP TABLE regress_consumed;
DROP ROLE regress_phone_sync, regress_officer, regress_nobody;
