-- Buckets and consumers. The definition tables are read while changes are decoded, as they were when the
-- change was made: hence user_catalog_table, names that compare by bytes, and texts that are kept in the row.
CREATE TABLE phisync.bucket (
  name            text COLLATE "C" PRIMARY KEY,
  parameters      text,
  parameter_names text[] NOT NULL,
  profile         text NOT NULL
) WITH (user_catalog_table = true);
ALTER TABLE phisync.bucket ALTER COLUMN parameters SET STORAGE PLAIN, ALTER COLUMN parameter_names SET STORAGE PLAIN;
COMMENT ON TABLE phisync.bucket IS
'Definitions of buckets, written by phisync.create_bucket and phisync.drop_bucket alone. Read phisync.buckets instead.';

CREATE TABLE phisync.bucket_query (
  bucket   text COLLATE "C" NOT NULL,
  ordinal  integer NOT NULL,
  relation regclass NOT NULL,
  query    text NOT NULL,
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

-- A query whose table is gone would come back under whatever table has its number then.
SELECT pg_catalog.pg_extension_config_dump('phisync.bucket', '');
SELECT pg_catalog.pg_extension_config_dump('phisync.bucket_query',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation)');
SELECT pg_catalog.pg_extension_config_dump('phisync.consumer',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = role)');

CREATE FUNCTION phisync.create_bucket(name text, data text[], parameters text DEFAULT NULL, profile text DEFAULT 'withhold')
RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_create_bucket';
COMMENT ON FUNCTION phisync.create_bucket(text, text[], text, text) IS
'Defines a bucket: data queries that say which rows are in it and what of them is sent, a parameters query whose outputs they refer to as bucket.name (null: one bucket for all), and a profile that says which PHI its consumers get (withhold: none; full: all). Locks each table against writers until the transaction ends. Raises an error that names what is wrong and what mends it. Needs no preload.';

CREATE FUNCTION phisync.drop_bucket(name text)
RETURNS void LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_drop_bucket';
COMMENT ON FUNCTION phisync.drop_bucket(text) IS
'Removes a bucket and its data queries; later changes are not sent for it. Locks its tables against writers until the transaction ends. Raises 42704 if there is none of that name, 2BP01 if a consumer is granted it by name. Needs no preload.';

CREATE VIEW phisync.buckets AS
SELECT b.name, b.parameters, b.parameter_names,
       pg_catalog.array_agg(q.query ORDER BY q.ordinal) AS data, b.profile,
       pg_catalog.array_agg(q.relation ORDER BY q.ordinal) AS relations
FROM phisync.bucket b LEFT JOIN phisync.bucket_query q ON q.bucket OPERATOR(pg_catalog.=) b.name
GROUP BY b.name;
COMMENT ON VIEW phisync.buckets IS
'Buckets: the parameters query and the names of its outputs, the data queries in order with the table of each, and the profile. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.create_bucket(text, text[], text, text), phisync.drop_bucket(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.create_bucket(text, text[], text, text), phisync.drop_bucket(text) TO phisync_officer;
GRANT SELECT ON phisync.bucket, phisync.bucket_query, phisync.consumer, phisync.buckets TO phisync_officer, phisync_auditor;
