// Keeps the store up with the log: connects, applies, acknowledges, and begins again after a failure.
import { setTimeout as sleep } from 'node:timers/promises';
import { LogicalReplicationService } from 'pg-logical-replication';
import { Applier, ForeignLog } from './apply.mjs';
import { connect } from './connections.mjs';
import { loadAll, rebuild } from './load.mjs';
import { formatLsn, parseLsn } from './record.mjs';

const ACKNOWLEDGE_SECONDS = 10;
const RETRY_MILLISECONDS = { first: 100, last: 2000 };

// Runs until the signal is aborted.
export async function follow(source, config, store, access, signal) {
  let wait = RETRY_MILLISECONDS.first;
  while (!signal.aborted) {
    const before = store.position;
    try {
      await store.open();
      await connectOnce(source, config, store, access, signal);
    } catch (e) {
      if (!signal.aborted) console.error(`stream: ${e.message}; trying again`);
    }
    await store.close();
    wait = store.position > before ? RETRY_MILLISECONDS.first : Math.min(2 * wait, RETRY_MILLISECONDS.last);
    await sleep(wait, null, { signal }).catch(() => {});
  }
}

async function slotExists(source, slot) {
  const client = await connect(source);
  try {
    return (await client.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [slot])).rowCount > 0;
  } finally {
    await client.end();
  }
}

async function connectOnce(source, config, store, access, signal) {
  if (!store.state || !await slotExists(source, config.slot)) await loadAll(source, config, store);
  // Rights may have changed in what this process did not read.
  access.changed([{ key: null }], null);
  for (;;) {
    if (store.dueRebuilds.length) await rebuild(source, config, store, store.dueRebuilds);
    try {
      await stream(source, config, store, access, signal);
    } catch (e) {
      if (!(e instanceof ForeignLog)) throw e;
      console.error(e.message);
      store.forget();
      await loadAll(source, config, store);
      continue;
    }
    if (signal.aborted || !store.dueRebuilds.length) return;
  }
}

// Reads the slot until it fails, or until buckets are due to be rebuilt.
async function stream(source, { consumer, slot }, store, access, signal) {
  const applier = new Applier(store, access);
  let outstanding = 0;
  let acknowledged = 0n;
  let applying;

  // The library's own acknowledging is off: it confirms what it received, which is not what is durable here.
  const service = new LogicalReplicationService(source, {
    acknowledge: { auto: false, timeoutSeconds: 0 }, flowControl: { enabled: true } });
  // It listens for errors of its connection only after it has connected. One that comes with that would end the process.
  let client = null;
  Object.defineProperty(service, '_client', { get: () => client, set: (c) => { client = c; c?.on('error', () => {}); } });
  const acknowledge = (lsn) => {
    if (lsn > acknowledged) acknowledged = lsn;
    // It adds one to what it is given. `end` plus one would pass over a transaction whose commit begins at `end`.
    if (acknowledged > 0n) service.acknowledge(formatLsn(acknowledged - 1n));
  };
  const plugin = {
    parse(message) { ++outstanding; return message; },
    start: (client, name, lsn) => client.query(
      `START_REPLICATION SLOT "${name}" LOGICAL ${lsn} (consumer '${consumer.replaceAll("'", "''")}')`),
  };

  let finish;
  const finished = new Promise((resolve, reject) => { finish = (error) => (error ? reject(error) : resolve()); });
  let over = false;
  const end = (error) => { over = true; finish(error); };

  service.on('data', async (_, message) => {
    if (over) return;  // the library goes on to the next message after an error: we must not
    try {
      applying = applier.message(message);
      const lsn = await applying;
      --outstanding;
      if (lsn !== null) acknowledge(lsn);
      if (applier.idle && store.dueRebuilds.length) end();
    } catch (e) {
      end(e);
    }
  });
  // A keepalive says how far the server has read. If nothing before it is outstanding, it held nothing for us.
  service.on('heartbeat', (lsn) => {
    if (over) return;
    if (outstanding === 0 && applier.idle) acknowledge(applier.progress(parseLsn(lsn)));
    else acknowledge(acknowledged);
  });
  service.on('error', end);
  const timer = setInterval(() => acknowledge(acknowledged), ACKNOWLEDGE_SECONDS * 1000);
  const abort = () => end();
  signal.addEventListener('abort', abort);
  try {
    service.subscribe(plugin, slot, formatLsn(store.position)).then(() => end(new Error('the server ended the stream')), end);
    await finished;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', abort);
    await service.destroy();
    await applying?.catch(() => {});  // the store is not to be closed or opened under it
  }
}
