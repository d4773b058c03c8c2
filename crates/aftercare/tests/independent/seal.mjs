// Makes an envelope v1 with other people's cryptography: Node's own and an HPKE library. Written
// from the sealing contract, sharing no code with the product.
//
// In, on standard input: {author: {id, ark}, recipients: [{id, enc_pk, sign_pk}], patient_id, note_id, seq,
// prev, created_at, items: [{type, id, rev, text, clear}]}, ids and bytes in base64url.
// Out: {envelope, bundle: {enc_pk, sign_pk, kid, sig}}, the bundle being the author's of epoch 1.
import { createCipheriv, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { SUITE, buffer, bytes, hash, hkdf, label, le, must, pae, suite } from './contract.mjs';

const V = 1;
const EPOCH = 1;
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const b64 = (b) => b.toString('base64url');
const kidOf = (id, encPk, signPk) => hash(pae(label('kid'), SUITE, id, encPk, signPk));

const input = JSON.parse(await new Response(process.stdin).text());
const [note, patient, authorId] = [input.note_id, input.patient_id, input.author.id].map(bytes);
const [ark, prev] = [input.author.ark, input.prev].map(bytes);
must([note, patient, authorId].every((id) => id.length === 16), 'an id is 16 bytes');
must(ark.length === 32 && prev.length === 32, 'ark and prev are 32 bytes');

// The author's keys and bundle.
const xwing = await suite.kem.generateKeyPairDerand(Uint8Array.from(hkdf(ark, label('enc'))));
const encPk = Buffer.from(await suite.kem.serializePublicKey(xwing.publicKey));
const der = Buffer.concat([PKCS8_ED25519, hkdf(ark, label('sign'))]);
const signKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
const signPk = bytes(createPublicKey(signKey).export({ format: 'jwk' }).x);
const authorKid = kidOf(authorId, encPk, signPk);
const bundleSig = sign(null, pae(label('bundle'), SUITE, authorId, le(EPOCH, 4), encPk, signPk), signKey);

// The content key, its commitment, a stanza for each recipient.
const cek = randomBytes(32);
const commit = hash(pae(label('commit'), note, cek));
const stanzas = await Promise.all(input.recipients.map(async (r) => {
  const [id, recipientEncPk, recipientSignPk] = [r.id, r.enc_pk, r.sign_pk].map(bytes);
  const kid = kidOf(id, recipientEncPk, recipientSignPk);
  const sender = await suite.createSenderContext({
    recipientPublicKey: await suite.kem.importKey('raw', buffer(recipientEncPk), true),
    info: buffer(pae(label('cek'), SUITE, note, patient, authorId, id, kid, commit)),
  });
  const ct = await sender.seal(buffer(cek), new ArrayBuffer(0));
  return { id, kid, enc: Buffer.from(sender.enc), ct: Buffer.from(ct) };
}));
stanzas.sort((a, b) => Buffer.compare(a.id, b.id));

// The items, padded.
const items = input.items.map((i) => {
  const [type, id, rev, clear] = [Buffer.from([i.type]), bytes(i.id), le(i.rev, 4), Buffer.from(i.clear)];
  const data = Buffer.from(i.text);
  const padded = Buffer.alloc(Math.ceil((4 + data.length) / 256) * 256);
  padded.writeUInt32LE(data.length, 0);
  data.copy(padded, 4);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', hkdf(cek, pae(label('item-key'), note, type, id, rev)), nonce);
  cipher.setAAD(pae(label('item'), note, patient, authorId, type, id, rev, clear));
  const ct = Buffer.concat([cipher.update(padded), cipher.final(), cipher.getAuthTag()]);
  return { type, id, rev, nonce, ct, clear };
});

// The transcript and its signature.
const transcript = hash(pae(label('note'), Buffer.from([V]), SUITE, note, patient, authorId, authorKid,
  le(input.seq, 8), prev, le(input.created_at, 8), commit,
  pae(...stanzas.map((s) => pae(s.id, s.kid, s.enc, s.ct))),
  pae(...items.map((i) => pae(i.type, i.id, i.rev, i.nonce, hash(i.ct), hash(i.clear))))));
const envelope = {
  v: V, suite: SUITE.toString('hex'),
  note_id: b64(note), patient_id: b64(patient), author_id: b64(authorId), author_kid: b64(authorKid),
  seq: input.seq, prev: b64(prev), created_at: input.created_at, commit: b64(commit),
  recipients: stanzas.map((s) => ({ id: b64(s.id), kid: b64(s.kid), enc: b64(s.enc), ct: b64(s.ct) })),
  items: items.map((i) => ({
    type: i.type[0], id: b64(i.id), rev: i.rev.readUInt32LE(0),
    nonce: b64(i.nonce), ct: b64(i.ct), clear: b64(i.clear),
  })),
  sig: b64(sign(null, pae(label('note-sig'), transcript), signKey)),
};
const bundle = { enc_pk: b64(encPk), sign_pk: b64(signPk), kid: b64(authorKid), sig: b64(bundleSig) };
console.log(JSON.stringify({ envelope, bundle }));
