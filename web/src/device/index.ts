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

export function on(listener: (event: string) => void): void {
  listeners.add(listener);
}
