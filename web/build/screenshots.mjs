// The pictures of the README: Ada's day on a phone, Nora's review on a desktop, from the demonstration.

import { chromium } from 'playwright-core';

const base = process.env.AFTERCARE_URL ?? 'http://127.0.0.1:8080';
const out = new URL('../../docs/images/', import.meta.url).pathname;
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

async function signed_in(email, viewport) {
  const page = await (await browser.newContext({ viewport, deviceScaleFactor: 1.5, locale: 'en-GB', timezoneId: 'Europe/Berlin' })).newPage();
  await page.goto(`${base}/sign-in`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill('demo-password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  return page;
}

const ada = await signed_in('ada.winter@demo.example', { width: 390, height: 780 });
await ada.getByRole('heading', { name: 'Now' }).waitFor();
await ada.getByRole('button', { name: 'Not now' }).click();
await ada.screenshot({ path: `${out}today.png` });

const nora = await signed_in('nora.berg@demo.example', { width: 1200, height: 800 });
await nora.getByRole('link', { name: 'Ben Castell' }).waitFor();
await nora.keyboard.press('n');
await nora.getByLabel('Your note').fill('Hypertension. Take amlodipine 5 mg once daily for 30 days. Measure blood pressure every morning for 2 weeks. Take ramipril. Blood test in 1 week. Return if you feel dizzy.');
await nora.keyboard.press('Control+Enter');
await nora.getByText('to review').first().waitFor();
await nora.getByText('Next:').first().waitFor();
await nora.screenshot({ path: `${out}review.png` });
await nora.getByRole('link', { name: 'Back to the note' }).click();
await nora.getByLabel('Your note').fill('');
await nora.waitForTimeout(1_000);
await browser.close();
