-- Which buckets a user gets.

-- Parameters queries, as bodies of functions: so the server knows what they depend on.
CREATE SCHEMA phisync_parameters;
COMMENT ON SCHEMA phisync_parameters IS
'The parameters query of each bucket, as the body of a function of its name. Written by phisync.create_bucket and phisync.drop_bucket alone; call phisync.buckets_for instead.';

CREATE FUNCTION phisync.auth_jwt() RETURNS jsonb
LANGUAGE C STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'phisync_auth_jwt';
COMMENT ON FUNCTION phisync.auth_jwt() IS
'auth.jwt() of parameters queries: the claims given to phisync.buckets_for, while it runs; raises 55000 elsewhere. Needs no preload.';

CREATE FUNCTION phisync.auth_user_id() RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED RETURN phisync.auth_jwt() OPERATOR(pg_catalog.->>) 'sub';
COMMENT ON FUNCTION phisync.auth_user_id() IS
'auth.user_id() of parameters queries: the claim sub. Needs no preload.';

CREATE FUNCTION phisync.auth_parameter(name text) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED RETURN phisync.auth_jwt() OPERATOR(pg_catalog.->>) name;
COMMENT ON FUNCTION phisync.auth_parameter(text) IS
'auth.parameter(name) of parameters queries: the claim of that name as text. Needs no preload.';

-- Casts in the queries read the settings of the session: for all users alike they are these.
CREATE FUNCTION phisync.buckets_for(claims jsonb, buckets text[] DEFAULT NULL, max_buckets integer DEFAULT 1000)
RETURNS TABLE (bucket text, definition text, priority smallint)
LANGUAGE C STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET "DateStyle" = 'ISO, YMD' SET "IntervalStyle" = postgres
SET "TimeZone" = 'UTC' SET extra_float_digits = 1 SET bytea_output = hex SET row_security = on
AS 'MODULE_PATHNAME', 'phisync_buckets_for';
COMMENT ON FUNCTION phisync.buckets_for(jsonb, text[], integer) IS
'The buckets that a user with these claims gets: ids as the stream writes them, the definition of each and its priority. Runs the parameters queries of the definitions named (null: all) that the caller is granted as a member of a consumer''s role (officers and auditors: all), each with the rights of its definer. Raises 22004, 22023, 42704, 42501, 54000 for more than max_buckets, or 55000 where a query cannot be run; never a value. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.buckets_for(jsonb, text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.buckets_for(jsonb, text[], integer) TO phisync_officer, phisync_auditor, phisync_consumer;
