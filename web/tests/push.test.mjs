// A reminder's whole way: turned on in the app, handed by the service to a push service (one of our own, on loopback),
// opened as a browser does, shown by the app's service worker, acknowledged, and answered where it is shown. The browser's
// own connection to its maker's push service is the one thing that is stood in for.

import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import ece from 'http_ece';
import { base, choose, close, device, sign_up, write } from './people.mjs';

const ecdh = createECDH('prime256v1');
const keys = { p256dh: ecdh.generateKeys('base64url'), auth: randomBytes(16).toString('base64url') };
const pushed = [];
const service = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const text = ece.decrypt(Buffer.concat(parts), { version: 'aes128gcm', privateKey: ecdh, authSecret: keys.auth }).toString('utf8');
    pushed.push(text); if (process.env.DEBUG_PUSH) console.log(new Date().toISOString(), text.slice(0, 300));
    response.writeHead(201).end();
  });
});
after(async () => {
  service.close();
  await close();
});

async function until(what) {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    const found = await what();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`in vain: ${what}`);
}

test('a reminder is shown by name, and answered where it is shown', async () => {
  await new Promise((done) => service.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${service.address().port}/push/1`;
  const [ada, grace] = [await device(), await device({ viewport: { width: 1280, height: 900 } })];
  const { page, context } = ada;
  await context.grantPermissions(['notifications'], { origin: base });
  await page.addInitScript(({ endpoint, keys }) => {
    PushManager.prototype.subscribe = async () => ({ toJSON: () => ({ endpoint, keys }) });
    PushManager.prototype.getSubscription = async () => null;
  }, { endpoint, keys });
  await sign_up(grace.page, 'doctor', 'Grace Push', 'grace@push.example', { specialty: 'General practice' });
  await sign_up(page, 'patient', 'Ada Push', 'ada@push.example', { own: true });
  await choose(page, 'Grace Push');

  await page.goto(`${base}/me/reminders`);
  await page.evaluate(() => navigator.serviceWorker.ready);
  const debug = await context.newCDPSession(page);
  let registration;
  debug.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => { registration = registrations.at(-1)?.registrationId ?? registration; });
  await debug.send('ServiceWorker.enable');
  await until(async () => registration);
  /** What came is given to the worker, as the browser would. */
  const deliver = async () => {
    const data = await until(async () => pushed.shift());
    await debug.send('ServiceWorker.deliverPushMessage', { origin: base, registrationId: registration, data });
    return JSON.parse(data);
  };
  const shown = () => page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body, actions, tag }) => ({ title, body, tag, actions: actions.map((one) => one.action) })));

  const phone = page.getByRole('region', { name: 'This device' });
  await phone.getByRole('button', { name: 'Turn on' }).click();
  await phone.getByText('✓ Sent').waitFor();
  await deliver();
  // The fourth tick: the worker has shown it.
  await phone.getByText('✓ Shown').waitFor();
  await phone.getByRole('checkbox', { name: /what is due/ }).click();

  await grace.page.reload();
  await grace.page.getByRole('link', { name: 'Ada Push' }).waitFor();
  await write(grace.page, 'Take paracetamol 500 mg every 6 hours for 3 days.', 1);
  await page.goto(`${base}/today`);
  await page.getByRole('heading', { name: 'Now' }).waitFor();
  let last;
  do last = await deliver(); while (last.kind !== 'reminder');
  assert.ok(!JSON.stringify(last).includes('paracetamol'), 'the service does not know it');
  const one = await until(async () => (await shown()).find((note) => note.body === 'Take paracetamol 500 mg'));
  assert.deepEqual(one.actions, ['done', 'later']);

  // What the button on the notification does.
  const answer = await fetch(`${base}/api/tap/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ tap: last.reminders[0].done, at: new Date().toISOString() }) });
  assert.equal(answer.status, 200);
  // Told by the service as it happens: nobody has to look.
  await page.getByText(/^✓Done at/).waitFor();
  do last = await deliver(); while (last.kind !== 'clear');
  await until(async () => !(await shown()).some((note) => note.tag === one.tag));
  ada.clean();
  grace.clean();
});
