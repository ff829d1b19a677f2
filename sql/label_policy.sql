-- policy=drop is the owner's word: no profile gives the column, on any way out. policy=keep is x=keep.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY, ssn text, name text, dx text);
SELECT FROM phisync.tag('patient', 'id', 'none;subject');
SELECT FROM phisync.tag('patient', 'ssn', 'phi:ssn;x=keep;policy=drop');
SELECT FROM phisync.tag('patient', 'name', 'phi:name;policy=keep');
SELECT FROM phisync.tag('patient', 'dx', 'phi:clinical.dx;policy=keep;x=keep');
SELECT column_name, label FROM phisync.tags WHERE relation = 'patient'::regclass;
SELECT FROM phisync.create_profile('mine');
SELECT FROM phisync.create_profile('all_but', based_on => 'full');
SELECT FROM phisync.set_profile_rule('all_but', 'phi:ssn', 'keep');
SELECT FROM phisync.set_profile_rule('all_but', 'patient', 'ssn', 'keep');
SELECT FROM phisync.set_profile_rule('all_but', 'phi:name', 'redact');
CREATE FUNCTION made(profile text, relation regclass) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(column_name || ' ' || treatment, ', ' ORDER BY n) FROM phisync.treatments($1, $2) WITH ORDINALITY AS t (column_name, tag, treatment, r, h, n)
$$;
SELECT p.name, made(p.name, 'patient') FROM phisync.profiles p WHERE p.name IN ('withhold', 'full', 'mine', 'all_but');
SELECT FROM unnest('{withhold,full,mine,all_but}'::text[]) p, phisync.create_bucket(p, ARRAY['SELECT id, ssn, lower(ssn) AS low, name, dx FROM patient'], profile => p);
INSERT INTO patient VALUES (1, 'CANARY', 'Ann', 'J45');
CREATE FUNCTION puts(messages text) RETURNS TABLE (bucket jsonb, data jsonb) LANGUAGE sql AS
  $$SELECT r::jsonb -> 'buckets', r::jsonb -> 'data' FROM regexp_split_to_table(messages, '\n') r WHERE r LIKE '{"k":"put"%'$$;
SELECT p.* FROM peek() r, puts(r) p ORDER BY 1;
SELECT p.* FROM phisync.snapshot('regress') r, puts(r) p ORDER BY 1;
SELECT p, r FROM unnest('{withhold,full,mine,all_but}'::text[]) p, phisync.preview(p, 'patient') r;
SELECT FROM unnest('{full,all_but}'::text[]) p, phisync.create_masked_view('patient', p, 'masked_' || p, 'regress_stream');
SELECT f, a FROM masked_full f, masked_all_but a;
-- What must be sent with every row cannot be such a column.
CREATE TABLE card (ssn text PRIMARY KEY);
SELECT FROM phisync.tag('card', 'ssn', 'phi:ssn;policy=drop');
SELECT phisync.create_bucket('by_ssn', ARRAY['SELECT ssn AS id FROM card'], profile => 'full');
-- From the moment when the label says so; consumers are told, and masked views follow.
CREATE VIEW changes AS SELECT what, rebuild FROM phisync.policy_change WHERE what = 'tag changed' ORDER BY version;
SELECT count(*) FROM stream() \g /dev/null
DELETE FROM phisync.policy_change;
SELECT FROM phisync.tag('patient', 'dx', 'phi:clinical.dx;policy=drop');
INSERT INTO patient VALUES (2, 'CANARY', 'Bob', 'CANARY');
SELECT FROM phisync.tag('patient', 'dx', 'phi:clinical.dx');
INSERT INTO patient VALUES (3, 'CANARY', 'Cid', 'K21');
TABLE changes;
SELECT p.* FROM stream() r, puts(r) p ORDER BY 2, 1;
SELECT FROM phisync.tag('patient', 'name', 'phi:name;policy=drop');
SELECT f FROM masked_full f WHERE id = 3;
-- Of several parents one is enough, also where they leave the column without a class; an own label does not lift it.
CREATE TABLE a (x text);
CREATE TABLE b (x text);
CREATE TABLE same () INHERITS (a);
CREATE TABLE mixed () INHERITS (a, b);
CREATE VIEW mixture AS SELECT a.x || b.x AS both, a.x FROM a, b;
SELECT FROM phisync.tag('a', 'x', 'phi:ssn;policy=drop');
SELECT FROM phisync.tag('b', 'x', 'phi:mrn;policy=keep');
SELECT FROM phisync.tag('same', 'x', 'phi:ssn;policy=keep');
SELECT FROM phisync.set_profile_rule('all_but', 'unclassified', 'keep');
SELECT r, made('full', r), made('all_but', r) FROM unnest('{a,b,same,mixed,mixture}'::regclass[]) r;
SELECT relation, column_name, tag, label FROM phisync.tags WHERE relation IN ('same'::regclass, 'mixed'::regclass);
-- The same of sensitivities: what is made of several classes keeps them.
SELECT FROM phisync.tag('a', 'x', 'phi:ssn;sens=HIV');
SELECT r, made('full', r), made('all_but', r) FROM unnest('{same,mixed,mixture}'::regclass[]) r;
-- Refused: what would contradict itself, and what would decide nothing.
SELECT phisync.tag('patient', 'name', 'phi:name;policy=keep;x=null');
SELECT phisync.tag('patient', 'id', 'none;policy=drop');
SELECT phisync.tag('patient', 'id', 'none;x=null');
SELECT phisync.tag('patient', 'name', 'phi:name;policy=omit');
DELETE FROM phisync.policy_change;
\i :drop
SELECT FROM unnest('{mine,all_but}'::text[]) p, phisync.drop_profile(p);
