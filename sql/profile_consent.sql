-- What labels say of sensitivity and of single columns counts in every profile; a user's may have consents.
CREATE SCHEMA regress_consent;
SET search_path = regress_consent, public;
CREATE TABLE visit (id int PRIMARY KEY, dx text, hiv_test text, counselling text, ssn text, seen date, remark text, codes text[], label text);
CREATE FUNCTION made(profile text, relation regclass DEFAULT 'visit') RETURNS TABLE (made text) LANGUAGE sql AS $$
  SELECT pg_catalog.string_agg(column_name || ' ' || treatment, ', ' ORDER BY n) FILTER (WHERE tag <> 'none')
    || CASE WHEN pg_catalog.bool_or(hides_rows) THEN ' (no row)' ELSE '' END
  FROM phisync.treatments($1, $2) WITH ORDINALITY AS t (column_name, tag, treatment, row_codes, hides_rows, n)
$$;
SELECT phisync.tag('visit', 'phi'), phisync.tag('visit', 'id', 'none'), phisync.tag('visit', 'dx', 'phi:clinical.dx'), phisync.tag('visit', 'hiv_test', 'phi:clinical.lab;sens=HIV'),
  phisync.tag('visit', 'counselling', 'phi:clinical;sens=SUD,MH;part2=yes'), phisync.tag('visit', 'ssn', 'phi:ssn;x=partial(0,4)'), phisync.tag('visit', 'seen', 'phi:date.service') \g /dev/null
SELECT p.name, made(p.name) FROM phisync.built_in_profiles() p;
SELECT phisync.create_profile('clinic_hiv', 'treatment', '{HIV}');
SELECT phisync.create_profile('clinic_sud', 'treatment', '{SUD,MH,42CFRPart2}');
SELECT phisync.create_profile('study');
SELECT p.name, made(p.name) FROM phisync.profile p ORDER BY 1;
SELECT phisync.alter_profile('clinic_sud', consents => '{SUD,MH}');
SELECT made('clinic_sud');
-- x= counts where a user's profile has no rule; the profile's rule for the class, or for the column, goes before it.
SELECT phisync.set_profile_rule('study', 'phi:ssn', 'null');
SELECT made('study');
SELECT phisync.set_profile_rule('study', 'visit', 'ssn', 'redact');
SELECT phisync.set_profile_rule('study', 'visit', 'hiv_test', 'keep');
SELECT made('study');
-- A transformation that is not for the type drops.
SELECT phisync.tag('visit', 'remark', 'phi:freetext;x=date_year');
SELECT made('study');
-- What is unclassified: the profile's rule, unless the table's label says otherwise.
SELECT phisync.tag('visit', 'label', 'none'), phisync.tag('visit', 'remark', 'none'), phisync.tag('visit', 'phi;default=keep');
SELECT made('withhold');
SELECT phisync.set_profile_rule('study', 'visit', 'codes', 'null');
SELECT made('study');
SELECT phisync.tag('visit', 'phi;default=error');
SELECT made('full');
SELECT phisync.create_bucket('all_of_it', ARRAY['SELECT id, dx FROM visit'], profile => 'full');
-- Rows about whom the codes in a column say it.
SELECT phisync.tag('visit', 'id', 'none;rows=sens');
SELECT phisync.tag('visit', 'codes', 'none;rows=sense');
SELECT phisync.tag('visit', 'codes', 'none;rows=sens'), phisync.tag('visit', 'label', 'phi:clinical;rows=sens');
SELECT column_name, tag, treatment FROM phisync.treatments('treatment', 'visit') WHERE row_codes;
SELECT column_name, label FROM phisync.tags WHERE relation = 'visit'::regclass AND label LIKE '%rows%';
-- Tables whose rows are all sensitive, and their partitions.
CREATE TABLE programme (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE programme_1 PARTITION OF programme FOR VALUES FROM (0) TO (10);
CREATE VIEW of_programme AS SELECT id, upper(note) AS note FROM programme;
SELECT phisync.tag('programme', 'phi;part2=yes;sens=SUD'), phisync.tag('programme', 'id', 'none'), phisync.tag('programme', 'note', 'phi:clinical');
SELECT label FROM pg_seclabels WHERE objname = 'programme' AND objsubid = 0;
SELECT made('treatment', 'programme'), made('full', 'programme_1'), made('clinic_sud', 'programme_1'), made('treatment', 'of_programme');
SELECT phisync.alter_profile('clinic_sud', consents => '{SUD,42CFRPart2}');
SELECT made('clinic_sud', 'programme_1'), made('clinic_sud', 'of_programme');
SELECT phisync.tag('programme', 'none;part2=yes');
SELECT phisync.tag('programme', 'phi;sens=SUDD');
-- Rules for a column hold in partitions, which may have their own; parents that differ drop.
SELECT phisync.set_profile_rule('study', 'programme', 'note', 'redact');
CREATE TABLE a (note text);
CREATE TABLE b (note text);
CREATE TABLE c () INHERITS (a, b);
SELECT phisync.tag('a', 'note', 'phi:clinical'), phisync.tag('b', 'note', 'phi:clinical');
SELECT phisync.set_profile_rule('study', 'a', 'note', 'redact');
SELECT made('study', 'programme_1'), made('study', 'c');
SELECT phisync.set_profile_rule('study', 'b', 'note', 'null');
SELECT made('study', 'c');
SELECT phisync.set_profile_rule('study', 'c', 'note', 'keep'), phisync.set_profile_rule('study', 'programme_1', 'note', 'null');
SELECT made('study', 'programme_1'), made('study', 'c');
-- That a column holds codes of rows is true of heirs and partitions, whatever they say themselves; also where parents differ about its class.
CREATE TABLE coded (id int PRIMARY KEY, codes text);
CREATE TABLE coded_too (id int PRIMARY KEY, codes text);
SET client_min_messages = warning;
CREATE TABLE coded_heir () INHERITS (coded, coded_too);
RESET client_min_messages;
INSERT INTO coded_heir VALUES (1, 'HIV'), (2, 'MH');
SELECT phisync.tag('coded', 'id', 'none'), phisync.tag('coded_too', 'id', 'none'), phisync.tag('coded', 'codes', 'none;rows=sens'), phisync.tag('coded_heir', 'codes', 'none');
SELECT column_name, treatment FROM phisync.treatments('clinic_hiv', 'coded_heir') WHERE row_codes;
SELECT * FROM phisync.preview('clinic_hiv', 'coded_heir');
SELECT phisync.untag('coded_heir', 'codes'), phisync.tag('coded', 'codes', 'phi:code;rows=sens'), phisync.tag('coded_too', 'codes', 'phi:clinical');
SELECT column_name, tag FROM phisync.treatments('clinic_hiv', 'coded_heir') WHERE row_codes;
SELECT * FROM phisync.preview('clinic_hiv', 'coded_heir');
-- default=keep is about columns of which nobody has said anything: not about those that have no class because they are made of several.
SELECT phisync.tag('coded', 'phi;default=keep'), phisync.tag('coded_too', 'phi;default=keep'), phisync.tag('coded', 'codes', 'phi:code');
ALTER TABLE coded ADD COLUMN later text;
CREATE VIEW of_coded AS SELECT c.codes || t.codes AS codes, later || t.id AS later FROM coded c, coded_too t;
SELECT made('withhold', 'coded_heir'), made('withhold', 'of_coded');
-- A keyed transformation has the profile's scope unless it names one.
SET client_min_messages = warning;
SELECT phisync.set_profile_rule('study', 'phi:ssn', 'pseudonym'), phisync.set_profile_rule('study', 'visit', 'ssn', NULL), phisync.alter_profile('study', scope => 'study_9'),
  phisync.tag('visit', 'phi');
SELECT made('study');
SELECT phisync.drop_profile(name) FROM phisync.profile \g /dev/null
DROP SCHEMA regress_consent CASCADE;
