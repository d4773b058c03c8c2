// A newer app takes the place of the one that runs: what was answered meanwhile is sent, what is no longer there is fetched
// anew, and its worker steps in once the app was closed. In front of the service stands a proxy that can give out another version.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { base, choose, close, device, sign_up, write } from './people.mjs';

/** Nothing, or the mark of the newer version. */
let version = '';
/** Whether the parts of the older one are gone. Both have parts of one name here: so they are until a page is fetched after
 * one was asked for in vain. */
let gone = false;
let asked_in_vain = false;
/** Whether nobody answers. */
let away = false;
/** The newer worker is told from the older one by what it answers. */
const SAYS = "\nself.addEventListener('fetch', (event) => { if (event.request.url.endsWith('/which')) event.respondWith(new Response('newer')); });";
const proxy = createServer(async (request, response) => {
  if (away) return request.destroy();
  const parts = [];
  for await (const part of request) parts.push(part);
  const headers = { ...request.headers, 'accept-encoding': 'identity' };
  delete headers.host;
  delete headers.connection;
  // Another version has another ETag.
  if (version) delete headers['if-none-match'];
  const stop = new AbortController();
  response.on('close', () => stop.abort());
  try {
    const answer = await fetch(base + request.url, { method: request.method, headers, body: parts.length ? Buffer.concat(parts) : undefined, signal: stop.signal, redirect: 'manual' });
    const given = Object.fromEntries([...answer.headers].filter(([name]) => !['content-encoding', 'content-length', 'transfer-encoding', 'connection', 'set-cookie', 'etag'].includes(name)));
    const cookies = answer.headers.getSetCookie();
    if (gone && /^\/app\/assets\/notices-/.test(request.url)) {
      asked_in_vain = true;
      return response.writeHead(404).end();
    }
    response.writeHead(answer.status, { ...given, ...(cookies.length && { 'set-cookie': cookies }) });
    const page = given['content-type']?.startsWith('text/html');
    if (version && page && asked_in_vain) gone = false;
    if (version && page) return response.end((await answer.text()).replace('</head>', `<meta name="${version}"></head>`));
    if (version && request.url === '/sw.js') return response.end((await answer.text()) + SAYS);
    // Other files have other hashes.
    if (version && request.url.startsWith('/.well-known/')) return response.end(JSON.stringify({ ...(await answer.json()), version }));
    for await (const part of answer.body ?? []) response.write(part);
    response.end();
  } catch {
    response.destroy();
  }
});
let here;
before(async () => {
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  here = `http://127.0.0.1:${proxy.address().port}`;
});
after(async () => {
  await close();
  proxy.closeAllConnections();
  proxy.close();
});

test('a newer app takes over, and an answer given before it is sent', async () => {
  const [ada, grace] = [await device({ hasTouch: true }), await device({ viewport: { width: 1280, height: 900 } })];
  const { context } = ada;
  let { page } = ada;
  await sign_up(grace.page, 'doctor', 'Grace Update', 'grace@update.example', { specialty: 'General practice' });
  await sign_up(page, 'patient', 'Ada Update', 'ada@update.example', { own: true, at: here });
  await choose(page, 'Grace Update');
  await grace.page.reload();
  await grace.page.getByRole('link', { name: 'Ada Update' }).waitFor();
  await write(grace.page, 'Take paracetamol 500 mg every 6 hours for 3 days.', 1);
  await page.goto(`${here}/today`);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.reload();
  await page.getByRole('heading', { name: 'Now' }).waitFor();
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Done: Take paracetamol 500 mg' }).click();
  await page.getByText(/^✓Done at/).waitFor();

  [version, gone] = ['version-2', true];
  const marked = () => page.evaluate(() => document.documentElement.outerHTML.includes('version-2'));
  assert.equal(await marked(), false);
  const sent = page.waitForResponse((answer) => answer.url().endsWith('/api/check-in/'));
  await context.setOffline(false);
  assert.equal((await sent).status(), 200);
  // The page of the older app asks for a part that is not kept here and gone there: the newer one comes.
  const unkept = async (part) => {
    await (await context.newCDPSession(page)).send('Network.clearBrowserCache');
    await page.evaluate(async (part) => {
      const cache = await caches.open('shell-1');
      for (const { url } of await cache.keys()) if (url.includes(part)) await cache.delete(url);
    }, part);
  };
  await unkept('/assets/notices-');
  await page.getByRole('link', { name: 'Me', exact: true }).click();
  await page.getByRole('link', { name: 'What happened' }).click();
  await page.waitForFunction(() => document.documentElement.outerHTML.includes('version-2'));
  await page.getByRole('link', { name: 'Today', exact: true }).click();
  await page.getByText(/^✓Done at/).waitFor();
  assert.equal(await marked(), true);
  // Its worker waits until the app is closed, and has kept the newer one by then.
  await page.waitForFunction(async () => {
    const { installing, waiting } = await navigator.serviceWorker.getRegistration();
    return !installing && waiting && (await (await caches.match('/')).text()).includes('version-2');
  });
  const older = context.serviceWorkers()[0].waitForEvent('close');
  await page.close();
  await older;
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(`${here}/today`);
  await page.getByText(/^✓Done at/).waitFor();
  assert.equal(await page.evaluate(async () => (await fetch('/which')).text()), 'newer');
  away = true;
  proxy.closeAllConnections();
  await page.reload();
  await page.getByText(/^✓Done at/).waitFor();
  assert.equal(await marked(), true);
  // Also what nobody has looked at yet is there.
  await page.getByRole('link', { name: 'Me', exact: true }).click();
  await page.getByRole('link', { name: 'On paper' }).click();
  await page.getByRole('heading', { name: 'On paper' }).waitFor();
  // What is not even kept is said, with a way on.
  await unkept('/assets/account-');
  await page.getByRole('link', { name: 'Me', exact: true }).click();
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByRole('heading', { name: 'There is a problem' }).waitFor();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
});
