-- Taking a tag away or weakening it is for officers who own the object, and is on record if and only if it commits.
CREATE SCHEMA regress_weaken;
GRANT USAGE, CREATE ON SCHEMA regress_weaken TO PUBLIC;
SET search_path = regress_weaken;
CREATE ROLE regress_weaken_owner;
CREATE ROLE regress_weaken_officer;
GRANT phisync_officer TO regress_weaken_officer;
GRANT regress_weaken_owner TO regress_weaken_officer;
CREATE VIEW recorded AS
  SELECT effective_role = 'regress_weaken_officer' AS officer, command, outcome, relations, columns, tags, detail
  FROM phisync.audit_log WHERE source = 'tag' AND session_role = session_user AND transaction_id IS NOT NULL AND row_key IS NULL
    AND (detail ->> 'schema' = 'regress_weaken' OR relations[1] LIKE 'regress\_weaken.%') ORDER BY seq;
GRANT SELECT ON recorded TO PUBLIC;

-- The owner sets, raises and classifies tags; pg_restore does no more.
SET ROLE regress_weaken_owner;
CREATE TABLE patient (id int PRIMARY KEY, name text, ssn text, note text, room text);
SECURITY LABEL FOR phisync ON TABLE patient IS 'phi;default=error;subject=id';
SECURITY LABEL FOR phisync ON COLUMN patient.name IS 'phi:name;sens=HIV';
SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS 'phi:mrn';
SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS 'phi:ssn';
SECURITY LABEL FOR phisync ON COLUMN patient.room IS 'none';
SECURITY LABEL FOR phisync ON COLUMN patient.room IS NULL;
SECURITY LABEL FOR phisync ON COLUMN patient.room IS 'none';
SECURITY LABEL FOR phisync ON COLUMN patient.note IS 'phi:clinical.note';
SECURITY LABEL FOR phisync ON COLUMN patient.note IS 'phi:clinical.note;conf=R;policy=drop';

-- He does not take them away, in whatever way.
SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS NULL;
\echo :SQLSTATE
SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS 'none';
SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS 'phi:mrn';
SECURITY LABEL FOR phisync ON COLUMN patient.note IS 'phi:clinical;conf=R;policy=drop';
SECURITY LABEL FOR phisync ON COLUMN patient.note IS 'phi:clinical.note;conf=R';
SECURITY LABEL FOR phisync ON COLUMN patient.note IS 'phi:clinical.note;policy=drop';
SECURITY LABEL FOR phisync ON COLUMN patient.note IS 'phi:clinical.note;conf=R;policy=keep';
SECURITY LABEL FOR phisync ON COLUMN patient.name IS 'phi:name;conf=R';
SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS 'phi:ssn;x=keep';
SECURITY LABEL FOR phisync ON TABLE patient IS NULL;
SECURITY LABEL FOR phisync ON TABLE patient IS 'none';
SECURITY LABEL FOR phisync ON TABLE patient IS 'phi;subject=id';
SECURITY LABEL FOR phisync ON TABLE patient IS 'phi;default=error';
\set VERBOSITY sqlstate
DO $$ BEGIN EXECUTE 'SECURITY LABEL ON COLUMN patient.ssn IS NULL'; END $$;
CREATE FUNCTION own() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SECURITY LABEL FOR phisync ON COLUMN regress_weaken.patient.ssn IS NULL';
SELECT own();
SET check_function_bodies = off;
SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS NULL;
RESET check_function_bodies;
RESET ROLE;
GRANT EXECUTE ON FUNCTION phisync.untag(regclass, name), phisync.untag(regclass), phisync.untag_all(), phisync.security_label_target(regclass),
  phisync.tag(regclass, name, text) TO regress_weaken_owner;
SET ROLE regress_weaken_owner;
SELECT phisync.untag('patient', 'ssn');
SELECT phisync.untag('patient');
SELECT phisync.untag_all();
RESET ROLE;
REVOKE EXECUTE ON FUNCTION phisync.untag(regclass, name), phisync.untag(regclass), phisync.untag_all(), phisync.security_label_target(regclass),
  phisync.tag(regclass, name, text) FROM regress_weaken_owner;
\set VERBOSITY default
SELECT objtype, objname, label FROM pg_seclabels WHERE provider = 'phisync' ORDER BY objtype, objname COLLATE "C";
SELECT count(*) FROM recorded;

-- An officer does, on record; what is rolled back, or takes nothing away, is not.
SET ROLE regress_weaken_officer;
BEGIN;
SELECT phisync.untag('patient', 'ssn');
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT phisync.untag('patient', 'ssn');
ROLLBACK TO s;
COMMIT;
SELECT phisync.tag('patient', 'name', 'phi:name;sens=HIV,MH');
SELECT phisync.tag('patient', 'name', 'phi:name');
SELECT phisync.tag('patient', 'ssn', 'none');
SELECT phisync.tag('patient', 'ssn', 'none');
SELECT phisync.tag('patient', 'phi');
SECURITY LABEL FOR phisync ON COLUMN patient.note IS NULL;
RESET ROLE;
SECURITY LABEL FOR phisync ON SCHEMA regress_weaken IS 'phi';
SECURITY LABEL FOR phisync ON SCHEMA regress_weaken IS NULL;
SELECT * FROM recorded;
-- An officer who owns nothing labels nothing.
REVOKE regress_weaken_owner FROM regress_weaken_officer;
SET ROLE regress_weaken_officer;
\set VERBOSITY sqlstate
SELECT phisync.untag('patient', 'name');
\set VERBOSITY default
RESET ROLE;

-- What a partition or a view inherits is a tag, too: only an officer says less.
SET ROLE regress_weaken_owner;
CREATE TABLE visit (id int, reason text, day date) PARTITION BY RANGE (day);
CREATE TABLE visit_1 PARTITION OF visit DEFAULT;
SECURITY LABEL FOR phisync ON COLUMN visit.reason IS 'phi:clinical.dx;sens=HIV';
SECURITY LABEL FOR phisync ON COLUMN visit_1.reason IS 'phi:freetext;sens=HIV';
SECURITY LABEL FOR phisync ON COLUMN visit_1.reason IS 'phi:clinical.dx';
CREATE VIEW initials AS SELECT left(name, 1) AS initial, id FROM patient;
SECURITY LABEL FOR phisync ON COLUMN initials.initial IS 'none';
SECURITY LABEL FOR phisync ON VIEW initials IS 'none';
RESET ROLE;
SECURITY LABEL FOR phisync ON COLUMN initials.initial IS 'none';
SELECT columns, tags, detail FROM recorded WHERE columns = '{regress_weaken.initials.initial}';
-- A label below says nothing against the parent's: it has no effect, and needs no right.
SET ROLE regress_weaken_owner;
CREATE TABLE visit_2 (id int, reason text, day date);
SECURITY LABEL FOR phisync ON COLUMN visit_2.reason IS 'none';
ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
RESET ROLE;
SELECT relation, column_name, tag, label, source FROM phisync.tags WHERE relation::text LIKE 'visit%' AND column_name = 'reason' ORDER BY 1;

-- Another query under a view's own label.
SET ROLE regress_weaken_owner;
CREATE OR REPLACE VIEW initials AS SELECT name AS initial, id FROM patient;
RESET ROLE;
SELECT relation, column_name, tag, source FROM phisync.tags WHERE relation = 'initials'::regclass;
SECURITY LABEL FOR phisync ON COLUMN initials.initial IS 'none';
CREATE OR REPLACE VIEW initials AS SELECT left(name, 2) AS initial, id FROM patient;
SELECT relation, column_name, tag, source FROM phisync.tags WHERE relation = 'initials'::regclass;
SET ROLE regress_weaken_owner;
CREATE OR REPLACE RULE "_RETURN" AS ON SELECT TO initials DO INSTEAD SELECT name AS initial, id FROM patient;
RESET ROLE;
SELECT relation, column_name, tag, source FROM phisync.tags WHERE relation = 'initials'::regclass;

-- A label that cannot be read may protect anything.
SET allow_system_table_mods = on;
UPDATE pg_seclabel SET label = 'phi:shoesize' WHERE provider = 'phisync' AND objoid = 'patient'::regclass AND label = 'phi:name';
RESET allow_system_table_mods;
SET ROLE regress_weaken_owner;
SECURITY LABEL FOR phisync ON COLUMN patient.name IS 'phi:name';
RESET ROLE;

SET client_min_messages = warning;
SELECT count(*) > 0 AS removed FROM phisync.untag_all();
DROP SCHEMA regress_weaken CASCADE;
DROP ROLE regress_weaken_owner, regress_weaken_officer;
