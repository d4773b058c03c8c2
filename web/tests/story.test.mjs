// The whole story, each with a device of their own: sign up, choose, write, review, send; today, answer, take back; without
// a network; locked and opened again; replaced by a newer note. The words below are searched for on the server afterwards.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { api, base, choose, close, device, PASSWORD, sign_up, story, turn_away, write } from './people.mjs';

const NOTE = 'Quokkafever. Take Zyxolitamab 5 mg every 4 hours for 3 days. Measure quokkafever every morning for 5 days. Buy a marzipantherapy.';
const NEWER = 'Better. Take Zyxolitamab 5 mg every 6 hours for 2 days. Take ibuprofen 400 mg every 8 hours as needed for pain.';
let ada, grace;
const test = story();

before(async () => {
  [ada, grace] = [await device({ hasTouch: true }), await device({ viewport: { width: 1280, height: 900 } })];
});
after(close);

test('they sign up, and the patient chooses the doctor', async () => {
  await sign_up(grace.page, 'doctor', 'Grace Canaryfield', 'grace@canary.example', { specialty: 'General practice' });
  await sign_up(ada.page, 'patient', 'Ada Winter', 'ada@canary.example', { own: true });
  await choose(ada.page, 'Grace Canaryfield');
});

test('the doctor writes, reviews and sends with keys alone', async () => {
  const { page } = grace;
  await page.reload();
  await page.getByRole('link', { name: 'Ada Winter' }).waitFor();
  assert.ok((await write(page, NOTE, 3)) <= 12);
  await page.keyboard.press('Control+Enter');
  await page.getByRole('heading', { name: 'Patients' }).waitFor();
});

test('the patient sees what is due, and one tap answers it', async () => {
  const { page } = ada;
  await page.goto(base);
  await page.getByRole('heading', { name: 'Now' }).waitFor();
  const tick = page.getByRole('button', { name: 'Done: Take Zyxolitamab 5 mg' });
  const begun = await page.evaluate(() => performance.now());
  await tick.click();
  await page.getByText(/^✓Done at/).waitFor();
  assert.ok((await page.evaluate(() => performance.now())) - begun < 1_000);
  await page.getByRole('button', { name: 'Undo' }).click();
  await tick.waitFor();
});

test('what is answered while the app still opens can be taken back', async () => {
  const { page, context } = ada;
  const other = await context.newPage();
  await other.goto(`${base}/icon.svg`);
  // Nothing is sent before this is let go.
  await other.evaluate(() => new Promise((held) => navigator.locks.request('answers', () => new Promise((free) => held(globalThis.free = free)))));
  const sent = [];
  page.on('request', (request) => request.url().endsWith('/api/check-in/') && sent.push(request));
  await page.reload();
  const tick = page.getByRole('button', { name: 'Done: Take Zyxolitamab 5 mg' });
  await tick.click();
  await page.getByText(/^✓Done at/).waitFor();
  await other.evaluate(() => (free(), navigator.locks.request('answers', () => undefined)));
  await page.getByRole('button', { name: 'Undo' }).click();
  await tick.waitFor();
  assert.deepEqual(sent, []);
  await other.close();
});

test('what is answered stands, whatever the device told before; what it cannot keep is said', async () => {
  const { page } = ada;
  const tick = page.getByRole('button', { name: 'Done: Take Zyxolitamab 5 mg' });
  const worker = page.workers().find((one) => one.url().endsWith('/app/worker.js'));
  // What waits is told late: when the answer is kept already.
  await worker.evaluate(() => {
    const [tell, held, answered] = [postMessage, Promise.withResolvers(), Promise.withResolvers()];
    globalThis.late = held.promise;
    globalThis.postMessage = (late) => {
      if (!Array.isArray(late.value)) return tell(late);
      globalThis.postMessage = (said) => {
        tell(said);
        if (Array.isArray(said.value)) answered.resolve();
      };
      globalThis.release = () => answered.promise.then(() => {
        globalThis.postMessage = tell;
        tell(late);
      });
      held.resolve();
    };
  });
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await worker.evaluate(() => late);
  await tick.click();
  await page.getByText(/^✓Done at/).waitFor();
  await worker.evaluate(() => release());
  const shown = await page.evaluate(() => new Promise((drawn) => {
    requestAnimationFrame(() => requestAnimationFrame(() => drawn(document.querySelectorAll('.dose .state').length)));
  }));
  assert.equal(shown, 1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await tick.waitFor();
  await worker.evaluate(() => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...what) {
      IDBObjectStore.prototype.put = put;
      const asked = put.apply(this, what);
      this.transaction.abort();
      return asked;
    };
  });
  await tick.click();
  await page.getByRole('status').getByText(/That did not work/).waitFor();
  // Not only when it would have been sent.
  await tick.waitFor({ timeout: 2_000 });
  assert.equal(await page.getByRole('button', { name: 'Undo' }).count(), 0);
});

test('why this: the doctor’s own words, in the note', async () => {
  const { page } = ada;
  await page.getByRole('link', { name: /Why this\? Take Zyxolitamab/ }).first().click();
  await page.getByRole('heading', { name: 'Take Zyxolitamab 5 mg' }).waitFor();
  assert.match(await page.locator('blockquote').innerText(), /Take Zyxolitamab 5 mg every 4 hours for 3 days/);
  await page.getByRole('link', { name: 'Open the note' }).click();
  await page.getByText('Quokkafever.').waitFor();
  const marked = await page.evaluate(() => [...CSS.highlights.get('now')].map(String));
  assert.deepEqual(marked, ['Take Zyxolitamab 5 mg every 4 hours for 3 days']);
});

test('without a network it opens, and an answer keeps its time', async () => {
  const { page, context } = ada;
  await page.goto(`${base}/today`);
  await page.evaluate(() => navigator.serviceWorker.ready);
  // The second visit is served from here.
  await page.reload();
  await page.getByRole('heading', { name: 'Now' }).waitFor();
  await context.setOffline(true);
  await page.reload();
  await page.getByRole('heading', { name: 'Now' }).waitFor();
  await page.getByText(/No connection/).waitFor();
  const at = Date.now();
  await page.getByRole('button', { name: 'Done: Take Zyxolitamab 5 mg' }).click();
  await page.getByText(/^✓Done at/).waitFor();
  await page.reload();
  await page.getByText(/^✓Done at/).waitFor();
  const sent = () => page.waitForResponse((answer) => answer.url().endsWith('/api/check-in/'));
  // Somebody on the way who knows nothing of it has not settled it.
  await context.route('**/api/check-in/', (route) => route.fulfill({ status: 404, contentType: 'text/html', body: '<p>Who?' }), { times: 1 });
  const [refused] = await Promise.all([sent(), context.setOffline(false)]);
  assert.equal(refused.status(), 404);
  const [answer] = await Promise.all([sent(), page.evaluate(() => dispatchEvent(new Event('online')))]);
  assert.equal(answer.status(), 200);
  const given = Date.parse((await answer.json()).reminder.answered_at);
  assert.ok(Math.abs(given - at) < 5_000, `${given} for ${at}`);
});

test('locked, nothing is shown; the password opens it again', async () => {
  const { page } = ada;
  await page.goto(`${base}/me`);
  await page.getByRole('button', { name: 'Lock now' }).click();
  await page.getByRole('heading', { name: 'Unlock' }).waitFor();
  assert.ok(!(await page.content()).includes('Zyxolitamab'));
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Unlock' }).click();
  await page.getByRole('alert').getByText('This password is not right').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Unlock' }).click();
  await page.getByRole('heading', { name: 'Ada Winter' }).waitFor();
});

test('a newer note replaces the plan, and the patient is shown how', async () => {
  await write(grace.page, NEWER, 2);
  const { page } = ada;
  await page.goto(`${base}/today`);
  await page.getByRole('link', { name: 'See what changed' }).click();
  await page.getByRole('region', { name: 'Stops' }).getByText('Measure quokkafever').waitFor();
  await page.getByRole('region', { name: 'Starts' }).getByText('Take Zyxolitamab 5 mg').waitFor();
  await page.getByRole('button', { name: 'I’ve read it' }).click();
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'See what changed' }).count(), 0);
});

test('a row is pushed aside or held, as well as tapped', async () => {
  const { page, context } = ada;
  const touch = await context.newCDPSession(page);
  const row = page.locator('.dose.due').first();
  const { x, y, width, height } = await row.boundingBox();
  const at = (aside) => [{ x: x + 40 + aside, y: y + height / 4 }];
  const send = (type, touchPoints) => touch.send('Input.dispatchTouchEvent', { type, touchPoints });
  await send('touchStart', at(0));
  await page.getByRole('dialog').waitFor();
  await send('touchEnd', []);
  await page.getByRole('button', { name: 'Close' }).click();
  // Not far enough is nothing.
  const answered = await page.locator('.dose .state').count();
  for (const [far, count] of [[0.2, answered], [0.6, answered + 1]]) {
    await send('touchStart', at(0));
    for (let part = 1; part <= 8; part++) await send('touchMove', at(far * width * part / 8));
    await send('touchEnd', []);
    await page.waitForFunction((count) => document.querySelectorAll('.dose .state').length === count, count);
  }
  await page.getByRole('button', { name: 'Undo' }).click();
  await row.waitFor();
});

test('a pause is silence, the doctor sees it, and it is taken back', async () => {
  const { page } = ada;
  await page.getByRole('link', { name: 'Plan', exact: true }).click();
  await page.getByRole('link', { name: 'Take Zyxolitamab 5 mg' }).first().click();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('dialog').getByLabel('For 3 days').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await page.getByText(/paused: no reminders until/).waitFor();
  await grace.page.getByRole('button', { name: 'Back to patients' }).click();
  await grace.page.getByRole('link', { name: 'Ada Winter' }).click();
  await grace.page.getByText('Paused by the patient').waitFor();
  await grace.page.getByText(/paused: no reminders until/).waitFor();
  await page.getByRole('button', { name: 'Go on now' }).click();
  await page.getByRole('button', { name: 'Pause' }).waitFor();
});

test('what is done as needed is written down, offline too, and the doctor sees how often', async () => {
  const { page, context } = ada;
  await page.goto(`${base}/today`);
  await page.getByRole('region', { name: 'If needed' }).getByRole('link', { name: 'Take ibuprofen' }).click();
  await page.getByText('In the last 24 hours: 0').waitFor();
  await page.getByRole('button', { name: 'I did this now' }).click();
  await page.getByText('In the last 24 hours: 1').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('In the last 24 hours: 0').waitFor();
  await context.setOffline(true);
  await page.getByRole('button', { name: 'I did this now' }).click();
  await page.getByText('In the last 24 hours: 1').waitFor();
  await context.setOffline(false);
  // Who turns away takes nothing back: it is sent at once.
  const [sent] = await Promise.all([page.waitForResponse((answer) => answer.url().endsWith('/log/')), turn_away(page)]);
  assert.equal(sent.status(), 200);
  await page.getByText(/as often as your doctor said. Not again before/).waitFor();
  await grace.page.reload();
  await grace.page.getByText(/1 time so far, last/).waitFor();
  await page.getByRole('button', { name: /^Take back/ }).click();
  await page.getByText('In the last 24 hours: 0').waitFor();
});

test('the plan on paper, and for another system', async () => {
  const { page } = ada;
  await page.goto(`${base}/me/paper`);
  await page.getByRole('row', { name: /Take Zyxolitamab/ }).waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save FHIR file' }).click()]);
  if (process.env.FHIR_FILE) await file.saveAs(process.env.FHIR_FILE);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.tabs').isVisible(), false);
  assert.equal(await page.getByText('“Take Zyxolitamab 5 mg every 6 hours for 2 days” (Grace Canaryfield)').isVisible(), true);
  await page.emulateMedia({ media: null });
});

test('what the service schedules otherwise than the doctor has signed is said', async () => {
  const { page, context } = ada;
  await page.goto(`${base}/today`);
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  await context.route('**/api/actionable-steps/**', async (route) => {
    const answer = await (await route.fetch()).json();
    for (const step of answer.plan) step.timing = { ...step.timing, period: 2 };
    await route.fulfill({ json: answer });
  });
  await page.reload();
  await page.getByRole('alert').getByText('has other times for “Take Zyxolitamab 5 mg”').waitFor();
  await context.unroute('**/api/actionable-steps/**');
  await page.reload();
  await page.getByRole('alert').waitFor({ state: 'detached' });
});

test('both see the same safety code', async () => {
  const digits = async (page) => {
    await page.getByRole('button', { name: /^Safety code/ }).click();
    return page.getByRole('dialog').locator('.secret').innerText();
  };
  await ada.page.goto(`${base}/me/doctors`);
  await grace.page.getByRole('heading', { name: 'Ada Winter' }).waitFor();
  const [hers, theirs] = [await digits(ada.page), await digits(grace.page)];
  assert.match(hers, /^(\d{5} ?){12}$/);
  assert.equal(hers, theirs);
});

test('a note written by the plain API opens here', async () => {
  const bob = await device();
  await sign_up(bob.page, 'patient', 'Bob Stone', 'bob@canary.example');
  const doctor = { email: 'dora@canary.example', password: 'another password' };
  await api('POST', '/api/signup/', { role: 'doctor', name: 'Dora Plain', ...doctor });
  const { access_token } = await api('POST', '/api/login/', doctor);
  await choose(bob.page, 'Dora Plain');
  const { items } = await api('GET', '/api/doctor/patients/', undefined, access_token);
  await api('POST', '/api/submit-notes/', { patient_id: items[0].patient.id, note: 'Take paracetamol every 4 hours for 2 days.' }, access_token);
  await bob.page.goto(base);
  await bob.page.getByRole('link', { name: 'Take paracetamol', exact: true }).first().waitFor();
  bob.clean();
});

test('nothing went wrong on the way, and nobody else was asked', () => {
  ada.clean();
  grace.clean();
});
