-- A profile that buckets have changes: what is written from then on goes by the new rules, and consumers take the buckets anew.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY, mrn text, ssn text, born date, hiv text);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'mrn', 'phi:mrn'), phisync.tag('patient', 'ssn', 'phi:ssn'),
  phisync.tag('patient', 'born', 'phi:date.birth'), phisync.tag('patient', 'hiv', 'phi:clinical.lab;sens=HIV') \g /dev/null
CREATE TABLE sample (code text PRIMARY KEY);
SELECT phisync.tag('sample', 'code', 'phi:code');
SELECT phisync.create_profile('research'), phisync.set_profile_rule('research', 'phi:ssn', 'partial(0,4)'), phisync.set_profile_rule('research', 'phi:clinical', 'keep') \g /dev/null
SELECT phisync.create_bucket('study', ARRAY['SELECT id, mrn, ssn, born, hiv FROM patient'], profile => 'research');
SELECT phisync.create_bucket('others', ARRAY['SELECT id FROM patient']);
CREATE VIEW changes AS SELECT what, rebuild FROM phisync.policy_change WHERE what LIKE 'profile%' ORDER BY version;
CREATE PROCEDURE add(n int) LANGUAGE sql AS $$INSERT INTO regress_stream.patient VALUES (n, 'mrn-' || n, '123-45-678' || n, '1980-05-17', 'pos')$$;
CALL add(1);
SELECT phisync.set_profile_rule('research', 'phi:date', 'date_year');
CALL add(2);
SELECT phisync.set_profile_rule('research', 'patient', 'ssn', 'redact');
CALL add(3);
ALTER TABLE patient RENAME COLUMN ssn TO social;
CALL add(4);
BEGIN;
CALL add(5);
SELECT phisync.alter_profile('research', consents => '{HIV}');
CALL add(6);
SELECT phisync.set_profile_rule('research', 'patient', 'social', NULL);
CALL add(7);
COMMIT;
SELECT phisync.set_profile_rule('research', 'phi:date', NULL);
CALL add(8);
BEGIN;
SELECT phisync.set_profile_rule('research', 'phi:date', 'keep');
ROLLBACK;
CALL add(9);
SELECT pg_catalog.substring(record, '"data":.*') FROM stream() AS record WHERE record LIKE '{"k":"put"%"study%';
TABLE changes;
-- A change that a bucket cannot be served with is refused.
SELECT phisync.set_profile_rule('research', 'phi:code', 'keep');
SELECT phisync.create_bucket('samples', ARRAY['SELECT code AS id FROM sample'], profile => 'research');
SELECT phisync.set_profile_rule('research', 'phi:code', 'partial(1,1)');
SELECT phisync.set_profile_rule('research', 'sample', 'code', 'null');
SELECT phisync.set_profile_rule('research', 'phi:code', 'pseudonym');
SELECT phisync.set_profile_rule('research', 'phi:code', NULL);
SELECT transformation FROM phisync.profile_rules WHERE profile = 'research' AND class = 'phi:code';
SELECT phisync.drop_profile('research');
SELECT phisync.drop_bucket('samples'), phisync.drop_bucket('study'), phisync.drop_profile('research');
-- Years of birth go on the 90th birthday.
SELECT phisync.create_bucket('safe', ARRAY['SELECT id, born FROM patient'], profile => 'safe_harbor');
UPDATE patient SET born = (now() AT TIME ZONE 'UTC')::date - interval '90 years' WHERE id = 1;
SELECT count(*) FROM stream() \g /dev/null
SELECT * FROM phisync.age_sweep();
SELECT pg_catalog.substring(record, '"data":.*') FROM stream() AS record WHERE record LIKE '{"k":"put"%"safe%';
\i :drop
