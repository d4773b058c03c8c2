// Firefox, and a push service of its own on loopback, as far as Firefox asks for one (its protocol of hello, register,
// notification, ack over a WebSocket; RFC 8030 towards the sender).
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import puppeteer from 'puppeteer-core';
import { WebSocketServer } from 'ws';

export const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));

// The push service.
let browser;
/** The headers of what was sent, in order. */
export const sent = [];
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

export const firefox = await puppeteer.launch({
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
