-- What a parameters query selects becomes ids of buckets: no profile lets out in them what it does not give as it is.
CREATE SCHEMA regress_parameters;
SET search_path = regress_parameters, public;
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set refused :abs_srcdir '/sql/include/refused.sql'
\i :refused
CREATE TABLE staff (user_id text, clinic_id int, ssn text, region text);
CREATE TABLE visit (id int PRIMARY KEY, clinic_id int, code text);
ALTER TABLE visit REPLICA IDENTITY FULL;
CREATE TABLE ward (user_id text, clinic_id int) PARTITION BY LIST (clinic_id);
CREATE TABLE ward_7 PARTITION OF ward FOR VALUES IN (7);
CREATE FUNCTION guess() RETURNS text STABLE LANGUAGE sql AS 'SELECT ssn FROM regress_parameters.staff LIMIT 1';
INSERT INTO staff VALUES ('u1', 7, 'CANARY-1', 'north');
INSERT INTO ward VALUES ('u1', 7);
SELECT phisync.tag('staff', 'phi'), phisync.tag('staff', 'user_id', 'none'), phisync.tag('staff', 'clinic_id', 'none'),
  phisync.tag('staff', 'ssn', 'phi:ssn'), phisync.tag('visit', 'none') \g /dev/null
CREATE FUNCTION bucket(parameters text, profile text DEFAULT 'withhold') RETURNS text LANGUAGE sql AS $$
  SELECT refused(format('SELECT phisync.create_bucket(''b'', ARRAY[''SELECT id FROM visit WHERE code = bucket.code''], %L, %L)', parameters, profile))
$$;
-- Columns, and whatever is made of them; what nobody has classified counts as PHI.
SELECT bucket('SELECT ssn AS code FROM staff WHERE user_id = auth.user_id()');
SELECT bucket('SELECT upper(ssn) AS code FROM staff WHERE user_id = auth.user_id()');
SELECT bucket('SELECT s.ssn AS code FROM (SELECT * FROM staff) s', 'safe_harbor');
SELECT bucket('SELECT region AS code FROM staff WHERE user_id = auth.user_id()');
SELECT bucket('SELECT guess() AS code');
-- Conditions, claims, and what the profile keeps, are not refused.
SELECT bucket('SELECT clinic_id::text AS code FROM staff WHERE ssn = auth.parameter(''ssn'')');
SELECT phisync.drop_bucket('b');
SELECT bucket('SELECT auth.user_id() AS code');
SELECT phisync.drop_bucket('b');
SELECT bucket('SELECT ssn AS code FROM staff WHERE user_id = auth.user_id()', 'full');
SELECT bucket FROM phisync.buckets_for('{"sub": "u1"}');
-- Another profile, or a change of the profile, asks again.
SELECT refused($$SELECT phisync.alter_bucket('b', profile => 'treatment')$$);
SELECT phisync.create_profile('own', based_on => 'full');
SELECT phisync.alter_bucket('b', profile => 'own');
SELECT refused($$SELECT phisync.set_profile_rule('own', 'phi:ssn', 'partial(0,4)')$$);
SELECT bucket FROM phisync.buckets_for('{"sub": "u1"}');
-- Tags that come later stop the answer, and the doctor says so.
SELECT phisync.alter_bucket('b', ARRAY['SELECT id FROM visit WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM ward WHERE user_id = auth.user_id()', 'withhold');
SELECT bucket FROM phisync.buckets_for('{"sub": "u1"}');
SELECT phisync.tag('ward_7', 'clinic_id', 'phi:code');
SELECT refused($$SELECT bucket FROM phisync.buckets_for('{"sub": "u1"}')$$);
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'parameters';
SELECT phisync.tag('ward_7', 'clinic_id', 'none');
SELECT bucket FROM phisync.buckets_for('{"sub": "u1"}');
-- Rows more sensitive than the profile has consent for are not told of.
SELECT phisync.tag('ward', 'phi;sens=HIV');
SELECT phisync.tag('ward', 'clinic_id', 'none');
SELECT refused($$SELECT bucket FROM phisync.buckets_for('{"sub": "u1"}')$$);
SELECT refused($$SELECT phisync.check_bucket_parameters('b')$$);
SELECT phisync.check_bucket_parameters('no such');
SET client_min_messages = warning;
SELECT phisync.drop_bucket('b');
SELECT phisync.drop_profile('own');
DROP SCHEMA regress_parameters CASCADE;
DELETE FROM phisync.policy_change;
