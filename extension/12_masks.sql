-- Transformations of PHI: what a profile makes of a value, and the same as functions for views and ad hoc use.

CREATE FUNCTION phisync.transformations()
RETURNS TABLE (name text, usage text, gives text, types text[], fits_keys boolean, needs_key boolean, needs_subject boolean)
LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 17 AS 'MODULE_PATHNAME', 'phisync_transformations';
COMMENT ON FUNCTION phisync.transformations() IS
'The transformations: how each is written, what it gives, the types that it is for, whether key columns may have it, and whether it needs a key (phisync.key_file, phisync.key_command) or the subject of the value. Needs no preload.';

CREATE FUNCTION phisync.canonical_transformation(transformation text) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_canonical_transformation';
COMMENT ON FUNCTION phisync.canonical_transformation(text) IS
'Checks how a transformation is written, such as partial(0,4) or date_shift(30), and gives it in its one canonical form. Raises 22023 with the position and what was probably meant. Needs no preload.';

-- Restricted ZIP prefixes. Also read while changes are decoded, as they were when the change was made.
CREATE TABLE phisync.zip3_restricted (
  census smallint NOT NULL CHECK (census BETWEEN 1990 AND 2100),
  zip3   text COLLATE "C" NOT NULL CHECK (zip3 ~ '^[0-9]{3}$'),
  PRIMARY KEY (census, zip3)
) WITH (user_catalog_table = true);
COMMENT ON TABLE phisync.zip3_restricted IS
'Three-digit ZIP prefixes with 20,000 people or fewer that replace the built-in lists, written by phisync.set_zip3_restricted. Empty: the built-in lists are in force, the union of the 17 of the census of 2000 (as in the guidance of the Department of Health and Human Services) and the 18 in common use for that of 2010; the rule asks for the current census, so check them against it. phisync.zip3_in_force shows what is in force. Needs no preload.';
SELECT pg_catalog.pg_extension_config_dump('phisync.zip3_restricted', '');

CREATE FUNCTION phisync.zip3_changed() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_zip3_changed';
COMMENT ON FUNCTION phisync.zip3_changed() IS
'Makes every cache read phisync.zip3_restricted again; trigger of that table. Needs no preload.';
CREATE TRIGGER zip3_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON phisync.zip3_restricted
  FOR EACH STATEMENT EXECUTE FUNCTION phisync.zip3_changed();
ALTER TABLE phisync.zip3_restricted ENABLE ALWAYS TRIGGER zip3_changed;

CREATE FUNCTION phisync.zip3_built_in() RETURNS TABLE (census smallint, zip3 text)
LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 35 AS 'MODULE_PATHNAME', 'phisync_zip3_built_in';
COMMENT ON FUNCTION phisync.zip3_built_in() IS
'The built-in lists of restricted ZIP prefixes, of two censuses. Needs no preload.';

CREATE VIEW phisync.zip3_in_force AS
SELECT census, zip3 FROM phisync.zip3_restricted
UNION ALL
SELECT census, zip3 FROM phisync.zip3_built_in() WHERE NOT EXISTS (SELECT FROM phisync.zip3_restricted);
COMMENT ON VIEW phisync.zip3_in_force IS
'The ZIP prefixes that zip3 shows as 000, with the census that says so. Needs no preload.';

CREATE FUNCTION phisync.set_zip3_restricted(census integer, zip3 text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF zip3 IS NOT NULL AND (census IS NULL OR pg_catalog.cardinality(zip3) = 0) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'the list of restricted ZIP prefixes needs a census and at least one prefix',
      DETAIL = 'In every census there were such places.', HINT = 'NULL for the list brings the built-in ones back.';
  END IF;
  DELETE FROM phisync.zip3_restricted;
  INSERT INTO phisync.zip3_restricted SELECT DISTINCT census, z FROM pg_catalog.unnest(zip3) z;
  INSERT INTO phisync.policy_change (what, rebuild, clear)
  SELECT 'restricted ZIP prefixes changed', pg_catalog.array_agg(DISTINCT q.bucket), '[]'
  FROM phisync.bucket_queries q
  WHERE EXISTS (SELECT FROM pg_catalog.jsonb_each_text(q.transformed) t WHERE t.value OPERATOR(pg_catalog.=) 'zip3')
  HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0;
END
$$;
COMMENT ON FUNCTION phisync.set_zip3_restricted(integer, text[]) IS
'Replaces the list of ZIP prefixes that are shown as 000: all prefixes, three digits each, under which the census counted 20,000 people or fewer. NULL instead of a list: back to the built-in ones. Consumers are told to take the buckets anew that show ZIP codes so. Raises 22023 for an empty list, 23514 for what is no prefix. Needs no preload.';

-- Surrogates. STORAGE PLAIN: read while changes are decoded.
CREATE TABLE phisync.surrogate (
  scope text COLLATE "C" NOT NULL,
  kind  text COLLATE "C" NOT NULL,
  hmac  bytea NOT NULL,
  code  text COLLATE "C" NOT NULL,
  PRIMARY KEY (scope, kind, hmac)
) WITH (user_catalog_table = true);
ALTER TABLE phisync.surrogate ALTER COLUMN scope SET STORAGE PLAIN, ALTER COLUMN kind SET STORAGE PLAIN,
  ALTER COLUMN hmac SET STORAGE PLAIN, ALTER COLUMN code SET STORAGE PLAIN;
COMMENT ON TABLE phisync.surrogate IS
'Random codes that stand for values, each under an HMAC of the value, written by phisync.mask_surrogate and for phisync.make_surrogates alone. With the key it leads from values to codes: keep it as the values themselves. Needs no preload.';
SELECT pg_catalog.pg_extension_config_dump('phisync.surrogate', '');

-- Functions of the value alone.
CREATE FUNCTION phisync.mask_null(value anyelement) RETURNS anyelement
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT NULL';
COMMENT ON FUNCTION phisync.mask_null(anyelement) IS 'NULL of the type of the value. Needs no preload.';

CREATE FUNCTION phisync.mask_redact(value text, replacement text DEFAULT '[REDACTED]') RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_redact';
COMMENT ON FUNCTION phisync.mask_redact(text, text) IS
'The replacement, at most 64 bytes, for every value that is not NULL. Needs no preload.';
CREATE FUNCTION phisync.mask_redact(value anyelement) RETURNS anyelement
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_redact';
COMMENT ON FUNCTION phisync.mask_redact(anyelement) IS
'For every value that is not NULL: 0, false, 1970-01-01, 0.0.0.0, no bytes, null of JSON, [REDACTED]. Raises 42804 for other types. Needs no preload.';

CREATE FUNCTION phisync.mask_partial(value text, prefix integer, suffix integer, fill text DEFAULT '*') RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_partial';
COMMENT ON FUNCTION phisync.mask_partial(text, integer, integer, text) IS
'The first and last characters, as many as said (0 to 64), and one fill character for each between. A value with fewer than three characters between is filled whole. Needs no preload.';

CREATE FUNCTION phisync.mask_email(value text, keep_domain boolean DEFAULT false) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_email';
COMMENT ON FUNCTION phisync.mask_email(text, boolean) IS
'xxxxx@redacted.invalid, or xxxxx@ and the address''s own domain; [REDACTED] for what is no address. Needs no preload.';

CREATE FUNCTION phisync.mask_zip3(value text) RETURNS text
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_zip3';
COMMENT ON FUNCTION phisync.mask_zip3(text) IS
'First three digits of a US ZIP code of 5 or 9 digits, 000 if phisync.zip3_in_force has them; NULL for all else. Needs no preload.';
CREATE FUNCTION phisync.mask_zip3(value integer) RETURNS integer
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_zip3';
COMMENT ON FUNCTION phisync.mask_zip3(integer) IS
'The same of a ZIP code kept as a number, which has lost its leading zeros: 2139 gives 21. NULL for 6 to 8 digits, of which some may be missing. Needs no preload.';

CREATE FUNCTION phisync.mask_date_year(value date) RETURNS date
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_date_year';
COMMENT ON FUNCTION phisync.mask_date_year(date) IS
'1 January of the year. For dates of birth use phisync.mask_birth_year. Needs no preload.';
CREATE FUNCTION phisync.mask_date_year(value timestamp) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_date_year';
COMMENT ON FUNCTION phisync.mask_date_year(timestamp) IS 'Midnight of 1 January of the year. Needs no preload.';
CREATE FUNCTION phisync.mask_date_year(value timestamptz) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_date_year';
COMMENT ON FUNCTION phisync.mask_date_year(timestamptz) IS
'Midnight, in UTC, of 1 January of the year in UTC. Needs no preload.';

CREATE FUNCTION phisync.mask_date_month(value date) RETURNS date
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_date_month';
COMMENT ON FUNCTION phisync.mask_date_month(date) IS
'The first day of the month. For dates of birth use phisync.mask_birth_month. Needs no preload.';
CREATE FUNCTION phisync.mask_date_month(value timestamp) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_date_month';
COMMENT ON FUNCTION phisync.mask_date_month(timestamp) IS 'Midnight of the first day of the month. Needs no preload.';
CREATE FUNCTION phisync.mask_date_month(value timestamptz) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_date_month';
COMMENT ON FUNCTION phisync.mask_date_month(timestamptz) IS
'Midnight, in UTC, of the first day of the month in UTC. Needs no preload.';

CREATE FUNCTION phisync.mask_birth_year(birth date, as_of timestamptz) RETURNS date
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_birth_year';
COMMENT ON FUNCTION phisync.mask_birth_year(date, timestamptz) IS
'1 January of the year of birth; NULL if the person is 90 or older on the day, in UTC, of as_of. Needs no preload.';
CREATE FUNCTION phisync.mask_birth_year(birth timestamp, as_of timestamptz) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_birth_year';
COMMENT ON FUNCTION phisync.mask_birth_year(timestamp, timestamptz) IS
'The same of a birth with its time. Needs no preload.';
CREATE FUNCTION phisync.mask_birth_year(birth timestamptz, as_of timestamptz) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_birth_year';
COMMENT ON FUNCTION phisync.mask_birth_year(timestamptz, timestamptz) IS
'The same of a birth with its time, in UTC. Needs no preload.';

CREATE FUNCTION phisync.mask_birth_month(birth date, as_of timestamptz) RETURNS date
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_birth_month';
COMMENT ON FUNCTION phisync.mask_birth_month(date, timestamptz) IS
'The first day of the month of birth; NULL if the person is 90 or older on the day, in UTC, of as_of. Needs no preload.';
CREATE FUNCTION phisync.mask_birth_month(birth timestamp, as_of timestamptz) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_birth_month';
COMMENT ON FUNCTION phisync.mask_birth_month(timestamp, timestamptz) IS
'The same of a birth with its time. Needs no preload.';
CREATE FUNCTION phisync.mask_birth_month(birth timestamptz, as_of timestamptz) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_birth_month';
COMMENT ON FUNCTION phisync.mask_birth_month(timestamptz, timestamptz) IS
'The same of a birth with its time, in UTC. Needs no preload.';

CREATE FUNCTION phisync.mask_over_90(birth date, as_of timestamptz) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_over_90';
COMMENT ON FUNCTION phisync.mask_over_90(date, timestamptz) IS
'Whether the person is in the category 90+ on the day, in UTC, of as_of; born on 29 February: from 28 February on. Needs no preload.';

CREATE FUNCTION phisync.mask_age90(age integer) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_age90';
COMMENT ON FUNCTION phisync.mask_age90(integer) IS 'The age in years, 90 for 90 and more. Needs no preload.';
CREATE FUNCTION phisync.mask_age90(age bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_age90';
COMMENT ON FUNCTION phisync.mask_age90(bigint) IS 'The age in years, 90 for 90 and more. Needs no preload.';
CREATE FUNCTION phisync.mask_age90(age numeric) RETURNS numeric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_age90';
COMMENT ON FUNCTION phisync.mask_age90(numeric) IS
'The age in years, 90 for 90 and more; NULL for NaN and infinities. Needs no preload.';

CREATE FUNCTION phisync.mask_bucket(value integer, step integer) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_bucket';
COMMENT ON FUNCTION phisync.mask_bucket(integer, integer) IS
'The greatest multiple of the step that is not above the value. Needs no preload.';
CREATE FUNCTION phisync.mask_bucket(value bigint, step bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_bucket';
COMMENT ON FUNCTION phisync.mask_bucket(bigint, bigint) IS
'The greatest multiple of the step that is not above the value. Needs no preload.';
CREATE FUNCTION phisync.mask_bucket(value numeric, step numeric) RETURNS numeric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_bucket';
COMMENT ON FUNCTION phisync.mask_bucket(numeric, numeric) IS
'The greatest multiple of the step that is not above the value; NULL for NaN and infinities. Needs no preload.';
CREATE FUNCTION phisync.mask_bucket(value double precision, step double precision) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_bucket';
COMMENT ON FUNCTION phisync.mask_bucket(double precision, double precision) IS
'The same, counted exactly in the decimal digits of both numbers. Needs no preload.';
CREATE FUNCTION phisync.mask_bucket(value date, step integer) RETURNS date
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_bucket';
COMMENT ON FUNCTION phisync.mask_bucket(date, integer) IS
'The first day of the run of that many days, counted from Monday 2000-01-03: 7 gives the Monday of the week. Needs no preload.';
CREATE FUNCTION phisync.mask_bucket(value timestamp, step integer) RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_bucket';
COMMENT ON FUNCTION phisync.mask_bucket(timestamp, integer) IS 'Midnight of that day. Needs no preload.';
CREATE FUNCTION phisync.mask_bucket(value timestamptz, step integer) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_bucket';
COMMENT ON FUNCTION phisync.mask_bucket(timestamptz, integer) IS 'Midnight of that day, in UTC. Needs no preload.';

CREATE FUNCTION phisync.mask_ip(value inet, v4 integer DEFAULT 24, v6 integer DEFAULT 48) RETURNS inet
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_ip';
COMMENT ON FUNCTION phisync.mask_ip(inet, integer, integer) IS
'The network of the address, with that many bits of an IPv4 and of an IPv6 address. Needs no preload.';
CREATE FUNCTION phisync.mask_ip(value text, v4 integer DEFAULT 24, v6 integer DEFAULT 48) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_ip';
COMMENT ON FUNCTION phisync.mask_ip(text, integer, integer) IS
'The same of an address kept as text; [REDACTED] for what is none. Needs no preload.';

CREATE FUNCTION phisync.mask_url(value text) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_url';
COMMENT ON FUNCTION phisync.mask_url(text) IS
'The host of scheme://host/..., in lower case; [REDACTED] for all else, and for hosts that are addresses in numbers. Needs no preload.';

CREATE FUNCTION phisync.mask_latlon(value numeric, step numeric DEFAULT 0.1) RETURNS numeric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_latlon';
COMMENT ON FUNCTION phisync.mask_latlon(numeric, numeric) IS
'Degrees from -180 to 180, rounded down to a multiple of the step; NULL for all else. Needs no preload.';
CREATE FUNCTION phisync.mask_latlon(value double precision, step double precision DEFAULT 0.1) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_latlon';
COMMENT ON FUNCTION phisync.mask_latlon(double precision, double precision) IS 'The same. Needs no preload.';
CREATE FUNCTION phisync.mask_latlon(value text, step numeric DEFAULT 0.1) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_latlon';
COMMENT ON FUNCTION phisync.mask_latlon(text, numeric) IS
'The same of one such number or of two with a comma between; [REDACTED] for all else. Needs no preload.';
CREATE FUNCTION phisync.mask_latlon(value point, step numeric DEFAULT 0.1) RETURNS point
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_mask_latlon';
COMMENT ON FUNCTION phisync.mask_latlon(point, numeric) IS 'The same of both coordinates. Needs no preload.';

-- Functions of the value and the key. Not parallel safe: workers would each have to load the key.
CREATE FUNCTION phisync.mask_date_shift(value date, subject text, days integer, scope text) RETURNS date
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'phisync_mask_date_shift';
COMMENT ON FUNCTION phisync.mask_date_shift(date, text, integer, text) IS
'The date moved by 1 to so many days (at most 3650), back or forth; by how many depends on the subject alone, within the scope and under the key, so that intervals stay. NULL outside the type''s range. Raises 55000 without a key. Needs no preload.';
CREATE FUNCTION phisync.mask_date_shift(value timestamp, subject text, days integer, scope text) RETURNS timestamp
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'phisync_mask_date_shift';
COMMENT ON FUNCTION phisync.mask_date_shift(timestamp, text, integer, text) IS
'The same; the time of day stays. Needs no preload.';
CREATE FUNCTION phisync.mask_date_shift(value timestamptz, subject text, days integer, scope text) RETURNS timestamptz
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'phisync_mask_date_shift';
COMMENT ON FUNCTION phisync.mask_date_shift(timestamptz, text, integer, text) IS
'The same, by days of 24 hours. Needs no preload.';

CREATE FUNCTION phisync.mask_pseudonym(value text, kind text, scope text) RETURNS text
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'phisync_mask_pseudonym';
COMMENT ON FUNCTION phisync.mask_pseudonym(text, text, text) IS
'26 characters that stand for the value: the same for the same value of a kind (ssn, mrn, name...) in a scope (a consumer or study), under the key. Derived from the value, hence no code in the sense of 45 CFR 164.514(c). Raises 55000 without a key, 22023 for an unknown kind. Needs no preload.';
CREATE FUNCTION phisync.mask_pseudonym(value bigint, kind text, scope text) RETURNS text
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'phisync_mask_pseudonym';
COMMENT ON FUNCTION phisync.mask_pseudonym(bigint, text, text) IS
'The same of a number: that of its digits. Needs no preload.';

CREATE FUNCTION phisync.mask_surrogate(value text, kind text, scope text) RETURNS text
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_mask_surrogate';
COMMENT ON FUNCTION phisync.mask_surrogate(text, text, text) IS
'26 random characters that stand for the value: the same for the same value of a kind in a scope from the first call on, when they are stored in phisync.surrogate. Not derived from the value. Raises 55000 without a key, 22023 for an unknown kind, 25006 where a new one would have to be stored and cannot. Needs no preload.';
CREATE FUNCTION phisync.mask_surrogate(value bigint, kind text, scope text) RETURNS text
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_mask_surrogate';
COMMENT ON FUNCTION phisync.mask_surrogate(bigint, text, text) IS
'The same of a number: that of its digits. Needs no preload.';

-- What needs no key tells nobody anything that he does not have, and views that use it run it as their reader: it stays
-- open to all. What needs the key would let anybody try values until the code fits.
REVOKE ALL ON FUNCTION phisync.mask_date_shift(date, text, integer, text), phisync.mask_date_shift(timestamp, text, integer, text),
  phisync.mask_date_shift(timestamptz, text, integer, text), phisync.mask_pseudonym(text, text, text),
  phisync.mask_pseudonym(bigint, text, text), phisync.mask_surrogate(text, text, text),
  phisync.mask_surrogate(bigint, text, text), phisync.set_zip3_restricted(integer, text[]), phisync.zip3_changed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.mask_date_shift(date, text, integer, text), phisync.mask_date_shift(timestamp, text, integer, text),
  phisync.mask_date_shift(timestamptz, text, integer, text), phisync.mask_pseudonym(text, text, text),
  phisync.mask_pseudonym(bigint, text, text), phisync.mask_surrogate(text, text, text),
  phisync.mask_surrogate(bigint, text, text), phisync.set_zip3_restricted(integer, text[]) TO phisync_officer;
GRANT SELECT ON phisync.zip3_restricted, phisync.zip3_in_force TO phisync_officer, phisync_auditor;
