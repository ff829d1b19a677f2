-- DROP EXTENSION leaves no labels behind that nothing understands, and needs no CASCADE for the extension's own sake.
CREATE SCHEMA regress_drop;
SET search_path = regress_drop;
CREATE TABLE patient (id int PRIMARY KEY, name text);
CREATE TABLE staff (who text PRIMARY KEY, clinic int);
SELECT phisync.tag('patient', 'id', 'none'), phisync.tag('patient', 'name', 'phi:name'), phisync.tag('patient', 'phi');
BEGIN;
DROP EXTENSION phisync;
\echo :SQLSTATE
ROLLBACK;
BEGIN;
DROP EXTENSION phisync CASCADE;
SELECT count(*) FROM pg_seclabel WHERE provider = 'phisync';
ROLLBACK;
SELECT count(*) FROM pg_seclabel WHERE provider = 'phisync';
-- A schema's default goes; so does what a bucket's parameters query is kept in.
SECURITY LABEL FOR phisync ON SCHEMA regress_drop IS 'phi';
SECURITY LABEL FOR phisync ON COLUMN staff.clinic IS 'none';
SELECT FROM phisync.create_bucket('clinic', ARRAY['SELECT id FROM patient WHERE id = bucket.clinic'],
  parameters => 'SELECT clinic FROM staff WHERE who = auth.user_id()');
BEGIN;
SELECT phisync.untag_all();
SECURITY LABEL FOR phisync ON SCHEMA regress_drop IS 'phi';
DROP EXTENSION phisync;
SELECT count(*) FROM pg_seclabel WHERE provider = 'phisync';
SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'phisync%';
ROLLBACK;
SELECT phisync.guard_tags();
SELECT FROM phisync.drop_bucket('clinic');
SET client_min_messages = warning;
SELECT count(*) > 0 AS removed FROM phisync.untag_all();
DROP SCHEMA regress_drop CASCADE;
