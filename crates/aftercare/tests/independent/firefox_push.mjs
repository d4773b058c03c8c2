// A real browser, Firefox, with a page of its own and a push service on loopback (`firefox.mjs`).
//
// In, on the first line of standard input: {applicationServerKey}, in base64url.
// Out, each a line of JSON: {subscription}, then for each message {payload, notification, headers}, as the page's worker
// has got it and shown it, with the headers that the sender gave.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { firefox, listen, sent } from './firefox.mjs';

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
// A page with a worker, as the product's own will be.
const WORKER = `self.addEventListener('push', (event) => {
  const payload = event.data.json();
  const { title, body, tag, navigate } = payload.notification;
  event.waitUntil((async () => {
    const fault = await self.registration.showNotification(title, { body, tag, data: { navigate } }).then(() => null, String);
    for (const page of await self.clients.matchAll({ includeUncontrolled: true })) page.postMessage({ payload, notification: { title, body, tag }, fault });
  })());
});
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));`;
const pages = createServer((request, response) => {
  const worker = request.url === '/worker.js';
  response.writeHead(200, { 'content-type': worker ? 'text/javascript' : 'text/html' });
  response.end(worker ? WORKER : '<!doctype html><title>page</title>');
});
const at = await listen(pages);

const page = await firefox.newPage();
await page.goto(`http://localhost:${at}/`);
const lines = createInterface({ input: process.stdin });
const first = await new Promise((done) => lines.once('line', done));
const key = JSON.parse(first).applicationServerKey;
const subscription = await page.evaluate(async (key) => {
  globalThis.got = [];
  navigator.serviceWorker.addEventListener('message', (event) => globalThis.got.push(event.data));
  const registration = await navigator.serviceWorker.register('/worker.js');
  await navigator.serviceWorker.ready;
  const bytes = Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes });
  return made.toJSON();
}, key);
say({ subscription });
let told = 0;
const look = setInterval(async () => {
  const got = await page.evaluate(() => globalThis.got.splice(0)).catch(() => []);
  for (const one of got) say({ ...one, headers: sent[told++] });
}, 100);
lines.once('close', async () => {
  clearInterval(look);
  await firefox.close();
  process.exit(0);
});
