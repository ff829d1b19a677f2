-- No shape of view loses a tag: each output that can hold a canary of the tagged column, or follows from it, counts as PHI.
CREATE SCHEMA regress_lineage;
SET search_path = regress_lineage;
CREATE TABLE person (id int PRIMARY KEY, canary text, town text, day date);
CREATE TABLE house (id int, town text, parts text[]);
INSERT INTO person SELECT n, 'canary' || n, 'town' || n, '2000-01-01'::date + n FROM generate_series(1, 3) n;
INSERT INTO house SELECT n, 'town' || n, ARRAY['a', 'b'] FROM generate_series(1, 3) n;
SELECT phisync.tag('person', 'canary', 'phi:name'), phisync.tag('person', 'id', 'none'), phisync.tag('person', 'town', 'none'),
  phisync.tag('person', 'day', 'none'), phisync.tag('house', 'none');
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION shout(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1) || ''!''';
CREATE FUNCTION any_name() RETURNS text STABLE LANGUAGE sql AS 'SELECT max(canary) FROM regress_lineage.person';
CREATE FUNCTION all_names() RETURNS SETOF regress_lineage.person STABLE LANGUAGE sql AS 'SELECT * FROM regress_lineage.person';
CREATE FUNCTION one_name(int) RETURNS text STABLE LANGUAGE sql BEGIN ATOMIC SELECT canary FROM person WHERE id = $1; END;

-- Shapes, each of a query whose output columns are named in_ where a value follows from the canary, out_ where none does.
CREATE TABLE shape (n int GENERATED ALWAYS AS IDENTITY, query text);
INSERT INTO shape (query) VALUES
  ('SELECT canary AS in_1, id AS out_1 FROM person'),
  ('SELECT p.* FROM (SELECT canary AS in_1, town AS out_1 FROM person) p'),
  ('SELECT p AS in_1, (p).canary AS in_2, p.id AS out_1 FROM person p'),
  ('SELECT ARRAY[town] AS out_1, ARRAY[canary, town] AS in_1, row(id, canary)::text AS in_2 FROM person'),
  ('SELECT row(id, canary)::pair AS in_1, (row(id, canary)::pair).b AS in_2 FROM person'),
  ('SELECT to_jsonb(p) AS in_1, to_jsonb(p) -> ''canary'' AS in_2, jsonb_build_object(''a'', id) AS out_1, row_to_json(p) AS in_3 FROM person p'),
  ('SELECT string_agg(canary, '','' ORDER BY id) AS in_1, count(*) AS out_1, count(DISTINCT canary) AS in_2, array_agg(town ORDER BY canary) AS in_3 FROM person'),
  ('SELECT max(id) FILTER (WHERE canary LIKE ''%1'') AS in_1, percentile_disc(0.5) WITHIN GROUP (ORDER BY canary) AS in_2, max(town) AS out_1 FROM person'),
  ('SELECT canary AS in_1, count(*) AS out_1 FROM person GROUP BY canary'),
  ('SELECT upper(canary) AS in_1, grouping(town) AS out_1 FROM person GROUP BY GROUPING SETS ((upper(canary)), (town))'),
  ('SELECT CASE WHEN canary > ''c'' THEN 1 ELSE 0 END AS in_1, CASE WHEN id > 1 THEN 1 END AS out_1, coalesce(canary, town) AS in_2 FROM person'),
  ('SELECT nullif(canary, town) AS in_1, greatest(town, canary) AS in_2, canary IS NULL AS in_3, canary IN (''a'', ''b'') AS in_4, (id, canary) > (1, ''a'') AS in_5 FROM person'),
  ('SELECT canary::varchar(9) AS in_1, canary COLLATE "C" AS in_2, (canary || id)::bytea AS in_3, id::text AS out_1 FROM person'),
  ('SELECT shout(canary) AS in_1, shout(town) AS out_1 FROM person'),
  ('SELECT row_number() OVER (ORDER BY canary) AS in_1, row_number() OVER (ORDER BY id) AS out_1, lag(canary) OVER (ORDER BY id) AS in_2, first_value(id) OVER w AS in_3 FROM person WINDOW w AS (PARTITION BY canary)'),
  ('SELECT town AS in_1, id AS out_1 FROM house UNION ALL SELECT canary, id FROM person'),
  ('SELECT town AS in_1 FROM house UNION (SELECT town FROM house EXCEPT SELECT canary FROM person)'),
  ('SELECT canary AS in_1 FROM person INTERSECT SELECT canary FROM person'),
  ('WITH c AS (SELECT id, canary FROM person) SELECT a.canary AS in_1, b.id AS out_1 FROM c a JOIN c b ON a.id = b.id'),
  ('WITH c AS (WITH d AS MATERIALIZED (SELECT canary x, id y FROM person) SELECT x, y FROM d) SELECT x AS in_1, y AS out_1 FROM c'),
  ('WITH RECURSIVE c(i, t, u) AS (SELECT 1, ''''::text, ''''::text UNION ALL SELECT c.i + 1, p.canary, c.t FROM c JOIN person p ON p.id = c.i) SELECT u AS in_1, t AS in_2 FROM c'),
  ('WITH RECURSIVE c(i, t) AS (SELECT id, canary FROM person WHERE id = 1 UNION ALL SELECT c.i + 1, c.t FROM c WHERE c.i < 3) SEARCH DEPTH FIRST BY t SET s CYCLE i SET y USING z SELECT t AS in_1, s::text AS in_2, z::text AS in_3 FROM c'),
  ('SELECT (SELECT max(canary) FROM person) AS in_1, (SELECT max(town) FROM house) AS out_1'),
  ('SELECT (SELECT h.town FROM house h WHERE h.town = p.canary) AS in_1, (SELECT h.town FROM house h WHERE h.id = p.id) AS out_1 FROM person p'),
  ('SELECT EXISTS (SELECT FROM house h WHERE h.town = p.canary) AS in_1, EXISTS (SELECT FROM house h WHERE h.id = p.id) AS out_1, EXISTS (SELECT canary FROM person) AS out_2 FROM person p'),
  ('SELECT p.canary = ANY (SELECT town FROM house) AS in_1, p.town IN (SELECT canary FROM person) AS in_2, p.town = ALL (SELECT town FROM house) AS out_1 FROM person p'),
  ('SELECT ARRAY(SELECT canary FROM person) AS in_1, ARRAY(SELECT id FROM (SELECT id FROM person WHERE canary > ''c'') s) AS in_2, ARRAY(SELECT id FROM person) AS out_1'),
  ('SELECT EXISTS (SELECT FROM (SELECT town FROM house EXCEPT SELECT canary FROM person) s) AS in_1, (SELECT count(*) FROM person HAVING max(canary) > ''c'') AS in_2'),
  ('SELECT l.v AS in_1, l.w AS out_1 FROM person p, LATERAL (SELECT p.canary || ''x'' AS v, p.id AS w) l'),
  ('SELECT v.x AS in_1, p.id AS out_1 FROM person p, LATERAL (VALUES (p.canary), (p.town)) v(x)'),
  ('SELECT f AS in_1, o AS in_2 FROM person p, unnest(string_to_array(p.canary, ''a'')) WITH ORDINALITY u(f, o)'),
  ('SELECT r[1] AS in_1, j.value AS in_2, j.key AS in_3 FROM person p, regexp_matches(p.canary, ''(.)'') r, jsonb_each_text(to_jsonb(p)) j'),
  ('SELECT a.f AS in_1, a.g AS in_2, p.id AS out_1 FROM person p, ROWS FROM (unnest(ARRAY[p.canary]), generate_series(1, 2)) a(f, g)'),
  ('SELECT unnest(ARRAY[canary]) AS in_1, generate_series(1, id) AS out_1 FROM person'),
  ('SELECT canary AS in_1, id AS out_1 FROM person JOIN house USING (id)'),
  ('SELECT j.canary AS in_1, j.hid AS out_1 FROM (person p FULL JOIN (SELECT id AS hid FROM house) h ON p.id = h.hid) AS j'),
  ('SELECT town AS in_1 FROM (SELECT canary AS town FROM person) a FULL JOIN (SELECT town FROM house) b USING (town)'),
  ('SELECT DISTINCT ON (id) canary AS in_1, id AS out_1 FROM person ORDER BY id, day'),
  ('SELECT x.a AS in_1 FROM person p, XMLTABLE(''/r'' PASSING xmlelement(name r, p.canary) COLUMNS a text PATH ''.'') x'),
  ('SELECT xmlelement(name n, xmlattributes(canary AS c)) AS in_1, xmlforest(town) AS out_1 FROM person'),
  ('SELECT (SELECT s.canary FROM (SELECT p.canary) s) AS in_1, (ARRAY[canary])[id] AS in_2, (ARRAY[town])[length(canary)] AS in_3 FROM person p'),
  ('SELECT any_name() AS in_1, id AS out_1 FROM house'),
  ('SELECT n.canary AS in_1, h.id AS out_1 FROM house h, all_names() n'),
  ('SELECT one_name(id) AS in_1, lower(one_name(1)) AS in_2, id AS out_1 FROM house'),
  ('SELECT query_to_xml(''SELECT canary FROM regress_lineage.person'', true, false, '''') AS in_1, table_to_xml(''person'', true, false, '''') AS in_2'),
  ('SELECT word AS in_1 FROM ts_stat(''SELECT to_tsvector(canary) FROM regress_lineage.person'')'),
  ('SELECT now() AS out_1, current_user AS out_2, to_char(day, ''YYYY'') AS out_3, age(day) AS out_4, tableoid AS out_5 FROM person');

-- As a view, through a view on it, through a materialized view, and as CREATE TABLE AS: in_ counts as PHI. Of views also out_ as none.
CREATE FUNCTION looked() RETURNS TABLE (n int, made text, output name, tag text, is_right boolean) LANGUAGE plpgsql AS $$
DECLARE
  s shape;
BEGIN
  FOR s IN TABLE shape ORDER BY shape.n LOOP
    EXECUTE format('CREATE VIEW v AS %s', s.query);
    CREATE VIEW w AS SELECT * FROM v;
    CREATE MATERIALIZED VIEW m AS SELECT * FROM w;
    EXECUTE format('CREATE TABLE t AS %s', s.query);
    RETURN QUERY SELECT s.n, c.relname::text, a.attname, coalesce(e.tag, 'none'),
        CASE WHEN a.attname LIKE 'in\_%' THEN coalesce(e.tag, 'none') <> 'none' ELSE c.relname = 't' OR coalesce(e.tag, 'none') = 'none' END
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      LEFT JOIN LATERAL phisync.effective_tags(c.oid) e ON e.column_name = a.attname
      WHERE c.oid IN ('v'::regclass, 'w'::regclass, 'm'::regclass, 't'::regclass)
      ORDER BY c.relname, a.attname;
    DROP TABLE t;
    DROP VIEW v CASCADE;
  END LOOP;
END
$$;
SET client_min_messages = error;
CREATE TABLE judged AS SELECT * FROM looked();
RESET client_min_messages;
SELECT n, made, output, tag FROM judged WHERE NOT is_right ORDER BY n, made, output;
SELECT made, left(output, -2) AS outputs, count(*) FROM judged GROUP BY 1, 2 ORDER BY 1, 2;

-- Columns of several classes, or of one that nobody classified, have no class that would be right for every profile.
SELECT phisync.tag('person', 'town', 'phi:geo.city'), phisync.tag('person', 'day', 'phi:date.birth');
ALTER TABLE person ADD COLUMN open text;
CREATE VIEW mixed AS SELECT canary || town AS two, canary || id AS one, canary || open AS half, day - '2000-01-01' AS days, upper(canary) || lower(canary) AS same FROM person;
SELECT column_name, tag, label, source FROM phisync.tags WHERE relation = 'mixed'::regclass;
CREATE VIEW over_mixed AS SELECT two FROM mixed;
SELECT phisync.tag('over_mixed', 'none');
SELECT column_name, tag, label, source FROM phisync.tags WHERE relation = 'over_mixed'::regclass;

SET client_min_messages = warning;
DROP SCHEMA regress_lineage CASCADE;
