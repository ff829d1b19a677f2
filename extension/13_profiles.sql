-- Users' profiles. Read while changes are decoded, as they were when the change was made: hence user_catalog_table, names
-- that compare by bytes, and texts that are kept in the row.
CREATE TABLE phisync.profile (
  name     text COLLATE "C" PRIMARY KEY,
  based_on text NOT NULL,
  consents text[] NOT NULL,
  scope    text,
  confidentiality text NOT NULL
) WITH (user_catalog_table = true);
ALTER TABLE phisync.profile ALTER COLUMN based_on SET STORAGE PLAIN, ALTER COLUMN consents SET STORAGE PLAIN,
  ALTER COLUMN scope SET STORAGE PLAIN, ALTER COLUMN confidentiality SET STORAGE PLAIN;
COMMENT ON TABLE phisync.profile IS
'Users'' profiles, written by phisync.create_profile, set_profile_x. Read phisync.profiles instead. Needs no preload.';

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

CREATE FUNCTION phisync.create_profile(name text, based_on text DEFAULT 'withhold', consents text[] DEFAULT '{}', scope text DEFAULT NULL,
  confidentiality text DEFAULT 'V')
RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_create_profile';
COMMENT ON FUNCTION phisync.create_profile(text, text, text[], text, text) IS
'Makes a profile of one''s own: at first it gives what a built-in one gives (withhold: no PHI), and what labels say by x= where that has no rule; phisync.set_profile_rule changes it. consents: sensitivity codes (HIV, 42CFRPart2...) whose data its consumers may have. scope: of pseudonyms, surrogates and date shifts whose rule names none (null: the name of the profile). confidentiality: HL7''s level (U, L, M, N, R, V) up to which its consumers may have data: columns of a higher one, and rows of tables of a higher one, they do not get. Raises 42602 for a name with other characters than a-z, 0-9 and _, 42710 if there is one of that name, 42704 for an unknown base, 22023 for an unknown code or level. Needs no preload.';

CREATE FUNCTION phisync.alter_profile(name text, consents text[] DEFAULT NULL, scope text DEFAULT NULL, confidentiality text DEFAULT NULL)
RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_alter_profile';
COMMENT ON FUNCTION phisync.alter_profile(text, text[], text, text) IS
'Changes the consents, the scope or the confidentiality of a profile and keeps what is null; a scope of an empty text is the profile''s name. Consumers are told to take the buckets anew that have the profile. Locks their tables against writers until the transaction ends. Raises 42704 if there is no such profile, 22023 for a built-in one and for unknown codes and levels, and what phisync.create_bucket raises if a bucket could not be served any more. Needs no preload.';

CREATE FUNCTION phisync.set_profile_rule(profile text, class text, transformation text)
RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_set_profile_rule';
COMMENT ON FUNCTION phisync.set_profile_rule(text, text, text) IS
'Says what the profile makes of columns of a class of tags (phi:date.birth, or phi:date for all dates that have no rule of their own), or of those that are unclassified; phisync.transformations() lists what there is. A null transformation takes the rule back: what the built-in profile says counts again. Consumers are told to take the buckets anew that have the profile. Locks their tables against writers until the transaction ends. Raises 42704 if there is no such profile, 22023 for a built-in one, an unknown class and a transformation that is not understood, and what phisync.create_bucket raises if a bucket could not be served any more. Needs no preload.';

CREATE FUNCTION phisync.set_profile_rule(profile text, relation regclass, column_name name, transformation text)
RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_set_profile_column';
COMMENT ON FUNCTION phisync.set_profile_rule(text, regclass, name, text) IS
'Says what the profile makes of one column, whatever its class, as long as its tag says that it is PHI; partitions follow their table. The rule follows renames and goes with the column. A null transformation takes it back. Consumers are told to take the buckets anew that have the profile. Locks their tables against writers until the transaction ends. Raises 42703 if there is no such column, 42804 if the transformation is not for its type, and what the rule for a class raises. Needs no preload.';

CREATE FUNCTION phisync.drop_profile(name text)
RETURNS void LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_drop_profile';
COMMENT ON FUNCTION phisync.drop_profile(text) IS
'Removes a profile and its rules. Raises 2BP01 with their names while buckets have it, 42704 if there is none of that name, 22023 for a built-in one. Needs no preload.';

CREATE FUNCTION phisync.built_in_profiles() RETURNS TABLE (name text, description text)
LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME', 'phisync_built_in_profiles';
COMMENT ON FUNCTION phisync.built_in_profiles() IS
'The built-in profiles, from the strictest to the one that gives all. Needs no preload.';

CREATE FUNCTION phisync.profile_class_rules(profile text) RETURNS TABLE (class text, transformation text)
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 50 AS 'MODULE_PATHNAME', 'phisync_profile_class_rules';
COMMENT ON FUNCTION phisync.profile_class_rules(text) IS
'What a profile makes of each class of tags, and of what is unclassified; columns as in phisync.profile_rules. Raises 42704 if there is none of that name. Needs no preload.';

CREATE VIEW phisync.profiles AS
SELECT name, NULL::text AS based_on, NULL::text[] AS consents, name AS scope, 'V' AS confidentiality, description FROM phisync.built_in_profiles()
UNION ALL
SELECT name, based_on, consents, COALESCE(scope, name), confidentiality, NULL FROM phisync.profile;
COMMENT ON VIEW phisync.profiles IS
'Profiles, built in (based_on is null) and users'': the built-in one that it is based on, the sensitivity codes whose data its consumers may have (full: all of them), the scope of its pseudonyms, surrogates and date shifts, the confidentiality up to which they may have data (V: all). Needs no preload.';

CREATE VIEW phisync.profile_rules AS
SELECT p.name AS profile, r.class, NULL::regclass AS relation, NULL::name AS column_name, r.transformation,
       EXISTS (SELECT FROM phisync.profile_rule o WHERE o.profile = p.name AND o.class = r.class) AS own
FROM phisync.profiles p, LATERAL phisync.profile_class_rules(p.name) r
UNION ALL
SELECT profile, NULL, relation, column_name, transformation, true FROM phisync.profile_column;
COMMENT ON VIEW phisync.profile_rules IS
'What each profile makes of each class of tags (own: set for this class, else it follows from the rule for the kind or from the built-in profile), and its rules for single columns. Needs no preload.';

CREATE FUNCTION phisync.profile_check(profile text, standard text DEFAULT NULL)
RETURNS TABLE (standard text, subject text, rule text, citation text, why text, remedy text, status text)
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 20 AS 'MODULE_PATHNAME', 'phisync_profile_check';
COMMENT ON FUNCTION phisync.profile_check(text, text) IS
'What keeps a profile from being as strict as a standard asks, safe_harbor (45 CFR 164.514(b)(2)), limited_dataset (164.514(e)(2)) or, by default, both: rules for classes, then single columns where a rule of theirs or their label says something else, each with the paragraph, the reason, and transformations that would do (status violation); then, of Safe Harbor, columns labelled quasi=yes that the profile gives as they are (status advice). No violation: nothing that can be told from rules and tags; whoever discloses must still not know of anything else that identifies. Raises 42704 for an unknown profile, 22023 for an unknown standard. Needs no preload.';

CREATE FUNCTION phisync.treatments(profile text, relation regclass)
RETURNS TABLE (column_name name, tag text, treatment text, row_codes boolean, hides_rows boolean)
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 20 AS 'MODULE_PATHNAME', 'phisync_treatments';
COMMENT ON FUNCTION phisync.treatments(text, regclass) IS
'What a profile makes of each column of a table or view, all considered: tags, policy=drop, confidentiality, sensitivities and consents, the profile''s rules for the column and its class, the label''s x=, and the type. keep for what is no PHI. row_codes: the column holds the sensitivity codes of its row, which is sent only to those with consent to all of them; hides_rows: the label of the table has a sensitivity without consent or a confidentiality above the profile''s, no row is sent. Raises 42704 for an unknown profile, 55000 where the table''s label says default=error and a column is unclassified. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.create_profile(text, text, text[], text, text), phisync.alter_profile(text, text[], text, text),
  phisync.set_profile_rule(text, text, text), phisync.set_profile_rule(text, regclass, name, text), phisync.drop_profile(text),
  phisync.profile_class_rules(text), phisync.profile_check(text, text), phisync.treatments(text, regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.create_profile(text, text, text[], text, text), phisync.alter_profile(text, text[], text, text),
  phisync.set_profile_rule(text, text, text), phisync.set_profile_rule(text, regclass, name, text), phisync.drop_profile(text)
  TO phisync_officer;
GRANT EXECUTE ON FUNCTION phisync.profile_class_rules(text), phisync.profile_check(text, text), phisync.treatments(text, regclass) TO phisync_officer, phisync_auditor;
GRANT SELECT ON phisync.profiles, phisync.profile_rules TO phisync_officer, phisync_auditor;

-- Rules for columns follow the columns. The name sorts before the triggers that look at buckets again.
CREATE FUNCTION phisync.follow_renames() RETURNS event_trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_follow_renames';
COMMENT ON FUNCTION phisync.follow_renames() IS
'Renames the column in rules of profiles when it is renamed in its table or view, and in their heirs. Used by the event trigger phisync_column_renames. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.follow_renames() FROM PUBLIC;
CREATE EVENT TRIGGER phisync_column_renames ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER FOREIGN TABLE', 'ALTER TYPE')
  EXECUTE FUNCTION phisync.follow_renames();
ALTER EVENT TRIGGER phisync_column_renames ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_column_renames IS
'Makes rules of profiles follow the names of columns';

CREATE FUNCTION phisync.drop_column_rules() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM phisync.profile_column) THEN
    DELETE FROM phisync.profile_column c USING pg_event_trigger_dropped_objects() d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.relation
      AND (d.objsubid = 0 OR d.address_names[cardinality(d.address_names)] = c.column_name);
  END IF;
END
$$;
COMMENT ON FUNCTION phisync.drop_column_rules() IS
'Removes rules of profiles for columns that are dropped. Used by the event trigger phisync_column_drops. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.drop_column_rules() FROM PUBLIC;
CREATE EVENT TRIGGER phisync_column_drops ON sql_drop EXECUTE FUNCTION phisync.drop_column_rules();
ALTER EVENT TRIGGER phisync_column_drops ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_column_drops IS
'Makes rules of profiles go with their columns, however these are dropped';
