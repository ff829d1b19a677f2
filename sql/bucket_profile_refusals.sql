-- What a profile transforms cannot go where it would say more, or less, than it may.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA regress_refusals;
SET search_path = regress_refusals, public;
CREATE TABLE staff (user_id text, zip text, ward int);
CREATE TABLE patient (id int PRIMARY KEY, zip text NOT NULL, born date, ward int, remark text, seen date NOT NULL);
ALTER TABLE patient REPLICA IDENTITY FULL;
CREATE TABLE visit (patient text, day date, PRIMARY KEY (patient, day));
SELECT FROM phisync.tag('patient', 'id', 'none;subject');
SELECT FROM phisync.tag('patient', 'zip', 'phi:geo.zip');
SELECT FROM phisync.tag('patient', 'born', 'phi:date.birth');
SELECT FROM phisync.tag('patient', 'ward', 'phi:code');
SELECT FROM phisync.tag('patient', 'remark', 'phi:freetext');
SELECT FROM phisync.tag('patient', 'seen', 'none');
SELECT FROM phisync.tag('visit', 'patient', 'phi:mrn;subject');
SELECT FROM phisync.tag('visit', 'day', 'phi:date.service');
SELECT FROM phisync.create_profile('study', based_on => 'safe_harbor');
SELECT FROM phisync.set_profile_rule('study', 'phi:mrn', 'pseudonym');
SELECT FROM phisync.set_profile_rule('study', 'phi:code', 'null');
-- Outputs that are computed: of what is transformed; what is left out, or null, leaves them out; what is kept is sent.
SELECT phisync.create_bucket('b', ARRAY['SELECT id, left(zip, 3) AS area FROM patient'], profile => 'study');
\echo :SQLSTATE
SELECT phisync.create_bucket('b', ARRAY['SELECT id, extract(year FROM born) AS year FROM patient'], profile => 'safe_harbor');
SELECT phisync.create_bucket('b', ARRAY['SELECT id, ward + 1 AS next, upper(remark) AS loud, zip || remark AS both, seen + 1 AS later FROM patient'], profile => 'study');
SELECT outputs, withholds, transformed FROM phisync.bucket_queries;
SELECT phisync.alter_bucket('b', profile => 'full');
SELECT outputs, withholds, transformed FROM phisync.bucket_queries;
-- A profile that could not be served any more stays as it is.
SELECT phisync.alter_bucket('b', data => ARRAY['SELECT id, upper(remark) AS loud FROM patient'], profile => 'study');
SELECT phisync.set_profile_rule('study', 'phi:freetext', 'redact');
SELECT outputs, withholds, transformed FROM phisync.bucket_queries;
SELECT phisync.drop_bucket('b');
-- Keys and ids under a rule that does not tell rows apart.
SELECT phisync.create_bucket('b', ARRAY['SELECT patient AS id FROM visit'], profile => 'study');
\echo :SQLSTATE
SELECT phisync.create_bucket('b', ARRAY['SELECT day AS id FROM visit'], profile => 'study');
SELECT phisync.set_profile_rule('study', 'phi:date.service', 'keep');
SELECT phisync.create_bucket('b', ARRAY['SELECT upper(patient) AS id FROM visit'], profile => 'study');
\echo :SQLSTATE
-- Bucket parameters.
SELECT phisync.create_bucket('b', ARRAY['SELECT id FROM patient WHERE zip = bucket.zip'], 'SELECT zip FROM staff', profile => 'study');
\echo :SQLSTATE
SELECT phisync.create_bucket('b', ARRAY['SELECT id FROM patient WHERE ward = bucket.ward'], 'SELECT ward FROM staff', profile => 'study');
-- The key is not there.
SELECT phisync.create_bucket('b', ARRAY['SELECT day AS id FROM visit'], profile => 'study');
\echo :SQLSTATE
SELECT phisync.create_bucket('b', ARRAY['SELECT id FROM patient'], profile => 'unknown');
SELECT phisync.drop_profile('study');
SET client_min_messages = warning;
DROP SCHEMA regress_refusals CASCADE;
