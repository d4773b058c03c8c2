// What the sealing contract's notation means, for both directions: open.mjs and seal.mjs.
import { createHash, hkdfSync } from 'node:crypto';
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';

export const SUITE = Buffer.from('647a00010002', 'hex');
export const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
export const bytes = (text) => Buffer.from(text, 'base64url');
export const le = (n, size) => {
  const b = Buffer.alloc(size);
  b.writeUIntLE(Number(n), 0, Math.min(size, 6));
  return b;
};
export const pae = (...parts) => Buffer.concat([le(parts.length, 8), ...parts.flatMap((p) => [le(p.length, 8), p])]);
export const label = (text) => Buffer.from(`aftercare/v1/${text}`);
export const hash = (b) => createHash('sha256').update(b).digest();
export const hkdf = (key, info) => Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), info, 32));
export const must = (holds, what) => { if (!holds) throw new Error(what); };
/** The bytes in a buffer of their own, as the HPKE library wants them. */
export const buffer = (b) => Uint8Array.from(b).buffer;
