// Words and dates in the reader's language.

import { batch, computed, signal } from '@preact/signals';
import { device } from '../device';
import { en, type Catalogue } from './en';

export const languages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

/** English made strange, to see what is not in a catalogue and what grows too long; `xr` runs from right to left. */
const pseudo = ['xa', 'xr'] as const;
type Spoken = Language | (typeof pseudo)[number];

export const language = signal<Language>('en');
/** What is done to English before it is said: nothing, but in a pseudo-locale. */
const strange = signal<(<C>(words: C) => C) | undefined>();
const common = signal<Catalogue>(en);

/** The words of the language in use that everybody needs. */
export const t = (): Catalogue => common.value;

/** The same of words that some screens bring along. */
export function words<C>(en: C, de: C): () => C {
  const made = computed(() => (strange.value ? strange.value(en) : language.value === 'de' ? de : en));
  return () => made.value;
}

export async function speak(tag: Spoken): Promise<void> {
  const made = tag === 'xa' || tag === 'xr' ? (await import('./pseudo')).pseudo : undefined;
  const spoken: Language = tag === 'de' ? 'de' : 'en';
  const catalogue = spoken === 'de' ? (await import('./de')).de : made ? made(en) : en;
  batch(() => {
    strange.value = made;
    common.value = catalogue;
    language.value = spoken;
  });
  document.documentElement.lang = spoken;
  document.documentElement.dir = tag === 'xr' ? 'rtl' : 'ltr';
  localStorage.setItem('language', tag);
  await device.speak(spoken);
}

/** The language chosen before, or the browser's where it is spoken here. */
export function preferred(): Spoken {
  const tags = [localStorage.getItem('language') ?? '', ...navigator.languages];
  const spoken = tags.map((tag) => tag.slice(0, 2)).find((tag) => tag in languages || (pseudo as readonly string[]).includes(tag));
  return (spoken as Spoken | undefined) ?? 'en';
}

/** The zone that days and times are told in: the person's, wherever this device is. */
export const zone = signal(Intl.DateTimeFormat().resolvedOptions().timeZone);

const format = (options: Intl.DateTimeFormatOptions) => {
  const made = new Map<string, Intl.DateTimeFormat>();
  return (instant: string | number): string => {
    const key = `${language.value} ${zone.value}`;
    let formatter = made.get(key);
    if (!formatter) {
      const tag = language.value === 'en' ? 'en-GB' : language.value;
      made.set(key, (formatter = new Intl.DateTimeFormat(tag, { timeZone: zone.value, ...options })));
    }
    return formatter.format(new Date(instant));
  };
};

export const time = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
export const day = format({ weekday: 'long', day: 'numeric', month: 'long' });
export const shortDay = format({ day: 'numeric', month: 'short' });
export const weekday = format({ weekday: 'short' });
export const moment = format({ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** The first line of a text, cut between words. */
export function short(text: string | undefined): string {
  const first = text?.split('\n')[0] ?? '';
  return first.length <= 80 ? first : `${first.slice(0, 80).replace(/\s+\S*$/, '')}…`;
}

/** By how much the clock that times are told by differs from UTC at an instant. */
export function offset(instant: string | number): number {
  const parts = new Intl.DateTimeFormat('sv', { timeZone: zone.value, dateStyle: 'short', timeStyle: 'medium' });
  return Date.parse(`${parts.format(new Date(instant)).replace(' ', 'T')}Z`) - Math.floor(Date.parse(new Date(instant).toISOString()) / 1_000) * 1_000;
}

/** The date of an instant in the person's zone, as `2026-11-26`. */
export function date(instant: string | number): string {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone.value, year: 'numeric', month: '2-digit', day: '2-digit' });
  return parts.format(new Date(instant));
}

/** The hour of an instant in the person's zone. */
export function hour(instant: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone.value, hour: '2-digit', hourCycle: 'h23' });
  return Number(parts.format(new Date(instant)));
}
