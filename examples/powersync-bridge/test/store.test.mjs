// The store, on a database of its own: set TEST_STORE_URL to an empty one.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import pg from 'pg';
import { Applier } from '../apply.mjs';
import { Checkpoints } from '../checkpoints.mjs';
import { compactBucket } from '../compact.mjs';
import { crc32c } from '../record.mjs';
import { Store } from '../store.mjs';

const connectionString = process.env.TEST_STORE_URL;
const skip = connectionString ? false : 'TEST_STORE_URL is not set';
const origin = { systemid: '1', timeline: 1 };
const checksum = (text) => createHash('sha256').update(text).digest().readUInt32LE(0);
const putOf = (buckets, id, data) =>
  ({ buckets, type: 't', id, subkey: `0["${id}"]`, sum: checksum(`put.t.${id}.${data}`), data });
const removeOf = (buckets, id) => ({ buckets, type: 't', id, subkey: `0["${id}"]`, sum: checksum(`delete.0["${id}"]`) });

const pool = skip ? null : new pg.Pool({ connectionString });
const open = [];
after(async () => {
  for (const store of open) await store.close();
  await pool?.end();
});

async function newStore() {
  await Promise.all(open.splice(0).map((s) => s.close()));
  await pool.query('DROP SCHEMA IF EXISTS bridge CASCADE');
  const store = new Store({ connectionString }, 'slot');
  open.push(store);
  await store.open();
  await store.replace(null, [], 100n, origin);
  return store;
}

// A transaction of the stream, as its message.
function message(lsn, records, change = (lines) => lines) {
  const lines = [{ k: 'begin', xid: 1, lsn: `0/${lsn.toString(16)}` }, ...records].map((r) => JSON.stringify(r));
  const sealed = Buffer.from(`${lines.join('\n')}\n`);
  lines.push(JSON.stringify({ k: 'commit', end: `0/${(lsn + 8).toString(16)}`, count: records.length, crc: crc32c(sealed) }));
  return Buffer.from(change(lines).join('\n'));
}
function put(buckets, id, text, more) {
  const { data, ...rest } = putOf(buckets, id, text);
  return { k: 'put', ...rest, ...more, data: JSON.parse(data) };  // data is the last key
}
const remove = (...of) => ({ k: 'remove', ...removeOf(...of) });

const live = async () => (await pool.query('SELECT bucket, id, data FROM bridge.live JOIN bridge.op USING (bucket, op_id, id) ORDER BY 1, 2'))
  .rows.map((r) => `${r.bucket} ${r.id} ${r.data}`);
const sums = async () => (await pool.query(
  `SELECT id FROM bridge.bucket b,
     LATERAL (SELECT sum(o.checksum) % 4294967296 AS total, count(*) AS n, max(op_id) AS last FROM bridge.op o WHERE o.bucket = b.id) o
   WHERE (checksum, count, last_op) IS DISTINCT FROM (total, n, last)`)).rows;

test('a transaction is applied whole or not at all, and once', { skip }, async () => {
  const store = await newStore();
  const applier = new Applier(store, { changed() {} });
  const first = message(200, [put(['a[]', 'b[]'], '1', '{"n":1}'), put(['a[]'], '2', '{"n":2}'), remove(['a[]'], '1'), remove(['a[]'], '9')]);
  assert.equal(await applier.message(first), 208n);
  assert.deepEqual(await live(), ['a[] 2 {"n":2}', 'b[] 1 {"n":1}']);
  assert.deepEqual(await sums(), []);
  const before = store.lastOp;
  assert.equal(await applier.message(first), 208n, 'it comes again, and is acknowledged again');
  assert.equal(store.lastOp, before);
  await assert.rejects(applier.message(message(300, [put(['a[]'], '3', '{}')], (l) => l.filter((_, i) => i !== 1))), /damaged/);
  await store.close();
  await store.open();
  assert.equal(store.position, 208n);
  assert.deepEqual(await live(), ['a[] 2 {"n":2}', 'b[] 1 {"n":1}']);
});

test('clear removes what one query made, in one bucket or in all of a definition', { skip }, async () => {
  const store = await newStore();
  const applier = new Applier(store, { changed() {} });
  await applier.message(message(200, [put(['a[1]', 'a[2]', 'ab[1]'], '1', '{}')]));
  await applier.message(message(300, [{ k: 'clear', buckets: 'a[*]', type: 't', subkeys: '1[*]' }]));
  assert.equal((await live()).length, 3, 'another query');
  await applier.message(message(400, [{ k: 'clear', buckets: 'a[2]', type: 't', subkeys: '0[*]' }]));
  assert.deepEqual(await live(), ['a[1] 1 {}', 'ab[1] 1 {}']);
  await applier.message(message(500, [{ k: 'clear', buckets: 'a[*]', type: 't', subkeys: '0[*]' }]));
  assert.deepEqual(await live(), ['ab[1] 1 {}']);
  assert.deepEqual(await sums(), []);
  const { rows } = await pool.query(`SELECT checksum, subkey FROM bridge.op WHERE op = 'REMOVE'`);
  for (const r of rows) assert.equal(Number(r.checksum), checksum(`delete.${r.subkey}`));
});

test('a rebuilt bucket gets differences, is ahead of the stream, and holds checkpoints back', { skip }, async () => {
  const store = await newStore();
  const applier = new Applier(store, { changed() {} });
  const checkpoints = new Checkpoints(pool, store);
  await applier.message(message(200, [put(['a[1]', 'b[]'], 'same', '{}'), put(['a[1]', 'b[]'], 'gone', '{}'), put(['a[1]', 'b[]'], 'changed', '{}')]));
  await applier.message(message(300, [{ k: 'policy', buckets: ['a[*]'] }]));
  assert.deepEqual(store.dueRebuilds, ['a[*]']);
  await store.close();
  await store.open();
  assert.deepEqual(store.dueRebuilds, ['a[*]'], 'it is not forgotten');
  const before = store.lastOp;
  await store.replace(store.dueRebuilds, [putOf(['a[1]'], 'same', '{}'), putOf(['a[1]'], 'changed', '{"n":1}'), putOf(['a[2]'], 'new', '{}')], 450n);
  assert.equal(store.lastOp, before + 3);
  const state = ['a[1] changed {"n":1}', 'a[1] same {}', 'a[2] new {}', 'b[] changed {}', 'b[] gone {}', 'b[] same {}'];
  assert.deepEqual(await live(), state);
  assert.equal(await checkpoints.read([{ bucket: 'b[]', priority: 3 }], 'c'), null);
  await applier.message(message(400, [put(['a[1]', 'b[]'], 'changed', '{"n":0}')]));
  state[3] = 'b[] changed {"n":0}';
  assert.deepEqual(await live(), state, 'the snapshot showed this transaction already');
  assert.equal(await checkpoints.read([{ bucket: 'b[]', priority: 3 }], 'c'), null);
  store.advance(450n);
  assert.equal((await checkpoints.read([{ bucket: 'b[]', priority: 3 }], 'c')).buckets.size, 1);
  await applier.message(message(500, [remove(['a[1]'], 'changed')]));
  assert.equal((await live()).length, 5);
  assert.deepEqual(store.rebuilds, []);
  assert.deepEqual(await sums(), []);
});

test('clear of a definition leaves alone the bucket of it that was rebuilt later', { skip }, async () => {
  const store = await newStore();
  const applier = new Applier(store, { changed() {} });
  await applier.message(message(200, [put(['a[1]', 'a[2]'], '1', '{}')]));
  await store.begin();
  await store.commit(210n, ['a[2]']);
  await store.replace(['a[2]'], [putOf(['a[2]'], '1', '{}')], 450n);
  await applier.message(message(300, [{ k: 'clear', buckets: 'a[*]', type: 't', subkeys: '0[*]' }]));
  assert.deepEqual(await live(), ['a[2] 1 {}']);
});

test('a put that the log holds only in part makes its buckets due', { skip }, async () => {
  const store = await newStore();
  const applier = new Applier(store, { changed() {} });
  await applier.message(message(200, [put(['a[1]'], '1', '{"big":"x"}')]));
  await applier.message(message(300, [put(['a[1]', 'a[2]'], '1', '{}', { incomplete: ['big'] })]));
  assert.deepEqual(store.dueRebuilds, ['a[1]', 'a[2]']);
  assert.deepEqual(await live(), ['a[1] 1 {"big":"x"}']);
});

test('another system or timeline is another log', { skip }, async () => {
  const applier = new Applier(await newStore(), { changed() {} });
  await applier.message(Buffer.from('{"k":"hello","system":"1","timeline":1}'));
  await assert.rejects(applier.message(Buffer.from('{"k":"hello","system":"1","timeline":2}')), /timeline 2/);
});

// What a client has after these operations: rows, and the sum that it computes.
function reduce(operations, { rows = new Map(), sum = 0 } = {}) {
  rows = new Map(rows);
  for (const o of operations) {
    if (o.op === 'CLEAR') {
      rows.clear();
      sum = 0;
    }
    const key = `${o.object_type} ${o.object_id} ${o.subkey}`;
    if (o.op === 'PUT') rows.set(key, o.data);
    if (o.op === 'REMOVE') rows.delete(key);
    sum = (sum + o.checksum) % 4294967296;
  }
  return { rows, sum };
}

test('compaction: wherever a client stands, it ends with the same rows and sum', { skip }, async () => {
  const store = await newStore();
  const checkpoints = new Checkpoints(pool, store);
  let seed = 7;
  const random = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor((seed / 2147483648) * n); };
  const read = async (from, to) => {
    const all = [];
    for await (const page of checkpoints.operations('a[]', String(from), String(to))) all.push(...page.data);
    return all;
  };
  const plain = (state) => ({ rows: Object.fromEntries([...state.rows].sort()), sum: state.sum });
  const client = await pool.connect();
  const clients = [{ at: 0, state: reduce([]) }];
  let history = [];
  try {
    for (let round = 0; round < 12; ++round) {
      for (let t = 0; t < 6; ++t) {
        await store.begin();
        for (let i = 0; i <= random(4); ++i) {
          const id = String(random(10));
          // In some rounds rows only leave, so that a prefix of the bucket empties.
          if (random(3) < (round % 4 === 3 ? 0 : 2)) await store.put('a[]', putOf(['a[]'], id, `{"n":${random(99)}}`));
          else await store.remove('a[]', removeOf(['a[]'], id));
        }
        await store.commit(BigInt(1000 + round * 100 + t));
        history.push(...await read(history.at(-1)?.op_id ?? 0, store.lastOp));
        if (random(3) === 0) clients.push({ at: store.lastOp, state: reduce(history) });
      }
      const truth = plain(reduce(history));
      if (round % 2) await compactBucket(client, 'a[]');
      assert.deepEqual(await sums(), []);
      for (const c of clients) {
        c.state = reduce(await read(c.at, store.lastOp), c.state);
        c.at = store.lastOp;
        assert.deepEqual(plain(c.state), truth);
      }
      assert.deepEqual(plain(reduce(await read(0, store.lastOp))), truth, 'somebody new');
    }
    const { rows: [{ ops }] } = await client.query('SELECT count(*)::int AS ops FROM bridge.op');
    assert.ok(ops < history.length, 'something was compacted');
    assert.ok((await client.query(`SELECT FROM bridge.op WHERE op = 'CLEAR'`)).rowCount > 0);
    assert.equal((await client.query(`SELECT FROM bridge.op WHERE op IN ('MOVE', 'CLEAR') AND data IS NOT NULL`)).rowCount, 0);
  } finally {
    client.release();
  }
});

test('a checkpoint that compaction has overtaken is not completed', { skip }, async () => {
  const store = await newStore();
  const checkpoints = new Checkpoints(pool, store);
  const write = async (end, ...args) => {
    await store.begin();
    await store.put('a[]', putOf(['a[]'], ...args));
    await store.commit(end);
    return String(store.lastOp);
  };
  const first = await write(1000n, '1', '{"n":1}');
  const second = await write(1100n, '1', '{"n":2}');
  assert.equal(await checkpoints.isOvertaken(['a[]'], first), false);
  const client = await pool.connect();
  await compactBucket(client, 'a[]');
  client.release();
  assert.equal(await checkpoints.isOvertaken(['a[]'], first), true);
  assert.equal(await checkpoints.isOvertaken(['a[]'], second), false);
});
