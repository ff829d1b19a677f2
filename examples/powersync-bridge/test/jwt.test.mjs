import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { tokenReader } from '../jwt.mjs';

const secret = 'x'.repeat(32);
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = publicKey.export({ type: 'spki', format: 'pem' });
const soon = Math.floor(Date.now() / 1000) + 100;
const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');

function hs256(claims, { alg = 'HS256', key = secret } = {}) {
  const text = `${part({ alg })}.${part(claims)}`;
  return `Token ${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

function rs256(claims) {
  const text = `${part({ alg: 'RS256' })}.${part(claims)}`;
  return `Bearer ${text}.${sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`;
}

test('a good token gives its claims', () => {
  assert.equal(tokenReader({ secret })(hs256({ sub: 'u1', exp: soon })).sub, 'u1');
  assert.equal(tokenReader({ publicKey: pem })(rs256({ sub: 'u1', exp: soon, role: 'nurse' })).role, 'nurse');
  assert.equal(tokenReader({ secret, audience: 'a' })(hs256({ sub: 'u1', exp: soon, aud: ['b', 'a'] })).sub, 'u1');
});

test('a bad one is refused', () => {
  const refused = (reader, header, why) => assert.throws(() => reader(header), why);
  const read = tokenReader({ secret });
  refused(read, undefined, /required/);
  refused(read, 'Token a.b', /required/);
  refused(read, 'Token a.b.c', /malformed/);
  refused(read, hs256({ sub: 'u1', exp: soon }, { key: 'other' }), /signature/);
  refused(read, hs256({ sub: 'u1', exp: soon }, { alg: 'none' }), /HS256/);
  refused(read, hs256({ sub: 'u1', exp: 1 }), /expired/);
  refused(read, hs256({ sub: 'u1' }), /expired/);
  refused(read, hs256({ exp: soon }), /sub/);
  refused(read, hs256({ sub: 'u1', exp: soon + 900, nbf: soon + 300 }), /not valid yet/);
  refused(tokenReader({ secret, audience: 'a' }), hs256({ sub: 'u1', exp: soon }), /audience/);
  // The public key is no secret: it must not serve as one.
  refused(tokenReader({ publicKey: pem }), hs256({ sub: 'u1', exp: soon }, { key: pem }), /RS256/);
  refused(tokenReader({ publicKey: pem }), hs256({ sub: 'u1', exp: soon }, { alg: 'RS256', key: pem }), /signature/);
});

test('a reader needs one key, and a good one', () => {
  assert.throws(() => tokenReader({}), /either/);
  assert.throws(() => tokenReader({ secret, publicKey: pem }), /either/);
  assert.throws(() => tokenReader({ secret: 'short' }), /32/);
});
