-- phisync.harden(): closes what grants and statistics leave open; says what it would do before it does it.
CREATE SCHEMA regress_harden;
SET search_path = regress_harden;
CREATE ROLE regress_harden_owner;
CREATE ROLE regress_harden_officer IN ROLE phisync_officer, regress_harden_owner;
CREATE ROLE regress_harden_nurse;
CREATE ROLE "Regress Harden Clerk";
GRANT CREATE, USAGE ON SCHEMA regress_harden TO regress_harden_owner, "Regress Harden Clerk";
GRANT USAGE ON SCHEMA regress_harden TO regress_harden_nurse, phisync_officer;
SET ROLE regress_harden_owner;
CREATE TABLE patient (id int PRIMARY KEY, "Full Name" text, mrn text, city text);
CREATE TABLE inpatient (ward text) INHERITS (patient);
INSERT INTO patient SELECT g, 'Ann ' || g % 5, 'M' || g % 7, 'Bonn' FROM generate_series(1, 200) g;
INSERT INTO inpatient SELECT g, 'Bob ' || g % 5, 'M' || g % 7, 'Bonn', 'W1' FROM generate_series(1001, 1200) g;
CREATE VIEW names AS SELECT id, "Full Name" FROM patient;
CREATE VIEW initials AS SELECT id, left("Full Name", 1) FROM names;
CREATE VIEW towns AS SELECT city, count(*) FROM patient GROUP BY city;
CREATE VIEW asking WITH (security_invoker) AS SELECT mrn FROM patient;
CREATE MATERIALIZED VIEW numbers AS SELECT mrn, count(*) FROM patient GROUP BY mrn;
CREATE INDEX patient_lower ON patient (id, lower(mrn));
CREATE STATISTICS pairs (mcv) ON mrn, city FROM patient;
RESET ROLE;
SELECT phisync.tag('patient', 'id', 'none'), phisync.tag('patient', 'Full Name', 'phi:name'), phisync.tag('patient', 'mrn', 'phi:mrn'),
       phisync.tag('patient', 'city', 'none'), phisync.tag('inpatient', 'ward', 'none');
SET ROLE regress_harden_owner;
ANALYZE patient, inpatient, numbers;
GRANT SELECT ON patient, inpatient, names, towns, asking TO PUBLIC;
GRANT SELECT, INSERT ON patient TO regress_harden_nurse WITH GRANT OPTION;
GRANT SELECT (id, mrn, city) ON patient TO "Regress Harden Clerk";
GRANT SELECT ON initials, numbers TO "Regress Harden Clerk";
GRANT SELECT (id, mrn) ON inpatient TO "Regress Harden Clerk";
SET ROLE regress_harden_nurse;
GRANT SELECT ON regress_harden.patient TO "Regress Harden Clerk";
RESET ROLE;
SET client_min_messages = error;
CREATE PUBLICATION regress_harden FOR TABLE ONLY patient;
RESET client_min_messages;

-- For the owner who is an officer.
SET ROLE regress_harden_owner;
SELECT * FROM phisync.harden('patient');
RESET ROLE;
GRANT EXECUTE ON FUNCTION phisync.harden(regclass, boolean), phisync.require_steward(regclass, text) TO regress_harden_owner;
SET ROLE regress_harden_owner;
SELECT * FROM phisync.harden('patient');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION phisync.harden(regclass, boolean), phisync.require_steward(regclass, text) FROM regress_harden_owner;
REVOKE regress_harden_owner FROM regress_harden_officer;
SET ROLE regress_harden_officer;
SELECT * FROM phisync.harden('regress_harden.patient');
SELECT phisync.clear_statistics('regress_harden.patient');
RESET ROLE;
GRANT regress_harden_owner TO regress_harden_officer;
SELECT * FROM phisync.harden(NULL);

-- What it would do; nothing is done.
CREATE VIEW readable AS
  SELECT c.relname, r.rolname FROM pg_class c, (VALUES ('regress_harden_nurse'), ('Regress Harden Clerk'), ('regress_harden_officer')) r (rolname)
  WHERE c.relnamespace = 'regress_harden'::regnamespace AND c.relkind IN ('r', 'v', 'm') AND c.relname <> 'readable' AND has_any_column_privilege(r.rolname, c.oid, 'SELECT');
CREATE VIEW kept_values AS
  SELECT tablename, attname, inherited FROM pg_stats WHERE schemaname = 'regress_harden' AND (most_common_vals IS NOT NULL OR histogram_bounds IS NOT NULL)
  UNION ALL SELECT statistics_name, NULL, NULL FROM pg_stats_ext WHERE statistics_schemaname = 'regress_harden' AND most_common_vals IS NOT NULL;
SET ROLE regress_harden_officer;
SELECT * FROM phisync.harden('patient');
RESET ROLE;
SELECT * FROM readable ORDER BY 1, 2;
SELECT * FROM kept_values ORDER BY 1, 2, 3;

-- It does it.
SET ROLE regress_harden_officer;
SELECT * FROM phisync.harden('patient', dry_run => false);
RESET ROLE;
SELECT * FROM readable ORDER BY 1, 2;
SELECT * FROM kept_values ORDER BY 1, 2, 3;
SELECT has_table_privilege('regress_harden_nurse', 'patient', 'INSERT') AS may_still_insert;
-- ANALYZE brings none back; it warns that it cannot compute the pairs.
ANALYZE patient, inpatient, numbers;
SELECT * FROM kept_values ORDER BY 1, 2, 3;
SELECT kind, object, column_name FROM phisync.leaks WHERE relation IN ('patient'::regclass, 'inpatient', 'names', 'initials', 'numbers') ORDER BY 1, 2, 3;
DROP PUBLICATION regress_harden;
-- A second run has nothing to do.
SET ROLE regress_harden_officer;
SELECT * FROM phisync.harden('patient', dry_run => false);
RESET ROLE;

-- What others own or granted is theirs to mend.
SET ROLE regress_harden_owner;
GRANT SELECT ON patient TO "Regress Harden Clerk";
SET ROLE "Regress Harden Clerk";
CREATE VIEW mine AS SELECT mrn FROM patient;
GRANT SELECT ON mine TO regress_harden_nurse;
SET ROLE regress_harden_officer;
SELECT * FROM phisync.harden('patient', dry_run => false);
RESET ROLE;
-- Roles with a read grant for all that the columns hold keep what they have; for a part of it they do not keep the whole table.
SET client_min_messages = warning;
SELECT phisync.grant_read('regress_harden_nurse', ARRAY['phi:name', 'phi:mrn']), phisync.grant_read('"Regress Harden Clerk"', ARRAY['phi:name']) \g /dev/null
RESET client_min_messages;
SET ROLE regress_harden_owner;
GRANT SELECT ON patient, names TO regress_harden_nurse, "Regress Harden Clerk";
GRANT SELECT ("Full Name", mrn) ON inpatient TO "Regress Harden Clerk";
SET ROLE regress_harden_officer;
SELECT * FROM phisync.harden('patient', dry_run => false);
RESET ROLE;
SELECT object, column_name, detail FROM phisync.leaks WHERE kind <> 'statistics' AND relation IN ('patient'::regclass, 'inpatient', 'names', 'mine');
SELECT phisync.revoke_read('regress_harden_nurse'), phisync.revoke_read('"Regress Harden Clerk"');
SELECT * FROM phisync.harden('patient');

-- Who is handed rows without SELECT; functions with the rights of others are named and left alone.
SET ROLE regress_harden_owner;
GRANT TRIGGER, REFERENCES ON patient TO regress_harden_nurse WITH GRANT OPTION;
GRANT REFERENCES (id, mrn), SELECT (id) ON patient TO "Regress Harden Clerk";
CREATE FUNCTION name_of(int) RETURNS text LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT p."Full Name" FROM patient p WHERE p.id = $1; END;
SET ROLE regress_harden_officer;
SELECT * FROM phisync.harden('patient');
SELECT * FROM phisync.harden('patient', dry_run => false);
SELECT * FROM phisync.harden('patient', dry_run => false);
RESET ROLE;
SELECT has_table_privilege('regress_harden_nurse', 'patient', 'TRIGGER, REFERENCES') AS nurse, has_column_privilege('Regress Harden Clerk', 'patient', 'mrn', 'REFERENCES') AS clerk,
  has_column_privilege('Regress Harden Clerk', 'patient', 'id', 'REFERENCES') AS clerk_id;

-- A table without PHI, and one that is not there.
CREATE TABLE product (id int PRIMARY KEY, label text);
GRANT SELECT ON product TO PUBLIC;
SELECT * FROM phisync.harden('product', dry_run => false);
SELECT * FROM phisync.harden(0::regclass);
SET client_min_messages = error;
DROP SCHEMA regress_harden CASCADE;
DROP ROLE regress_harden_officer, regress_harden_owner, regress_harden_nurse, "Regress Harden Clerk";
