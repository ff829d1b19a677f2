-- What create_retention_policy accepts, and how it refuses the rest: SQLSTATE, detail and hint each.
\set SHOW_CONTEXT never
CREATE SCHEMA regress_retention;
SET search_path = regress_retention;
CREATE DOMAIN day AS date;
CREATE TABLE visit (id int PRIMARY KEY, patient text, started timestamptz, ended day, closed timestamp, note text, year int,
  status text, later date GENERATED ALWAYS AS ('2020-01-01'::date + year) STORED);
CREATE FUNCTION first_day(int) RETURNS date LANGUAGE sql IMMUTABLE AS $$SELECT pg_catalog.make_date($1, 1, 1)$$;

-- Accepted.
SELECT phisync.create_retention_policy('visit', 'date', 'ended', '5 years', '10 years');
SELECT phisync.create_retention_policy('visit', 'timestamptz', 'started', max_retention => '1 year 2 days', filter => 'status = ''closed''', subject => 'patient');
SELECT phisync.create_retention_policy('visit', 'several', 'greatest(started AT TIME ZONE ''UTC'', closed)', min_retention => '18 months');
SELECT phisync.create_retention_policy('visit', 'built', 'make_date(visit.year, 1, 1)', min_retention => '365 days', max_retention => '1 year', enabled => false);
SELECT name, relation, anchor, min_retention, max_retention, filter, subject, action, enabled, guarded FROM phisync.retention_policies ORDER BY name;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'visit'::regclass ORDER BY tgname;

-- Periods.
SELECT phisync.create_retention_policy('visit', 'p', 'ended');
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '10 years', '5 years');
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '1 year', '365 days');
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '-1 day');
SELECT phisync.create_retention_policy('visit', 'p', 'ended', max_retention => '1 year -1 day');
-- Anchors.
SELECT phisync.create_retention_policy('visit', 'p', 'year', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'note', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'note::date', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'started + interval ''1 day''', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'now()', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'current_date', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'date ''today''', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'regress_retention.first_day(year)', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'max(ended)', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', '(SELECT max(ended) FROM regress_retention.visit)', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'discharged', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'later', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'ended FROM regress_retention.visit', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'ended, started', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'ended)', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', '$1', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', NULL, '1 year');
-- Filters and subjects.
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '1 year', filter => 'year');
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '1 year', filter => 'random() < 0.5');
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '1 year', subject => 'person');
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '1 year', subject => 'started');
-- Names and actions.
SELECT phisync.create_retention_policy('visit', 'date', 'ended', '1 year');
SELECT phisync.create_retention_policy('visit', '', 'ended', '1 year');
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '1 year', action => 'shred');
SELECT phisync.drop_retention_policy('nothing');
-- Tables.
CREATE VIEW visits AS SELECT * FROM visit;
CREATE TABLE keyless (ended date);
CREATE TABLE parted (id int, ended date, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE parent (id int PRIMARY KEY, ended date);
CREATE TABLE child () INHERITS (parent);
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY, ended date);
CREATE FOREIGN DATA WRAPPER regress_nowhere;
CREATE SERVER regress_nowhere FOREIGN DATA WRAPPER regress_nowhere;
CREATE FOREIGN TABLE remote (id int, ended date) SERVER regress_nowhere;
SELECT phisync.create_retention_policy('visits', 'p', 'ended', '1 year');
SELECT phisync.create_retention_policy('keyless', 'p', 'ended', '1 year');
SELECT phisync.create_retention_policy('parted', 'p', 'ended', '1 year');
SELECT phisync.create_retention_policy('parent', 'p', 'ended', '1 year');
SELECT phisync.create_retention_policy('unlogged', 'p', 'ended', '1 year');
SELECT phisync.create_retention_policy('remote', 'p', 'ended', '1 year');
SELECT phisync.create_retention_policy('pg_catalog.pg_class', 'p', 'ended', '1 year');
SELECT phisync.create_retention_policy('phisync.retention_run', 'p', 'started_at', '1 year');
SELECT phisync.create_retention_policy(NULL, 'p', 'ended', '1 year');

-- Dropping the last policy takes the guard off.
SELECT count(*) FROM phisync.retention_policies;
SELECT phisync.drop_retention_policy(name) FROM (VALUES ('date'), ('timestamptz'), ('several')) v (name);
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'visit'::regclass;
SELECT phisync.drop_retention_policy('built');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'visit'::regclass;

-- SQLSTATEs, on which applications may branch.
CREATE FUNCTION sqlstate_of(arguments text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'SELECT phisync.create_retention_policy(' || arguments || ')';
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END
$$;
SELECT sqlstate_of(a), a AS arguments FROM unnest(ARRAY[
  $$'visit', 'p', 'ended'$$, $$'visit', 'p', 'ended', '2 years', '1 year'$$, $$'visit', 'p', 'year', '1 year'$$,
  $$'visit', 'p', 'nowhere', '1 year'$$, $$'visit', 'p', 'now()', '1 year'$$, $$'visit', 'p', 'ended)', '1 year'$$,
  $$'visits', 'p', 'ended', '1 year'$$, $$'keyless', 'p', 'ended', '1 year'$$]) a;

-- Roles: policies are the officer's, to be read by the auditor.
CREATE ROLE regress_officer IN ROLE phisync_officer;
CREATE ROLE regress_auditor IN ROLE phisync_auditor;
CREATE ROLE regress_nobody;
GRANT USAGE ON SCHEMA regress_retention TO regress_officer, regress_auditor, regress_nobody;
SET ROLE regress_nobody;
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '1 year');
SELECT count(*) FROM phisync.retention_policies;
SELECT phisync.retention_status('visit', '{"id": 1}');
CALL phisync.run_retention();
SET ROLE regress_auditor;
SELECT phisync.place_legal_hold('h', 'r', 'visit', predicate => 'true');
SELECT count(*) FROM phisync.retention_policies;
SET ROLE regress_officer;
SELECT phisync.create_retention_policy('visit', 'p', 'ended', '1 year');
INSERT INTO phisync.retention_policy SELECT * FROM phisync.retention_policy;
SELECT phisync.drop_retention_policy('p');
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA regress_retention CASCADE;
DROP FOREIGN DATA WRAPPER regress_nowhere CASCADE;
DROP ROLE regress_officer, regress_auditor, regress_nobody;
