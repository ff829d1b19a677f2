-- Consumers: who may read the change stream.
CREATE TABLE phisync.consumer (
  name        text COLLATE "C" PRIMARY KEY,
  role        regrole NOT NULL,
  buckets     text[],
  require_tls boolean NOT NULL,
  networks    cidr[]
);
COMMENT ON TABLE phisync.consumer IS
'Consumers of the change stream, written by phisync.create_consumer, phisync.alter_consumer and phisync.drop_consumer alone. Read phisync.consumers instead.';

SELECT pg_catalog.pg_extension_config_dump('phisync.consumer',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = role)');

CREATE FUNCTION phisync.end_streams(consumer text)
RETURNS void LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_end_streams';
COMMENT ON FUNCTION phisync.end_streams(text) IS
'Ends the streams of a consumer and keeps others from starting until the transaction ends; for the functions that change it. Raises 55P03 if one goes on for ten seconds. Needs no preload.';

CREATE FUNCTION phisync.check_consumer(name text, role regrole, buckets text[], networks cidr[])
RETURNS void LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  missing text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = $2) THEN
    RAISE undefined_object USING MESSAGE = format('role with OID %s does not exist', $2::oid),
      DETAIL = 'The stream is served to members of the role alone.',
      HINT = format('CREATE ROLE %I LOGIN REPLICATION;', $1);
  END IF;
  SELECT coalesce(b, 'NULL') INTO missing FROM unnest($3) b
  WHERE NOT EXISTS (SELECT FROM phisync.bucket d WHERE d.name = b) ORDER BY b LIMIT 1;
  IF FOUND THEN
    RAISE undefined_object USING MESSAGE = format('bucket "%s" does not exist', missing),
      DETAIL = 'A bucket that is made later under that name would be granted unseen.',
      HINT = 'SELECT name FROM phisync.buckets; lists those that exist. Without buckets, all are granted.';
  END IF;
  IF $4 = '{}' OR array_position($4, NULL) IS NOT NULL THEN
    RAISE invalid_parameter_value USING MESSAGE = 'networks are neither empty nor null',
      DETAIL = 'A consumer with networks is served to clients in them alone, and to none over a unix socket.',
      HINT = 'Name at least one network, such as 10.1.0.0/16, or leave networks out.';
  END IF;
END
$$;
COMMENT ON FUNCTION phisync.check_consumer(text, regrole, text[], cidr[]) IS
'Raises what is wrong with the registration of a consumer; for the functions that make and change it. Needs no preload.';

CREATE FUNCTION phisync.create_consumer(name text, role regrole, buckets text[] DEFAULT NULL, require_tls boolean DEFAULT false,
  networks cidr[] DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF $1 IS NULL OR $2 IS NULL OR $4 IS NULL THEN
    RAISE null_value_not_allowed USING MESSAGE = 'arguments "name", "role" and "require_tls" cannot be null',
      DETAIL = 'A consumer is a name under which members of a role read the stream.',
      HINT = 'SELECT phisync.create_consumer(''name'', ''role'');';
  ELSIF $1 COLLATE "C" !~ '\A[a-z0-9_]{1,63}\Z' THEN
    RAISE invalid_name USING MESSAGE = format('invalid consumer name "%s"', $1),
      DETAIL = 'It stands unquoted in ids, options and addresses.',
      HINT = 'Use 1 to 63 of the characters a-z, 0-9 and _.';
  ELSIF EXISTS (SELECT FROM phisync.consumer c WHERE c.name = $1) THEN
    RAISE duplicate_object USING MESSAGE = format('consumer "%s" exists already', $1),
      DETAIL = 'A grant is not changed silently.',
      HINT = 'SELECT phisync.alter_consumer(...); changes it. Or choose another name.';
  END IF;
  PERFORM phisync.check_consumer($1, $2, $3, $5);
  INSERT INTO phisync.consumer (name, role, buckets, require_tls, networks) VALUES ($1, $2, $3, $4, $5);
END
$$;
COMMENT ON FUNCTION phisync.create_consumer(text, regrole, text[], boolean, cidr[]) IS
'Registers a consumer of the change stream: members of the role, superusers included only if granted it, may read the buckets (null: all, those of the future too) with the plugin option consumer=name; with require_tls over TLS alone, with networks from addresses in them alone (and not over a unix socket, which has none). Raises 42602, 42704, 42710, 22004 or 22023. Needs no preload.';

CREATE FUNCTION phisync.alter_consumer(name text, role regrole DEFAULT NULL, buckets text[] DEFAULT NULL, require_tls boolean DEFAULT NULL,
  networks cidr[] DEFAULT NULL, all_buckets boolean DEFAULT false, any_network boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  c phisync.consumer;
BEGIN
  IF $3 IS NOT NULL AND $6 OR $5 IS NOT NULL AND $7 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'a restriction is both set and lifted',
      DETAIL = 'buckets goes without all_buckets, networks without any_network.', HINT = 'Leave one of the two out.';
  END IF;
  PERFORM phisync.end_streams($1);
  SELECT * INTO c FROM phisync.consumer d WHERE d.name = $1;
  IF NOT FOUND THEN
    RAISE undefined_object USING MESSAGE = format('consumer "%s" does not exist', $1),
      DETAIL = 'No consumer of that name is registered in this database.',
      HINT = 'SELECT name FROM phisync.consumers; lists those that are.';
  END IF;
  c.role := coalesce($2, c.role);
  c.buckets := CASE WHEN $6 THEN NULL ELSE coalesce($3, c.buckets) END;
  c.require_tls := coalesce($4, c.require_tls);
  c.networks := CASE WHEN $7 THEN NULL ELSE coalesce($5, c.networks) END;
  PERFORM phisync.check_consumer($1, c.role, c.buckets, c.networks);
  UPDATE phisync.consumer d SET role = c.role, buckets = c.buckets, require_tls = c.require_tls, networks = c.networks
  WHERE d.name = $1;
END
$$;
COMMENT ON FUNCTION phisync.alter_consumer(text, regrole, text[], boolean, cidr[], boolean, boolean) IS
'Changes what is not null of a consumer; all_buckets and any_network lift those restrictions. Ends its streams, which start again as it is then, and sessions in whose open transaction it took a snapshot. Raises 42704, 22023 or 55P03. Needs no preload.';

CREATE FUNCTION phisync.drop_consumer(name text)
RETURNS void LANGUAGE plpgsql STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM phisync.end_streams($1);
  DELETE FROM phisync.consumer c WHERE c.name = $1;
  IF NOT FOUND THEN
    RAISE undefined_object USING MESSAGE = format('consumer "%s" does not exist', $1),
      DETAIL = 'No consumer of that name is registered in this database.',
      HINT = 'SELECT name FROM phisync.consumers; lists those that are.';
  END IF;
END
$$;
COMMENT ON FUNCTION phisync.drop_consumer(text) IS
'Removes a consumer, ends its streams, and sessions in whose open transaction it took a snapshot. Raises 42704 if there is none of that name, 55P03 if one of these goes on for ten seconds. Needs no preload.';

CREATE VIEW phisync.consumers AS
SELECT c.name, c.role, c.buckets, r.oid IS NOT NULL AS role_exists, c.require_tls, c.networks
FROM phisync.consumer c LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) c.role::pg_catalog.oid;
COMMENT ON VIEW phisync.consumers IS
'Consumers of the change stream: the role whose members may connect, and the buckets that they get (null: all), whether over TLS alone, and from which networks (null: any). Needs no preload.';

REVOKE ALL ON FUNCTION phisync.end_streams(text), phisync.check_consumer(text, regrole, text[], cidr[]),
  phisync.create_consumer(text, regrole, text[], boolean, cidr[]),
  phisync.alter_consumer(text, regrole, text[], boolean, cidr[], boolean, boolean), phisync.drop_consumer(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.create_consumer(text, regrole, text[], boolean, cidr[]),
  phisync.alter_consumer(text, regrole, text[], boolean, cidr[], boolean, boolean), phisync.drop_consumer(text) TO phisync_officer;
GRANT SELECT ON phisync.consumer, phisync.consumers TO phisync_officer, phisync_auditor;
