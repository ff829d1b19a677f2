-- What the server says of a violated constraint names values of the row: not to a role that may not read them, under deny.
SET client_min_messages = warning;
CREATE SCHEMA reads_details;
SET search_path = reads_details;
CREATE ROLE regress_details_writer;
CREATE TABLE clinic (id int PRIMARY KEY, name text);
CREATE TABLE patient (id int PRIMARY KEY, ssn text UNIQUE, name text, clinic_id int NOT NULL CHECK (clinic_id < 10),
  stay int4range, doctor int UNIQUE DEFERRABLE INITIALLY DEFERRED, EXCLUDE USING gist (stay WITH &&));
CREATE TABLE claim (id int PRIMARY KEY, ssn text REFERENCES patient (ssn), clinic_id int REFERENCES clinic ON DELETE CASCADE);
CREATE TABLE bed (id int, ssn text, clinic_id int NOT NULL REFERENCES clinic ON DELETE SET NULL);
CREATE TABLE visit (id int, note text, year int) PARTITION BY LIST (year);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES IN (2025);
CREATE VIEW patients_of_1 AS SELECT * FROM patient WHERE clinic_id = 1 WITH CHECK OPTION;
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'ssn', 'phi:ssn'), phisync.tag('patient', 'name', 'phi:name'),
  phisync.tag('patient', 'clinic_id', 'none'), phisync.tag('patient', 'stay', 'phi:date.service'), phisync.tag('patient', 'doctor', 'none'),
  phisync.tag('claim', 'id', 'none'), phisync.tag('claim', 'clinic_id', 'none'), phisync.tag('claim', 'ssn', 'phi:ssn'),
  phisync.tag('bed', 'id', 'none'), phisync.tag('bed', 'clinic_id', 'none'), phisync.tag('bed', 'ssn', 'phi:ssn'),
  phisync.tag('visit', 'id', 'none'), phisync.tag('visit', 'note', 'phi:clinical.note'), phisync.tag('visit', 'year', 'none');
INSERT INTO clinic VALUES (1, 'Springfield'), (2, 'Shelbyville');
INSERT INTO patient VALUES (1, '999-99-0001', 'Canary One', 1, '[1,5)', 1), (2, '999-99-0002', 'Canary Two', 1, '[5,9)', 2);
INSERT INTO claim VALUES (1, '999-99-0001', 1);
INSERT INTO bed VALUES (1, '999-99-0001', 1);
INSERT INTO visit VALUES (1, 'Canary', 2025);
GRANT ALL ON SCHEMA reads_details TO regress_details_writer;
GRANT ALL ON ALL TABLES IN SCHEMA reads_details TO regress_details_writer;

-- A way to violate is what it takes to get there and the statement.
CREATE TABLE way (n int GENERATED ALWAYS AS IDENTITY, name text, prepare text, statement text);
INSERT INTO way (name, prepare, statement) VALUES
  ('NOT NULL', NULL, 'UPDATE patient SET clinic_id = NULL WHERE id = 1'),
  ('CHECK', NULL, 'UPDATE patient SET clinic_id = 11 WHERE id = 1'),
  ('CHECK in a function', NULL, 'DO $x$ BEGIN UPDATE patient SET clinic_id = 11 WHERE id = 1; END $x$'),
  ('CHECK in a CTE', NULL, 'WITH u AS (UPDATE patient SET clinic_id = 11 WHERE id = 1) SELECT 1'),
  ('unique key', NULL, 'UPDATE patient SET ssn = ''999-99-0002'' WHERE id = 1'),
  ('ON CONFLICT', NULL, 'INSERT INTO patient VALUES (1, '''', '''', 1) ON CONFLICT (id) DO UPDATE SET clinic_id = 11'),
  ('MERGE', NULL, 'MERGE INTO patient p USING clinic c ON p.id = c.id WHEN MATCHED THEN UPDATE SET clinic_id = 11'),
  ('exclusion', NULL, 'UPDATE patient SET stay = ''[1,9)'' WHERE id = 1'),
  ('view with check option', NULL, 'UPDATE patients_of_1 SET clinic_id = 2 WHERE id = 1'),
  ('referenced key', NULL, 'DELETE FROM patient WHERE id = 1'),
  ('partition', NULL, 'UPDATE visit SET year = 2026 WHERE id = 1'),
  ('partition itself', NULL, 'UPDATE visit_2025 SET year = 2026 WHERE id = 1'),
  ('followed foreign key', NULL, 'DELETE FROM clinic WHERE id = 1'),
  ('deferred', NULL, 'UPDATE patient SET doctor = 1; SET CONSTRAINTS ALL IMMEDIATE'),
  ('unique index', 'ALTER TABLE patient OWNER TO regress_details_writer', 'CREATE UNIQUE INDEX ON patient (clinic_id)'),
  ('ADD UNIQUE', 'ALTER TABLE patient OWNER TO regress_details_writer', 'ALTER TABLE patient ADD UNIQUE (clinic_id)'),
  ('ADD FOREIGN KEY', 'ALTER TABLE patient OWNER TO regress_details_writer', 'ALTER TABLE patient ADD FOREIGN KEY (ssn) REFERENCES clinic_names'),
  ('untagged table', NULL, 'INSERT INTO clinic VALUES (1)');
CREATE TABLE clinic_names (name text PRIMARY KEY);
GRANT ALL ON clinic_names TO regress_details_writer;
CREATE FUNCTION attempt(prepare text, statement text) RETURNS text LANGUAGE plpgsql SET search_path = reads_details AS $$
DECLARE
  detail text;
BEGIN
  IF prepare IS NOT NULL THEN
    EXECUTE prepare;
  END IF;
  PERFORM set_config('role', 'regress_details_writer', true);
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ' ' || detail;
END
$$;
CREATE TABLE seen (n int, name text, off text, deny text, granted text);
INSERT INTO seen SELECT n, name, attempt(prepare, statement) FROM way;
SELECT name, off FROM seen ORDER BY n;
SET phisync.read_enforcement = deny;
DO $$
DECLARE
  w record;
BEGIN
  FOR w IN SELECT * FROM way LOOP
    UPDATE seen s SET deny = attempt(w.prepare, w.statement) WHERE s.n = w.n;
    COMMIT;
  END LOOP;
END
$$;
SELECT name, deny FROM seen ORDER BY n;
-- What is shown is what a grant, or nothing tagged, allows.
SELECT phisync.grant_read('regress_details_writer', ARRAY['all']);
DO $$
DECLARE
  w record;
BEGIN
  FOR w IN SELECT * FROM way LOOP
    UPDATE seen s SET granted = attempt(w.prepare, w.statement) WHERE s.n = w.n;
    COMMIT;
  END LOOP;
END
$$;
SELECT name, off, granted FROM seen WHERE granted <> off;
SELECT phisync.revoke_read('regress_details_writer');

-- As a client has it: the constraint is named, its values are not; a prepared statement; at the end of the transaction.
SET ROLE regress_details_writer;
UPDATE patient SET clinic_id = 11 WHERE id = 1;
PREPARE now AS UPDATE patient SET clinic_id = $1 WHERE id = 1;
EXECUTE now(12);
COPY patient (id, clinic_id) FROM stdin;
3	11
\.
BEGIN;
UPDATE patient SET doctor = 1;
COMMIT;
BEGIN;
UPDATE patient SET doctor = 1;
SAVEPOINT s;
SELECT nothing;
ROLLBACK TO s;
COMMIT;
-- A statement of its own that writes nothing tagged has its details.
INSERT INTO clinic VALUES (1);
-- With the grant at once, and without it at once.
RESET ROLE;
SELECT phisync.grant_read('regress_details_writer', ARRAY['all']);
SET ROLE regress_details_writer;
EXECUTE now(12);
RESET ROLE;
SELECT phisync.revoke_read('regress_details_writer');
SET ROLE regress_details_writer;
EXECUTE now(12);
RESET ROLE;
RESET phisync.read_enforcement;
SET client_min_messages = error;
DROP SCHEMA reads_details CASCADE;
DROP ROLE regress_details_writer;
