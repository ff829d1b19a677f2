-- Grants to read PHI: by kind, by membership, for purposes; who is bound, and who may change what binds.
SET client_min_messages = warning;
CREATE SCHEMA reads;
SET search_path = reads;
CREATE ROLE regress_reads_nurse;
CREATE ROLE regress_reads_ward;
CREATE ROLE regress_reads_app;
CREATE ROLE regress_reads_officer IN ROLE phisync_officer;
GRANT ALL ON SCHEMA reads TO PUBLIC;
CREATE TABLE patient (id int PRIMARY KEY, full_name text, ssn text, born date, died date, note text);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'full_name', 'phi:name.full'),
  phisync.tag('patient', 'ssn', 'phi:ssn'), phisync.tag('patient', 'born', 'phi:date.birth'), phisync.tag('patient', 'died', 'phi:date.death');
INSERT INTO patient VALUES (1, 'Canary', '999-99-0001', '1950-01-01', NULL, 'canary');
ALTER TABLE patient OWNER TO regress_reads_app;
GRANT SELECT ON patient TO PUBLIC;
-- Whether the role can read a column, and why not.
CREATE FUNCTION may(role name, columns text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  PERFORM set_config('role', role, true);
  EXECUTE format('SELECT %s FROM reads.patient', columns);
  PERFORM set_config('role', 'none', true);
  RETURN 'yes';
EXCEPTION WHEN insufficient_privilege THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN detail || E'\n' || hint;
END
$$;
GRANT EXECUTE ON FUNCTION may(name, text) TO PUBLIC;

-- Without enforcement nothing changes.
SHOW phisync.read_enforcement;
SELECT may('regress_reads_nurse', '*');
SET phisync.read_enforcement = deny;
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SET ROLE regress_reads_nurse;
\set VERBOSITY default
SELECT full_name, ssn, note FROM patient;
RESET ROLE;

-- By kind.
SET ROLE regress_reads_officer;
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['phi:name.full', 'phi:date']);
RESET ROLE;
SELECT may('regress_reads_nurse', 'full_name, born, died');
SELECT may('regress_reads_nurse', 'full_name, ssn');
SELECT may('regress_reads_nurse', 'note');
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['unclassified']);
SELECT may('regress_reads_nurse', 'note');
SELECT may('regress_reads_nurse', 'patient');
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['all']);
SELECT may('regress_reads_nurse', 'patient');
SELECT role, kind, purposes, granted_by = session_user AS by_me FROM phisync.read_grants ORDER BY role::text, kind;
SELECT phisync.revoke_read('regress_reads_nurse', ARRAY['phi:*', 'phi:date']);
SELECT may('regress_reads_nurse', 'born');
SELECT phisync.revoke_read('regress_reads_nurse');
SELECT may('regress_reads_nurse', 'full_name');

-- By membership, where privileges are inherited.
SELECT phisync.grant_read('regress_reads_ward', ARRAY['phi:name']);
SELECT may('regress_reads_nurse', 'full_name');
GRANT regress_reads_ward TO regress_reads_nurse;
SELECT may('regress_reads_nurse', 'full_name');
REVOKE regress_reads_ward FROM regress_reads_nurse;
SELECT may('regress_reads_nurse', 'full_name');
SELECT phisync.revoke_read('regress_reads_ward');

-- For purposes.
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['phi:name'], ARRAY['treat', 'ETREAT']);
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['phi:date.birth']);
SELECT may('regress_reads_nurse', 'full_name, born');
SET phisync.purpose = 'HPAYMT';
SELECT may('regress_reads_nurse', 'full_name');
SELECT may('regress_reads_nurse', 'full_name, ssn');
SET phisync.purpose = 'etreat';
SELECT may('regress_reads_nurse', 'full_name, born');
RESET phisync.purpose;
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['phi:name'], ARRAY['TREAT']);
SELECT kind, purposes FROM phisync.read_grants ORDER BY kind;
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['phi:name']);
SELECT may('regress_reads_nurse', 'full_name');
SELECT kind, purposes FROM phisync.read_grants ORDER BY kind;
SELECT phisync.revoke_read('regress_reads_nurse');

-- Owners and superusers are bound; superusers can lift it, and are recorded.
SELECT may('regress_reads_app', 'ssn');
SELECT ssn FROM patient;
SET phisync.superuser_reads = on;
SELECT ssn FROM patient;
SELECT may('regress_reads_app', 'ssn');
RESET phisync.superuser_reads;
SELECT phisync.audit_flush();
SELECT outcome, command, nested, columns, tags, effective_role = session_role AS as_login FROM phisync.audit_log
WHERE outcome = 'exempt' AND relations = ARRAY['reads.patient'] ORDER BY seq;

-- A SECURITY DEFINER function binds its caller and its owner; a superuser's lacks nothing, its caller still does.
CREATE FUNCTION ssn_of(int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT ssn FROM reads.patient WHERE id = $1';
CREATE FUNCTION app_ssn_of(int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT ssn FROM reads.patient WHERE id = $1';
ALTER FUNCTION app_ssn_of(int) OWNER TO regress_reads_app;
SET ROLE regress_reads_nurse;
SELECT ssn_of(1);
SELECT app_ssn_of(1);
RESET ROLE;
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['phi:ssn']);
SET ROLE regress_reads_nurse;
SELECT ssn_of(1);
SELECT app_ssn_of(1);
RESET ROLE;
SELECT phisync.grant_read('regress_reads_app', ARRAY['phi:ssn']);
SET ROLE regress_reads_nurse;
SELECT app_ssn_of(1);
RESET ROLE;
SELECT phisync.revoke_read('regress_reads_app'), phisync.revoke_read('regress_reads_nurse');

-- What masked views read of their tables, they have masked: they belong to a role that nobody is a member of.
CREATE VIEW masked AS SELECT id, phisync.mask_partial(ssn, 0, 4) AS ssn FROM patient;
SELECT 1 FROM (SELECT phisync.tag('masked', 'id', 'none')) t;
ALTER VIEW masked OWNER TO phisync_masked;
GRANT SELECT ON masked TO PUBLIC;
SET ROLE regress_reads_nurse;
SELECT * FROM masked;
SELECT m.ssn FROM masked m JOIN patient p ON p.ssn = m.ssn;
RESET ROLE;
SELECT count(*) AS members FROM pg_auth_members WHERE roleid = 'phisync_masked'::regrole;
SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'phisync_masked';

-- Foreign keys on tagged columns are checked for those who may not read them.
CREATE TABLE card (number text PRIMARY KEY, patient int);
CREATE TABLE claim (id int PRIMARY KEY, card text);
INSERT INTO card VALUES ('canary-1', 1), ('canary-2', 1);
INSERT INTO claim VALUES (1, 'canary-1');
SELECT phisync.tag('card', 'number', 'phi:plan'), phisync.tag('card', 'patient', 'none;subject'), phisync.tag('claim', 'id', 'none'), phisync.tag('claim', 'card', 'phi:plan');
ALTER TABLE card OWNER TO regress_reads_app;
ALTER TABLE claim OWNER TO regress_reads_app;
SET ROLE regress_reads_app;
ALTER TABLE claim ADD FOREIGN KEY (card) REFERENCES card ON DELETE CASCADE ON UPDATE CASCADE;
INSERT INTO claim VALUES (2, 'canary-2');
INSERT INTO claim VALUES (3, 'canary-3');
UPDATE claim SET card = 'canary-2' WHERE id = 1;
DELETE FROM card WHERE patient = 2;
-- What an owner's trigger reads while the server follows a foreign key is the owner's read.
CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE WARNING ''%'', (SELECT ssn FROM reads.patient); RETURN OLD; END';
CREATE TRIGGER spy BEFORE DELETE ON claim FOR EACH ROW EXECUTE FUNCTION spy();
RESET ROLE;
RESET phisync.read_enforcement;
CREATE TRIGGER spy BEFORE DELETE ON claim FOR EACH ROW EXECUTE FUNCTION spy();
SET phisync.read_enforcement = deny;
SET ROLE regress_reads_app;
DELETE FROM card WHERE patient = 1;
DROP TRIGGER spy ON claim;
RESET ROLE;
-- In the planner, too: it computes the predicate of an index.
RESET phisync.read_enforcement;
CREATE FUNCTION spy_early() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM ssn FROM reads.patient; RAISE WARNING ''spied''; RETURN 1; END';
CREATE TABLE empty (card text REFERENCES card ON DELETE CASCADE);
SELECT phisync.tag('empty', 'card', 'phi:plan');
ALTER TABLE empty OWNER TO regress_reads_app;
SET client_min_messages = error;
CREATE INDEX ON empty (card) WHERE spy_early() = 1;
SET client_min_messages = warning;
SET phisync.read_enforcement = deny;
SET ROLE regress_reads_app;
DELETE FROM card WHERE patient = 1;
RESET ROLE;
DROP TABLE empty;
SET ROLE regress_reads_app;
DELETE FROM card WHERE patient = 1;
RESET ROLE;
SELECT count(*) AS cards FROM card;

-- Who may change what binds a session: nobody in it.
SET phisync.read_enforcement = audit;
SET phisync.read_enforcement = off;
SELECT set_config('phisync.read_enforcement', 'off', true);
CREATE FUNCTION weaker() RETURNS int LANGUAGE sql SET phisync.read_enforcement = off AS 'SELECT 1';
SELECT weaker();
CREATE FUNCTION stricter() RETURNS text LANGUAGE sql SET phisync.read_enforcement = deny AS 'SELECT current_setting(''phisync.read_enforcement'')';
SELECT stricter();
SET ROLE regress_reads_nurse;
SET phisync.read_enforcement = deny;
ALTER ROLE regress_reads_nurse SET phisync.read_enforcement = off;
SET phisync.superuser_reads = on;
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['all']);
SELECT phisync.set_read_enforcement('off');
RESET ROLE;
BEGIN;
RESET phisync.read_enforcement;
SHOW phisync.read_enforcement;
ROLLBACK;
SHOW phisync.read_enforcement;
RESET phisync.read_enforcement;
BEGIN;
SET LOCAL phisync.read_enforcement = deny;
SHOW phisync.read_enforcement;
COMMIT;
SHOW phisync.read_enforcement;

-- Officers set it, for roles and for the database; not for themselves.
SET ROLE regress_reads_officer;
SELECT phisync.set_read_enforcement('deny', 'regress_reads_nurse');
SELECT phisync.set_read_enforcement('never', 'regress_reads_nurse');
SELECT phisync.set_read_enforcement('deny', 4);
RESET ROLE;
SELECT setrole::regrole, setconfig FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) AND setrole <> 0;
SET SESSION AUTHORIZATION regress_reads_officer;
SELECT phisync.set_read_enforcement(NULL, 'regress_reads_nurse');
SELECT phisync.set_read_enforcement('off', 'regress_reads_officer');
SELECT phisync.set_read_enforcement(NULL, 'regress_reads_officer');
RESET SESSION AUTHORIZATION;
SELECT setrole::regrole, setconfig FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) AND setrole <> 0;
SELECT changed_by, role, mode FROM phisync.read_enforcement_change WHERE role LIKE 'regress_reads%' ORDER BY changed_at;

-- phisync's own statements go on: detection counts, retention deletes, buckets are found; what users' code does in them is theirs.
SET phisync.read_enforcement = deny;
SELECT count(*) FROM phisync.detect(ARRAY['reads']) WHERE relation = 'patient'::regclass AND evidence ->> 'sampled' = '1';
SELECT * FROM phisync.preview('safe_harbor', 'patient');
SELECT * FROM phisync.age_sweep('patient');
CREATE TABLE episode (id int PRIMARY KEY, ended timestamptz);
INSERT INTO episode SELECT i, '1990-01-01' FROM generate_series(1, 3) i;
SELECT phisync.tag('episode', 'id', 'phi:mrn'), phisync.tag('episode', 'ended', 'phi:date.service');
SELECT phisync.create_retention_policy('episode', 'old_episodes', 'ended', max_retention => '10 years');
CALL phisync.run_retention('old_episodes');
SELECT count(*) AS episodes FROM episode;
INSERT INTO episode VALUES (4, '1990-01-01');
CREATE FUNCTION spy_late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE WARNING ''%'', (SELECT ssn FROM reads.patient); RETURN NULL; END';
SET phisync.superuser_reads = on;
CREATE TRIGGER spy BEFORE DELETE ON episode FOR EACH ROW EXECUTE FUNCTION spy();
RESET phisync.superuser_reads;
CALL phisync.run_retention('old_episodes');
DROP TRIGGER spy ON episode;
SET phisync.superuser_reads = on;
CREATE TRIGGER spy AFTER DELETE ON episode FOR EACH ROW EXECUTE FUNCTION spy_late();
RESET phisync.superuser_reads;
CALL phisync.run_retention('old_episodes');
SELECT disposed, failed, sqlstate FROM phisync.retention_runs WHERE policy = 'old_episodes' ORDER BY run;
SELECT phisync.drop_retention_policy('old_episodes');
CREATE TABLE ward (id text PRIMARY KEY, staff_id text);
CREATE TABLE bed (id int PRIMARY KEY, ward_id text);
ALTER TABLE bed REPLICA IDENTITY FULL;
INSERT INTO ward VALUES ('w1', 'u1');
SELECT phisync.tag('bed', 'none');
SELECT phisync.create_bucket('reads_wards', data => ARRAY['SELECT id, ward_id FROM bed WHERE ward_id = bucket.id'],
  parameters => 'SELECT id FROM ward WHERE staff_id = auth.user_id()');
SELECT phisync.tag('ward', 'staff_id', 'phi:code'), phisync.tag('ward', 'id', 'none');
SELECT * FROM phisync.buckets_for('{"sub": "u1"}');
SELECT phisync.drop_bucket('reads_wards');
RESET phisync.read_enforcement;

-- Bad input.
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['ssn']);
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['phi:ssn'], ARRAY['care']);
SELECT phisync.grant_read('regress_reads_nurse', '{}');
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['phi:ssn', NULL]);
SELECT phisync.grant_read(NULL, ARRAY['phi:ssn']);
SELECT phisync.grant_read('regress_reads_nobody', ARRAY['phi:ssn']);
SELECT phisync.revoke_read('regress_reads_nurse');
SELECT phisync.grant_read('regress_reads_nurse', ARRAY['phi:date']);
SELECT phisync.revoke_read('regress_reads_nurse', ARRAY['phi:date.birth']);
SELECT phisync.revoke_read('regress_reads_nurse', ARRAY['phi:date']);

-- Every grant is in the trail; what was denied is, too, and nothing of what was read.
SELECT phisync.audit_flush();
SELECT command, row_key, effective_role = session_role AS as_login FROM phisync.audit_log WHERE relations = ARRAY['phisync.read_grant'] ORDER BY seq LIMIT 4;
SELECT DISTINCT outcome, source, effective_role, command, columns, tags FROM phisync.audit_log
WHERE outcome = 'denied' AND relations = ARRAY['reads.patient'] AND effective_role LIKE 'regress%' ORDER BY columns, effective_role LIMIT 5;
SELECT count(*) AS leaks FROM phisync.audit_trail t WHERE t::text ILIKE '%canary%' OR t::text LIKE '%999-99%';

DROP SCHEMA reads CASCADE;
DROP ROLE regress_reads_nurse, regress_reads_ward, regress_reads_app, regress_reads_officer;
