// WCAG 2.2 AA on every screen that a plan has something on: axe finds nothing, in light, dark and forced colours, on a
// phone of 320 pixels and with text of twice the size; what is to be hit is large enough, which axe does not measure.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { looked_at } from './look.mjs';
import { base, choose, close, device, sign_up, write } from './people.mjs';

const NOTE = 'Otitis. Take amoxicillin 500 mg every 8 hours for 7 days. Take ibuprofen 400 mg if needed. Blood test in 1 week. Return if fever persists.';
let ada, grace;

before(async () => {
  // The page's own policy lets no test script in.
  [ada, grace] = [await device({ bypassCSP: true }), await device({ bypassCSP: true, viewport: { width: 1280, height: 900 } })];
  await sign_up(grace.page, 'doctor', 'Grace Field', 'grace@look.example', { specialty: 'General practice' });
  await sign_up(ada.page, 'patient', 'Ada Winter', 'ada@look.example');
  await choose(ada.page, 'Grace Field');
  await grace.page.reload();
  await grace.page.getByRole('link', { name: 'Ada Winter' }).waitFor();
  await write(grace.page, NOTE, 3);
  await grace.page.keyboard.press('Control+Enter');
});
after(close);

test('before somebody is in', async () => {
  const { page, context } = await device({ bypassCSP: true });
  const screens = [['operator', '/setup'], ['welcome', '/'], ['sign-up', '/sign-up/patient'], ['sign-in', '/sign-in'], ['new device', '/new-device'], ['recovery', '/recover']];
  for (const language of ['en', 'de']) {
    for (const [name, path] of screens) {
      await page.goto(base + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.lang), language);
      await looked_at(page, `${name} (${language})`);
    }
    await page.goto(base);
    await page.locator('#language').selectOption('de');
    await page.getByRole('link', { name: 'Ich habe ein Konto' }).waitFor();
  }
  await context.close();
});

test('a patient’s screens in German', async () => {
  const { page } = ada;
  await page.goto(`${base}/me`);
  await page.locator('#language').selectOption('de');
  await page.getByRole('link', { name: 'Erinnerungen' }).waitFor();
  for (const [path, title] of [['/today', 'Heute'], ['/plan', 'Plan'], ['/me/reminders', 'Erinnerungen'], ['/changes', 'Ihr Plan hat sich geändert']]) {
    await page.goto(base + path);
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await looked_at(page, `${path} (de)`);
  }
  // The service speaks it too.
  await page.goto(`${base}/plan`);
  await page.getByText('alle 8 Stunden', { exact: false }).first().waitFor();
  await page.goto(`${base}/me`);
  await page.locator('#language').selectOption('en');
  await page.getByRole('link', { name: 'Reminders' }).waitFor();
});

test('a patient’s screens', async () => {
  const { page } = ada;
  const screens = [
    ['/today', 'Today'], ['/plan', 'Plan'], ['/notes', 'Notes'], ['/me', 'Ada Winter'], ['/me/doctors', 'My doctors'], ['/me/doctors/choose', 'Choose a doctor'],
    ['/me/times', 'Times of day'], ['/me/reminders', 'Reminders'], ['/me/privacy', 'How your notes stay private'], ['/me/password', 'Password'], ['/me/devices', 'Devices'], ['/me/data', 'My data'], ['/me/notices', 'What happened'], ['/me/passkeys', 'Passkeys'], ['/me/paper', 'On paper'], ['/changes', 'Your plan has changed'], ['/nowhere', 'This page is not there'],
  ];
  for (const [path, title] of screens) {
    await page.goto(base + path);
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await looked_at(page, path);
  }
  await page.goto(`${base}/today`);
  await page.getByRole('button', { name: /^More: Take amoxicillin/ }).click();
  await looked_at(page, 'check-in');
  await page.keyboard.press('Escape');
  await page.goto(`${base}/plan`);
  await page.getByRole('link', { name: 'Take amoxicillin 500 mg' }).click();
  await page.getByRole('heading', { level: 1, name: /amoxicillin/ }).waitFor();
  await looked_at(page, 'step');
  await page.getByRole('link', { name: 'Open the note' }).click();
  await page.getByText('Otitis.').waitFor();
  await looked_at(page, 'note');
});

test('a doctor’s screens', async () => {
  const { page } = grace;
  await page.getByRole('heading', { level: 1, name: 'Patients' }).waitFor();
  await looked_at(page, 'patients', true);
  for (const [path, title] of [['/inbox', 'Inbox'], ['/templates', 'Templates'], ['/settings', 'Settings'], ['/settings/profile', 'How patients see you']]) {
    await page.goto(base + path);
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await looked_at(page, path, true);
  }
  await page.goto(`${base}/patients`);
  await page.getByRole('link', { name: 'Ada Winter' }).click();
  await page.getByText('Current').waitFor();
  await looked_at(page, 'patient', true);
  await page.getByRole('link', { name: /New note/ }).click();
  await page.getByLabel('Your note').fill(`${NOTE} Take paracetamol.`);
  await looked_at(page, 'write', true);
  await page.getByRole('button', { name: /Find steps/ }).click();
  await page.getByRole('heading', { level: 1, name: /^Review/ }).waitFor();
  await looked_at(page, 'review', true);
  await page.getByRole('button', { name: /^Edit E/ }).first().click();
  await looked_at(page, 'edit', true);
});
