-- What the bridge keeps: the operations of each bucket, which of them are current, and how far the stream is applied.
CREATE SCHEMA IF NOT EXISTS bridge;

-- One row: the slot that fills this store.
CREATE TABLE IF NOT EXISTS bridge.state (
  slot     text PRIMARY KEY,
  system   text NOT NULL,      -- whose log it is: another system or timeline is not its continuation
  timeline integer NOT NULL,
  lsn      pg_lsn NOT NULL,    -- everything that ends here or before is applied
  hold     pg_lsn NOT NULL,    -- a bucket was rebuilt as of here: no checkpoint before the rest has come as far
  last_op  bigint NOT NULL
);

-- Operations in PowerSync's sense. op_id grows with the order of application over all buckets.
CREATE TABLE IF NOT EXISTS bridge.op (
  op_id    bigint NOT NULL UNIQUE,
  bucket   text COLLATE "C" NOT NULL,
  op       text NOT NULL CHECK (op IN ('PUT', 'REMOVE', 'MOVE', 'CLEAR')),
  type     text,               -- type, id and subkey are the row's identity in the bucket; null in MOVE and CLEAR
  id       text,
  subkey   text,
  checksum bigint NOT NULL,    -- 0 to 2^32 - 1
  data     text,               -- the bytes as they came, never looked into
  PRIMARY KEY (bucket, op_id)
);

-- The rows that are in each bucket now, and the PUT that says with what content.
CREATE TABLE IF NOT EXISTS bridge.live (
  bucket text COLLATE "C" NOT NULL,
  type   text COLLATE "C" NOT NULL,
  id     text COLLATE "C" NOT NULL,
  subkey text COLLATE "C" NOT NULL,
  op_id  bigint NOT NULL,
  PRIMARY KEY (bucket, type, id, subkey)
);

CREATE TABLE IF NOT EXISTS bridge.bucket (
  id        text COLLATE "C" PRIMARY KEY,
  checksum  bigint NOT NULL,   -- of all its operations, modulo 2^32
  count     bigint NOT NULL,
  last_op   bigint NOT NULL,
  compacted bigint NOT NULL DEFAULT 0  -- compaction left out what only operations up to this one make good
);

-- Buckets whose contents are to be taken anew (lsn null), or were, as of lsn: the stream up to there is not for them.
CREATE TABLE IF NOT EXISTS bridge.rebuild (
  pattern text COLLATE "C" PRIMARY KEY,  -- a bucket id, or name[*]
  lsn     pg_lsn
);

-- A client that uploaded wants to know when the stream has passed what it wrote.
CREATE TABLE IF NOT EXISTS bridge.write_checkpoint (
  client text PRIMARY KEY,
  number bigint NOT NULL,
  lsn    pg_lsn NOT NULL
);

CREATE OR REPLACE FUNCTION bridge.matches(bucket text, pattern text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE WHEN right(pattern, 3) = '[*]' THEN starts_with(bucket, left(pattern, -2)) ELSE bucket = pattern END;

-- PowerSync's checksum of a REMOVE: the first four bytes of a SHA-256, little end first.
CREATE OR REPLACE FUNCTION bridge.remove_checksum(subkey text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
(SELECT get_byte(h, 0) + (get_byte(h, 1) << 8) + (get_byte(h, 2) << 16) + (get_byte(h, 3)::bigint << 24)
 FROM sha256(convert_to('delete.' || subkey, 'UTF8')) h);
