// Takes the contents of buckets from the database itself: all at first, and some when a policy change says so.
import { connect } from './connections.mjs';
import { parseLsn, parseRecord, Seal, splitLines } from './record.mjs';

const UNDEFINED_OBJECT = '42704';

// A slot that is made on a replication connection exports a snapshot: the database exactly as of the point L where the
// stream of that slot begins. Transactions that the snapshot shows have begin.lsn < L, all others are in the stream.
async function inSnapshot(source, createSlot, use) {
  const clients = [];
  try {
    for (const mode of [{ replication: 'database' }, {}]) clients.push(await connect({ ...source, ...mode }));
    const [replication, reader] = clients;
    const { rows: [origin] } = await replication.query('IDENTIFY_SYSTEM');
    const { rows: [slot] } = await replication.query(createSlot);
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await reader.query(`SET TRANSACTION SNAPSHOT '${slot.snapshot_name}'`);
    return await use(reader, parseLsn(slot.consistent_point), origin);
  } finally {
    for (const client of clients) await client.end().catch(() => {});  // the end of the first drops a temporary slot
  }
}

function declare(reader, name, consumer, buckets) {
  const list = buckets ? `ARRAY[${buckets.map((b) => reader.escapeLiteral(b))}]` : 'NULL';
  return reader.query(
    `DECLARE ${name} NO SCROLL CURSOR FOR SELECT phisync.snapshot(${reader.escapeLiteral(consumer)}, ${list})`);
}

// Those of the patterns whose definitions exist. The stream has yet to come to where the others are dropped.
async function definedOnes(reader, consumer, patterns) {
  const defined = [];
  for (const pattern of patterns) {
    await reader.query('SAVEPOINT probe');
    try {
      await declare(reader, 'probe', consumer, [pattern]);
      await reader.query('FETCH 1 FROM probe');
      await reader.query('CLOSE probe');
      defined.push(pattern);
    } catch (e) {
      if (e.code !== UNDEFINED_OBJECT) throw e;
      await reader.query('ROLLBACK TO probe');
    }
  }
  return defined;
}

// The puts of phisync.snapshot, some at a time. `buckets` null: all.
async function* snapshotPuts(reader, consumer, buckets) {
  if (buckets) {
    buckets = await definedOnes(reader, consumer, buckets);
    if (!buckets.length) return;
  }
  await declare(reader, 'snapshot', consumer, buckets);
  const seal = new Seal();
  let sealed = false;
  for (;;) {
    const { rows } = await reader.query({ text: 'FETCH 50 FROM snapshot', rowMode: 'array' });
    if (!rows.length) break;
    for (const [message] of rows) {
      for (const line of splitLines(Buffer.from(message))) {
        const record = parseRecord(line.toString());
        if (record.k === 'commit') {
          seal.verify(record);
          sealed = true;
          continue;
        }
        seal.add(line);
        if (record.k === 'put') yield record;
        if (record.k === 'error') console.error(`snapshot: a row of ${record.relation} is left out (${record.sqlstate})`);
      }
    }
  }
  if (!sealed) throw new Error('the snapshot ended before its commit record');
}

// Begins: makes the slot, and the store shows what the database held at that point.
export async function loadAll(source, { consumer, slot }, store) {
  const admin = await connect(source);
  try {
    // One that is left over from a load that failed, or that belongs to another log.
    await admin.query(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1`, [slot]);
  } finally {
    await admin.end();
  }
  console.log(`loading all buckets of ${consumer}`);
  await inSnapshot(source, `CREATE_REPLICATION_SLOT ${slot} LOGICAL phisync (SNAPSHOT 'export')`,
    (reader, lsn, origin) => store.replace(null, snapshotPuts(reader, consumer, null), lsn, origin));
}

// Takes the buckets that these patterns name anew; the rest stays where the stream is.
export async function rebuild(source, { consumer, slot }, store, patterns) {
  console.log(`rebuilding ${patterns.join(' ')}`);
  await inSnapshot(source, `CREATE_REPLICATION_SLOT ${slot}_rebuild TEMPORARY LOGICAL phisync (SNAPSHOT 'export')`,
    (reader, lsn) => store.replace(patterns, snapshotPuts(reader, consumer, patterns), lsn));
}
