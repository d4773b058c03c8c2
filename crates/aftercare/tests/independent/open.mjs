// Opens an envelope v1 with other people's cryptography: Node's own and an HPKE library. Written
// from the sealing contract, sharing no code with the product.
//
// In, on standard input: {envelope, author: {enc_pk, sign_pk}, reader: {id, ark}}, bytes in base64url.
// Out: {kid, transcript, items: [{type, id, text, clear}]}, or it fails.
import { createDecipheriv, createHash, createPublicKey, hkdfSync, verify } from 'node:crypto';
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';

const SUITE = Buffer.from('647a00010002', 'hex');
const bytes = (text) => Buffer.from(text, 'base64url');
const le = (n, size) => { const b = Buffer.alloc(size); b.writeUIntLE(Number(n), 0, Math.min(size, 6)); return b; };
const pae = (...parts) => Buffer.concat([le(parts.length, 8), ...parts.flatMap((p) => [le(p.length, 8), p])]);
const label = (text) => Buffer.from(`aftercare/v1/${text}`);
const hash = (b) => createHash('sha256').update(b).digest();
const hkdf = (key, info) => Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), info, 32));
const must = (holds, what) => { if (!holds) throw new Error(what); };

const input = JSON.parse(await new Response(process.stdin).text());
const { envelope: e, author, reader } = input;
const [note, patient, authorId] = [e.note_id, e.patient_id, e.author_id].map(bytes);

// Form, author, signature.
must(e.v === 1 && e.suite === SUITE.toString('hex'), 'version or suite');
const [encPk, signPk] = [author.enc_pk, author.sign_pk].map(bytes);
must(hash(pae(label('kid'), SUITE, authorId, encPk, signPk)).equals(bytes(e.author_kid)), 'author_kid');
const stanzas = pae(...e.recipients.map((r) => pae(...[r.id, r.kid, r.enc, r.ct].map(bytes))));
const items = pae(...e.items.map((i) =>
  pae(Buffer.from([i.type]), bytes(i.id), le(i.rev, 4), bytes(i.nonce), hash(bytes(i.ct)), hash(bytes(i.clear)))));
const transcript = hash(pae(label('note'), Buffer.from([e.v]), SUITE, note, patient, authorId, bytes(e.author_kid),
  le(e.seq, 8), bytes(e.prev), le(e.created_at, 8), bytes(e.commit), stanzas, items));
const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: author.sign_pk } });
must(verify(null, pae(label('note-sig'), transcript), key, bytes(e.sig)), 'signature');

// The reader's stanza, the content key, its commitment.
const stanza = e.recipients.find((r) => r.id === reader.id);
must(stanza, 'not a recipient');
const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const seed = hkdf(bytes(reader.ark), label('enc'));
const jwk = { kty: 'AKP', alg: 'X-Wing', priv: seed.toString('base64url'), key_ops: ['deriveBits'] };
const info = pae(label('cek'), SUITE, note, patient, authorId, bytes(stanza.id), bytes(stanza.kid), bytes(e.commit));
const buffer = (b) => Uint8Array.from(b).buffer;
const recipient = await suite.createRecipientContext({
  recipientKey: await suite.kem.importKey('jwk', jwk, false), enc: buffer(bytes(stanza.enc)), info: buffer(info),
});
const cek = Buffer.from(await recipient.open(buffer(bytes(stanza.ct)), new ArrayBuffer(0)));
must(hash(pae(label('commit'), note, cek)).equals(bytes(e.commit)), 'commitment');

// The items, their padding, and schedules that are the same in clear.
const opened = e.items.map((i) => {
  const id = bytes(i.id);
  const itemKey = hkdf(cek, pae(label('item-key'), note, Buffer.from([i.type]), id, le(i.rev, 4)));
  const ct = bytes(i.ct);
  const cipher = createDecipheriv('aes-256-gcm', itemKey, bytes(i.nonce));
  cipher.setAAD(pae(label('item'), note, patient, authorId, Buffer.from([i.type]), id, le(i.rev, 4), bytes(i.clear)));
  cipher.setAuthTag(ct.subarray(-16));
  const padded = Buffer.concat([cipher.update(ct.subarray(0, -16)), cipher.final()]);
  const length = padded.readUInt32LE(0);
  must(padded.length % 256 === 0 && padded.subarray(4 + length).every((b) => b === 0), 'padding');
  const text = padded.subarray(4, 4 + length).toString('utf8');
  const clear = bytes(i.clear).toString('utf8');
  if (i.type === 2) must(JSON.stringify(JSON.parse(text).schedule) === clear, 'schedule');
  return { type: i.type, id: i.id, text, clear };
});
console.log(JSON.stringify({ transcript: transcript.toString('base64url'), items: opened }));
