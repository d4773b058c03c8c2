// The parts every screen is made of.

import type { ComponentChildren } from 'preact';
import { signal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { Failure } from '../device/failure';
import { t } from '../i18n';
import { putOff } from '../state';

/** A screen: its title names the document and takes the focus when one comes here. */
export function Page({ title, aside, back, wide, children }: {
  title: string;
  aside?: ComponentChildren;
  back?: string;
  wide?: boolean;
  children?: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { path } = useLocation();
  // Before anybody can type: what is typed next is meant for it.
  useLayoutEffect(() => {
    const asked = document.querySelector<HTMLElement>('main [autofocus]');
    (asked ?? heading.current)?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [path]);
  useEffect(() => {
    document.title = title === t().app ? title : `${title} – ${t().app}`;
  }, [title]);
  return (
    <main class={wide ? 'page wide' : 'page'} id="main">
      {back && <a class="back" href={back}>‹ {t().back}</a>}
      <div class="head">
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {aside}
      </div>
      {children}
    </main>
  );
}

type Errors = Record<string, string>;

/** What is wrong with a form, first and in one place; it takes the focus. */
export function Summary({ errors }: { errors: Errors }) {
  const box = useRef<HTMLDivElement>(null);
  const said = Object.entries(errors);
  useEffect(() => {
    if (said.length) box.current?.focus();
  }, [errors]);
  if (!said.length) return null;
  return (
    <div class="summary" role="alert" tabIndex={-1} ref={box}>
      <h2>{t().problem}</h2>
      <ul>
        {said.map(([name, text]) => <li key={name}>{name ? <a href={`#${name}`} onClick={(event) => jump(event, name)}>{text}</a> : text}</li>)}
      </ul>
    </div>
  );
}

function jump(event: Event, name: string): void {
  event.preventDefault();
  document.getElementById(name)?.focus();
}

interface InputProps {
  type?: 'text' | 'email' | 'password' | 'search' | 'time' | 'tel' | 'number' | 'datetime-local';
  inputMode?: 'email' | 'tel' | 'numeric' | 'decimal';
  autocomplete?: string;
  autocapitalize?: 'characters';
  spellcheck?: boolean;
  autoFocus?: boolean;
  maxLength?: number;
  min?: string;
  max?: string;
}

/** A question with one line to answer it. */
export function Field({ name, label, hint, wrong, value, onValue, type = 'text', ...input }: InputProps & {
  name: string;
  label: string;
  hint?: string | undefined;
  wrong?: string | undefined;
  value: string;
  onValue: (value: string) => void;
}) {
  const [shown, setShown] = useState(false);
  const line = useRef<HTMLInputElement>(null);
  // A question that takes the place of another: one goes on typing.
  useEffect(() => void (input.autoFocus && line.current?.focus()), []);
  const described = [hint && `${name}-hint`, wrong && `${name}-wrong`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {hint && <span class="hint" id={`${name}-hint`}>{hint}</span>}
      {wrong && <span class="wrong" id={`${name}-wrong`}>{wrong}</span>}
      <div class="with-button">
        <input
          ref={line}
          id={name}
          name={name}
          type={(shown ? 'text' : type) as 'text'}
          value={value}
          aria-describedby={described || undefined}
          aria-invalid={wrong ? 'true' : undefined}
          onInput={(event) => onValue(event.currentTarget.value)}
          {...(input as object)}
        />
        {type === 'password' && (
          <button type="button" class="button" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? t().hide : t().show}
          </button>
        )}
      </div>
    </div>
  );
}

export function Choice({ label, hint, checked, onChange }: {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <label class="choice">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} aria-describedby={hint && id} />
      <span>
        {label}
        {hint && <span class="muted small" id={id}><br />{hint}</span>}
      </span>
    </label>
  );
}

/** A button that is not pressed twice while what it does goes on. */
export function Action({ kind = '', busy = false, children, onPress, ...button }: {
  'aria-label'?: string;
  'aria-pressed'?: boolean;
  'aria-keyshortcuts'?: string;
  title?: string;
  kind?: string;
  busy?: boolean;
  children: ComponentChildren;
  onPress?: (event: MouseEvent) => unknown;
}) {
  return (
    <button type={onPress ? 'button' : 'submit'} class={`button ${kind}`} aria-disabled={busy ? 'true' : undefined}
      onClick={(event) => (busy ? event.preventDefault() : onPress?.(event))} {...button}>
      {children}
    </button>
  );
}

/** Asks calmly for the recovery code that was put off. */
export function PutOff() {
  return putOff.value ? <p class="banner calm">{t().code.putOff} <a href="/code">{t().code.title}</a></p> : null;
}

/** A question in front of the page. */
export function Sheet({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose} onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}>
      <div class="stack">
        <div class="head">
          <h2 id={id}>{title}</h2>
          <Action onPress={() => dialog.current?.close()} aria-label={t().close}>✕</Action>
        </div>
        {children}
      </div>
    </dialog>
  );
}

interface Note {
  text: string;
  undo?: () => void;
}

const note = signal<Note | undefined>();
let fading: ReturnType<typeof setTimeout> | undefined;

/** Says something in passing: for as long as it can be undone, or is read. */
export function say(text: string, undo?: () => void): void {
  clearTimeout(fading);
  note.value = { text, ...(undo && { undo }) };
  fading = setTimeout(() => (note.value = undefined), undo ? 8_000 : 4_000);
}

/** What was said can no longer be undone. */
export function hush(): void {
  clearTimeout(fading);
  note.value = undefined;
}

export function Toast() {
  const said = note.value;
  return (
    <div role="status">
      {said && (
        <div class="toast">
          <span>{said.text}</span>
          {said.undo && <Action onPress={() => { said.undo?.(); hush(); }}>{t().undo}</Action>}
        </div>
      )}
    </div>
  );
}

/** What a failure is for people. */
export function told(thrown: unknown): string {
  const { code, said } = Failure.of(thrown);
  const known = (t().errors as Record<string, unknown>)[code];
  return typeof known === 'string' ? known : t().errors.other(said.detail);
}

/** What a refusal says of the fields of a form. */
export function fields(thrown: unknown): Errors {
  const failure = Failure.of(thrown);
  const named = (failure.said.errors ?? []).map(({ pointer, detail }) => [pointer.slice(1), detail] as const);
  return named.length ? Object.fromEntries(named) : { '': told(failure) };
}

/** Work that a button has begun: whether it goes on, and what went wrong. */
export function useWork(): { busy: boolean; errors: Errors; setErrors: (errors: Errors) => void; run: (work: () => Promise<unknown>) => Promise<void> } {
  const [busy, setBusy] = useState(false);
  const [errors, setErrors] = useState<Errors>({});
  const run = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setErrors({});
    try {
      await work();
    } catch (thrown) {
      setErrors(fields(thrown));
    } finally {
      setBusy(false);
    }
  };
  return { busy, errors, setErrors, run };
}

const paths = {
  today: 'M4 6h16v14H4zM4 10h16M9 3v5M15 3v5M9 15l2 2 4-4',
  plan: 'M5 4h14v17H5zM9 9h6M9 13h6M9 17h4',
  notes: 'M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7',
  me: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c1-5 4-7 8-7s7 2 8 7',
  patients: 'M9 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c1-5 3-7 7-7s6 2 7 7M16 5a3 3 0 1 1 1 6M18 14c3 1 4 3 4 6',
  inbox: 'M4 13l3-9h10l3 9v7H4zM4 13h5l1 3h4l1-3h5',
  tick: 'M5 13l5 5 9-11',
};

export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

export function Tabs({ tabs }: { tabs: [path: string, icon: keyof typeof paths, label: string][] }) {
  const { path } = useLocation();
  return (
    <nav class="tabs" aria-label={t().app}>
      {tabs.map(([to, icon, label]) => (
        <a key={to} href={to} aria-current={path === to || path.startsWith(`${to}/`) ? 'page' : undefined}>
          <Icon name={icon} />
          {label}
        </a>
      ))}
    </nav>
  );
}
