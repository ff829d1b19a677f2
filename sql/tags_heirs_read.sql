-- Who reads a table reads its partitions and heirs: views and copies have what these say more.
CREATE SCHEMA regress_heirs;
SET search_path = regress_heirs;
SET client_min_messages = warning;
CREATE FUNCTION shown(VARIADIC relations regclass[])
RETURNS TABLE (relation regclass, column_name name, tag text, label text, origin regclass) LANGUAGE sql AS $$
  SELECT t.relation, t.column_name, t.tag, t.label, t.origin FROM phisync.effective_tags() t WHERE t.relation = ANY (relations)
  ORDER BY array_position(relations, t.relation), t.attnum
$$;
CREATE TABLE visit (id int, kind text, remark text) PARTITION BY LIST (kind);
CREATE TABLE visit_a PARTITION OF visit FOR VALUES IN ('a');
CREATE TABLE visit_b PARTITION OF visit FOR VALUES IN ('b') PARTITION BY LIST (id);
CREATE TABLE visit_b_all PARTITION OF visit_b DEFAULT;
CREATE VIEW listed AS SELECT id, remark, upper(remark) AS loud, count(*) OVER (ORDER BY remark) FROM visit;
CREATE VIEW listed_again AS SELECT remark FROM listed;
CREATE VIEW rows AS SELECT v FROM visit v;
CREATE VIEW of_a AS SELECT id, remark FROM visit_a;
SELECT phisync.tag('visit', 'id', 'none;subject'), phisync.tag('visit', 'kind', 'none') \g /dev/null
SELECT * FROM shown('visit', 'listed', 'listed_again', 'rows', 'of_a');
SELECT phisync.tag('visit_b_all', 'remark', 'phi:clinical.note;sens=HIV') \g /dev/null
SELECT * FROM shown('visit', 'visit_a', 'visit_b_all', 'listed', 'listed_again', 'rows', 'of_a');
CREATE TABLE copied AS SELECT * FROM visit;
CREATE MATERIALIZED VIEW kept AS SELECT DISTINCT remark FROM visit;
SELECT * FROM shown('copied', 'kept');

-- Of several classes, and what nobody classified.
CREATE TABLE person (id int, name text, note text);
CREATE TABLE doctor (name text, licence text) INHERITS (person);
CREATE VIEW all_names AS SELECT id, name, note FROM person;
CREATE VIEW own_names AS SELECT id, name, note FROM ONLY person;
SELECT phisync.tag('doctor', 'licence', 'phi:license'), phisync.tag('doctor', 'id', 'none') \g /dev/null
SELECT * FROM shown('person', 'all_names', 'own_names');
SELECT phisync.tag('person', 'name', 'phi:name'), phisync.tag('doctor', 'name', 'phi:freetext'), phisync.tag('person', 'note', 'none') \g /dev/null
SELECT * FROM shown('person', 'doctor', 'all_names', 'own_names');

-- An owner who is no officer does not call such a view free of PHI.
CREATE ROLE regress_heirs_owner;
ALTER VIEW listed OWNER TO regress_heirs_owner;
GRANT USAGE ON SCHEMA regress_heirs TO regress_heirs_owner;
SET ROLE regress_heirs_owner;
SECURITY LABEL FOR phisync ON COLUMN listed.remark IS 'none';
RESET ROLE;

SELECT count(*) > 0 AS removed FROM phisync.untag_all();
DROP SCHEMA regress_heirs CASCADE;
DROP ROLE regress_heirs_owner;
