// D4 to D6: each step beside the words it comes from; then what changes; then sent, and taken back if need be.

import { useLocation, useRoute } from 'preact-iso';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { language, moment, t, zone } from '../i18n';
import { device } from '../device';
import type { Quote, StepText } from '../device/model';
import { Action, Page } from '../ui';
import { Evidence, type Span } from '../ui/evidence';
import { answered, draft, edited, left, open_questions, scheduled, stand, unhelped, type Draft, type Item } from './draft';
import { EditStep } from './edit';
import { useKeys } from './keyboard';
import { line } from './patients';
import { Send } from './send';
import { d } from './words';

export function ReviewScreen() {
  const id = useRoute().params['id'] ?? '';
  const { route } = useLocation();
  const now = draft.value?.patient === id ? draft.value : undefined;
  const [sending, setSending] = useState(!!now?.sent);
  useEffect(() => {
    if (!now) route(`/patients/${id}/write`, true);
  }, [now]);
  if (!now) return null;
  return sending ? <Send draft={now} onBack={() => setSending(false)} /> : <Review now={now} onDone={() => setSending(true)} />;
}

/** As they are shown: what is done once first. */
function in_order(now: Draft): Item[] {
  const of = (kind: string): Item[] => now.items.filter((item) => item.step.kind === kind);
  return [...of('checklist'), ...of('plan')];
}

function Review({ now, onDone }: { now: Draft; onDone: () => void }) {
  const words = d().review;
  const shown = in_order(now);
  const [at, setAt] = useState(shown[0]?.id);
  const [editing, setEditing] = useState<Item>();
  const [before, setBefore] = useState<Draft[]>([]);
  const cards = useRef<HTMLUListElement>(null);
  const place = shown.findIndex((item) => item.id === at);
  const current = shown[place];

  const change = (next: Draft): void => {
    setBefore([...before, now]);
    draft.value = next;
  };
  const focus = (id: string | undefined): void => {
    setAt(id);
    cards.current?.querySelector<HTMLElement>(`[data-id="${id}"]`)?.focus();
  };
  /** The next that is left to look at, after this one. */
  const onward = (next: Draft): void => {
    const all = in_order(next);
    const rest = [...all.slice(place + 1), ...all.slice(0, place + 1)];
    focus((rest.find((item) => item.standing === 'open') ?? all[Math.min(place + 1, all.length - 1)])?.id);
  };
  const accept = (item: Item | undefined): void => {
    if (!item || open_questions(now, item.id).length) return;
    const next = stand(now, item.id, item.standing === 'edited' ? 'edited' : 'accepted');
    change(next);
    onward(next);
  };
  const remove = (item: Item | undefined): void => {
    if (!item) return;
    const next = stand(now, item.id, item.standing === 'removed' ? 'open' : 'removed');
    change(next);
    if (item.standing !== 'removed') onward(next);
  };
  const add = async (quote: Quote): Promise<void> => {
    const step: StepText = { title: quote.quote, text: quote.quote, quote: quote.quote, quote_start: quote.start, kind: 'checklist', category: 'other', schedule: {} };
    setEditing({ id: await device.newId(), step, standing: 'open' });
  };
  /** One that does not stand in the note. */
  const by_hand = async (): Promise<void> => {
    const step: StepText = { title: '', text: '', quote: '', quote_start: 0, kind: 'plan', category: 'other', schedule: {} };
    setEditing({ id: await device.newId(), step, standing: 'open' });
  };
  const to_review = left(now);
  useKeys({
    j: () => focus(shown[Math.min(place + 1, shown.length - 1)]?.id),
    k: () => focus(shown[Math.max(place - 1, 0)]?.id),
    ArrowDown: () => focus(shown[Math.min(place + 1, shown.length - 1)]?.id),
    ArrowUp: () => focus(shown[Math.max(place - 1, 0)]?.id),
    a: () => accept(current),
    e: () => current && setEditing(current),
    x: () => remove(current),
    u: () => {
      const last = before.at(-1);
      if (!last) return;
      setBefore(before.slice(0, -1));
      draft.value = last;
    },
    'Ctrl Enter': () => !to_review && onDone(),
  });
  useEffect(() => focus(at), []);

  const spans: Span[] = useMemo(
    () => [
      ...now.items.filter((item) => item.standing !== 'removed' && item.step.quote).map(({ id, step }) => ({ id, start: step.quote_start, text: step.quote })),
      ...now.help.map((one) => ({ id: `help ${one.evidence_start}`, start: one.evidence_start, text: one.evidence })),
    ],
    [now],
  );
  return (
    <Page title={`${words.title}: ${line(now.patient)?.patient.name ?? ''}`} wide>
      <p class="muted small keys">{words.keys}</p>
      <p role="status"><strong>{words.summary(now.items.length, to_review, now.unused.length)}</strong></p>
      <div class="review">
        <section class="source card stack" aria-label={d().write.label}>
          <Evidence text={now.text} spans={spans} now={at} />
          {now.unused.length > 0 && (
            <div class="stack tight">
              <h2>{words.unused}</h2>
              <ul class="list">
                {now.unused.map((quote) => (
                  <li key={quote.start} class="row"><span>“{quote.quote}”</span><Action onPress={() => add(quote)} aria-label={`${words.addStep}: ${quote.quote}`}>{words.addStep}</Action></li>
                ))}
              </ul>
            </div>
          )}
          {now.dropped > 0 && <p class="muted">{words.dropped(now.dropped)}</p>}
        </section>
        <div class="stack">
          {!now.items.length && <p class="banner">{words.nothing}</p>}
          <ul class="stack" ref={cards}>
            {shown.map((item) => (
              <Card key={item.id} item={item} now={now} chosen={item.id === at} onChoose={() => setAt(item.id)} onAccept={() => accept(item)}
                onEdit={() => setEditing(item)} onRemove={() => remove(item)} onStands={(about) => change(answered(now, item.id, about))} />
            ))}
          </ul>
          {now.help.length > 0 && (
            <section class="card stack tight" aria-labelledby="help">
              <h2 id="help">{t().plan.seekHelp}</h2>
              <p class="muted small">{words.help}</p>
              <ul class="list">
                {now.help.map((one) => (
                  <li key={one.evidence_start} class="row"><span>“{one.text}”</span><Action onPress={() => change(unhelped(now, one))} aria-label={`${words.remove}: ${one.text}`}>{words.remove}</Action></li>
                ))}
              </ul>
            </section>
          )}
          {to_review > 0 && <p class="muted small">{words.first(to_review)}</p>}
          <div class="row">
            <Action kind="main" busy={to_review > 0} onPress={onDone}>{words.compare} <kbd>Ctrl ↵</kbd></Action>
            <Action onPress={by_hand}>{words.byHand}</Action>
            <a class="button" href={`/patients/${now.patient}/write`}>{words.back}</a>
          </div>
        </div>
      </div>
      {editing && (
        <EditStep step={editing.step} fresh={!now.items.some((item) => item.id === editing.id)} onClose={() => setEditing(undefined)} onSave={(step) => {
          const next = edited(now, editing.id, step);
          change(next);
          setEditing(undefined);
          queueMicrotask(() => onward(next));
        }} />
      )}
    </Page>
  );
}

/** A schedule in words, and its next three dates. */
export function When({ step }: { step: StepText }) {
  const [told, setTold] = useState<{ text: string; next: string[] }>();
  const timing = step.schedule;
  useEffect(() => {
    const ask = async (): Promise<void> => {
      const text = await device.timingText(timing, {}, language.value);
      const next = step.kind === 'plan' && scheduled(timing) ? (await device.preview(timing, {}, zone.value)).upcoming.slice(0, 3) : [];
      setTold({ text, next });
    };
    void ask().catch(() => setTold(undefined));
  }, [timing, language.value]);
  return (
    <>
      {told?.text && <p>{told.text}</p>}
      {told && told.next.length > 0 && <p class="muted small">{d().review.whenNext}: {told.next.map((one) => moment(one)).join(' · ')}</p>}
    </>
  );
}

function Card({ item, now, chosen, onChoose, onAccept, onEdit, onRemove, onStands }: {
  item: Item;
  now: Draft;
  chosen: boolean;
  onChoose: () => void;
  onAccept: () => void;
  onEdit: () => void;
  onRemove: () => void;
  onStands: (about: string) => void;
}) {
  const words = d().review;
  const { step, standing } = item;
  const asked = open_questions(now, item.id);
  const states = { open: words.toReview, accepted: words.accepted, edited: words.edited, removed: words.removed };
  return (
    <li class={`step ${standing}`} data-id={item.id} tabIndex={-1} aria-current={chosen ? 'true' : undefined} aria-label={step.title} onFocusCapture={onChoose} onMouseEnter={onChoose}>
      <div class="head">
        <span class="badge">{step.kind === 'plan' ? words.plan : words.checklist}</span>
        <span class={standing === 'open' ? 'badge look' : standing === 'removed' ? 'badge' : 'badge good'}>{states[standing]}</span>
      </div>
      <p class="what"><strong>{step.title}</strong></p>
      <When step={step} />
      {step.quote && <p class="muted">“{step.quote}”</p>}
      {step.sure === false && <p><span class="badge look">{words.unsure}</span></p>}
      {asked.map((one) => (
        <div key={one.about} class="banner">
          <p><strong>{words.questions[one.about] ?? one.about}</strong> “{one.evidence}”</p>
          <p class="row"><Action onPress={onEdit}>{words.edit}</Action><Action onPress={() => onStands(one.about)}>{words.stands}</Action></p>
        </div>
      ))}
      <div class="row">
        {standing === 'open' && <Action kind="good" busy={asked.length > 0} onPress={onAccept} aria-keyshortcuts="a">{words.accept} <kbd>A</kbd></Action>}
        {standing !== 'removed' && <Action onPress={onEdit} aria-keyshortcuts="e">{words.edit} <kbd>E</kbd></Action>}
        <Action onPress={onRemove} aria-keyshortcuts="x">{standing === 'removed' ? words.restore : words.remove} <kbd>X</kbd></Action>
      </div>
    </li>
  );
}
