// Keys: a passkey alone, a second device, a lost password, and everything lost; what comes back, and from whom.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before } from 'node:test';
import { base, choose, close, device, PASSWORD, save_code, sign_in, sign_up, story, write } from './people.mjs';

const NOTE = 'Take Zyxolitamab 5 mg every 4 hours for 3 days. Measure quokkafever every morning for 5 days.';
let ada, grace, code;
const test = story();

/** What opens a passkey on a device: the lock of its owner's. */
async function with_authenticator({ page }) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true, hasPrf: true, isUserVerified: true, automaticPresenceSimulation: true };
  await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
}

const shows_note = (page) => page.getByRole('link', { name: 'Take Zyxolitamab 5 mg', exact: true }).first().waitFor();

before(async () => {
  [ada, grace] = [await device({ hasTouch: true }), await device({ viewport: { width: 1280, height: 900 } })];
});
after(close);

test('two people and a note', async () => {
  await sign_up(grace.page, 'doctor', 'Grace Canaryfield', 'grace@canary.example', { specialty: 'General practice' });
  code = await sign_up(ada.page, 'patient', 'Ada Winter', 'ada@canary.example');
  await choose(ada.page, 'Grace Canaryfield');
  await grace.page.reload();
  await grace.page.getByRole('link', { name: 'Ada Winter' }).waitFor();
  await write(grace.page, NOTE, 2);
  await ada.page.goto(base);
  await shows_note(ada.page);
});

test('a passkey opens the account by itself', async () => {
  const { page } = ada;
  await with_authenticator(ada);
  await page.goto(`${base}/me/passkeys`);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What to call it').fill('Ada’s phone');
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByText('Ada’s phone').waitFor();
  await page.goto(`${base}/me`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'I have an account' }).click();
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await shows_note(page);
  // It says who is there where a password would, too.
  await page.goto(`${base}/me/passkeys`);
  await page.getByRole('button', { name: 'Remove: Ada’s phone' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByRole('button', { name: 'Remove: Ada’s phone' }).waitFor({ state: 'detached' });
});

test('somebody signs up, comes back and leaves without a password', async () => {
  const eve = await device({ hasTouch: true });
  await with_authenticator(eve);
  const { page } = eve;
  await page.goto(`${base}/sign-up/patient`);
  for (const [label, value] of [['Your name', 'Eve Stone'], ['E-mail', 'eve@canary.example']]) {
    await page.getByLabel(label, { exact: true }).fill(value);
    await page.keyboard.press('Enter');
  }
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  // Asked for calmly, and before all else once there is a note to lose.
  await page.getByRole('link', { name: 'Save your recovery code' }).waitFor();
  await choose(page, 'Grace Canaryfield');
  await grace.page.getByRole('button', { name: 'Back to patients' }).click();
  await grace.page.getByRole('link', { name: 'Eve Stone' }).click();
  await grace.page.getByRole('heading', { name: 'Eve Stone' }).waitFor();
  await write(grace.page, NOTE, 2);
  await save_code(page, 'Today');
  await page.reload();
  await shows_note(page);
  assert.equal(await page.getByRole('link', { name: 'Save your recovery code' }).count(), 0);
  await page.goto(`${base}/me`);
  await page.getByRole('button', { name: 'Lock now' }).click();
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByRole('heading', { name: 'Eve Stone' }).waitFor();
  await page.goto(`${base}/me/password`);
  await page.getByLabel('New password').fill('a password after all');
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByText('Saved').waitFor();
  await page.goto(`${base}/me/data`);
  await page.getByRole('region', { name: 'Delete my account' }).getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByRole('link', { name: 'I’m a patient' }).waitFor();
  await sign_in(page, 'eve@canary.example', 'a password after all');
  await page.getByRole('alert').getByText('is not right').waitFor();
  eve.clean();
});

test('without an authenticator a password is chosen after all', async () => {
  const kim = await device({ hasTouch: true });
  const { page } = kim;
  await page.goto(`${base}/sign-up/patient`);
  for (const [label, value] of [['Your name', 'Kim Stone'], ['E-mail', 'kim@canary.example']]) {
    await page.getByLabel(label, { exact: true }).fill(value);
    await page.keyboard.press('Enter');
  }
  await page.evaluate(() => {
    navigator.credentials.create = () => Promise.reject(new DOMException('not wanted', 'NotAllowedError'));
  });
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  // Put off it cannot be where no passkey opens the account.
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByRole('button', { name: 'Later' }).waitFor({ state: 'detached' });
  await save_code(page, 'Password');
  await page.getByLabel('Password', { exact: true }).fill('three random words');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  await page.goto(`${base}/me`);
  await page.getByRole('button', { name: 'Lock now' }).click();
  await page.getByLabel('Password', { exact: true }).fill('three random words');
  await page.getByRole('button', { name: 'Unlock' }).click();
  await page.getByRole('heading', { name: 'Kim Stone' }).waitFor();
  kim.clean();
});

test('two devices of one person show the same, and what one answers the other knows', async () => {
  const second = await device({ hasTouch: true });
  await sign_in(second.page, 'ada@canary.example');
  await shows_note(second.page);
  await ada.page.goto(`${base}/today`);
  const tick = (page) => page.getByRole('button', { name: 'Done: Take Zyxolitamab 5 mg' });
  await tick(second.page).waitFor();
  await tick(ada.page).click();
  await tick(second.page).waitFor({ state: 'detached', timeout: 15_000 });
  await second.page.getByText(/^✓Done at/).waitFor();
  second.clean();
});

test('a new device shows a code, one there is looks at it, and nothing is typed on the new one', async () => {
  const fresh = await device({ hasTouch: true });
  await fresh.page.goto(`${base}/sign-in`);
  await fresh.page.getByRole('link', { name: 'Use a device that is signed in' }).click();
  await fresh.page.locator('svg.qr').waitFor();
  const link = await fresh.page.locator('code').innerText();
  const { page } = ada;
  await page.goto(link);
  await page.getByText('nobody from the hospital will ever ask').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'It is mine: sign it in' }).click();
  await page.getByRole('heading', { name: 'Your other device is signed in.' }).waitFor();
  await shows_note(fresh.page);
  fresh.clean();
});

test('a lost password: the code opens everything, and is replaced', async () => {
  const phone = await device();
  const recover = async (with_code, password) => {
    await phone.page.goto(`${base}/recover`);
    await phone.page.getByLabel('E-mail').fill('ada@canary.example');
    await phone.page.getByLabel('Recovery code').fill(with_code);
    await phone.page.getByLabel('New password').fill(password);
    await phone.page.getByRole('button', { name: 'Set new password' }).click();
  };
  const old = code;
  await recover(code.toLowerCase(), 'a new password of hers');
  code = await save_code(phone.page);
  assert.notEqual(code, old);
  await shows_note(phone.page);
  await phone.context.clearCookies();
  await recover(old, 'yet another password');
  await phone.page.getByRole('alert').waitFor();
  assert.equal(await phone.page.getByRole('heading', { name: 'Save your recovery code' }).count(), 0);
});

test('all is lost: new keys, and the doctor opens the notes again', async () => {
  const { SERVER_PROGRAM: bin, SERVER_DATA: data } = process.env;
  const run = (...args) => execFileSync(bin, [...args, '--data', data], { encoding: 'utf8', env: {} });
  const id = run('user', 'list').split('\n').find((line) => line.includes('Ada Winter')).split(' ')[0];
  const one_time = run('user', 'reset-keys', id).match(/[0-9A-Z]{4}(-[0-9A-Z]{2,4}){2,}/)[0];
  const phone = await device({ hasTouch: true });
  await phone.page.goto(`${base}/recover`);
  await phone.page.getByRole('button', { name: 'I have lost the code too' }).click();
  await phone.page.getByLabel('E-mail').fill('ada@canary.example');
  await phone.page.getByLabel('One-time code of the hospital').fill(one_time);
  await phone.page.getByLabel('New password').fill('a fresh beginning');
  await phone.page.getByRole('button', { name: 'Start fresh' }).click();
  code = await save_code(phone.page);
  await phone.page.goto(`${base}/notes`);
  await phone.page.getByText('locked with keys you no longer have').waitFor();
  // The doctor is warned, speaks with her, and opens the notes to the new keys.
  const { page } = grace;
  await page.goto(`${base}/patients`);
  await page.getByRole('link', { name: 'Ada Winter' }).click();
  await page.getByText('Ada Winter has new keys').waitFor();
  await page.getByRole('button', { name: 'We have spoken: take the new keys and open my notes to them' }).click();
  await page.getByText('Ada Winter has new keys').waitFor({ state: 'detached' });
  await phone.page.goto(`${base}/today`);
  await shows_note(phone.page);
  // Whom she had chosen she has chosen with the new keys too.
  await page.goto(`${base}/patients`);
  await page.getByRole('link', { name: 'Ada Winter' }).waitFor();
  await write(page, 'Take Zyxolitamab 10 mg every 6 hours for 2 days.', 1);
  await phone.page.getByRole('link', { name: 'Take Zyxolitamab 10 mg' }).first().waitFor();
  await page.getByRole('button', { name: 'Back to patients' }).click();
  await page.getByRole('link', { name: 'Ada Winter' }).click();
  phone.clean();
});

test('one camera compares what sixty digits say', async () => {
  const { page } = grace;
  await page.getByRole('button', { name: /^Safety code/ }).click();
  await page.getByRole('dialog').locator('svg.qr').waitFor();
  // A link from nobody she knows, and one with another's keys.
  await page.goto(`${base}/compare/${crypto.randomUUID()}#a.b`);
  await page.getByText('not connected with').waitFor();
});

test('nothing went wrong on the way, and nobody else was asked', () => {
  ada.clean();
  grace.clean();
});
