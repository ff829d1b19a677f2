-- A profile is cleared up to a confidentiality: columns above it are left out, of tables above it no row is sent.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY, mrn text NOT NULL, name text, town text, dx text, hiv text, place text);
SELECT FROM (VALUES ('id', 'none;subject'), ('mrn', 'phi:mrn;conf=M'), ('name', 'phi:name;conf=V'), ('town', 'phi:geo.city;conf=L'), ('dx', 'phi:clinical.dx'),
  ('hiv', 'phi:clinical.lab;sens=HIV'), ('place', 'none;conf=U')) AS t (c, l), phisync.tag('patient', c, l);
CREATE FUNCTION made(profile text, relation regclass DEFAULT 'patient') RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(column_name, ', ' ORDER BY n) FILTER (WHERE treatment = 'keep') || CASE WHEN bool_or(h) THEN ' (no row)' ELSE '' END
  FROM phisync.treatments($1, $2) WITH ORDINALITY AS t (column_name, tag, treatment, r, h, n)
$$;
-- HIV alone makes it R, unless the label says otherwise; consent to it is another matter.
SELECT FROM unnest('{U,L,M,N,R,V}'::text[]) c, phisync.create_profile('upto_' || lower(c), based_on => 'full', consents => '{HIV}', confidentiality => c);
SELECT FROM phisync.create_profile('any', based_on => 'full');
SELECT name, confidentiality, made(name) FROM phisync.profiles WHERE name = 'full' OR based_on IS NOT NULL ORDER BY array_position('{U,L,M,N,R,V}', confidentiality), name;
-- A rule for the column gives no more.
SELECT FROM phisync.set_profile_rule('upto_n', 'patient', 'name', 'redact');
SELECT made('upto_n');
-- Every way out.
SELECT FROM unnest('{upto_n,upto_r,any}'::text[]) p, phisync.create_bucket(p, ARRAY['SELECT id, mrn, name, town, dx, upper(hiv) AS hiv, place FROM patient'], profile => p);
INSERT INTO patient VALUES (1, 'm', 'n', 't', 'd', 'h', 'p');
CREATE FUNCTION puts(messages text) RETURNS TABLE (bucket jsonb, data jsonb) LANGUAGE sql AS
  $$SELECT r::jsonb -> 'buckets', r::jsonb -> 'data' FROM regexp_split_to_table(messages, '\n') r WHERE r LIKE '{"k":"put"%'$$;
SELECT p.* FROM stream() r, puts(r) p ORDER BY 1;
SELECT p.* FROM phisync.snapshot('regress') r, puts(r) p ORDER BY 1;
SELECT p, r FROM unnest('{upto_n,upto_r,any}'::text[]) p, phisync.preview(p, 'patient') r;
SELECT FROM phisync.create_masked_view('patient', 'upto_n', 'masked', 'regress_stream');
SELECT m FROM masked m;
-- A change is checked, announced, and in force from there on.
CREATE VIEW changes AS SELECT what, rebuild FROM phisync.policy_change WHERE what LIKE '%changed' ORDER BY version;
DELETE FROM phisync.policy_change;
SELECT FROM phisync.alter_profile('upto_n', confidentiality => 'V');
INSERT INTO patient VALUES (2, 'm', 'n', 't', 'd', 'h', 'p');
SELECT FROM phisync.alter_profile('upto_n', confidentiality => 'M');
INSERT INTO patient VALUES (3, 'm', 'n', 't', 'd', 'h', 'p');
SELECT FROM phisync.alter_profile('upto_n', scope => 'other');
SELECT FROM phisync.tag('patient', 'dx', 'phi:clinical.dx;conf=L');
INSERT INTO patient VALUES (4, 'm', 'n', 't', 'd', 'h', 'p');
TABLE changes;
SELECT p.* FROM stream() r, puts(r) p WHERE p.bucket ? 'upto_n[]' ORDER BY p.data ->> 'id';
SELECT m FROM masked m WHERE id = 4;
CREATE TABLE card (mrn text PRIMARY KEY);
SELECT FROM phisync.tag('card', 'mrn', 'phi:mrn;conf=M');
SELECT FROM phisync.create_bucket('by_mrn', ARRAY['SELECT mrn AS id FROM card'], profile => 'upto_n');
SELECT phisync.alter_profile('upto_n', confidentiality => 'L');
-- Tables: of the label that counts, the parents' and the schema's.
CREATE SCHEMA regress_stream_high;
SECURITY LABEL FOR phisync ON SCHEMA regress_stream_high IS 'phi;conf=R';
CREATE TABLE visit (id int, ward int, PRIMARY KEY (id, ward)) PARTITION BY LIST (ward);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES IN (2);
CREATE TABLE regress_stream_high.own (id int PRIMARY KEY);
CREATE VIEW of_visit AS SELECT id FROM visit_1;
SELECT FROM (VALUES ('visit', 'id'), ('visit', 'ward'), ('regress_stream_high.own', 'id')) AS t (r, c), phisync.tag(r::regclass, c::name, 'none');
SELECT FROM (VALUES ('visit', 'phi'), ('visit_1', 'phi;conf=V')) AS t (r, l), phisync.tag(r::regclass, l);
SELECT r, made('upto_m', r), made('upto_n', r), made('upto_r', r), made('upto_v', r), made('full', r)
FROM unnest('{visit,visit_1,visit_2,of_visit,regress_stream_high.own}'::regclass[]) r;
SELECT FROM unnest('{upto_m,upto_n,upto_r,any}'::text[]) p, phisync.create_bucket('visit_' || p, ARRAY['SELECT id, ward FROM visit'], profile => CASE p WHEN 'upto_n' THEN 'upto_r' ELSE p END);
INSERT INTO visit VALUES (11, 1), (12, 2);
SELECT p.* FROM stream() r, puts(r) p ORDER BY 2, 1;
SELECT p.* FROM phisync.snapshot('regress') r, puts(r) p WHERE data ? 'ward' ORDER BY 2, 1;
SELECT p, r FROM unnest('{upto_m,upto_r,any}'::text[]) p, phisync.preview(p, 'visit') r ORDER BY 2, 1;
SELECT bucket, in_bucket, reason FROM phisync.explain_row('visit', '11', '1') WHERE bucket LIKE 'visit%' ORDER BY 1;
SELECT FROM phisync.create_masked_view('visit', 'upto_r', 'masked_visit', 'regress_stream');
SELECT count(*) FROM masked_visit;
SELECT FROM phisync.tag('visit_1', 'phi;conf=R');
SELECT count(*) FROM masked_visit;
-- A partition that leaves takes it along.
SELECT FROM phisync.tag('visit', 'phi;conf=V');
SELECT FROM phisync.untag('visit_1');
ALTER TABLE visit DETACH PARTITION visit_1;
SELECT label FROM pg_seclabels WHERE objtype = 'table' AND objname = 'visit_1';
SELECT made('upto_r', 'visit_1');
-- Refused.
SELECT phisync.create_profile('other', confidentiality => 'n');
SELECT phisync.create_profile('other', confidentiality => NULL);
SELECT phisync.alter_profile('upto_n', confidentiality => 'X');
SELECT phisync.tag('patient', 'id', 'none;conf=R');
SELECT phisync.tag('visit', 'none;conf=R');
DELETE FROM phisync.policy_change;
\i :drop
SELECT FROM phisync.profile p, LATERAL phisync.drop_profile(p.name);
DROP SCHEMA regress_stream_high CASCADE;
