-- Statements that touch tagged columns reach the trail: whatever way the rows take, whatever becomes of the transaction.
CREATE SCHEMA audit_reads;
SET search_path = audit_reads;
CREATE TABLE clinic (id int PRIMARY KEY, city text);
CREATE TABLE patient (id int PRIMARY KEY, full_name text, ssn text, clinic_id int REFERENCES clinic);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'full_name', 'phi:name'),
  phisync.tag('patient', 'ssn', 'phi:ssn'), phisync.tag('patient', 'clinic_id', 'none');
CREATE VIEW seen AS
SELECT seq, recorded_at, source, outcome, "precision", command, nullif(top_command, command) AS inside, nested, array_to_string(columns, ' ') AS columns, row_count AS rows
FROM phisync.audit_log WHERE relations && ARRAY['audit_reads.patient', 'audit_reads.visit', 'audit_reads.directory', 'audit_reads.note'];
-- Shows what came since the last call.
CREATE SEQUENCE shown;
CREATE FUNCTION news() RETURNS TABLE (source text, outcome text, "precision" text, command text, inside text, nested boolean, columns text, rows bigint)
LANGUAGE plpgsql AS $$
DECLARE
  before bigint := (SELECT last_value FROM audit_reads.shown);
BEGIN
  PERFORM phisync.audit_flush();
  PERFORM setval('audit_reads.shown', coalesce((SELECT max(s.seq) FROM audit_reads.seen s), 0) + 1);
  RETURN QUERY SELECT s.source, s.outcome, s."precision", s.command, s.inside, s.nested, replace(s.columns, 'audit_reads.', ''), s.rows
    FROM audit_reads.seen s WHERE s.seq >= before ORDER BY s.recorded_at, s.seq;
END
$$;

INSERT INTO clinic VALUES (1, 'Springfield');
INSERT INTO patient SELECT i, 'Canary ' || i, '999-99-000' || i, 1 FROM generate_series(1, 5) i;
SELECT * FROM news();

-- Plain reads, by column; only tagged columns count.
SELECT ssn FROM patient WHERE id = 1;
SELECT id FROM patient WHERE full_name = 'Canary 2';
SELECT count(*) FROM (SELECT patient FROM patient) whole;
SELECT id, clinic_id FROM patient WHERE id = 1;
SELECT count(*) FROM patient;
SELECT city FROM clinic;
EXPLAIN (COSTS OFF) SELECT ssn FROM patient;
SELECT * FROM news();

-- Writes.
UPDATE patient SET ssn = '999-99-0009' WHERE id = 1;
UPDATE patient SET clinic_id = 1 WHERE ssn = '999-99-0002';
UPDATE patient SET clinic_id = 1 WHERE id = 2;
DELETE FROM patient WHERE id = 5;
INSERT INTO patient VALUES (6, 'Canary 6') RETURNING full_name;
INSERT INTO patient (id) VALUES (7);
MERGE INTO patient p USING (VALUES (7, 'Canary 7')) v (id, n) ON p.id = v.id WHEN MATCHED THEN UPDATE SET full_name = n;
SELECT * FROM news();

-- Views, functions that run as somebody else, functions that are inlined.
CREATE VIEW directory AS SELECT id, full_name FROM patient;
SELECT * FROM directory WHERE id = 1;
CREATE FUNCTION ssn_of(int) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit_reads
AS $$ BEGIN RETURN (SELECT ssn FROM patient WHERE id = $1); END $$;
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT full_name FROM audit_reads.patient';
SELECT ssn_of(1);
SELECT count(*) FROM names();
DO $$ BEGIN PERFORM ssn FROM audit_reads.patient; END $$;
SELECT * FROM news();

-- Prepared, cursors, copies.
PREPARE p (int) AS SELECT ssn FROM patient WHERE id = $1;
EXECUTE p (1);
EXECUTE p (2);
BEGIN;
DECLARE never CURSOR FOR SELECT ssn FROM patient;
DECLARE c CURSOR FOR SELECT ssn FROM patient ORDER BY id;
FETCH 2 FROM c;
FETCH 1 FROM c;
CLOSE c;
DECLARE whole CURSOR FOR SELECT full_name FROM patient ORDER BY id;
FETCH ALL FROM whole;
COMMIT;
SELECT * FROM news();
CREATE TABLE taken AS SELECT id, ssn FROM patient;
COPY (SELECT ssn FROM patient WHERE id = 1) TO STDOUT;
COPY patient TO STDOUT;
COPY patient (id, clinic_id) TO STDOUT;
COPY patient (id, ssn) FROM STDIN;
8	999-99-0008
\.
\copy (SELECT full_name FROM patient WHERE id = 2) TO stdout
SELECT * FROM news();

-- What a rollback takes back was read all the same.
BEGIN;
SELECT ssn FROM patient WHERE id = 3;
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT ssn FROM patient ORDER BY id;
FETCH 2 FROM c;
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT ssn FROM patient WHERE id = 4;
ROLLBACK TO s;
COMMIT;
-- An error does not erase what was read before it.
SELECT 1 / (id - 3), length(ssn) FROM patient ORDER BY id;
SELECT 1 / (id - 3) FROM (SELECT id FROM patient WHERE ssn <> '' ORDER BY id OFFSET 0) ordered;
DO $$ BEGIN
  PERFORM 1 / (id - 2) FROM (SELECT id FROM audit_reads.patient WHERE ssn <> '' ORDER BY id OFFSET 0) ordered;
EXCEPTION WHEN division_by_zero THEN NULL; END $$;
COPY patient FROM STDIN;
not a number	x	y	z
\.
SELECT * FROM news();

-- Who and why.
SET phisync.actor = 'dr.hibbert';
SET phisync.purpose = 'ETREAT';
SET application_name = 'ward';
CREATE ROLE regress_audit_nurse;
GRANT USAGE ON SCHEMA audit_reads TO regress_audit_nurse;
GRANT SELECT ON patient TO regress_audit_nurse;
SET ROLE regress_audit_nurse;
SELECT ssn FROM patient WHERE id = 1;
SELECT ssn_of(1);
RESET ROLE;
RESET phisync.actor;
RESET phisync.purpose;
SELECT phisync.audit_flush();
SELECT session_role = session_user AS session_kept, effective_role = session_user AS effective_is_session, nullif(effective_role, session_user) AS effective_role,
  application_user, purpose, application_name, tls, client_address, backend_pid = pg_backend_pid() AS pid, tags, outcome,
  started_at <= finished_at AND finished_at = recorded_at AS times
FROM phisync.audit_log WHERE application_user = 'dr.hibbert' ORDER BY seq;

-- Heirs, partitions, foreign keys.
CREATE TABLE visit (id int, patient_id int, note text, year int, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES IN (2025);
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES IN (2026);
SELECT phisync.tag('visit', 'note', 'phi:clinical.note'), phisync.tag('visit', 'id', 'none'), phisync.tag('visit', 'patient_id', 'none'), phisync.tag('visit', 'year', 'none');
-- A foreign key check reads with the server's own authority.
ALTER TABLE visit ADD FOREIGN KEY (patient_id) REFERENCES patient;
INSERT INTO visit VALUES (1, 1, 'canary', 2025), (2, 1, 'canary', 2026);
SELECT note FROM visit;
SELECT note FROM visit_2025;
SELECT phisync.audit_flush();
SELECT relations, columns, row_count FROM phisync.audit_log WHERE relations[1] LIKE 'audit\_reads.visit%' ORDER BY seq;

-- TRUNCATE.
TRUNCATE visit;
SELECT * FROM news();

-- A tag that is given or taken counts from the next statement on.
CREATE TABLE note (id int PRIMARY KEY, body text);
INSERT INTO note VALUES (1, 'canary');
SELECT body FROM note;
SELECT phisync.tag('note', 'body', 'phi:clinical.note'), phisync.tag('note', 'id', 'none');
SELECT body FROM note;
SELECT phisync.tag('note', 'body', 'none');
SELECT body FROM note;
SELECT * FROM news();

-- Nothing of what was typed or read is in the trail; untagged tables are not in it at all.
SELECT count(*) AS leaks FROM phisync.audit_trail t WHERE t::text ILIKE '%canary%' OR t::text LIKE '%999-99%';
SELECT count(*) AS untagged FROM phisync.audit_log WHERE relations && ARRAY['audit_reads.clinic', 'audit_reads.seen'];
-- One writer a database; it does not read or write anything else.
SELECT count(*) AS writers FROM pg_stat_activity WHERE backend_type = 'phisync audit writer' AND datname = current_database();

SET client_min_messages = warning;
DROP SCHEMA audit_reads CASCADE;
DROP ROLE regress_audit_nurse;
