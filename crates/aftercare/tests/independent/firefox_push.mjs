// A real browser, Firefox, and a push service of its own on loopback, as far as Firefox asks for one (its protocol of
// hello, register, notification, ack over a WebSocket; RFC 8030 towards the sender).
//
// In, on the first line of standard input: {applicationServerKey}, in base64url.
// Out, each a line of JSON: {subscription}, then for each message {payload, notification, headers}, as the page's worker
// has got it and shown it, with the headers that the sender gave.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';
import { WebSocketServer } from 'ws';

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));

// The push service.
let browser;
const sent = [];
const service = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const channelID = request.url.split('/').pop();
    const { ttl, topic, urgency, 'content-encoding': encoding, authorization } = request.headers;
    sent.push({ ttl, topic, urgency, encoding, vapid: authorization?.startsWith('vapid t=') });
    const data = Buffer.concat(parts).toString('base64url');
    browser?.send(JSON.stringify({ messageType: 'notification', channelID, version: randomUUID(), data, headers: { encoding } }));
    response.writeHead(browser ? 201 : 410, { location: request.url }).end();
  });
});
const port = await listen(service);
new WebSocketServer({ server: service }).on('connection', (socket) => {
  browser = socket;
  socket.on('message', (text) => {
    const { messageType, channelID } = JSON.parse(text);
    const answer = (more) => socket.send(JSON.stringify({ messageType, status: 200, ...more }));
    if (messageType === undefined) socket.send('{}');
    if (messageType === 'hello') answer({ uaid: randomUUID().replaceAll('-', ''), use_webpush: true, broadcasts: {} });
    if (messageType === 'register') answer({ channelID, pushEndpoint: `http://127.0.0.1:${port}/wpush/${channelID}` });
  });
});

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

const firefox = await puppeteer.launch({
  browser: 'firefox',
  executablePath: '/usr/bin/firefox-esr',
  headless: true,
  extraPrefsFirefox: {
    'dom.push.serverURL': `ws://127.0.0.1:${port}/`,
    'dom.push.testing.allowInsecureServerURL': true,
    'dom.push.connection.enabled': true,
    'permissions.default.desktop-notification': 1,
    // Shown by itself: there is no desktop here to ask.
    'alerts.useSystemBackend': false,
    'dom.serviceWorkers.testing.enabled': true,
  },
});
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
