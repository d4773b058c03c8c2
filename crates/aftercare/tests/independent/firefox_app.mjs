// The web app in Firefox: somebody signs up, turns reminders on, and the app's own worker shows what was pushed.
// In: {origin}. Out: {ticks, opened}: what the four ticks say, and what the app shows after it was opened anew.
import { firefox } from './firefox.mjs';

const parts = [];
for await (const part of process.stdin) parts.push(part);
const { origin } = JSON.parse(Buffer.concat(parts));
const page = await firefox.newPage();
page.setDefaultTimeout(30_000);
const wrong = [];
page.on('pageerror', (error) => wrong.push(String(error)));
page.on('console', (message) => wrong.push(message.text()));
try {
  process.stdout.write(JSON.stringify(await story()));
} catch (thrown) {
  console.error(`at ${page.url()}:\n${await page.evaluate(() => document.body.innerText)}\nwrong:`, wrong);
  throw thrown;
}
await firefox.close();
process.exit(0);

async function story() {
  await page.goto(origin);
  const click = (name) => page.locator(`::-p-text(${name})`).click();
  const answer = async (id, text) => {
    await page.locator(`#${id}`).fill(text);
    await page.keyboard.press('Enter');
  };
  await click('I’m a patient');
  await answer('name', 'Ada Firefox');
  await answer('email', 'ada@firefox.example');
  await answer('password', 'a password of hers');
  const code = await (await page.waitForSelector('.secret')).evaluate((node) => node.textContent);
  await answer('last', code.trim().split(/\s+/).at(-1));
  // Where it leads by itself, before it is led elsewhere.
  await page.waitForFunction(() => location.pathname === '/today' && document.querySelector('h1')?.textContent === 'Today');
  await page.goto(`${origin}/me/reminders`);
  await page.locator('button[aria-label="Turn on: This device"]').click();
  await page.waitForFunction(() => document.body.textContent.includes('✓ Shown') || document.querySelector('.summary'));
  const ticks = await page.evaluate(() => [...document.querySelectorAll('section .state')].map((one) => one.textContent.trim()));
  await page.goto(`${origin}/today`);
  const opened = await (await page.waitForSelector('h1')).evaluate((node) => node.textContent);
  return { ticks, opened };
}
