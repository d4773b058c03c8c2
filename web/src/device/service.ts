// Requests to the service, with the access token: in memory only, renewed by a cookie that no script reads.

import { Failure, type Said } from './failure';

let access: string | undefined;
/** What this device gives with its next sign-in: strangers' failures then lock nobody out here. */
export let device_token: string | undefined;
let language = 'en';

/** In which language the service speaks of schedules. */
export function speak(tag: string): void {
  language = tag;
}

/** Forgets the access token. */
export function forget(): void {
  access = undefined;
}

async function ask(method: string, path: string, body: string | null, signedIn: boolean, key?: string): Promise<Response> {
  const headers = new Headers({ 'Accept-Language': language, 'X-Aftercare-Cookie': '1' });
  if (body !== null) headers.set('Content-Type', 'application/json');
  if (signedIn && access) headers.set('Authorization', `Bearer ${access}`);
  if (key) headers.set('Idempotency-Key', key);
  try {
    return await fetch(path, { method, headers, body, cache: 'no-store', signal: AbortSignal.timeout(30_000) });
  } catch {
    throw new Failure({ code: 'offline', detail: 'the service cannot be reached' });
  }
}

/** Renews the access token; false where the session has ended. Tabs renew one after the other. */
async function renew(): Promise<boolean> {
  const before = access;
  return navigator.locks.request('renew', async () => {
    if (access !== before) return true;
    const response = await ask('POST', '/api/token/refresh/', '{}', false);
    if (!response.ok) {
      if (response.status === 401) return false;
      throw await problem(response);
    }
    access = ((await response.json()) as { access_token: string }).access_token;
    return true;
  });
}

/** Sends a request, renewing the token where it is due: status and text. */
export async function send(
  signedIn: boolean,
  method: string,
  path: string,
  body: string | null,
  key?: string,
): Promise<[number, string]> {
  if (signedIn && !access && !(await renew())) throw ended();
  let response = await ask(method, path, body, signedIn, key);
  if (response.status === 401 && signedIn) {
    access = undefined;
    if (!(await renew())) throw ended();
    response = await ask(method, path, body, signedIn, key);
  }
  let text = await response.text();
  // What was cut off is still being worked on: what comes of it is told to who asks again.
  for (let tries = 0; tries < 5 && response.status === 409 && text.includes('"in_flight"'); tries++) {
    await new Promise((done) => setTimeout(done, 1_000));
    response = await ask(method, path, body, signedIn, key);
    text = await response.text();
  }
  if (response.ok && path === '/api/login/finish/') {
    const tokens = JSON.parse(text) as { access_token: string; device_token: string };
    access = tokens.access_token;
    device_token = tokens.device_token;
  }
  return [response.status, text];
}

/** The same, of JSON; refusals are thrown. */
export async function request<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const [status, text] = await send(true, method, path, body === undefined ? null : JSON.stringify(body), key);
  if (status >= 200 && status < 300) return (text ? JSON.parse(text) : undefined) as T;
  throw refused(status, text);
}

/** Tells of each event as it happens (Server-Sent Events), until `stop`; begun anew when a stream ends. */
export async function follow(tell: (event: string) => void, stop: AbortSignal): Promise<void> {
  let pause = 1_000;
  while (!stop.aborted) {
    try {
      if (!access && !(await renew())) return;
      const answer = await fetch('/api/events/', { headers: { Authorization: `Bearer ${access}` }, cache: 'no-store', signal: stop });
      if (answer.status === 401) access = undefined;
      const lines = answer.ok && answer.body ? answer.body.pipeThrough(new TextDecoderStream()).getReader() : undefined;
      for (let rest = ''; lines; ) {
        const { done, value } = await lines.read();
        if (done) break;
        pause = 1_000;
        const parts = (rest + value).split('\n');
        rest = parts.pop() ?? '';
        for (const line of parts) if (line.startsWith('event:')) tell(line.slice(6).trim());
      }
    } catch {
      // No network: later.
    }
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, 60_000);
  }
}

function ended(): Failure {
  return new Failure({ code: 'signed_out', status: 401, detail: 'sign in again' });
}

function refused(status: number, text: string): Failure {
  try {
    const { code, detail, errors } = JSON.parse(text) as Said;
    return new Failure({ code, detail, status, ...(errors && { errors }) });
  } catch {
    return new Failure({ code: 'unavailable', detail: 'the service did not answer as expected', status });
  }
}

async function problem(response: Response): Promise<Failure> {
  return refused(response.status, await response.text());
}
