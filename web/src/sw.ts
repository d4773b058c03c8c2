// Keeps the app's own files, so that it opens without a network, and shows what was pushed. It holds no key to a note.

import { flush, listen } from './push';

declare const self: ServiceWorkerGlobalScope;

const SHELL = 'shell-1';

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.add('/')).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const old = async (): Promise<void> => {
    for (const name of await caches.keys()) if (name !== SHELL) await caches.delete(name);
    await self.clients.claim();
    await flush();
  };
  event.waitUntil(old());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin || /^\/(api|cal|dev)\//.test(url.pathname)) return;
  if (request.mode === 'navigate') event.respondWith(fresh('/', new Request('/')));
  else if (url.pathname.startsWith('/app/assets/')) event.respondWith(kept(request));
  else if (/^\/(app\/|icon|manifest)/.test(url.pathname)) event.respondWith(fresh(url.pathname, request));
});

/** What never changes: from here once it was fetched. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/** What may change: fetched, and from here where nobody answers. */
async function fresh(name: string, request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(3_000) });
    if (answer.ok && !answer.redirected) await cache.put(name, answer.clone());
    return answer;
  } catch {
    return (await cache.match(name)) ?? Response.error();
  }
}

listen();
