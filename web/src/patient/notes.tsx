// P6 and P7: the doctor's notes, and one of them with what follows from it.

import { useRoute } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import type { Note } from '../device/model';
import { day, language, shortDay, t } from '../i18n';
import { Lost } from '../screens/lost';
import { Action, Page } from '../ui';
import { Evidence } from '../ui/evidence';
import { is_read } from './changes';
import { chart, steps, title } from './chart';

const shown = (note: Note): boolean => note.status !== 'draft' && note.status !== 'discarded';

export function doctor(id: string): string {
  return chart.value?.doctors.find((one) => one.id === id)?.name ?? '';
}

export function Notes() {
  const words = t().notes;
  const notes = (chart.value?.notes ?? []).filter(shown);
  return (
    <Page title={words.title}>
      {!notes.length && <div class="card stack tight"><h2>{t().today.none}</h2><p>{t().today.noneText}</p></div>}
      <ul class="list">
        {notes.map((note) => (
          <li key={note.id}>
            <a class="link-row" href={`/notes/${note.id}`}>
              <span>
                <strong>{words.from(doctor(note.doctor_id), shortDay(note.created_at))}</strong><br />
                <span class="muted">{note.words ? note.words.text.split('\n')[0]?.slice(0, 90) : words.unreadable}</span>
              </span>
              {note.status === 'active' && <span class="badge good">{words.current}</span>}
            </a>
          </li>
        ))}
      </ul>
    </Page>
  );
}

export function NoteScreen() {
  const words = t().notes;
  const note = chart.value?.notes.find((one) => one.id === useRoute().params['id']);
  const [aloud, setAloud] = useState(false);
  const [now, setNow] = useState(location.hash.slice(1) || undefined);
  useEffect(() => () => globalThis.speechSynthesis?.cancel(), []);
  useEffect(() => {
    if (note?.words) is_read(note);
  }, [note?.id]);
  if (!note) return <Lost />;
  const { words: open } = note;
  if (!open) return <Page title={words.title} back="/notes"><p class="banner">{words.unreadable}</p></Page>;

  const read = (): void => {
    speechSynthesis.cancel();
    if (aloud) return setAloud(false);
    const utterance = new SpeechSynthesisUtterance(open.text);
    utterance.lang = language.value;
    utterance.onend = () => setAloud(false);
    speechSynthesis.speak(utterance);
    setAloud(true);
  };
  const spans = open.steps.map(([id, step]) => ({ id, start: step.quote_start, text: step.quote }));
  return (
    <Page title={words.from(doctor(note.doctor_id), day(note.created_at))} back="/notes">
      <div class="card"><Evidence text={open.text} spans={spans} now={now} /></div>
      <div class="row">
        {'speechSynthesis' in globalThis && <Action onPress={read} aria-pressed={aloud}>{aloud ? words.stop : words.readAloud}</Action>}
        <Action onPress={() => print()}>{words.print}</Action>
      </div>
      {open.steps.length > 0 && (
        <section class="group" aria-labelledby="steps">
          <h2 id="steps">{words.steps}</h2>
          <ul class="list">
            {open.steps.map(([id, step]) => (
              <li key={id}>
                <a class="link-row" href={`/plan/${id}`} onFocus={() => setNow(id)} onMouseEnter={() => setNow(id)}>
                  <span>{steps.value.has(id) ? title(steps.value.get(id)) : step.title}</span>
                  <span class="value">{steps.value.get(id)?.timing_text}</span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Page>
  );
}
