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
  if (request.mode === 'navigate') {
    event.respondWith(fresh('/', new Request('/')));
    event.waitUntil(provide());
  }
  if (url.pathname.startsWith('/app/assets/')) event.respondWith(kept(request));
  else if (/^\/(app\/|icon|manifest)/.test(url.pathname)) event.respondWith(fresh(url.pathname, request));
});

/** Fetched to its end: what is put into the cache while it still comes holds up all that is looked for there. */
async function whole(request: Request, signal?: AbortSignal): Promise<{ answer: Response; copy: Response }> {
  const given = await fetch(request, { signal: signal ?? null });
  const [body, headers] = [await given.blob(), new Headers(given.headers)];
  for (const name of ['content-encoding', 'content-length']) headers.delete(name);
  const made = (): Response => new Response(body, { status: given.status, headers });
  return { answer: made(), copy: made() };
}

/** What never changes: from here once it was fetched. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  const found = await cache.match(request);
  if (found) return found;
  const { answer, copy } = await whole(request);
  if (answer.ok) await cache.put(request, copy);
  return answer;
}

/** Keeps what there is of the app, also what nobody has looked at yet, and lets go of what older ones were made of. */
async function provide(): Promise<void> {
  const answer = await fetch('/.well-known/aftercare-web.json').catch(() => undefined);
  if (!answer?.ok) return;
  const { files } = (await answer.json()) as { files: Record<string, string> };
  const parts = Object.keys(files).filter((path) => /^\/app\/assets\/.*\.(js|css)$/.test(path));
  const cache = await caches.open(SHELL);
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (pathname.startsWith('/app/assets/') && !(pathname in files)) await cache.delete(url);
  }
  for (const path of parts) await kept(new Request(path)).catch(() => undefined);
}

/** What may change: fetched, and from here where nobody answers. */
async function fresh(name: string, request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  try {
    const { answer, copy } = await whole(request, AbortSignal.timeout(3_000));
    if (answer.ok) await cache.put(name, copy);
    return answer;
  } catch {
    return (await cache.match(name)) ?? Response.error();
  }
}

listen();
