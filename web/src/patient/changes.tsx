// P8: what a newer note stops, starts and leaves as it is.

import { computed, signal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { device } from '../device';
import type { Note, Step } from '../device/model';
import { t } from '../i18n';
import { Action, Page } from '../ui';
import { chart, title, when } from './chart';

/** The last that was read here: it may not be said yet. */
const read = signal(localStorage.getItem('read note'));

/** Puts down that a note was read, for its doctor too. */
export function is_read(note: Note | undefined): void {
  if (!note || note.read_at || read.value === note.id) return;
  localStorage.setItem('read note', (read.value = note.id));
  // Without a network it is said later.
  device.readNote(note.id).catch(() => undefined);
}

/** The newest note in force. */
const newest = computed(() => {
  const active = (chart.value?.notes ?? []).filter((note) => note.status === 'active');
  return active.reduce<(typeof active)[number] | undefined>((last, note) => (!last || note.created_at > last.created_at ? note : last), undefined);
});

const all = computed<Step[]>(() => [...(chart.value?.plan ?? []), ...(chart.value?.checklist ?? [])]);

export function Changed() {
  const note = newest.value;
  if (!note || note.read_at || read.value === note.id || !all.value.some((step) => step.superseded_by === note.id)) return null;
  return (
    <div class="banner calm">
      <h2>{t().changes.title}</h2>
      <p><a class="button main" href="/changes">{t().changes.look}</a></p>
    </div>
  );
}

export function Changes() {
  const words = t().changes;
  const { route } = useLocation();
  const note = newest.value;
  const stops = all.value.filter((step) => note && step.superseded_by === note.id);
  const mine = all.value.filter((step) => step.note_id === note?.id && step.status !== 'draft');
  const same = mine.filter((step) => step.words?.continues);
  const starts = mine.filter((step) => !step.words?.continues);
  return (
    <Page title={words.title} back="/today">
      <Compare stops={stops.map(line)} starts={starts.map(line)} same={same.map(line)} />
      <Action kind="main" onPress={() => {
        is_read(note);
        route('/today');
      }}>{words.read}</Action>
      {note && <p><a href={`/notes/${note.id}`}>{t().plan.openNote}</a></p>}
    </Page>
  );
}

const line = (step: Step): Line => ({ id: step.id, what: title(step), when: when(step) });

export interface Line {
  id: string;
  what: string;
  when: string;
}

/** Before and after, in three lists. */
export function Compare({ stops, starts, same }: { stops: Line[]; starts: Line[]; same: Line[] }) {
  const words = t().changes;
  const lists: [string, Line[], boolean][] = [[words.stops, stops, true], [words.starts, starts, false], [words.same, same, false]];
  return (
    <>
      {lists.map(([name, lines, over]) => (
        <section key={name} class="group" aria-label={name}>
          <h2>{name}</h2>
          {lines.length ? (
            <ul class="group">
              {lines.map(({ id, what, when }) => (
                <li key={id} class="card">
                  {over ? <del>{what}</del> : <strong>{what}</strong>}
                  {when && <p class="muted">{when}</p>}
                </li>
              ))}
            </ul>
          ) : <p class="muted">{words.none}</p>}
        </section>
      ))}
    </>
  );
}
