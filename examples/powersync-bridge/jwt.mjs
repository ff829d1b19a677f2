// Checks JSON Web Tokens: HS256 with a shared secret, or RS256 with a public key.
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';

export class Unauthorized extends Error {}

// The check decides on the algorithm, never the token.
function hs256(secret) {
  return { alg: 'HS256', check: (text, signature) => {
    const expected = createHmac('sha256', secret).update(text).digest();
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  } };
}

function rs256(pem) {
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'rsa') throw new Error('the public key must be an RSA key');
  return { alg: 'RS256', check: (text, signature) => verify('RSA-SHA256', Buffer.from(text), key, signature) };
}

// Returns a function from the Authorization header to the claims. One of secret and publicKey is given; audience is
// checked if it is.
export function tokenReader({ secret, publicKey, audience }) {
  if (!secret === !publicKey) throw new Error('set either JWT_SECRET or JWT_PUBLIC_KEY_FILE');
  if (secret && secret.length < 32) throw new Error('JWT_SECRET must have at least 32 characters');
  const { alg, check } = secret ? hs256(secret) : rs256(publicKey);
  return (authorization) => {
    const [, token] = /^(?:Token|Bearer) ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization ?? '') ?? [];
    if (!token) throw new Unauthorized('a token is required');
    const [head, body, signature] = token.split('.');
    let header;
    let claims;
    try {
      header = JSON.parse(Buffer.from(head, 'base64url'));
      claims = JSON.parse(Buffer.from(body, 'base64url'));
    } catch {
      throw new Unauthorized('the token is malformed');
    }
    if (header?.alg !== alg) throw new Unauthorized(`the token must be signed with ${alg}`);
    if (!check(`${head}.${body}`, Buffer.from(signature, 'base64url'))) throw new Unauthorized('the signature is wrong');
    const now = Date.now() / 1000;
    if (typeof claims.sub !== 'string' || !claims.sub) throw new Unauthorized('the token names no user (sub)');
    if (typeof claims.exp !== 'number' || claims.exp <= now) throw new Unauthorized('the token has expired');
    if (claims.nbf !== undefined && !(claims.nbf <= now + 60)) throw new Unauthorized('the token is not valid yet');
    if (audience && ![claims.aud].flat().includes(audience)) throw new Unauthorized('the token is for another audience');
    return claims;
  };
}
