// The bridge: follows a phisync stream and serves PowerSync clients. Settings are in README.md.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { Access } from './access.mjs';
import { Checkpoints } from './checkpoints.mjs';
import { storeConnection, sourceConnection } from './connections.mjs';
import { tokenReader, Unauthorized } from './jwt.mjs';
import { Store } from './store.mjs';
import { follow } from './stream.mjs';
import { syncLines } from './sync.mjs';

const BODY_BYTES = 8 << 20;

const { env } = process;
const consumer = env.PHISYNC_CONSUMER;
const slot = env.PHISYNC_SLOT ?? consumer;
if (!/^[a-z0-9_]{1,50}$/.test(slot ?? '')) throw new Error('PHISYNC_CONSUMER must name a consumer, and PHISYNC_SLOT may name a slot');
const readToken = tokenReader({
  secret: env.JWT_SECRET,
  publicKey: env.JWT_PUBLIC_KEY_FILE && readFileSync(env.JWT_PUBLIC_KEY_FILE),
  audience: env.JWT_AUDIENCE,
});

const [sourcePool, storePool] = [sourceConnection(), storeConnection()].map((c) => new pg.Pool({ ...c, max: 10 }));
for (const pool of [sourcePool, storePool]) pool.on('error', () => {});  // idle connections may break; queries get new ones
const store = new Store(storeConnection(), slot);
const access = new Access(sourcePool);
const checkpoints = new Checkpoints(storePool, store);
const stopping = new AbortController();

async function readBody(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > BODY_BYTES) throw new RangeError('the request is too large');
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString());
}

// Clients of one user do not see one another's uploads.
const clientKey = (claims, id) => JSON.stringify([claims.sub, id ?? '']);

async function serve(request, response) {
  const url = new URL(request.url, 'http://bridge');
  const claims = readToken(request.headers.authorization);
  if (request.method === 'POST' && url.pathname === '/sync/stream') {
    const body = await readBody(request);
    if (body.raw_data === false) throw new SyntaxError('only clients that take data as text are served');
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    const session = { request: body, claims, client: clientKey(claims, body.client_id) };
    const signal = AbortSignal.any([gone.signal, stopping.signal]);
    await pipeline(Readable.from(syncLines(session, { access, checkpoints, store }, signal)), response, { signal });
  } else if (request.method === 'GET' && url.pathname === '/write-checkpoint2.json') {
    // The message makes sure that there is something to read past what the client's backend wrote.
    const { rows } = await sourcePool.query(`SELECT pg_logical_emit_message(true, 'phisync-bridge', '') AS lsn`);
    const number = await checkpoints.requestWriteCheckpoint(clientKey(claims, url.searchParams.get('client_id')), rows[0].lsn);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ data: { write_checkpoint: number } }));
  } else {
    response.writeHead(404).end();
  }
}

function refuse(response, error) {
  if (response.headersSent) {  // in the middle of a stream: the client connects again
    response.destroy();
    return;
  }
  const status = error instanceof Unauthorized ? 401
    : error instanceof SyntaxError ? 400 : error instanceof RangeError ? 413 : 503;
  // What went wrong inside is for the operator.
  const message = status === 503 ? 'not available now' : error.message;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { status, description: message } }));
}

const server = http.createServer((request, response) => {
  serve(request, response).catch((error) => {
    if (!(error instanceof Unauthorized) && error.code !== 'ABORT_ERR' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      console.error(`${request.url.split('?')[0]}: ${error.message}`);
    }
    refuse(response, error);
  });
});
server.listen(Number(env.PORT ?? 8080), env.HOST ?? '127.0.0.1');
await once(server, 'listening');
console.log(`listening on port ${server.address().port}`);

for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, () => {
    stopping.abort();
    server.close();
    server.closeIdleConnections();
  });
}
await follow(sourceConnection(), { consumer, slot }, store, access, stopping.signal);
await Promise.all([sourcePool.end(), storePool.end()]);
