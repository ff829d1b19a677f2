-- What keeps a profile from being Safe Harbor or a limited data set.
CREATE SCHEMA regress_check;
SET search_path = regress_check, public;
SELECT name, (SELECT count(*) FROM phisync.profile_check(name, 'safe_harbor')) AS safe_harbor, (SELECT count(*) FROM phisync.profile_check(name, 'limited_dataset')) AS limited
FROM phisync.built_in_profiles();
SELECT subject, rule, citation, why, remedy FROM phisync.profile_check('treatment', 'limited_dataset');
SELECT subject, rule, citation, why, remedy FROM phisync.profile_check('limited_dataset', 'safe_harbor');
-- One's own.
SELECT phisync.create_profile('registry', 'safe_harbor');
SELECT * FROM phisync.profile_check('registry');
SELECT phisync.set_profile_rule('registry', 'phi:date.admit', 'date_month'), phisync.set_profile_rule('registry', 'phi:mrn', 'surrogate'),
  phisync.set_profile_rule('registry', 'unclassified', 'keep'), phisync.set_profile_rule('registry', 'phi:ssn', 'pseudonym');
SELECT * FROM phisync.profile_check('registry');
SELECT phisync.set_profile_rule('registry', 'phi:date.admit', NULL), phisync.set_profile_rule('registry', 'phi:ssn', NULL), phisync.set_profile_rule('registry', 'unclassified', 'redact');
SELECT * FROM phisync.profile_check('registry');
-- Columns: rules of their own, x= where the profile has no rule, default=keep. Partitions and views do not tell it again.
CREATE TABLE patient (id int, name text, city text, "Phone No" text, born date, remark text, seen date) PARTITION BY RANGE (id);
CREATE TABLE patient_1 PARTITION OF patient FOR VALUES FROM (0) TO (10);
CREATE VIEW patients AS SELECT * FROM patient;
SELECT phisync.tag('patient', 'phi;default=keep'), phisync.tag('patient', 'id', 'none'), phisync.tag('patient', 'name', 'phi:name;x=partial(1,0)'), phisync.tag('patient', 'city', 'phi:geo.city'),
  phisync.tag('patient', 'Phone No', 'phi:phone;x=redact'), phisync.tag('patient', 'born', 'phi:date.birth;x=keep'), phisync.tag('patient', 'seen', 'phi:date.service') \g /dev/null
SELECT phisync.set_profile_rule('registry', 'patient', 'city', 'keep'), phisync.set_profile_rule('registry', 'patient', 'seen', 'null');
SELECT standard, subject, rule, citation, why FROM phisync.profile_check('registry');
SELECT subject, rule FROM phisync.profile_check('safe_harbor');
-- A rule that a partition has for itself is told of there.
SELECT phisync.set_profile_rule('registry', 'patient_1', 'seen', 'keep');
SELECT subject, rule FROM phisync.profile_check('registry', 'safe_harbor');
-- Quasi-identifiers that are given as they are: advice, no violation. Not where rows are hidden, values are coarser, or it is a violation anyhow.
CREATE TABLE person (id int, sex text, race text, town text, zip text, died date);
CREATE TABLE persons () INHERITS (person);
CREATE TABLE secret (id int, sex text);
SELECT phisync.tag('person', 'phi'), phisync.tag('person', 'id', 'none'), phisync.tag('person', 'sex', 'none;quasi=yes'), phisync.tag('person', 'race', 'phi:clinical;quasi=yes'),
  phisync.tag('person', 'town', 'phi:geo.city;quasi=yes'), phisync.tag('person', 'zip', 'phi:geo.zip;quasi=yes'), phisync.tag('person', 'died', 'phi:date.death'),
  phisync.tag('secret', 'phi;sens=HIV'), phisync.tag('secret', 'sex', 'none;quasi=yes') \g /dev/null
SELECT standard, subject, rule, citation, why, remedy, status FROM phisync.profile_check('safe_harbor');
SELECT subject, status FROM phisync.profile_check('full') WHERE status = 'advice';
SELECT subject, status FROM phisync.profile_check('registry', 'safe_harbor') WHERE subject ~ '\.';
SELECT phisync.set_profile_rule('registry', 'person', 'race', 'null');
SELECT phisync.set_profile_rule('registry', 'person', 'town', 'keep');
SELECT subject, status FROM phisync.profile_check('registry', 'safe_harbor') WHERE subject ~ 'person';
SELECT subject, status FROM phisync.profile_check('safe_harbor', 'limited_dataset');
-- Records of substance use treatment need more than a data use agreement.
SELECT phisync.alter_profile('registry', consents => '{42CFRPart2,HIV}');
SELECT standard, subject, citation, why, remedy FROM phisync.profile_check('registry') WHERE subject LIKE 'consent%';
-- Refused.
SELECT phisync.profile_check('registri');
SELECT phisync.profile_check('registry', 'hipaa');
SELECT phisync.profile_check(NULL);
SELECT phisync.drop_profile('registry');
SET client_min_messages = warning;
DROP SCHEMA regress_check CASCADE;
