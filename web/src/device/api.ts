// The service's routes, typed by its own description.

import type { paths } from '../api/schema';
import { device } from '.';

type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Operation<P extends keyof paths, V extends Verb> = NonNullable<paths[P][V]>;
type Having<V extends Verb> = { [P in keyof paths]: [Operation<P, V>] extends [never] ? never : P }[keyof paths];
type Json<C> = C extends { content: { 'application/json': infer T } } ? T : undefined;
type Body<O> = O extends { requestBody: infer B } ? Json<B> : undefined;
type Answer<O> = O extends { responses: infer R } ? Json<R extends { 201: infer C } ? C : R extends { 200: infer C } ? C : never> : never;

interface Given<O> {
  /** What stands in the path. */
  path?: Record<string, string>;
  query?: Record<string, string | number | boolean | undefined>;
  body?: Body<O>;
}

/** Asks the service: `api('post', '/api/steps/{id}/complete/', { path: { id }, body: { status: 'done' } })`. */
export function api<V extends Verb, P extends Having<V>>(verb: V, route: P, given: Given<Operation<P, V>> = {}): Promise<Answer<Operation<P, V>>> {
  const named = String(route).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(given.path?.[name] ?? ''));
  const asked = Object.entries(given.query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  const query = asked.length ? `?${new URLSearchParams(asked.map(([name, value]) => [name, String(value)]))}` : '';
  return device.request(verb.toUpperCase(), named + query, given.body) as Promise<Answer<Operation<P, V>>>;
}
