-- Buckets and consumers. The definition tables are read while changes are decoded, as they were when the
-- change was made: hence user_catalog_table, names that compare by bytes, and texts that are kept in the row.
CREATE TABLE phisync.bucket (
  name            text COLLATE "C" PRIMARY KEY,
  parameters      text,
  parameter_names text[] NOT NULL,
  profile         text NOT NULL,
  priority        smallint NOT NULL DEFAULT 3 CHECK (priority BETWEEN 0 AND 3),
  definer         regrole NOT NULL
) WITH (user_catalog_table = true);
ALTER TABLE phisync.bucket ALTER COLUMN parameters SET STORAGE PLAIN, ALTER COLUMN parameter_names SET STORAGE PLAIN;
COMMENT ON TABLE phisync.bucket IS
'Definitions of buckets, written by phisync.create_bucket and phisync.drop_bucket alone. Read phisync.buckets instead.';

CREATE TABLE phisync.bucket_query (
  bucket   text COLLATE "C" NOT NULL,
  ordinal  integer NOT NULL,
  relation regclass NOT NULL,
  query    text NOT NULL,
  columns  name[] NOT NULL,
  PRIMARY KEY (bucket, ordinal)
) WITH (user_catalog_table = true);
ALTER TABLE phisync.bucket_query ALTER COLUMN query SET STORAGE PLAIN;
CREATE INDEX bucket_query_relation ON phisync.bucket_query (relation);
COMMENT ON TABLE phisync.bucket_query IS
'Data queries of buckets, numbered from 0, written by phisync.create_bucket and phisync.drop_bucket alone. Read phisync.buckets instead.';

CREATE TABLE phisync.consumer (
  name    text COLLATE "C" PRIMARY KEY,
  role    regrole NOT NULL,
  buckets text[]
);
COMMENT ON TABLE phisync.consumer IS
'Consumers of the change stream, written by phisync.create_consumer and phisync.drop_consumer alone. Read phisync.consumers instead.';

-- A query whose table is gone would come back under whatever table has its number then, and a bucket whose definer is
-- gone with the rights of whatever role has.
SELECT pg_catalog.pg_extension_config_dump('phisync.bucket',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = definer)');
SELECT pg_catalog.pg_extension_config_dump('phisync.bucket_query',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation)
     AND EXISTS (SELECT FROM phisync.bucket b JOIN pg_catalog.pg_roles r ON r.oid = b.definer WHERE b.name = bucket)');
SELECT pg_catalog.pg_extension_config_dump('phisync.consumer',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = role)');

CREATE FUNCTION phisync.create_bucket(name text, data text[], parameters text DEFAULT NULL, profile text DEFAULT 'withhold',
  priority integer DEFAULT 3)
RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_create_bucket';
COMMENT ON FUNCTION phisync.create_bucket(text, text[], text, text, integer) IS
'Defines a bucket: data queries that say which rows are in it and what of them is sent, a parameters query whose outputs they refer to as bucket.name (null: one bucket for all), and a profile that says which PHI its consumers get (withhold: none; full: all). Devices fetch buckets of priority 0 first, of 3 last. Locks each table against writers until the transaction ends. Raises an error that names what is wrong and what mends it. Needs no preload.';

CREATE FUNCTION phisync.drop_bucket(name text)
RETURNS void LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_drop_bucket';
COMMENT ON FUNCTION phisync.drop_bucket(text) IS
'Removes a bucket and its data queries; later changes are not sent for it. Locks its tables against writers until the transaction ends. Raises 42704 if there is none of that name, 2BP01 if a consumer is granted it by name. Needs no preload.';

CREATE VIEW phisync.buckets AS
SELECT b.name, b.parameters, b.parameter_names,
       pg_catalog.array_agg(q.query ORDER BY q.ordinal) AS data, b.profile,
       pg_catalog.array_agg(q.relation ORDER BY q.ordinal) AS relations, b.priority, b.definer
FROM phisync.bucket b LEFT JOIN phisync.bucket_query q ON q.bucket OPERATOR(pg_catalog.=) b.name
GROUP BY b.name;
COMMENT ON VIEW phisync.buckets IS
'Buckets: the parameters query and the names of its outputs, the data queries in order with the table of each, the profile, the priority (0: fetched first, 3: last), and the role that defined it, with whose rights the parameters query runs. Needs no preload.';

CREATE FUNCTION phisync.compiled_queries(relation regclass)
RETURNS TABLE (bucket text, ordinal integer, type text, outputs text[], withholds boolean, refused text)
LANGUAGE C STRICT STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_compiled_queries';
COMMENT ON FUNCTION phisync.compiled_queries(regclass) IS
'What the output plugin makes of the data queries on a table as it is now; columns as in phisync.bucket_queries. Needs no preload.';

CREATE VIEW phisync.bucket_queries AS
SELECT q.bucket, q.ordinal, q.relation, c.type, c.outputs, c.withholds,
       CASE WHEN c.bucket IS NULL THEN '42P01' ELSE c.refused END AS refused, q.query
FROM phisync.bucket_query q LEFT JOIN LATERAL phisync.compiled_queries(q.relation) c
  ON c.bucket OPERATOR(pg_catalog.=) q.bucket AND c.ordinal OPERATOR(pg_catalog.=) q.ordinal;
COMMENT ON VIEW phisync.bucket_queries IS
'What each data query sends as things are now: the objects'' type, the outputs that are sent, whether its profile withholds others, and, where no record can be made any more, the SQLSTATE that says why: 42501 an id, parameter or key is PHI by now, 42P01 the table is gone, others what its text no longer fits. Needs no preload.';

CREATE FUNCTION phisync.create_consumer(name text, role regrole, buckets text[] DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  missing text;
BEGIN
  IF $1 IS NULL OR $2 IS NULL THEN
    RAISE null_value_not_allowed USING MESSAGE = 'arguments "name" and "role" cannot be null',
      DETAIL = 'A consumer is a name under which members of a role read the stream.',
      HINT = 'SELECT phisync.create_consumer(''name'', ''role'');';
  ELSIF $1 COLLATE "C" !~ '\A[a-z0-9_]{1,63}\Z' THEN
    RAISE invalid_name USING MESSAGE = format('invalid consumer name "%s"', $1),
      DETAIL = 'It stands unquoted in ids, options and addresses.',
      HINT = 'Use 1 to 63 of the characters a-z, 0-9 and _.';
  ELSIF NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = $2) THEN
    RAISE undefined_object USING MESSAGE = format('role with OID %s does not exist', $2::oid),
      DETAIL = 'The stream is served to members of the role alone.',
      HINT = format('CREATE ROLE %I LOGIN REPLICATION;', $1);
  ELSIF EXISTS (SELECT FROM phisync.consumer c WHERE c.name = $1) THEN
    RAISE duplicate_object USING MESSAGE = format('consumer "%s" exists already', $1),
      DETAIL = 'A grant is not changed silently.',
      HINT = format('SELECT phisync.drop_consumer(%L); first, or choose another name.', $1);
  END IF;
  SELECT coalesce(b, 'NULL') INTO missing FROM unnest($3) b
  WHERE NOT EXISTS (SELECT FROM phisync.bucket d WHERE d.name = b) ORDER BY b LIMIT 1;
  IF FOUND THEN
    RAISE undefined_object USING MESSAGE = format('bucket "%s" does not exist', missing),
      DETAIL = 'A bucket that is made later under that name would be granted unseen.',
      HINT = 'SELECT name FROM phisync.buckets; lists those that exist. Without buckets, all are granted.';
  END IF;
  INSERT INTO phisync.consumer (name, role, buckets) VALUES ($1, $2, $3);
END
$$;
COMMENT ON FUNCTION phisync.create_consumer(text, regrole, text[]) IS
'Registers a consumer of the change stream: members of the role, superusers included only if granted it, may read the buckets (null: all, those of the future too) with the plugin option consumer=name. Raises 42602, 42704, 42710 or 22004. Needs no preload.';

CREATE FUNCTION phisync.drop_consumer(name text)
RETURNS void LANGUAGE plpgsql STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  DELETE FROM phisync.consumer c WHERE c.name = $1;
  IF NOT FOUND THEN
    RAISE undefined_object USING MESSAGE = format('consumer "%s" does not exist', $1),
      DETAIL = 'No consumer of that name is registered in this database.',
      HINT = 'SELECT name FROM phisync.consumers; lists those that are.';
  END IF;
END
$$;
COMMENT ON FUNCTION phisync.drop_consumer(text) IS
'Removes a consumer: its next connection is refused; one that is open goes on until it ends. Raises 42704 if there is none of that name. Needs no preload.';

CREATE VIEW phisync.consumers AS
SELECT c.name, c.role, c.buckets, r.oid IS NOT NULL AS role_exists
FROM phisync.consumer c LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) c.role::pg_catalog.oid;
COMMENT ON VIEW phisync.consumers IS
'Consumers of the change stream: the role whose members may connect, and the buckets that they get (null: all). Needs no preload.';

REVOKE ALL ON FUNCTION phisync.create_bucket(text, text[], text, text, integer), phisync.drop_bucket(text), phisync.compiled_queries(regclass),
  phisync.create_consumer(text, regrole, text[]), phisync.drop_consumer(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.create_bucket(text, text[], text, text, integer), phisync.drop_bucket(text),
  phisync.create_consumer(text, regrole, text[]), phisync.drop_consumer(text) TO phisync_officer;
GRANT EXECUTE ON FUNCTION phisync.compiled_queries(regclass) TO phisync_officer, phisync_auditor;
GRANT SELECT ON phisync.bucket, phisync.bucket_query, phisync.consumer, phisync.buckets, phisync.bucket_queries, phisync.consumers
  TO phisync_officer, phisync_auditor;
