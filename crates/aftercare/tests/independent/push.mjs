// A browser's half of web push (RFC 8291), by the reference implementation of its encoding.
//
// In, on standard input: {} for a new subscription, or {private, keys, bodies}, bytes in base64url.
// Out: {private, keys: {p256dh, auth}}, or {texts}.
import { createECDH, randomBytes } from 'node:crypto';
import ece from 'http_ece';

const input = JSON.parse(await new Response(process.stdin).text());
const ecdh = createECDH('prime256v1');
if (input.bodies === undefined) {
  const p256dh = ecdh.generateKeys('base64url');
  const auth = randomBytes(16).toString('base64url');
  console.log(JSON.stringify({ private: ecdh.getPrivateKey('base64url'), keys: { p256dh, auth } }));
} else {
  ecdh.setPrivateKey(input.private, 'base64url');
  const how = { version: 'aes128gcm', privateKey: ecdh, authSecret: input.keys.auth };
  const texts = input.bodies.map((body) => ece.decrypt(Buffer.from(body, 'base64url'), how).toString('utf8'));
  console.log(JSON.stringify({ texts }));
}
