// Compaction: erases what later operations have superseded, so that new clients download less, and that deleted and
// overwritten contents do not stay in the history. Run now and then beside the bridge: npm run compact
//
// - An operation on a row that a later one of the bucket is about becomes MOVE: same place, same checksum, no contents.
// - MOVE, REMOVE and CLEAR at the beginning of a bucket become one CLEAR with the sum of their checksums, in the place of
//   the last: a new client has nothing to remove, and one that comes from amidst them drops the bucket's rows and goes on.
// Sums of buckets stay what they were, so clients that are up to date notice nothing.
import { pathToFileURL } from 'node:url';
import { connect, storeConnection } from './connections.mjs';

// `client` must have nothing open. Returns how many operations the bucket has lost.
export async function compactBucket(client, bucket) {
  await client.query('BEGIN');
  try {
    // `next` is what superseded the operation. A client whose checkpoint lies between the two must not be told that it
    // is complete: see Checkpoints.isOvertaken.
    const { rows: [moved] } = await client.query(
      `WITH history AS (
         SELECT op_id, lead(op_id) OVER (PARTITION BY type, id, subkey ORDER BY op_id) AS next
         FROM bridge.op WHERE bucket = $1 AND op IN ('PUT', 'REMOVE')),
       moved AS (
         UPDATE bridge.op o SET op = 'MOVE', type = NULL, id = NULL, subkey = NULL, data = NULL
         FROM history h WHERE o.bucket = $1 AND o.op_id = h.op_id AND h.next IS NOT NULL RETURNING h.next)
       SELECT coalesce(max(next), 0) AS compacted FROM moved`, [bucket]);
    const { rows: [cleared] } = await client.query(
      `WITH prefix AS (
         SELECT op_id, checksum FROM bridge.op
         WHERE bucket = $1 AND op_id < coalesce((SELECT min(op_id) FROM bridge.op WHERE bucket = $1 AND op = 'PUT'), 9223372036854775807)),
       total AS (SELECT max(op_id) AS op_id, sum(checksum)::bigint % 4294967296 AS checksum, count(*) AS count FROM prefix),
       gone AS (
         DELETE FROM bridge.op o USING prefix p, total t
         WHERE o.bucket = $1 AND o.op_id = p.op_id AND o.op_id < t.op_id AND t.count > 1),
       one AS (
         UPDATE bridge.op o SET op = 'CLEAR', type = NULL, id = NULL, subkey = NULL, checksum = t.checksum
         FROM total t WHERE o.bucket = $1 AND o.op_id = t.op_id AND t.count > 1)
       SELECT CASE WHEN count > 1 THEN op_id ELSE 0 END AS compacted, greatest(count - 1, 0) AS lost FROM total`, [bucket]);
    await client.query(
      `UPDATE bridge.bucket SET count = count - $2, compacted = greatest(compacted, $3, $4) WHERE id = $1`,
      [bucket, cleared.lost, moved.compacted, cleared.compacted ?? 0]);
    await client.query('COMMIT');
    return Number(cleared.lost);
  } catch (e) {
    await client.query('ROLLBACK').catch(() => {});
    throw e;
  }
}

export async function compactAll(connection) {
  const client = await connect(connection);
  try {
    // One at a time; the bridge itself need not stop.
    await client.query(`SELECT pg_advisory_lock(hashtext('phisync bridge compaction'))`);
    const { rows } = await client.query('SELECT id FROM bridge.bucket ORDER BY id');
    for (const { id } of rows) {
      const lost = await compactBucket(client, id);
      if (lost) console.log(`${id}: ${lost} operations fewer`);
    }
  } finally {
    await client.end();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await compactAll(storeConnection());
