// Keys: single letters act where nobody types, and can be turned off (WCAG 2.1.4); `?` lists them, Ctrl K searches.

import { signal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Field, Sheet } from '../ui';
import { patients } from './patients';
import { d } from './words';

export const single = signal(localStorage.getItem('single keys') !== 'off');

export function useSingle(on: boolean): void {
  single.value = on;
  localStorage.setItem('single keys', on ? 'on' : 'off');
}

type Keys = Record<string, () => void>;

const typing = (event: KeyboardEvent): boolean =>
  event.target instanceof Element && !!event.target.closest('input:not([type=checkbox], [type=radio]), textarea, select');

/** The name of a key: `a`, `?`, `Ctrl Enter`. */
function name(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `Ctrl ${key}` : key;
}

/** Keys of a screen. In front of it, a dialog's own hold. */
export function useKeys(keys: Keys): void {
  // A key pressed right after another acts on what that one did: effects run later than that.
  const now = useRef(keys);
  now.current = keys;
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const act = now.current[name(event)];
      const alone = !event.ctrlKey && !event.metaKey;
      if (!act || event.altKey || document.querySelector('dialog[open]') || (alone && (typing(event) || !single.value))) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

export function Keyboard() {
  const { route } = useLocation();
  const [open, setOpen] = useState<'list' | 'palette'>();
  const [going, setGoing] = useState(0);
  useKeys({
    '?': () => setOpen('list'),
    'Ctrl k': () => setOpen('palette'),
    g: () => setGoing(Date.now()),
    p: () => Date.now() - going < 1_500 && route('/patients'),
  });
  const close = (): void => setOpen(undefined);
  if (open === 'list') {
    return (
      <Sheet title={d().keys.title} onClose={close}>
        <table>
          <tbody>{d().keys.list.map(([key, what]) => <tr key={key}><th scope="row"><kbd>{key}</kbd></th><td>{what}</td></tr>)}</tbody>
        </table>
      </Sheet>
    );
  }
  return open ? <Palette onClose={close} /> : null;
}

function Palette({ onClose }: { onClose: () => void }) {
  const { route } = useLocation();
  const [query, setQuery] = useState('');
  const places: [string, string][] = [
    ...patients.value.map((one): [string, string] => [one.patient.name, `/patients/${one.patient.id}`]),
    [d().rail.patients, '/patients'],
    [d().rail.inbox, '/inbox'],
    [d().rail.templates, '/templates'],
    [d().rail.settings, '/settings'],
  ];
  const found = places.filter(([what]) => what.toLowerCase().includes(query.toLowerCase())).slice(0, 8);
  const go = (to: string): void => { onClose(); route(to); };
  return (
    <Sheet title={d().keys.palette} onClose={onClose}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); if (found[0]) go(found[0][1]); }}>
        <Field name="palette" label={d().keys.palette} value={query} onValue={setQuery} autocomplete="off" autoFocus />
        <ul class="list">
          {found.map(([what, to]) => <li key={to}><button type="button" class="link-row" onClick={() => go(to)}>{what}</button></li>)}
        </ul>
      </form>
    </Sheet>
  );
}
