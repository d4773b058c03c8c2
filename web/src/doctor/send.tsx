// D5 and D6: what stops, starts and goes on; sent; and for a minute taken back.

import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import type { NoteView, Submitted } from '../api/schema';
import { device, follow } from '../device';
import { api } from '../device/api';
import type { Step } from '../device/model';
import { language, t, time } from '../i18n';
import { Compare, type Line } from '../patient/changes';
import { Action, Choice, Page, say, Summary, told, useWork } from '../ui';
import { draft as kept_draft, sealed, type Draft } from './draft';
import { useKeys } from './keyboard';
import { came } from './patient';
import { line as patient_of, refresh } from './patients';
import { record } from './record';
import { d } from './words';

const same_times = (one: Step, other: Step['words']): boolean => {
  const { duration: _, count: _count, until: _until, ...mine } = (one.words?.schedule ?? {}) as Record<string, unknown>;
  const { duration: _d, count: _c, until: _u, ...theirs } = (other?.schedule ?? {}) as Record<string, unknown>;
  return JSON.stringify(mine) === JSON.stringify(theirs);
};

/** What changes, and then that it was sent. */
export function Send({ draft, onBack }: { draft: Draft; onBack: () => void }) {
  const words = d().send;
  const { sent } = draft;
  const name = patient_of(draft.patient)?.patient.name ?? '';
  const { route } = useLocation();
  const [running, setRunning] = useState<Step[]>();
  const [failed, setFailed] = useState<unknown>();
  const [kept, setKept] = useState(new Map<string, string>());
  const [lines, setLines] = useState<Line[]>([]);
  const { busy, errors, run } = useWork();
  const items = draft.items.filter((item) => item.standing !== 'removed');

  useEffect(() => {
    void record(draft.patient).then(({ plan, checklist }) => setRunning([...plan, ...checklist].filter((step) => step.status === 'active')), setFailed);
    const tell = async (): Promise<void> => setLines(await Promise.all(items.map(async ({ id, step }) => ({
      id, what: step.title, when: await device.timingText(step.schedule, {}, language.value),
    }))));
    void tell();
  }, []);

  /** Steps of the running plan that one of these could go on with: due at the same times. */
  const could = items.flatMap(({ id, step }) => {
    const old = running?.find((one) => one.kind === 'plan' && step.kind === 'plan' && one.words?.title === step.title && same_times(one, step));
    return old ? [{ id, old, title: step.title }] : [];
  });
  const send = (): void => {
    if (busy || sent || !running) return;
    void run(async () => {
      const { note } = (await device.submit(draft.patient, sealed(draft, kept), 'activate')) as Submitted;
      kept_draft.value = { ...draft, sent: { id: note.id, at: Date.now() } };
      await device.keepDraft(draft.patient, '');
      void refresh();
    });
  };
  const finish = (): void => {
    kept_draft.value = undefined;
    route('/patients');
  };
  useKeys({ 'Ctrl Enter': () => (sent ? finish() : send()), Escape: () => !sent && onBack() });

  const undone = (): void => {
    kept_draft.value = { ...draft, sent: undefined };
    void device.keepDraft(draft.patient, draft.text);
  };
  if (sent) return <Sent {...sent} name={name} onDone={finish} onUndone={undone} />;
  const stops = (running ?? []).filter((step) => ![...kept.values()].includes(step.id));
  const line = (step: Step): Line => ({ id: step.id, what: step.words?.title ?? '…', when: step.timing_text });
  return (
    <Page title={`${words.title}: ${name}`}>
      <Summary errors={errors} />
      {failed !== undefined && <p class="banner" role="alert">{told(failed)}</p>}
      <Compare stops={stops.map(line)} starts={lines.filter((one) => !kept.has(one.id))} same={lines.filter((one) => kept.has(one.id))} />
      {draft.help.length > 0 && (
        <section class="group" aria-labelledby="help">
          <h2 id="help">{t().plan.seekHelp}</h2>
          <ul class="group">{draft.help.map((one) => <li key={one.evidence_start} class="card">{one.text}</li>)}</ul>
        </section>
      )}
      {could.map(({ id, old, title }) => (
        <Choice key={id} label={`${words.goOn}: ${title}`} checked={kept.has(id)} onChange={(on) => {
          const next = new Map(kept);
          if (on) next.set(id, old.id);
          else next.delete(id);
          setKept(next);
        }} />
      ))}
      <div class="row">
        <Action kind="main" busy={busy || !running} onPress={send}>{busy ? words.sending : words.button(name)} <kbd>Ctrl ↵</kbd></Action>
        <Action onPress={onBack}>{t().back}</Action>
      </div>
    </Page>
  );
}

const UNDO = 60_000;

function Sent({ id, at, name, onDone, onUndone }: { id: string; at: number; name: string; onDone: () => void; onUndone: () => void }) {
  const words = d().send;
  const [rest, setRest] = useState(UNDO);
  const { busy, errors, run } = useWork();
  const [note, setNote] = useState<NoteView>();
  useEffect(() => {
    const look_again = (): void => void api('get', '/api/notes/{id}/', { path: { id } }).then(setNote, () => undefined);
    look_again();
    return follow(look_again);
  }, [id]);
  useEffect(() => {
    const count = setInterval(() => setRest(Math.max(0, at + UNDO - Date.now())), 1_000);
    return () => clearInterval(count);
  }, []);
  const undo = (): Promise<void> => run(async () => {
    await api('post', '/api/notes/{id}/undo/', { path: { id } });
    await api('delete', '/api/notes/{id}/', { path: { id } });
    say(words.undone);
    onUndone();
  });
  useKeys({ u: () => rest > 0 && !busy && void undo() });
  return (
    <Page title={words.sentTo(name, time(at))}>
      <Summary errors={errors} />
      {note && <p role="status">{came(note)}</p>}
      <div class="row">
        <Action kind="main" onPress={onDone}>{words.back}</Action>
        {rest > 0 && <Action busy={busy} onPress={undo}>{words.undo} <kbd>U</kbd></Action>}
      </div>
      {rest > 0 && <p class="muted">{words.undoHint(Math.ceil(rest / 1_000))}</p>}
    </Page>
  );
}
