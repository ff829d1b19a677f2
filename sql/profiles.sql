-- A profile of one's own: rules for classes over those of a built-in one.
CREATE SCHEMA regress_own_profiles;
SET search_path = regress_own_profiles, public;
SELECT name, based_on, consents, scope FROM phisync.profiles;
SELECT phisync.create_profile('research');
SELECT phisync.create_profile('trial', based_on => 'limited_dataset', consents => '{HIV,42CFRPart2}', scope => 'trial_7');
SELECT name, based_on, consents, scope, description FROM phisync.profiles WHERE based_on IS NOT NULL;
-- The rule for a kind holds for its parts; one for a part goes before it; null takes a rule back.
SELECT phisync.set_profile_rule('research', 'phi:date', 'date_year');
SELECT phisync.set_profile_rule('research', 'date.service', 'date_month');
SELECT phisync.set_profile_rule('research', 'phi:mrn', ' partial( 0 , 4 ) ');
SELECT phisync.set_profile_rule('research', 'unclassified', 'null');
SELECT phisync.set_profile_rule('trial', 'phi:geo.city', 'drop');
SELECT class, transformation, own FROM phisync.profile_rules WHERE profile = 'research' AND transformation <> 'drop';
SELECT phisync.set_profile_rule('research', 'phi:date.service', NULL), phisync.set_profile_rule('research', 'phi:mrn', NULL);
SELECT class, transformation, own FROM phisync.profile_rules WHERE profile = 'research' AND transformation <> 'drop';
SELECT class, transformation, own FROM phisync.profile_rules WHERE profile = 'trial' AND class LIKE 'phi:geo%';
-- Built-in ones are as the documentation says.
SELECT profile, pg_catalog.string_agg(class || ' ' || transformation, ', ' ORDER BY class COLLATE "C") FROM phisync.profile_rules
WHERE NOT own AND transformation NOT IN ('keep', 'drop') AND profile IN (SELECT name FROM phisync.built_in_profiles()) GROUP BY 1 ORDER BY 1;
SELECT profile, count(*) FILTER (WHERE transformation = 'keep') AS kept, count(*) FILTER (WHERE transformation = 'drop') AS dropped
FROM phisync.profile_rules WHERE profile IN ('withhold', 'full') GROUP BY 1 ORDER BY 1;
-- Rules for columns.
CREATE TABLE patient (id int PRIMARY KEY, ssn text, birth_date date);
SELECT phisync.set_profile_rule('research', 'patient', 'ssn', 'redact');
SELECT phisync.set_profile_rule('research', 'patient', 'ssn', 'partial(0, 4, #)');
SELECT profile, relation, column_name, transformation FROM phisync.profile_rules WHERE relation IS NOT NULL;
SELECT phisync.set_profile_rule('research', 'patient', 'birth_date', 'zip3');
SELECT phisync.set_profile_rule('research', 'patient', 'sn', 'zip3');
SELECT phisync.set_profile_rule('research', 'patient', 'sn', NULL);
SELECT phisync.set_profile_rule('research', 'patient', 'ssn', NULL);
SELECT count(*) FROM phisync.profile_rules WHERE relation IS NOT NULL;
-- A key is not needed yet, but will be.
SELECT phisync.set_profile_rule('research', 'phi:ssn', 'pseudonym');
SELECT phisync.set_profile_rule('research', 'patient', 'ssn', 'pseudonym(other)');
-- Changes of consents and scope keep the rest.
SELECT phisync.alter_profile('research', scope => 'study_1');
SELECT phisync.alter_profile('research', consents => '{SUD}');
SELECT name, based_on, consents, scope FROM phisync.profiles WHERE name = 'research';
SELECT phisync.alter_profile('research', scope => '', consents => '{}');
SELECT name, based_on, consents, scope FROM phisync.profiles WHERE name = 'research';
-- Refused.
SELECT phisync.create_profile('Research');
SELECT phisync.create_profile('research');
SELECT phisync.create_profile('full');
SELECT phisync.create_profile('other', based_on => 'research');
SELECT phisync.create_profile('other', consents => '{HVI}');
SELECT phisync.create_profile('other', consents => ARRAY[NULL]);
SELECT phisync.create_profile('other', scope => 'A b');
SELECT phisync.create_profile(NULL);
SELECT phisync.set_profile_rule('other', 'phi:ssn', 'drop');
SELECT phisync.set_profile_rule('withhold', 'phi:ssn', 'keep');
SELECT phisync.set_profile_rule('research', 'phi:snn', 'keep');
SELECT phisync.set_profile_rule('research', 'dob', 'keep');
SELECT phisync.set_profile_rule('research', 'none', 'keep');
SELECT phisync.set_profile_rule('research', 'phi:ssn', 'patrial(0,4)');
SELECT phisync.set_profile_rule('research', NULL, 'keep');
SELECT phisync.alter_profile('safe_harbor', consents => '{HIV}');
SELECT phisync.drop_profile('safe_harbor');
SELECT phisync.drop_profile('other');
-- Only for officers.
CREATE ROLE regress_nobody;
GRANT USAGE ON SCHEMA regress_own_profiles TO regress_nobody;
SET ROLE regress_nobody;
SELECT phisync.create_profile('mine');
SELECT phisync.set_profile_rule('research', 'phi:ssn', 'keep');
SELECT phisync.set_profile_rule('research', 'patient', 'ssn', 'keep');
SELECT * FROM phisync.profile_rules;
RESET ROLE;
GRANT phisync_officer TO regress_nobody;
SET ROLE regress_nobody;
SELECT phisync.set_profile_rule('research', 'phi:ssn', 'drop');
SELECT count(*) > 0 AS rules FROM phisync.profile_rules;
RESET ROLE;
DROP OWNED BY regress_nobody;
DROP ROLE regress_nobody;
SELECT phisync.drop_profile('research'), phisync.drop_profile('trial');
SELECT count(*) FROM phisync.profile_rules WHERE own;
DROP SCHEMA regress_own_profiles CASCADE;
