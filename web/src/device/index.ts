// The page's side of the device: `device.chart()` asks the worker and waits for its answer.

import { Failure, type Said } from './failure';
import type { Calls } from './worker';
import { script } from '../trusted';

type Asked = { [Name in keyof Calls]: (...args: Parameters<Calls[Name]>) => Promise<Awaited<ReturnType<Calls[Name]>>> };

const worker = new Worker(script('/app/worker.js') as string, { type: 'module', name: 'device' });
const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (failure: Failure) => void }>();
const listeners = new Set<(event: string) => void>();
let last = 0;

worker.addEventListener('message', ({ data }: MessageEvent<{ id?: number; value?: unknown; failure?: Said; event?: string }>) => {
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
