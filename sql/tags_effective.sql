-- Effective tags: own label, parents by column name, view lineage, schema default; else unclassified.
CREATE SCHEMA regress_tags;
SET search_path = regress_tags;
CREATE FUNCTION shown(VARIADIC relations regclass[])
RETURNS TABLE (relation regclass, column_name name, tag text, label text, source text, origin regclass) LANGUAGE sql AS $$
  SELECT t.relation, t.column_name, t.tag, t.label, t.source, t.origin
  FROM phisync.effective_tags() t WHERE t.relation = ANY (relations)
  ORDER BY array_position(relations, t.relation), t.attnum
$$;

-- A label on one column makes the others unclassified.
CREATE TABLE patient (id text PRIMARY KEY, name text, dob date, note text);
CREATE TABLE lookup (code text, meaning text);
SELECT * FROM shown('patient', 'lookup');
SELECT phisync.tag('patient', 'id', 'none;subject');
SELECT * FROM shown('patient');
SELECT phisync.tag('patient', 'name', 'phi:name.full;quasi=yes');
SELECT * FROM shown('patient');
SELECT * FROM phisync.unclassified ORDER BY relation::text, column_name;
SELECT phisync.tag('lookup', 'phi');
SELECT phisync.tag('lookup', 'meaning', 'none');
SELECT * FROM shown('lookup');

-- Labels follow renames and type changes, go with their column, and new columns are unclassified.
ALTER TABLE patient RENAME COLUMN name TO "Full Name";
ALTER TABLE patient RENAME TO "The Patient";
ALTER TABLE "The Patient" ALTER COLUMN "Full Name" TYPE varchar(80);
ALTER TABLE "The Patient" DROP COLUMN dob;
ALTER TABLE "The Patient" ADD COLUMN dob date;
SELECT * FROM shown('"The Patient"');
SELECT remedy FROM phisync.unclassified WHERE relation = '"The Patient"'::regclass ORDER BY 1;
SECURITY LABEL FOR phisync ON COLUMN "The Patient"."Full Name" IS NULL;
SELECT * FROM shown('"The Patient"');
DROP TABLE "The Patient", lookup;

-- Partitions, at any depth; an own label goes before the parent's; a remedy stands once, at the parent.
CREATE TABLE visit (id int, patient_id text, day date, reason text) PARTITION BY RANGE (day);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2020-01-01') PARTITION BY LIST (reason);
CREATE TABLE visit_old_other (reason text, extra int, id int, day date, patient_id text);
ALTER TABLE visit_old_other DROP COLUMN extra;
ALTER TABLE visit_old ATTACH PARTITION visit_old_other DEFAULT;
CREATE TABLE visit_new PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
SELECT phisync.tag('visit', 'phi;subject=patient_id');
SELECT phisync.tag('visit', 'day', 'phi:date.service');
SELECT phisync.tag('visit', 'id', 'none');
SELECT phisync.tag('visit_new', 'reason', 'phi:clinical.dx;sens=HIV');
SELECT * FROM shown('visit', 'visit_old', 'visit_old_other', 'visit_new');
SELECT * FROM phisync.unclassified ORDER BY relation::text, column_name;
ALTER TABLE visit DETACH PARTITION visit_new;
SELECT * FROM shown('visit_new');
DROP TABLE visit, visit_new;

-- Several parents: the strictest.
CREATE TABLE a (x text, y text, z text);
CREATE TABLE b (x text, y text, w text);
CREATE TABLE c (own text) INHERITS (a, b);
SELECT phisync.tag('a', 'x', 'none;conf=L');
SELECT phisync.tag('b', 'x', 'phi:freetext;conf=V;x=redact');
SELECT phisync.tag('a', 'y', 'phi:date.birth;sens=HIV;subject');
SELECT phisync.tag('b', 'y', 'phi:date;part2=yes');
SELECT phisync.tag('a', 'z', 'none');
SELECT phisync.tag('b', 'w', 'none');
SELECT phisync.tag('c', 'own', 'none');
SELECT * FROM shown('c');
DROP TABLE a, b, c;

-- Views: what a column reads, through joins, subqueries, set operations, CTEs and expressions.
CREATE TABLE person (id int, name text, mrn text, note text);
CREATE TABLE clinic (id int, title text);
SELECT phisync.tag('person', 'id', 'none;subject');
SELECT phisync.tag('person', 'name', 'phi:name');
SELECT phisync.tag('person', 'mrn', 'phi:mrn');
CREATE VIEW v_plain AS SELECT id AS pid, name AS n, upper(mrn) || id AS expr, note, 1 AS one, c.title FROM person JOIN clinic c USING (id);
CREATE VIEW v_over AS SELECT max(n) AS m, count(*) AS many, array_agg(pid) AS ids FROM v_plain;
CREATE VIEW v_union AS SELECT title AS t, id FROM clinic UNION ALL (SELECT mrn, id FROM person EXCEPT SELECT title, id FROM clinic);
CREATE VIEW v_deep AS
  WITH RECURSIVE tree(id, label) AS (SELECT id, title FROM clinic UNION ALL SELECT p.id, p.name FROM person p JOIN tree USING (id)),
  flat AS (SELECT id, mrn FROM person)
  SELECT tree.label, flat.mrn AS flat_mrn, s.v, (SELECT note FROM person q WHERE q.id = flat.id) AS sub,
    EXISTS (SELECT FROM person) AS some, f.part, p AS whole_row
  FROM tree, flat, LATERAL (SELECT flat.mrn || 'x' AS v) s, unnest(string_to_array(flat.mrn, '-')) f(part), person p;
CREATE VIEW v_group AS SELECT mrn, count(*) AS n FROM person GROUP BY mrn;
CREATE VIEW v_harmless AS SELECT title FROM clinic;
CREATE MATERIALIZED VIEW m AS SELECT name, id FROM person;
CREATE VIEW v_masked AS SELECT left(name, 1) AS initial, id FROM person;
SELECT phisync.tag('v_masked', 'initial', 'none');
SELECT * FROM shown('v_plain', 'v_over', 'v_union', 'v_deep', 'v_group', 'v_harmless', 'm', 'v_masked');
SELECT * FROM phisync.unclassified ORDER BY relation::text, column_name;
SET client_min_messages = warning;
DROP TABLE person, clinic CASCADE;
RESET client_min_messages;

-- The schema's default holds for tables without a label; "none" on a table goes before it.
CREATE SCHEMA regress_tags_phi;
CREATE TABLE regress_tags_phi.t (a int, b text);
CREATE TABLE regress_tags_phi.codes (a int, b text);
CREATE TABLE regress_tags_phi.half (a int, b text);
CREATE TABLE heir () INHERITS (regress_tags_phi.t);
SECURITY LABEL FOR phisync ON SCHEMA regress_tags_phi IS 'phi';
SELECT phisync.tag('regress_tags_phi.codes', 'none');
SELECT phisync.tag('regress_tags_phi.half', 'none');
SELECT phisync.tag('regress_tags_phi.half', 'b', 'phi:ssn');
SELECT * FROM shown('regress_tags_phi.t', 'regress_tags_phi.codes', 'regress_tags_phi.half', 'heir');
SELECT phisync.untag_all();
SELECT * FROM phisync.tags;

-- Labels written by another version, which this one does not understand, count as PHI.
SELECT phisync.tag('heir', 'a', 'none');
SET allow_system_table_mods = on;
UPDATE pg_seclabel SET label = 'phi:shoesize' WHERE provider = 'phisync';
SELECT * FROM shown('heir');
SELECT phisync.untag('heir', 'a');
-- What such a label says of all rows may be any sensitivity.
INSERT INTO heir VALUES (1, 'x');
SELECT phisync.tag('heir', 'phi;default=keep');
SELECT phisync.preview('treatment', 'heir');
UPDATE pg_seclabel SET label = 'phi;shoes=large' WHERE provider = 'phisync';
SELECT phisync.preview('treatment', 'heir');
SELECT phisync.preview('full', 'heir');

SET client_min_messages = warning;
DROP SCHEMA regress_tags, regress_tags_phi CASCADE;
