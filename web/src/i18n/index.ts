// Words and dates in the reader's language.

import { signal } from '@preact/signals';
import { device } from '../device';
import { en, type Catalogue } from './en';

export const languages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

export const language = signal<Language>('en');
const words = signal<Catalogue>(en);

/** The words of the language in use. */
export const t = (): Catalogue => words.value;

export async function speak(tag: Language): Promise<void> {
  words.value = tag === 'de' ? (await import('./de')).de : en;
  language.value = tag;
  document.documentElement.lang = tag;
  localStorage.setItem('language', tag);
  await device.speak(tag);
}

/** The language chosen before, or the browser's where it is spoken here. */
export function preferred(): Language {
  const tags = [localStorage.getItem('language') ?? '', ...navigator.languages];
  const spoken = tags.map((tag) => tag.slice(0, 2)).find((tag) => tag in languages);
  return (spoken as Language | undefined) ?? 'en';
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
