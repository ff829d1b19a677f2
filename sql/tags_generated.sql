-- A generated column holds what its expression is made of.
CREATE SCHEMA regress_generated;
GRANT USAGE, CREATE ON SCHEMA regress_generated TO PUBLIC;
SET search_path = regress_generated;
CREATE ROLE regress_generated_owner;
CREATE ROLE regress_generated_officer;
GRANT phisync_officer TO regress_generated_officer;
GRANT regress_generated_owner TO regress_generated_officer;
CREATE FUNCTION show(relation regclass) RETURNS TABLE (column_name name, tag text, label text, source text) LANGUAGE sql
  AS 'SELECT column_name, tag, label, source FROM phisync.effective_tags(relation) ORDER BY attnum';
GRANT phisync_auditor TO regress_generated_owner;

SET ROLE regress_generated_owner;
CREATE TABLE patient (
  id int PRIMARY KEY, given text, family text, ssn text, height_cm int,
  full_name text GENERATED ALWAYS AS (given || ' ' || family) STORED,
  ssn_tail text GENERATED ALWAYS AS (right(ssn, 4)) STORED,
  ssn_same text GENERATED ALWAYS AS (ssn) STORED,
  mixed text GENERATED ALWAYS AS (given || ssn) STORED,
  id_next int GENERATED ALWAYS AS (id + 1) STORED,
  height_m numeric GENERATED ALWAYS AS (height_cm / 100.0) STORED,
  fixed text GENERATED ALWAYS AS ('x') STORED);
SECURITY LABEL FOR phisync ON COLUMN patient.id IS 'none;subject';
SECURITY LABEL FOR phisync ON COLUMN patient.given IS 'phi:name';
SECURITY LABEL FOR phisync ON COLUMN patient.family IS 'phi:name;sens=HIV';
SECURITY LABEL FOR phisync ON COLUMN patient.ssn IS 'phi:ssn;x=partial(0,4)';
SELECT * FROM show('patient');

-- A view, a copy and a new column follow.
CREATE VIEW front AS SELECT ssn_tail, id_next FROM patient;
SELECT * FROM show('front');
ALTER TABLE patient ADD COLUMN ssn_head text GENERATED ALWAYS AS (left(ssn, 3)) STORED;
SELECT * FROM show('patient') WHERE column_name = 'ssn_head';

-- What is made of an unclassified column is unclassified, until that is classified.
SECURITY LABEL FOR phisync ON COLUMN patient.height_cm IS 'none';
SELECT * FROM show('patient') WHERE column_name LIKE 'height%';

-- Saying less than the expression is for officers; saying more is not.
SECURITY LABEL FOR phisync ON COLUMN patient.ssn_tail IS 'none';
SECURITY LABEL FOR phisync ON COLUMN patient.ssn_tail IS 'phi:ssn;conf=R';
SECURITY LABEL FOR phisync ON COLUMN patient.mixed IS 'phi:name';
RESET ROLE;
SET ROLE regress_generated_officer;
SECURITY LABEL FOR phisync ON COLUMN patient.ssn_tail IS 'none';
SELECT * FROM show('patient') WHERE column_name = 'ssn_tail';
RESET ROLE;

-- Without its expression a column is as any other: unclassified.
SET ROLE regress_generated_owner;
ALTER TABLE patient ALTER COLUMN ssn_head DROP EXPRESSION;
SELECT * FROM show('patient') WHERE column_name = 'ssn_head';

-- Partitions: the expressions of the partition count as well, unless a label above says what the column holds.
CREATE TABLE visit (id int, ssn text, place text, tail text GENERATED ALWAYS AS (right(ssn, 4)) STORED,
  shown text GENERATED ALWAYS AS (left(ssn, 1)) STORED) PARTITION BY LIST (id);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
SECURITY LABEL FOR phisync ON COLUMN visit.ssn IS 'phi:ssn';
RESET ROLE;
SET ROLE regress_generated_officer;
SECURITY LABEL FOR phisync ON COLUMN visit.shown IS 'none';
SELECT * FROM show('visit_1');
SECURITY LABEL FOR phisync ON COLUMN visit_1.place IS 'phi:geo.city';
CREATE TABLE base (a text, b text, made text GENERATED ALWAYS AS (a) STORED);
CREATE TABLE heir (c text) INHERITS (base);
SECURITY LABEL FOR phisync ON COLUMN heir.a IS 'phi:mrn';
SECURITY LABEL FOR phisync ON COLUMN base.b IS 'phi:ssn';
SELECT * FROM show('base');
SELECT * FROM show('heir');
RESET ROLE;

-- A table without PHI has no tags.
CREATE TABLE plain (a int, b int GENERATED ALWAYS AS (a) STORED);
SELECT * FROM show('plain');

SET client_min_messages = error;
DROP SCHEMA regress_generated CASCADE;
DROP OWNED BY regress_generated_owner, regress_generated_officer;
DROP ROLE regress_generated_officer, regress_generated_owner;
