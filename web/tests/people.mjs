// People with browsers of their own. What the page complains of, and every address it asks, is kept for the tests to
// look at.

import { chromium } from 'playwright-core';
import assert from 'node:assert/strict';
import { test as case_ } from 'node:test';

export const base = process.env.AFTERCARE_URL ?? 'http://127.0.0.1:8080';
export const PASSWORD = 'hunter2 canary';

const flags = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
let browser;
/** All devices there are, for who looks into a story that ended early. */
const devices = [];

export async function close() {
  await browser?.close();
}

/** A fresh device: its page, and what was wrong with it. */
export async function device(options = {}) {
  browser ??= await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags.split(' ') });
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const wrong = [];
  const elsewhere = [];
  const asked = [];
  for (const event of ['request', 'requestfinished', 'requestfailed']) {
    context.on(event, (request) => asked.push(`${Date.now()} ${event} ${request.method()} ${request.url()} ${request.failure()?.errorText ?? ''}`));
  }
  context.on('request', (request) => {
    if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url())) elsewhere.push(request.url());
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => wrong.push(String(error)));
  // What was touched last: told where a story ends early.
  await page.addInitScript(() => addEventListener('click', ({ target }) => (globalThis.touched ??= []).push(target.outerHTML.slice(0, 120)), true));
  // The browser reports violations of the policy here, and answers that are no success: those are the story's own.
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_INTERNET_DISCONNECTED/.test(message.text())) wrong.push(message.text());
  });
  devices.push({ page, wrong, asked });
  return {
    context,
    page,
    /** Nothing went wrong, and nobody else was asked. */
    clean() {
      assert.deepEqual(wrong, []);
      assert.deepEqual(elsewhere, []);
    },
  };
}

/** Signs somebody up as they would: question by question, the recovery code typed back. */
export async function sign_up(page, role, name, email, { own = false, specialty = '', at = base } = {}) {
  await page.goto(at);
  await page.getByRole('link', { name: role === 'doctor' ? 'I’m a doctor' : 'I’m a patient' }).click();
  const answer = async (label, value) => {
    await page.getByLabel(label, { exact: true }).fill(value);
    await page.keyboard.press('Enter');
  };
  await answer('Your name', name);
  if (role === 'doctor') await answer('Your field', specialty);
  await answer('E-mail', email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  if (role === 'patient') {
    const box = page.getByRole('checkbox', { name: /my own device/ });
    if ((await box.isChecked()) !== own) await box.click();
  }
  await page.getByRole('button', { name: 'Create account' }).click();
  return save_code(page, role === 'doctor' ? 'Patients' : 'Today');
}

/** The recovery code: typed back in part; then somebody is in. */
export async function save_code(page, then = 'Today') {
  await page.getByRole('heading', { name: 'Save your recovery code' }).waitFor();
  const code = await page.locator('.secret').innerText();
  await page.getByLabel(/Type the last group/).fill(code.trim().split(/\s+/).at(-1));
  await page.getByRole('button', { name: 'I have saved it' }).click();
  await page.getByRole('heading', { level: 1, name: then }).waitFor();
  return code;
}

/** Another app is looked at; this one goes on behind it. */
export async function turn_away(page) {
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
    delete document.visibilityState;
  });
}

/** Signs somebody in on a device. */
export async function sign_in(page, email, password = PASSWORD) {
  await page.goto(`${base}/sign-in`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** A patient chooses a doctor by name. */
export async function choose(page, doctor) {
  await page.getByRole('link', { name: 'Choose your doctor' }).click();
  await page.getByLabel('Search by name or field').fill(doctor);
  await page.getByRole('button', { name: `Choose: ${doctor}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Choose', exact: true }).click();
  await page.getByRole('heading', { name: doctor, exact: true }).waitFor();
}

/** A doctor writes, accepts what was read, and sends: keys only. How many keys beyond the text. */
export async function write(page, text, steps) {
  const press = async (key) => page.keyboard.press(key);
  await press('n');
  await page.locator('#note:focus').waitFor();
  await page.keyboard.insertText(text);
  await press('Control+Enter');
  await page.getByRole('heading', { name: /^Review/ }).waitFor();
  for (let n = 0; n < steps; n++) {
    await page.getByText(`${steps} ${steps === 1 ? 'step' : 'steps'} · ${steps - n} to review`).waitFor();
    await press('a');
  }
  await page.getByText(/ · 0 to review/).waitFor();
  await press('Control+Enter');
  await page.getByRole('heading', { name: 'What changes' }).waitFor();
  await page.getByRole('region', { name: 'Starts' }).getByRole('listitem').first().waitFor();
  await page.locator('.button.main:not([aria-disabled])').waitFor();
  await press('Control+Enter');
  await page.getByRole('heading', { name: /^Sent/ }).waitFor();
  return steps + 4;
}

/** Asks the API as anybody could. */
export async function api(method, path, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(base + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const json = await answer.json().catch(() => undefined);
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}

/** What each device shows, what went wrong there, what was touched and asked last. */
async function tell() {
  for (const { page, wrong, asked } of devices) {
    if (page.isClosed()) continue;
    console.log(`at ${page.url()}:\n${await page.locator('body').innerText()}`);
    console.log('wrong:', wrong, 'touched:', await page.evaluate(() => globalThis.touched));
    console.log(`asked by ${Date.now()}:\n${asked.slice(-40).join('\n')}`);
  }
}

/** Scenes of one story, in order; after one that failed the others say nothing. */
export function story() {
  let broken = false;
  return (name, scene) => case_(name, async (context) => {
    if (broken) return context.skip('after one that failed');
    broken = true;
    try {
      await scene();
    } catch (thrown) {
      await tell();
      throw thrown;
    }
    broken = false;
  });
}
