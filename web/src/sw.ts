// Keeps the app's own files, so that it opens without a network, and shows what was pushed. It holds no key to a note.

import { flush, listen } from './push';

declare const self: ServiceWorkerGlobalScope;

const SHELL = 'shell-1';
/** Names every file of the app with its hash. */
const FILES = '/.well-known/aftercare-web.json';

// A newer worker waits until no page of the app is open any more: one that steps in earlier stops the older one, and what
// that was asked at this moment is never answered.
self.addEventListener('install', (event) => event.waitUntil(provide()));
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin || /^\/(api|cal|dev)\//.test(url.pathname)) return;
  if (request.mode === 'navigate') {
    event.respondWith(fresh('/', new Request('/')));
    event.waitUntil(Promise.allSettled([provide(), flush()]));
  } else if (url.pathname.startsWith('/app/assets/')) event.respondWith(kept(request));
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

/** Fetched, and put here. */
async function keep(request: Request): Promise<Response> {
  const { answer, copy } = await whole(request);
  if (answer.ok) await (await caches.open(SHELL)).put(request, copy);
  return answer;
}

/** What never changes: from here once it was fetched. */
async function kept(request: Request): Promise<Response> {
  return (await (await caches.open(SHELL)).match(request)) ?? keep(request);
}

/** Keeps a newer app whole or not at all, so that what opens without a network has all its parts, also those that nobody
 * has looked at yet. The module of doctors' devices is kept where it was used. */
async function provide(): Promise<void> {
  const cache = await caches.open(SHELL);
  const { answer, copy } = await whole(new Request(FILES));
  if (!answer.ok) throw new Error(FILES);
  const now = await answer.text();
  if (now === (await (await cache.match(FILES))?.text())) return;
  const { files } = JSON.parse(now) as { files: Record<string, string> };
  const part = (path: string): boolean => path.startsWith('/app/assets/');
  const doctors = (path: string): boolean => /\/doctors-.*\.wasm$/.test(path);
  const here = (await cache.keys()).map(({ url }) => new URL(url).pathname);
  const wanted = Object.keys(files).filter((path) => path !== '/sw.js' && (!doctors(path) || here.some(doctors)));
  for (const path of [...wanted.filter(part), ...wanted.filter((path) => !part(path))]) {
    const request = new Request(path === '/index.html' ? '/' : path);
    if (!(await (part(path) ? kept(request) : keep(request))).ok) throw new Error(path);
  }
  await cache.put(FILES, copy);
  for (const path of here) if (part(path) && !(path in files)) await cache.delete(path);
}

/** What may change: fetched, and from here where nobody answers. */
async function fresh(name: string, request: Request): Promise<Response> {
  try {
    return (await whole(request, AbortSignal.timeout(3_000))).answer;
  } catch {
    return (await (await caches.open(SHELL)).match(name)) ?? Response.error();
  }
}

listen();
