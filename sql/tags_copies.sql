-- PHI into copies and new columns: LIKE, CREATE TABLE AS, SELECT INTO and materialized views take the labels along;
-- a new column of a table that holds PHI is reported until somebody says what it holds.
CREATE SCHEMA regress_copies;
SET search_path = regress_copies;
CREATE FUNCTION shown(VARIADIC relations regclass[])
RETURNS TABLE (relation regclass, column_name name, tag text, label text, source text) LANGUAGE sql AS $$
  SELECT t.relation, t.column_name, t.tag, t.label, t.source FROM phisync.effective_tags() t WHERE t.relation = ANY (relations)
  ORDER BY array_position(relations, t.relation), t.attnum
$$;
CREATE TABLE patient (id int PRIMARY KEY, name text, mrn text, note text, clinic text);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'name', 'phi:name.full'), phisync.tag('patient', 'mrn', 'phi:mrn;x=pseudonym'),
  phisync.tag('patient', 'clinic', 'none');
CREATE TABLE visit (patient_id int, day date, reason text);
SELECT phisync.tag('visit', 'patient_id', 'none;subject'), phisync.tag('visit', 'day', 'phi:date.service'), phisync.tag('visit', 'reason', 'phi:clinical.dx;sens=HIV');
CREATE TABLE product (id int, title text);
INSERT INTO patient VALUES (1, 'canary', 'M1', 'n', 'c');

-- New columns: one warning a command, with the statements; quiet where nothing is open.
ALTER TABLE patient ADD COLUMN mobile_phone text, ADD COLUMN "Birth Date" date;
ALTER TABLE patient ADD COLUMN IF NOT EXISTS mobile_phone text;
SELECT phisync.tag('regress_copies.patient', 'mobile_phone', 'phi:phone');
ALTER TABLE patient ALTER COLUMN mobile_phone TYPE varchar(40);
ALTER TABLE patient DROP COLUMN mobile_phone, DROP COLUMN "Birth Date";
ALTER TABLE product ADD COLUMN price numeric;
CREATE TABLE child (extra text) INHERITS (patient);
DROP TABLE child;
CREATE TABLE later (id int, name text, other text);
ALTER TABLE patient RENAME COLUMN note TO notes;
CREATE TABLE heirless (id int NOT NULL, name text, mrn text, notes text, clinic text, mine text);
ALTER TABLE heirless INHERIT patient;
DROP TABLE heirless, later;

-- LIKE, also of two tables, of a view, and of a table of the same name elsewhere.
CREATE TABLE copy_like (LIKE patient INCLUDING ALL, extra int);
CREATE TABLE copy_two (LIKE patient, LIKE visit);
SELECT * FROM shown('copy_like', 'copy_two');
CREATE TABLE copy_product (LIKE product);
SELECT * FROM shown('copy_product');
CREATE VIEW seen AS SELECT name AS who, upper(mrn) AS code FROM patient;
CREATE TABLE copy_view (LIKE seen);
CREATE SCHEMA regress_copies_2;
SET search_path = regress_copies_2, regress_copies;
CREATE TABLE patient (LIKE patient);
SELECT * FROM regress_copies.shown('regress_copies.copy_view', 'regress_copies_2.patient');
SET search_path = regress_copies;
CREATE SCHEMA regress_copies_3 CREATE TABLE t (LIKE regress_copies.visit);
SELECT * FROM shown('regress_copies_3.t');

-- CREATE TABLE AS and SELECT INTO: through expressions, joins, set operations, views, prepared statements.
CREATE TABLE as_plain AS SELECT id, name, clinic, notes FROM patient;
CREATE TABLE as_renamed (who, what) AS SELECT name, mrn FROM patient WITH NO DATA;
CREATE TABLE as_expression AS SELECT left(name, 1) || mrn AS both_of, count(*) AS n, 'x' AS fixed FROM patient GROUP BY 1;
CREATE TABLE as_join AS SELECT p.id, v.patient_id, v.reason, product.title FROM patient p JOIN visit v ON v.patient_id = p.id, product;
CREATE TABLE as_union AS SELECT title FROM product UNION ALL SELECT name FROM patient;
CREATE TABLE as_view AS SELECT * FROM seen;
CREATE TABLE as_row AS SELECT to_jsonb(p) AS j FROM patient p;
SELECT name INTO as_into FROM patient;
PREPARE q AS SELECT mrn FROM patient WHERE id = $1;
CREATE TABLE as_execute AS EXECUTE q(1);
CREATE TEMP TABLE as_temp AS WITH w AS (SELECT name FROM patient) SELECT * FROM w;
SELECT * FROM shown('as_plain', 'as_renamed', 'as_expression', 'as_join', 'as_union', 'as_view', 'as_row', 'as_into', 'as_execute', 'as_temp');
CREATE TABLE as_product AS SELECT * FROM product WHERE id IN (SELECT id FROM patient);
CREATE TABLE IF NOT EXISTS as_product AS SELECT * FROM patient;
SELECT * FROM shown('as_product');
CREATE TABLE as_values AS VALUES (1, 'x');
SELECT * FROM shown('as_values');

-- What cannot be told is PHI.
CREATE FUNCTION everybody() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT name FROM regress_copies.patient';
CREATE FUNCTION harmless(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT t || '!' $$;
CREATE TABLE as_function AS SELECT e AS who, 1 AS one FROM everybody() e;
CREATE TABLE as_mixed AS SELECT name, everybody() AS other FROM patient;
CREATE TABLE as_immutable AS SELECT harmless(title) AS t FROM product;
CREATE TABLE as_condition AS SELECT title FROM product WHERE title IN (SELECT everybody());
SELECT * FROM shown('as_function', 'as_mixed', 'as_immutable', 'as_condition');

-- A command that fails leaves nothing behind, also within another one.
CREATE FUNCTION nested() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    CREATE TABLE regress_copies.inner_one AS SELECT 1 / (id - id) AS x, name FROM regress_copies.patient;
  EXCEPTION WHEN division_by_zero THEN NULL;
  END;
  CREATE TABLE regress_copies.inner_two AS SELECT mrn FROM regress_copies.patient;
  RETURN 'x';
END $$;
BEGIN;
CREATE TABLE outer_one AS SELECT name, 1 AS n FROM patient, nested();
COMMIT;
SELECT * FROM shown('inner_two', 'outer_one');

-- Materialized views and views follow by themselves; refreshed or not.
CREATE MATERIALIZED VIEW m AS SELECT name, clinic, reason FROM patient JOIN visit ON patient_id = id;
REFRESH MATERIALIZED VIEW m;
CREATE TABLE as_m AS SELECT * FROM m;
SELECT * FROM shown('m', 'as_m');
SELECT phisync.tag('patient', 'clinic', 'phi:geo');
SELECT * FROM shown('m');

-- What a label says of all rows, and a column of its own row, is said of copies, too; also where no column is PHI.
CREATE TABLE ward (id int PRIMARY KEY, bed text, codes text);
SELECT phisync.tag('ward', 'phi;sens=HIV;part2=yes;default=error'), phisync.tag('ward', 'id', 'none'), phisync.tag('ward', 'bed', 'none'), phisync.tag('ward', 'codes', 'none;rows=sens');
INSERT INTO ward VALUES (1, 'canary', 'HIV');
CREATE TABLE ward_as AS SELECT * FROM ward;
CREATE TABLE ward_like (LIKE ward);
CREATE TABLE ward_part AS SELECT bed, 1 AS n, name FROM ward LEFT JOIN patient USING (id);
CREATE TABLE ward_count AS SELECT count(*) FROM ward;
SELECT objname, label FROM pg_seclabels WHERE objtype = 'table' AND objname ~ 'ward_' ORDER BY 1;
SELECT * FROM shown('ward_as', 'ward_like', 'ward_part');
SELECT * FROM phisync.preview('treatment', 'ward_as');
SELECT phisync.untag('ward');
CREATE TABLE ward_codes AS SELECT id, codes FROM ward;
SELECT * FROM shown('ward_codes');
SELECT * FROM phisync.preview('treatment', 'ward_codes');
-- Without the column of its codes a row may be of any sensitivity.
CREATE TABLE ward_beds AS SELECT id, bed FROM ward;
CREATE VIEW of_ward AS SELECT id, bed FROM ward;
CREATE VIEW of_ward_all AS SELECT bed, codes FROM ward;
SELECT label FROM pg_seclabels WHERE objname ~ 'ward_beds' AND objsubid = 0;
SELECT * FROM shown('ward_beds');
SELECT relation::regclass, phisync.preview('treatment', relation) FROM unnest('{ward_beds,of_ward,of_ward_all}'::regclass[]) relation;
SELECT phisync.preview('full', 'ward_beds'), phisync.preview('full', 'of_ward'), phisync.preview('full', 'of_ward_all');
UPDATE ward SET codes = NULL;
SELECT phisync.preview('treatment', 'of_ward'), phisync.preview('treatment', 'of_ward_all');

-- Whoever makes the copy owns it: no more rights are needed.
CREATE ROLE regress_copies_user;
GRANT USAGE, CREATE ON SCHEMA regress_copies TO regress_copies_user;
GRANT SELECT ON patient TO regress_copies_user;
SET ROLE regress_copies_user;
CREATE TABLE by_user AS SELECT id, name, notes FROM patient;
SELECT count(*) FROM by_user;
RESET ROLE;
SELECT * FROM shown('by_user');
-- Confidentiality likewise; what lets more out does not go along. A view of numbers alone says whose they are.
CREATE TABLE high (id int, note text);
CREATE TABLE programme (id int);
CREATE VIEW seen_programme AS SELECT id FROM programme;
SELECT phisync.tag('high', 'phi;conf=V;default=keep'), phisync.tag('high', 'id', 'none'), phisync.tag('programme', 'phi;sens=SUD;default=error'), phisync.tag('programme', 'id', 'none') \g /dev/null
CREATE TABLE high_like (LIKE high);
CREATE TABLE high_ids AS SELECT id FROM high;
CREATE TABLE both_ids AS SELECT p.id, h.id AS high FROM programme p, high h;
CREATE TABLE view_like (LIKE seen_programme);
SELECT objname, label FROM pg_seclabels WHERE objtype = 'table' AND objname IN ('high_like', 'high_ids', 'both_ids', 'view_like') ORDER BY objname COLLATE "C";
SELECT * FROM shown('high_like', 'high_ids', 'view_like');
-- Restores say nothing; labels come later.
SET check_function_bodies = off;
ALTER TABLE patient ADD COLUMN quiet text;
RESET check_function_bodies;
SELECT phisync.follow_copies();

SET client_min_messages = warning;
DROP SCHEMA regress_copies, regress_copies_2, regress_copies_3 CASCADE;
DROP ROLE regress_copies_user;
