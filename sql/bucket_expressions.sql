-- Outputs and filters: what the server computes on a row, the stream sends.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE DOMAIN grade AS smallint CHECK (VALUE > 0);
CREATE TABLE visit ("Ward No" int, lost text, id bigint GENERATED ALWAYS AS IDENTITY, at timestamp, day date, doc jsonb, tags text[], note varchar(20), price numeric(8,2),
  grade grade, total numeric GENERATED ALWAYS AS (price * 2) STORED, kind char(4), PRIMARY KEY ("Ward No", id));
ALTER TABLE visit DROP COLUMN lost;
ALTER TABLE visit REPLICA IDENTITY FULL;
CREATE FUNCTION texts() RETURNS text[] LANGUAGE sql AS $f$ SELECT ARRAY[
  $$SELECT "Ward No"::text || '/' || id::text AS id, CASE WHEN grade > 2 THEN 'high' WHEN grade IS NULL THEN NULL ELSE 'low' END AS level, COALESCE(note, 'none') AS note,
      NULLIF(kind, 'free') AS kind, GREATEST(grade, 2::smallint) AS at_least, price::int AS rounded, total FROM visit AS a WHERE (note IS NULL OR note NOT LIKE 'draft%')$$,
  $$SELECT "Ward No"::text || '/' || id::text AS id, doc->>'name' AS name, doc->'list'->0 AS first, doc #>> '{list,1}' AS second, jsonb_array_length(doc->'list') AS length, doc ? 'name' AS named,
      (doc->>'n')::int + 1 AS next FROM visit AS b WHERE doc IS NOT NULL AND doc @> '{"open": true}'$$,
  $$SELECT "Ward No"::text || '/' || id::text AS id, date_trunc('hour', at) AS hour, extract(year FROM day) AS year, day + 7 AS week, age(at, timestamp '2024-01-01') AS age,
      at::date AS date FROM visit AS c WHERE day BETWEEN '2024-01-01' AND date '2024-12-31' AND at > timestamp '2024-01-01 00:00'$$,
  $$SELECT "Ward No"::text || '/' || id::text AS id, tags[1] AS first, cardinality(tags) AS n, array_length(tags, 1) AS length, array_append(tags, 'more') AS more, array_position(tags, 'y') AS place
      FROM visit AS d WHERE 'x' = ANY (tags) AND NOT tags && ARRAY['hidden']$$,
  $$SELECT "Ward No"::text || '/' || id::text AS id, lower(note) || '!' AS low, substring(note FROM 2 FOR 3) AS part, trim(both ' ' from note) AS trimmed, replace(note, 'o', '0') AS swapped, left(note, 2) AS head,
      length(note) AS n, md5(note) AS hash, note ~ '^o' AS starts, split_part(note, ' ', 2) AS word, position('e' in note) AS place FROM visit AS e WHERE note IS DISTINCT FROM 'skip' AND upper(note) IN ('ONE', 'OTHER')$$]
$f$;
SELECT FROM phisync.create_bucket('all', texts(), profile => 'full');
INSERT INTO visit ("Ward No", at, day, doc, tags, note, price, grade, kind) VALUES
  (1, '2024-05-06 07:08:09', '2024-05-06', '{"name": "Ann", "list": [1, "two"], "open": true, "n": "41"}', '{x,y}', 'one', 1.50, 3, 'paid'),
  (2, '2024-05-06 07:08:09', '2024-05-06', '{"open": true}', '{x,hidden}', 'draft 2', NULL, NULL, 'free'),
  (3, '2023-05-06 07:08:09', NULL, NULL, '{}', NULL, -0.5, 1, 'free');
UPDATE visit SET note = 'skip', tags = NULL WHERE "Ward No" = 1;
-- For each data query, what the stream sent last equals what the query itself gives.
CREATE TABLE sent AS SELECT r::jsonb->>'type' AS type, r::jsonb->>'id' AS id, r::jsonb->>'k' AS k, substring(r FROM '"data":(.*)\}$') AS data, row_number() OVER () AS n
FROM stream() r WHERE r ~ '^."k":"(put|remove)"';
SELECT type, id, k, data FROM sent ORDER BY n;
SELECT type, array_agg(id ORDER BY id) FILTER (WHERE k = 'put') AS held FROM (SELECT DISTINCT ON (type, id) * FROM sent ORDER BY type, id, n DESC) last GROUP BY type ORDER BY type;
DO $$
DECLARE
  t text; held text[]; expected text[]; name text;
BEGIN
  FOREACH t IN ARRAY texts() LOOP
    name := substring(t FROM 'visit AS ([a-e])');
    SELECT coalesce(array_agg(id ORDER BY id), '{}') INTO held FROM (SELECT DISTINCT ON (type, id) * FROM sent WHERE type = name ORDER BY type, id, n DESC) last WHERE k = 'put';
    EXECUTE format('SELECT coalesce(array_agg(id ORDER BY id), ''{}'') FROM (%s) q', t) INTO expected;
    IF held IS DISTINCT FROM expected THEN RAISE EXCEPTION '%: held %, expected %', name, held, expected; END IF;
  END LOOP;
END
$$;
\i :drop
