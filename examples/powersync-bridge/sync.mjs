// One client's /sync/stream: checkpoints and the operations between them, as PowerSync clients expect them.
import { once } from 'node:events';
import { concerns } from './access.mjs';

const KEEPALIVE_SECONDS = 20;

const line = (object) => `${JSON.stringify(object)}\n`;
const described = ({ bucket, checksum, count, priority }) => ({ bucket, checksum, count, priority });

// Yields the lines, until the token expires or the signal is aborted. `request` is the body of the client's request.
export async function* syncLines({ request, claims, client }, { access, checkpoints, store }, signal) {
  const after = new Map((request.buckets ?? []).map(({ name, after: op }) => [name, String(op)]));
  const changed = new EventTarget();
  let news = true;
  let stale = true;  // whether the list of buckets is to be read again
  const wake = () => { news = true; changed.dispatchEvent(new Event('news')); };
  const onAccess = (lookups) => { if (lookups.some((l) => concerns(l, claims))) { stale = true; wake(); } };
  store.on('advance', wake);
  access.on('changed', onAccess);
  try {
    let granted;
    let last = null;  // the checkpoint that the client was told of
    let complete = true;
    for (;;) {
      const left = Math.floor(claims.exp - Date.now() / 1000);
      if (left <= 0) {
        yield line({ token_expires_in: 0 });
        return;
      }
      news = false;
      if (stale) {
        stale = false;
        granted = await access.bucketsFor(claims);
      }
      const next = await checkpoints.read(granted, client);
      if (!stale && next && (!complete || differs(last, next))) {
        yield line(last ? difference(last, next) : full(next));
        last = next;
        complete = yield* contents(next, after, checkpoints);
        continue;
      }
      if (news) continue;
      const alarm = AbortSignal.timeout(Math.min(KEEPALIVE_SECONDS, left) * 1000);
      await once(changed, 'news', { signal: AbortSignal.any([signal, alarm]) }).catch(() => {});
      if (signal.aborted) return;
      if (!news) yield line({ token_expires_in: Math.max(0, Math.floor(claims.exp - Date.now() / 1000)) });
    }
  } finally {
    store.off('advance', wake);
    access.off('changed', onAccess);
  }
}

const same = (a, b) => a && a.checksum === b.checksum && a.count === b.count && a.priority === b.priority;

function differs(last, next) {
  return !last || last.writeCheckpoint !== next.writeCheckpoint || last.buckets.size !== next.buckets.size ||
    [...next.buckets.values()].some((b) => !same(last.buckets.get(b.bucket), b));
}

function full({ lastOp, writeCheckpoint, buckets }) {
  return { checkpoint: { last_op_id: lastOp, write_checkpoint: writeCheckpoint, buckets: [...buckets.values()].map(described) } };
}

function difference(last, { lastOp, writeCheckpoint, buckets }) {
  return { checkpoint_diff: {
    last_op_id: lastOp,
    write_checkpoint: writeCheckpoint,
    updated_buckets: [...buckets.values()].filter((b) => !same(last.buckets.get(b.bucket), b)).map(described),
    removed_buckets: [...last.buckets.keys()].filter((id) => !buckets.has(id)),  // the client drops their rows
  } };
}

// What the client lacks of a checkpoint, most urgent first. Returns whether the checkpoint could be completed.
async function* contents({ lastOp, buckets }, after, checkpoints) {
  for (const id of after.keys()) if (!buckets.has(id)) after.delete(id);
  const priorities = [...new Set([...buckets.values()].map((b) => b.priority))].sort();
  for (const priority of priorities) {
    const sent = [];
    for (const b of buckets.values()) {
      const from = after.get(b.bucket) ?? '0';
      if (b.priority !== priority || BigInt(b.lastOp) <= BigInt(from)) continue;
      for await (const data of checkpoints.operations(b.bucket, from, b.lastOp)) {
        yield line({ data });
        after.set(b.bucket, data.next_after);
      }
      sent.push(b.bucket);
    }
    if (sent.length && await checkpoints.isOvertaken(sent, lastOp)) return false;
    if (priority !== priorities.at(-1)) yield line({ partial_checkpoint_complete: { last_op_id: lastOp, priority } });
  }
  yield line({ checkpoint_complete: { last_op_id: lastOp } });
  return true;
}
