-- What becomes of columns that nobody has classified: omit leaves them to the profile, keep sends them, error sends nothing of the table.
-- The same on every way out.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int PRIMARY KEY, dx text, extra text);
SELECT FROM (VALUES ('id', 'none'), ('dx', 'phi:clinical.dx')) AS t (c, l), phisync.tag('visit', c, l);
SELECT FROM phisync.tag('visit', 'phi');
SELECT FROM unnest('{shut,hinted}'::text[]) p, phisync.create_profile(p, based_on => 'safe_harbor');
SELECT FROM phisync.set_profile_rule('hinted', 'unclassified', 'redact("?")');
SELECT FROM unnest('{shut,hinted,full}'::text[]) p, phisync.create_bucket(p, ARRAY['SELECT id, dx, extra FROM visit'], profile => p);
SELECT FROM unnest('{shut,hinted}'::text[]) p, phisync.create_masked_view('visit', p, 'masked_' || p, 'regress_stream');
CREATE FUNCTION puts(messages text) RETURNS TABLE (k jsonb, bucket jsonb, data jsonb) LANGUAGE sql AS
  $$SELECT r::jsonb -> 'k', r::jsonb -> 'buckets', r::jsonb -> coalesce(substring(r, '"(sqlstate)"'), 'data') FROM regexp_split_to_table(messages, '\n') r WHERE r ~ '^{"k":"(put|error)"'$$;
CREATE VIEW streamed AS SELECT p.* FROM stream() r, puts(r) p ORDER BY 1, 2;
CREATE VIEW snapped AS SELECT p.* FROM phisync.snapshot('regress') r, puts(r) p ORDER BY 1, 2;
CREATE VIEW previewed AS SELECT p, r FROM unnest('{shut,hinted,full}'::text[]) p, phisync.preview(p, 'regress_stream.visit') r;
-- omit, which is what a label without default= says
INSERT INTO visit VALUES (1, 'J45', 'x');
TABLE streamed;
TABLE snapped;
TABLE previewed;
SELECT a, b FROM masked_shut a, masked_hinted b;
-- keep
SELECT FROM phisync.tag('visit', 'phi;default=keep');
UPDATE visit SET id = 2;
TABLE streamed;
TABLE snapped;
TABLE previewed;
SELECT a, b FROM masked_shut a, masked_hinted b;
-- A rule of the profile for the column goes before it.
SELECT FROM phisync.set_profile_rule('shut', 'visit', 'extra', 'null');
UPDATE visit SET id = 3;
TABLE streamed;
SELECT a, b FROM masked_shut a, masked_hinted b;
SELECT FROM phisync.set_profile_rule('shut', 'visit', 'extra', NULL);
-- error
SELECT FROM phisync.tag('visit', 'phi;default=error');
UPDATE visit SET id = 4, extra = 'CANARY';
TABLE streamed;
TABLE snapped;
SELECT phisync.preview('shut', 'visit');
SELECT phisync.preview('full', 'visit');
SELECT * FROM masked_shut;
SELECT * FROM masked_hinted;
SELECT phisync.create_bucket('more', ARRAY['SELECT id FROM visit'], profile => 'full');
\set SHOW_CONTEXT never
SELECT phisync.create_masked_view('visit', 'full', 'masked_full', 'regress_stream');
\set SHOW_CONTEXT errors
SELECT bucket, in_bucket, reason FROM phisync.explain_row('visit', '4') ORDER BY 1;
-- until each column has a class
SELECT FROM phisync.tag('visit', 'extra', 'phi:clinical');
UPDATE visit SET extra = 'y';
TABLE streamed;
TABLE snapped;
TABLE previewed;
SELECT a, b FROM masked_shut a, masked_hinted b;
-- A new column closes the table again. Of the labels of parents the strictest counts, where the table has none the schema's.
ALTER TABLE visit ADD COLUMN more text;
INSERT INTO visit VALUES (5, 'J45', 'x', 'CANARY');
TABLE streamed;
SELECT FROM phisync.tag('visit', 'more', 'none');
CREATE SCHEMA regress_stream_default;
SECURITY LABEL FOR phisync ON SCHEMA regress_stream_default IS 'phi;default=keep';
CREATE TABLE regress_stream_default.t (id int PRIMARY KEY, x text);
CREATE TABLE kept (id int PRIMARY KEY, x text);
CREATE TABLE omitted (id int, x text);
CREATE TABLE closed (id int, x text);
CREATE TABLE kept_and_omitted () INHERITS (kept, omitted);
CREATE TABLE kept_and_closed () INHERITS (kept, closed);
SELECT FROM (VALUES ('kept', 'phi;default=keep'), ('omitted', 'phi'), ('closed', 'phi;default=error')) AS t (r, l), phisync.tag(r::regclass, l);
INSERT INTO regress_stream_default.t VALUES (1, 'x');
INSERT INTO kept VALUES (1, 'x');
INSERT INTO kept_and_omitted VALUES (2, 'CANARY');
INSERT INTO kept_and_closed VALUES (3, 'CANARY');
SELECT r, p FROM unnest('{regress_stream_default.t,kept_and_omitted}'::regclass[]) r LEFT JOIN LATERAL phisync.preview('safe_harbor', r) p ON true;
-- A table is read with its heirs.
SELECT phisync.preview('safe_harbor', 'kept');
DELETE FROM phisync.policy_change;
\i :drop
SELECT FROM unnest('{shut,hinted}'::text[]) p, phisync.drop_profile(p);
DROP SCHEMA regress_stream_default CASCADE;
