// Every screen in a pseudo-locale: what is plain there is in no catalogue; nothing is cut off or too wide. In German, on a
// phone and on a desktop; and from right to left.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { base, choose, close, device, sign_up, write } from './people.mjs';

const NOTE = 'Otitis. Take amoxicillin 500 mg every 8 hours for 7 days. Blood test in 1 week. Return if fever persists.';
const patient = ['/today', '/plan', '/notes', '/me', '/me/doctors', '/me/doctors/choose', '/me/times', '/me/reminders', '/me/privacy', '/me/password', '/me/passkeys', '/me/devices', '/me/data', '/me/notices', '/me/paper', '/changes', '/nowhere'];
const doctor = ['/patients', '/inbox', '/templates', '/settings', '/settings/profile', '/settings/password', '/settings/data', '/settings/notices'];
let ada, grace;

before(async () => {
  [ada, grace] = [await device(), await device({ viewport: { width: 1280, height: 900 } })];
  await sign_up(grace.page, 'doctor', 'Grace Field', 'grace@strange.example', { specialty: 'General practice' });
  await sign_up(ada.page, 'patient', 'Ada Winter', 'ada@strange.example');
  await choose(ada.page, 'Grace Field');
  await grace.page.reload();
  await grace.page.getByRole('link', { name: 'Ada Winter' }).waitFor();
  await write(grace.page, NOTE, 2);
  await grace.page.keyboard.press('Control+Enter');
});
after(close);

/** What the service says of schedules, dates by `Intl`, names that are the same in every language, and what people wrote. */
const theirs = new Set(`${NOTE} Ada Winter Grace Field General practice grace ada strange example English Deutsch Aftercare
  Have every hours for days day week once due Passkeys FHIR Europe Berlin Esc Ctrl
  Chrome Linux
  od qd bd bid tds tid qds qid nocte qhs prn`.toLowerCase().match(/[a-z]{2,}/g));
for (const form of ['long', 'short']) {
  for (let n = 0; n < 12; n++) {
    theirs.add(new Intl.DateTimeFormat('en-GB', { month: form }).format(new Date(2026, n, 1)).toLowerCase());
    theirs.add(new Intl.DateTimeFormat('en-GB', { weekday: form }).format(new Date(2026, 0, 1 + n)).toLowerCase());
  }
}

async function plain(page) {
  const texts = await page.evaluate(() => {
    const found = [document.title];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, (node) =>
      node.parentElement.closest('script, noscript, style, option, a[href*="/choose/"], .secret, code') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    while (walk.nextNode()) found.push(walk.currentNode.data);
    for (const one of document.querySelectorAll('[aria-label], [title], [placeholder]')) found.push(one.ariaLabel ?? '', one.title ?? '', one.placeholder ?? '');
    return found;
  });
  return [...new Set(texts.flatMap((text) => text.match(/(?<![\p{L}])[a-zA-Z]{2,}(?![\p{L}])/gu) ?? []).filter((word) => !theirs.has(word.toLowerCase())))];
}

async function settled(page, path) {
  await page.goto(base + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForFunction(() => document.querySelector('main')?.children.length > 1);
}

for (const [who, paths] of [['patient', patient], ['doctor', doctor]]) {
  test(`a ${who}’s screens in a pseudo-locale`, async () => {
    const { page } = who === 'patient' ? ada : grace;
    await page.evaluate(() => localStorage.setItem('language', 'xa'));
    await page.setViewportSize({ width: 320, height: 640 });
    for (const path of paths) {
      await settled(page, path);
      assert.deepEqual(await plain(page), [], path);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 320, `${path}: ${wide} px wide`);
    }
  });

  test(`a ${who}’s screens in German, on a phone and on a desktop`, async () => {
    const { page } = who === 'patient' ? ada : grace;
    await page.evaluate(() => localStorage.setItem('language', 'de'));
    const german = new Map();
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      for (const path of paths) {
        await settled(page, path);
        const { lang, wide, text } = await page.evaluate(() => ({ lang: document.documentElement.lang, wide: document.documentElement.scrollWidth, text: document.querySelector('main').innerText }));
        assert.equal(lang, 'de', path);
        assert.ok(wide <= width, `${path}: ${wide} px wide of ${width}`);
        german.set(path, text);
      }
    }
    await page.evaluate(() => localStorage.setItem('language', 'en'));
    for (const path of paths) {
      await settled(page, path);
      assert.notEqual(await page.locator('main').innerText(), german.get(path), `${path} says the same in both`);
    }
    await page.setViewportSize({ width: 320, height: 640 });
  });

  test(`a ${who}’s screens from right to left`, async () => {
    const { page } = who === 'patient' ? ada : grace;
    await page.evaluate(() => localStorage.setItem('language', 'xr'));
    for (const path of paths) {
      await settled(page, path);
      const { dir, left, back } = await page.evaluate(() => {
        const box = (selector) => document.querySelector(selector)?.getBoundingClientRect();
        return { dir: getComputedStyle(document.body).direction, left: Math.min(...[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility() && !one.closest('.scroll, .out-of-sight, svg')).map((one) => one.getBoundingClientRect().left)), back: box('.back')?.right ?? null };
      });
      assert.equal(dir, 'rtl');
      assert.ok(left >= -0.5, `${path}: something ends at ${left} px`);
      // What leads back stands where one begins to read.
      if (back !== null) assert.ok(back > 280, `${path}: back ends at ${back} px`);
    }
    ada.clean();
    grace.clean();
  });
}
