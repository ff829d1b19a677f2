-- What a label may say, and on what it may stand; every refusal says where and what was probably meant.
CREATE SCHEMA regress_label;
SET search_path = regress_label;
CREATE TABLE patient (id text PRIMARY KEY, name text, ssn text, birth date, alive boolean, weight numeric, address inet, "Odd; ""Name" text);
CREATE VIEW patient_view AS SELECT id, name FROM patient;

SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS 'phi:ssn';
SELECT phisync.tag('patient', 'id', 'none;subject=patient');
SELECT phisync.tag('patient', 'Odd; "Name', 'phi:freetext;of="Odd; ""Name"');
SELECT phisync.tag('patient', 'phi;default=error');
SELECT phisync.tag('patient_view', 'none');
SECURITY LABEL FOR phisync ON SCHEMA regress_label IS 'none';
SELECT objtype, objname, label FROM pg_seclabels WHERE provider = 'phisync' ORDER BY objtype, objname COLLATE "C";

-- Words.
SELECT phisync.tag('patient', 'ssn', 'phi:snn');
\echo :SQLSTATE
SELECT phisync.tag('patient', 'birth', 'phi:dob');
SELECT phisync.tag('patient', 'name', 'pii');
SELECT phisync.tag('patient', 'name', 'Secret');
SELECT phisync.tag('patient', 'name', 'phi:name;conf=X');
SELECT phisync.tag('patient', 'name', 'phi:name;subjct');
SELECT phisync.tag('patient', 'name', 'phi:name;sens=HIV,XYZ');
SELECT phisync.tag('patient', 'name', 'phi:name; ;quasi=yes');
SELECT phisync.tag('patient', 'name', 'subject');
SELECT phisync.tag('patient', 'name', '');
SELECT phisync.tag('patient', 'name', repeat('x', 256));
SELECT phisync.tag('patient', 'phi:ssn');
SELECT phisync.tag('patient', 'phi;dflt=omit');
SECURITY LABEL FOR phisync ON SCHEMA regress_label IS 'phi;subject=id';
SELECT phisync.tag('patient', 'name', NULL);
\echo :SQLSTATE

-- Columns.
SELECT phisync.tag('patient', 'nam', 'phi:name');
\echo :SQLSTATE
SELECT phisync.tag('patient', 'name', 'phi:name;of=patient_id');
\echo :SQLSTATE
SELECT phisync.tag('patient', 'phi;subject=patient_id');
SELECT phisync.tag('patient', 'alive', 'phi:email');
\echo :SQLSTATE
SELECT phisync.tag('patient', 'birth', 'phi:ssn');
SELECT phisync.tag('patient', 'weight', 'phi:name.full');
SELECT phisync.tag('patient', 'address', 'phi:geo');
SELECT phisync.tag('patient', 'address', 'phi:ip');
SELECT phisync.tag('patient', 'ssn', 'phi:ssn;subject');
\echo :SQLSTATE
SELECT phisync.tag('patient', 'phi;subject=ssn');
SELECT phisync.tag('patient', 'phi;subject=id');
SELECT phisync.tag('patient', 'id', 'none;subject');

-- Objects.
CREATE SEQUENCE counter;
CREATE TYPE pair AS (a text, b text);
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE ROLE regress_tags_owner;
SECURITY LABEL FOR phisync ON SEQUENCE counter IS 'phi';
\echo :SQLSTATE
SECURITY LABEL FOR phisync ON COLUMN pair.a IS 'phi:ssn';
SELECT phisync.tag('patient', 'ctid', 'phi:code');
SECURITY LABEL FOR phisync ON COLUMN patient.tableoid IS 'none';
SECURITY LABEL FOR phisync ON COLUMN patient.xmin IS NULL;
SECURITY LABEL FOR phisync ON FUNCTION f() IS 'phi';
SECURITY LABEL FOR phisync ON ROLE regress_tags_owner IS 'phi';
SECURITY LABEL FOR phisync ON FUNCTION f() IS NULL;

-- Only the owner, whatever roles he has; and tag() runs as its caller.
GRANT phisync_officer TO regress_tags_owner;
GRANT USAGE ON SCHEMA regress_label TO regress_tags_owner;
SET ROLE regress_tags_owner;
SELECT phisync.tag('patient', 'name', 'none');
\echo :SQLSTATE
SELECT phisync.untag_all();
SELECT relation, column_name, tag FROM phisync.tags WHERE relation = 'patient'::regclass ORDER BY column_name COLLATE "C";
RESET ROLE;
REVOKE phisync_officer FROM regress_tags_owner;
SET ROLE regress_tags_owner;
SELECT phisync.tag('patient', 'name', 'none');
SELECT count(*) FROM phisync.tags;
RESET ROLE;

-- Going.
SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS NULL;
SELECT phisync.untag('patient', 'id');
SELECT phisync.untag('patient');
SELECT phisync.untag_all();
SELECT phisync.untag_all();
SELECT count(*) FROM pg_seclabels WHERE provider = 'phisync';

SET client_min_messages = warning;
DROP SCHEMA regress_label CASCADE;
DROP ROLE regress_tags_owner;
