-- Users' profiles. Read while changes are decoded, as they were when the change was made: hence user_catalog_table, names
-- that compare by bytes, and texts that are kept in the row.
CREATE TABLE phisync.profile (
  name     text COLLATE "C" PRIMARY KEY,
  based_on text NOT NULL,
  consents text[] NOT NULL,
  scope    text
) WITH (user_catalog_table = true);
ALTER TABLE phisync.profile ALTER COLUMN based_on SET STORAGE PLAIN, ALTER COLUMN consents SET STORAGE PLAIN,
  ALTER COLUMN scope SET STORAGE PLAIN;
COMMENT ON TABLE phisync.profile IS
'Users'' profiles, written by phisync.create_profile, set_profile_consents and drop_profile alone. Read phisync.profiles instead. Needs no preload.';

CREATE TABLE phisync.profile_rule (
  profile        text COLLATE "C" NOT NULL,
  class          text COLLATE "C" NOT NULL,
  transformation text NOT NULL,
  PRIMARY KEY (profile, class)
) WITH (user_catalog_table = true);
ALTER TABLE phisync.profile_rule ALTER COLUMN transformation SET STORAGE PLAIN;
COMMENT ON TABLE phisync.profile_rule IS
'Rules of users'' profiles for classes of tags, written by phisync.set_profile_rule alone. Read phisync.profiles instead. Needs no preload.';

CREATE TABLE phisync.profile_column (
  profile        text COLLATE "C" NOT NULL,
  relation       regclass NOT NULL,
  column_name    name NOT NULL,
  transformation text NOT NULL,
  PRIMARY KEY (profile, relation, column_name)
) WITH (user_catalog_table = true);
ALTER TABLE phisync.profile_column ALTER COLUMN transformation SET STORAGE PLAIN;
COMMENT ON TABLE phisync.profile_column IS
'Rules of users'' profiles for single columns, written by phisync.set_profile_rule and the event triggers that follow DDL alone. Read phisync.profiles instead. Needs no preload.';

SELECT pg_catalog.pg_extension_config_dump('phisync.profile', '');
SELECT pg_catalog.pg_extension_config_dump('phisync.profile_rule', '');
-- A rule whose table is gone would come back for whatever table has its number then.
SELECT pg_catalog.pg_extension_config_dump('phisync.profile_column',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation)');

GRANT SELECT ON phisync.profile, phisync.profile_rule, phisync.profile_column TO phisync_officer, phisync_auditor;
