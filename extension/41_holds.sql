-- Legal holds.

CREATE TABLE phisync.legal_hold (
  name text PRIMARY KEY CHECK (name <> ''),
  reason text NOT NULL CHECK (reason <> ''),
  case_id text,
  relation regclass,
  pk jsonb,
  subject text,
  predicate text,
  placed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  placed_by name NOT NULL DEFAULT SESSION_USER,
  released_at timestamptz,
  released_by name,
  release_reason text
);
COMMENT ON TABLE phisync.legal_hold IS
'Legal holds, released ones too; written through place_legal_hold and release_legal_hold, read through the view legal_holds. pk and subject identify people.';
SELECT pg_catalog.pg_extension_config_dump('phisync.legal_hold', '');
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON phisync.legal_hold
  FOR EACH ROW EXECUTE FUNCTION phisync.retention_changed();
ALTER TABLE phisync.legal_hold ENABLE ALWAYS TRIGGER changed;

CREATE FUNCTION phisync.check_legal_hold(name text, reason text, relation regclass, pk jsonb, subject text, predicate text)
RETURNS void
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'phisync_check_legal_hold';
REVOKE ALL ON FUNCTION phisync.check_legal_hold(text, text, regclass, jsonb, text, text) FROM PUBLIC;
COMMENT ON FUNCTION phisync.check_legal_hold(text, text, regclass, jsonb, text, text) IS
'Locks the table, if one is named, against writes until the transaction ends and raises an error unless the hold can be kept; called by place_legal_hold. Needs no preload.';

CREATE FUNCTION phisync.place_legal_hold(name text, reason text, relation regclass DEFAULT NULL, pk jsonb DEFAULT NULL,
  subject text DEFAULT NULL, predicate text DEFAULT NULL, case_id text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM phisync.check_legal_hold(name, reason, relation, pk, subject, predicate);
  -- Waits for transactions that changed guarded rows without this hold; later ones see it.
  LOCK TABLE phisync.legal_hold IN SHARE ROW EXCLUSIVE MODE;
  INSERT INTO phisync.legal_hold AS h (name, reason, case_id, relation, pk, subject, predicate)
  VALUES (place_legal_hold.name, place_legal_hold.reason, place_legal_hold.case_id, place_legal_hold.relation,
          place_legal_hold.pk, place_legal_hold.subject, place_legal_hold.predicate)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
      MESSAGE = pg_catalog.format('legal hold "%s" already exists', name),
      DETAIL = 'Names of legal holds are unique in the database and stay taken after release.',
      HINT = 'Choose another name; several holds may lie on one row.';
  END IF;
  IF relation IS NOT NULL THEN
    PERFORM phisync.set_guard(relation);
  END IF;
END
$$;
REVOKE ALL ON FUNCTION phisync.place_legal_hold(text, text, regclass, jsonb, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.place_legal_hold(text, text, regclass, jsonb, text, text, text) TO phisync_officer;
COMMENT ON FUNCTION phisync.place_legal_hold(text, text, regclass, jsonb, text, text, text) IS
'Forbids disposal until release_legal_hold: of one row (relation and pk, an object such as {"id": 7}), of rows that pass a predicate (relation and predicate), or of a subject''s rows in all tables with a policy that names a subject column (subject, with relation: in that table alone). Waits for transactions that change guarded rows. Errors: 22023, 42704, 42710, 55000. Needs no preload.';

CREATE FUNCTION phisync.release_legal_hold(name text, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation regclass;
BEGIN
  IF coalesce(reason, '') = '' THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = pg_catalog.format('release of legal hold "%s" gives no reason', name),
      DETAIL = 'The hold stays on record with the reason of its release.',
      HINT = 'Say why: phisync.release_legal_hold(name, reason).';
  END IF;
  SELECT h.relation INTO relation FROM phisync.legal_hold h
  WHERE h.name = release_legal_hold.name AND h.released_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object',
      MESSAGE = pg_catalog.format('legal hold "%s" is not in force', name),
      DETAIL = 'It does not exist or was released.',
      HINT = 'The view phisync.legal_holds lists holds and releases.';
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation) THEN
    EXECUTE pg_catalog.format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', relation);
  END IF;
  LOCK TABLE phisync.legal_hold IN SHARE ROW EXCLUSIVE MODE;
  UPDATE phisync.legal_hold h
  SET released_at = pg_catalog.now(), released_by = SESSION_USER, release_reason = release_legal_hold.reason
  WHERE h.name = release_legal_hold.name;
  IF relation IS NOT NULL THEN
    PERFORM phisync.set_guard(relation);
  END IF;
END
$$;
REVOKE ALL ON FUNCTION phisync.release_legal_hold(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.release_legal_hold(text, text) TO phisync_officer;
COMMENT ON FUNCTION phisync.release_legal_hold(text, text) IS
'Ends a legal hold; it stays on record. Errors: 22023, 42704. Needs no preload.';

CREATE VIEW phisync.legal_holds AS
SELECT h.name, h.reason, h.case_id,
  CASE WHEN h.pk IS NOT NULL THEN 'row' WHEN h.predicate IS NOT NULL THEN 'predicate' ELSE 'subject' END AS kind,
  h.relation, h.pk, h.subject, h.predicate, h.released_at IS NULL AS in_force,
  h.placed_at, h.placed_by, h.released_at, h.released_by, h.release_reason
FROM phisync.legal_hold h;
REVOKE ALL ON phisync.legal_holds FROM PUBLIC;
GRANT SELECT ON phisync.legal_holds TO phisync_officer, phisync_auditor;
COMMENT ON VIEW phisync.legal_holds IS
'Legal holds in force and released. pk and subject identify people.';
