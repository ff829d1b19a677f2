// Users sync through the bridge while a random workload runs and things are killed; now and then all is compared.
// Run it by test/e2e/soak, which makes the server.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Client } from './client.mjs';
import { compare, types } from './oracle.mjs';
import { Bridge, Server } from './processes.mjs';
import { Random } from './random.mjs';
import { Session } from './session.mjs';
import { users } from './workload.mjs';

const { values: options } = parseArgs({ options: {
  transactions: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' }, every: { type: 'string', default: '50' },
  kills: { type: 'string', default: 'walsender,bridge,server,client' }, policies: { type: 'string', default: '0.02' },
  verbose: { type: 'boolean', default: false } } });
const [transactions, seed, every] = [options.transactions, options.seed, options.every].map(Number);
const kills = options.kills.split(',').filter(Boolean);
const { env } = process;
const random = new Random(seed);
const SECRET = 'a secret that only the tests know, and long';

const server = new Server({ data: env.E2E_DATA, bin: env.E2E_BIN, as: env.E2E_AS, log: `${env.E2E_DATA}.log`, port: env.PGPORT });
const url = (database, user = 'postgres') =>
  `postgresql:///${database}?host=${encodeURIComponent(env.PGHOST)}&port=${env.PGPORT}&user=${user}`;
const bridge = new Bridge(env.E2E_BRIDGE, {
  SOURCE_URL: url('e2e', 'phones'), STORE_URL: url('bridge'), PHISYNC_CONSUMER: 'phones', JWT_SECRET: SECRET });

async function connect(database) {
  const client = new pg.Client({ connectionString: url(database) });
  client.on('error', () => {});
  await client.connect();
  return client;
}

// Runs a query on a connection of its own.
async function once(database, sql, parameters) {
  const client = await connect(database);
  try {
    return await client.query(sql, parameters);
  } finally {
    await client.end();
  }
}

let committed = 0;
const seconds = {};  // where the time went
async function timed(what, action) {
  const from = Date.now();
  try {
    return await action();
  } finally {
    seconds[what] = (seconds[what] ?? 0) + (Date.now() - from) / 1000;
  }
}

let step = 'beginning';
const statistics = { comparisons: 0, rows: 0, walsender: 0, bridge: 0, server: 0, client: 0, compact: 0, rolledBack: 0 };
const columns = Object.fromEntries(Object.entries(types).map(([type, t]) => [type, t.columns]));
const newClient = (user) => new Client(user, SECRET, columns, () => bridge.endpoint);
const clients = users.map(newClient);

class Failure extends Error {}

async function compareAll(who) {
  const database = await connect('e2e');
  try {
    await Promise.all(who.map((c) => c.caughtUp()));
    for (const client of who) {
      const { differences, count } = await compare(database, client);
      if (differences.length) throw new Failure(`the client differs from the database:\n${differences.slice(0, 20).join('\n')}`);
      if (client.checksumFailures.length) throw new Failure(`checksum failure: ${client.checksumFailures[0]}`);
      statistics.rows += count;
    }
    ++statistics.comparisons;
  } finally {
    await database.end();
  }
  if (bridge.died) throw new Failure(bridge.died);
}

async function compact() {
  const { compactAll } = await import(`${env.E2E_BRIDGE}/compact.mjs`);
  const log = console.log;
  console.log = () => {};
  try {
    await compactAll({ connectionString: url('bridge') });
  } finally {
    console.log = log;
  }
  ++statistics.compact;
}

async function kill(what, sessions) {
  step = `kill of the ${what}`;
  ++statistics[what];
  switch (what) {
    case 'walsender':
      await once('e2e', 'SELECT pg_terminate_backend(pid) FROM pg_stat_replication');
      break;
    case 'bridge':
      await bridge.kill();
      // Some work waits for it sometimes.
      if (random.chance(0.5)) for (let i = 0; i < 30; ++i) await work(sessions);
      await bridge.start();
      break;
    case 'server':
      await server.crash();
      break;
    case 'client':
      random.pick(clients).disconnect();
      break;
  }
}

// One statement of one session.
async function work(sessions) {
  const session = random.pick(sessions);
  step = `transaction ${committed}, session ${session.name}`;
  const done = await session.step();
  if (options.verbose && session.last) console.log(`${session.name}: ${session.last}`);
  if (done === 'commit') ++committed;
  if (done === 'rollback') ++statistics.rolledBack;
}

async function main() {
  await once('postgres', 'CREATE DATABASE e2e');
  await once('postgres', 'CREATE DATABASE bridge');
  await once('e2e', await readFile(new URL('schema.sql', import.meta.url), 'utf8'));
  const sessions = ['a', 'b', 'c'].map((name) => new Session(name, () => connect('e2e'), random, Number(options.policies)));
  // Some rows are there before anybody syncs.
  while (committed < 20) await work(sessions);
  await bridge.start();
  for (const client of clients) client.start();

  // Each thing is killed once at its place in the run, and at random besides.
  const due = kills.map((what, i) => ({ what, at: committed + (transactions - committed) * (i + 1) / (kills.length + 1) }));
  for (let next = committed; committed < transactions;) {
    await timed('work', () => work(sessions));
    let what;
    if (due.length && committed >= due[0].at) ({ what } = due.shift());
    else if (kills.length && random.chance(0.004)) {
      what = random.weighted(Object.fromEntries(kills.map((k) => [k, k === 'server' ? 1 : 4])));
    }
    if (what) await timed(`kill of ${what}`, () => kill(what, sessions));
    if (random.chance(0.001)) await compact();
    if (committed >= next + every) {
      next = committed;
      for (const session of sessions) await session.finish();
      step = `comparison after transaction ${committed}`;
      await timed('comparisons', () => compareAll(clients));
      if (options.verbose) console.log(`-- ${committed}: equal`);
    }
  }
  for (const session of sessions) await session.close();
  step = 'the last comparison';
  await compareAll(clients);
  // Somebody who begins now gets the same as those who were there all the time; so does one after compaction.
  for (const when of ['before', 'after']) {
    step = `new clients ${when} compaction`;
    if (when === 'after') await compact();
    const fresh = users.map(newClient);
    for (const client of fresh) client.start();
    await compareAll(fresh);
    await Promise.all(fresh.map((c) => c.stop()));
  }
  await Promise.all(clients.map((c) => c.stop()));
}

const begun = Date.now();
try {
  await main();
  const kept = (await once('bridge', 'SELECT count(*) AS n FROM bridge.op')).rows[0].n;
  console.log(`ok: seed ${seed}, ${committed} transactions and ${statistics.rolledBack} rolled back in ${Math.round((Date.now() - begun) / 1000)} s; ` +
    `${statistics.comparisons} comparisons of ${statistics.rows} rows, all equal; ${clients.reduce((n, c) => n + c.checkpoints, 0)} checkpoints, ` +
    `no checksum failure; kills: ${statistics.walsender} walsender, ${statistics.bridge} bridge, ${statistics.server} server, ` +
    `${statistics.client} client; ${statistics.compact} compactions, ${kept} operations kept`);
  if (options.verbose) console.log(`seconds: ${Object.entries(seconds).map(([k, v]) => `${k} ${v.toFixed(1)}`).join(', ')}`);
} catch (e) {
  console.log(`not ok: seed ${seed}, ${step}: ${e instanceof Failure ? e.message : e.stack}`);
  console.log(`the bridge said last:\n${bridge.tail()}`);
  process.exitCode = 1;
} finally {
  await bridge.kill();
  await sleep(100);
  process.exit();
}
