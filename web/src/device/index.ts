// The page's side of the device: `device.chart()` asks the worker and waits for its answer.

import { Failure, type Said } from './failure';
import type { Ceremony } from './model';
import type { Calls } from './worker';
import { script } from '../trusted';

/** Asks the browser for a passkey (WebAuthn): the credential as a JSON text, and the key of its PRF extension beside it. */
async function shown(op: Ceremony, options: string): Promise<[string, Uint8Array | undefined]> {
  const given = JSON.parse(options) as never;
  const credential = (op === 'create'
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(given) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(given) })) as PublicKeyCredential;
  const key = credential.getClientExtensionResults().prf?.results?.first as ArrayBuffer | undefined;
  const json = credential.toJSON() as { clientExtensionResults: { prf?: { results?: unknown } } };
  delete json.clientExtensionResults.prf?.results;
  return [JSON.stringify(json), key && new Uint8Array(key)];
}

/** Whether passkeys can be used here: they belong to a host's name. */
export const passkeys = (): boolean => 'PublicKeyCredential' in globalThis && 'parseCreationOptionsFromJSON' in PublicKeyCredential && /[a-z]/i.test(location.hostname);

type Asked = { [Name in keyof Calls]: (...args: Parameters<Calls[Name]>) => Promise<Awaited<ReturnType<Calls[Name]>>> };

const worker = new Worker(script('/app/worker.js') as string, { type: 'module', name: 'device' });
const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (failure: Failure) => void }>();
const listeners = new Set<(event: string) => void>();
let last = 0;

interface Told {
  id?: number;
  value?: unknown;
  failure?: Said;
  event?: string;
  ask?: number;
  op?: Ceremony;
  options?: string;
}

worker.addEventListener('message', ({ data }: MessageEvent<Told>) => {
  if (data.ask && data.op) {
    const answered = data.ask;
    shown(data.op, data.options ?? '').then(
      (given) => worker.postMessage({ answered, given }),
      (thrown: unknown) => worker.postMessage({ answered, failure: String(thrown) }),
    );
  }
  if (data.event) for (const listener of listeners) listener(data.event);
  if (data.id === undefined) return;
  const asked = waiting.get(data.id);
  waiting.delete(data.id);
  if (data.failure) asked?.reject(new Failure(data.failure));
  else asked?.resolve(data.value);
});

export const device = new Proxy({} as Asked, {
  get: (_, name: keyof Calls) => (...args: unknown[]) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, name, args });
    }),
});

/** Listens to what the device tells unasked: `locked`, and what happens at the service. Ends by calling what it gives. */
export function on(listener: (event: string) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Does something when anything has happened at the service; once for several things at a time. */
export function follow(work: () => unknown): () => void {
  let soon: ReturnType<typeof setTimeout> | undefined;
  void device.follow();
  return on((event) => {
    if (event === 'locked') return;
    clearTimeout(soon);
    soon = setTimeout(work, 300);
  });
}
