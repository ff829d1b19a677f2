-- What buckets hold now: for the first fill of a consumer, and to compare with what it has.
CREATE FUNCTION phisync.snapshot(consumer text, buckets text[] DEFAULT NULL, VARIADIC options text[] DEFAULT '{}')
RETURNS SETOF text LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100000 AS 'MODULE_PATHNAME', 'phisync_snapshot';
COMMENT ON FUNCTION phisync.snapshot(text, text[], text[]) IS
'The contents of buckets as the stream would send them, as this statement''s snapshot shows them: messages of a begin record, puts, errors and a commit record. buckets are definitions (clinic, clinic[*]) or bucket ids (clinic["c1"]); null: all that the consumer is granted. Options are those of the stream, names and values in turn. Only for logins and current roles that are members of the consumer''s role; until the transaction ends, a change of the registration ends the session. In the target list of a SELECT messages are sent as they are made; in FROM they are gathered first. Raises 42501, 42704, 22023, or 40001 if a table was truncated or rewritten after the snapshot. Needs no preload.';

CREATE FUNCTION phisync.bucket_checksum(bucket text, VARIADIC options text[] DEFAULT '{}')
RETURNS TABLE (count bigint, checksum bigint, errors bigint) ROWS 1
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_bucket_checksum';
COMMENT ON FUNCTION phisync.bucket_checksum(text, text[]) IS
'The number of rows in a bucket, given by its id, and the sum of their checksums modulo 2^32, as a snapshot with the same options would give them; rows that cannot be sent count as errors. Equals the checksum of a bucket of which a sync server keeps the last put of each row. Raises 42704 or 22023. Needs no preload.';

CREATE FUNCTION phisync.explain_row(relation regclass, VARIADIC pk text[])
RETURNS TABLE (bucket text, ordinal integer, in_bucket boolean, buckets text[], reason text, columns jsonb)
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_explain_row';
COMMENT ON FUNCTION phisync.explain_row(regclass, text[]) IS
'For each data query on a table, or on one that it is a partition of: whether it puts the row with that primary key into buckets, into which, why or why not, and what becomes of each output and column: sent, transformed and how, withheld, both with its tag, or not selected. Shows no value of the row but those in bucket ids, which the profile lets out. Raises 42809, 22023 or 42P17 for what has no such key. Needs no preload.';

CREATE FUNCTION phisync.preview(profile text, relation regclass, max_rows integer DEFAULT 10)
RETURNS SETOF jsonb LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'phisync_preview';
COMMENT ON FUNCTION phisync.preview(text, regclass, integer) IS
'Rows of a table or view as consumers with the profile would get them: all columns but those that it drops, rows that it hides left out; rows of partitions and heirs as the tags there say. Read with the caller''s right to select. Ages are as of now; a surrogate that is not stored yet is null. Raises 42704 for an unknown profile, 42501 without the right, 55000 if a key is needed that is not to be had. Needs no preload.';

CREATE FUNCTION phisync.transaction_is_visible(xid bigint)
RETURNS boolean LANGUAGE C STRICT STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_transaction_is_visible';
COMMENT ON FUNCTION phisync.transaction_is_visible(bigint) IS
'Whether the transaction of a begin record, by its xid, is visible to the current snapshot. The stream may deliver a commit shortly before the server shows it: a consumer that queries after a commit waits for this. Raises 22023 for what is no xid. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.bucket_checksum(text, text[]), phisync.explain_row(regclass, text[]), phisync.preview(text, regclass, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.preview(text, regclass, integer) TO phisync_officer;
GRANT EXECUTE ON FUNCTION phisync.bucket_checksum(text, text[]), phisync.explain_row(regclass, text[]) TO phisync_officer, phisync_auditor;
