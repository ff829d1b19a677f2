-- Consumers: who may read the change stream.
CREATE TABLE phisync.consumer (
  name    text COLLATE "C" PRIMARY KEY,
  role    regrole NOT NULL,
  buckets text[]
);
COMMENT ON TABLE phisync.consumer IS
'Consumers of the change stream, written by phisync.create_consumer and phisync.drop_consumer alone. Read phisync.consumers instead.';

SELECT pg_catalog.pg_extension_config_dump('phisync.consumer',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = role)');

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

REVOKE ALL ON FUNCTION phisync.create_consumer(text, regrole, text[]), phisync.drop_consumer(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.create_consumer(text, regrole, text[]), phisync.drop_consumer(text) TO phisync_officer;
GRANT SELECT ON phisync.consumer, phisync.consumers TO phisync_officer, phisync_auditor;
