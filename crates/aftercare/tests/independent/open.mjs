// Opens an envelope v1 with other people's cryptography: Node's own and an HPKE library. Written
// from the sealing contract, sharing no code with the product.
//
// In, on standard input: {envelope, author: {enc_pk, sign_pk}, reader: {id, ark}}, bytes in base64url.
// Out: {transcript, items: [{type, id, text, clear}]}, or it fails.
import { createDecipheriv, createPublicKey, verify } from 'node:crypto';
import { SUITE, buffer, bytes, hash, hkdf, label, le, must, pae, suite } from './contract.mjs';

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
const seed = hkdf(bytes(reader.ark), label('enc'));
const jwk = { kty: 'AKP', alg: 'X-Wing', priv: seed.toString('base64url'), key_ops: ['deriveBits'] };
const info = pae(label('cek'), SUITE, note, patient, authorId, bytes(stanza.id), bytes(stanza.kid), bytes(e.commit));
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
