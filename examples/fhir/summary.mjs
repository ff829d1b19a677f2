// Counts the records of a phisync stream (JSON Lines): a line per transaction, kind, type, bucket and reason.
// Usage: node summary.mjs FILE
import { readFileSync } from 'node:fs';

const counts = new Map();
let transaction = 0;
let cause = null;
for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (line === '') continue;
  const r = JSON.parse(line);
  if (r.k === 'begin') {
    ++transaction;
    cause = r.cause;
  } else if (r.k === 'put' || r.k === 'remove') {
    const buckets = r.buckets.map((b) => b.replace(/([0-9a-f]{8})-[0-9a-f-]{27}/, '$1...')).join(' ');
    const reason = r.reason ?? '';
    const key = [transaction, cause ?? '', r.k, r.type, buckets, reason].join('\t');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
}
const rows = [['transaction', 'cause', 'record', 'type', 'bucket', 'reason', 'count'],
              ...[...counts].map(([key, n]) => [...key.split('\t'), String(n)])];
const width = rows[0].map((_, i) => Math.max(...rows.map((r) => r[i].length)));
for (const r of rows) console.log(r.map((c, i) => c.padEnd(width[i])).join('  ').trimEnd());
