// D2: one patient: the plan in force, what was answered, the notes.

import { useLocation, useRoute } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { device } from '../device';
import { Failure } from '../device/failure';
import { moment, offset, short, shortDay, t } from '../i18n';
import { Days } from '../patient/days';
import { Progress } from '../patient/plan';
import { State } from '../patient/today';
import { Lost } from '../screens/lost';
import { own } from '../state';
import { Page, told } from '../ui';
import { SafetyCode } from '../ui/safety';
import { KeyChanged } from '../ui/key-changed';
import { useKeys } from './keyboard';
import { line, patients, reason } from './patients';
import { record, type Record_ } from './record';
import { d } from './words';

export function PatientScreen() {
  const words = d().patient;
  const id = useRoute().params['id'] ?? '';
  const { route } = useLocation();
  const [known, setKnown] = useState<Record_>();
  const [failed, setFailed] = useState<unknown>();
  const again = async (): Promise<void> => {
    setFailed(undefined);
    await Promise.all([
      record(id).then(setKnown, setFailed),
      // New keys are noticed here, not only when something is written.
      device.safetyPair(id).catch(setFailed),
    ]);
  };
  useEffect(() => {
    setKnown(undefined);
    void again();
  }, [id]);
  useKeys({ n: () => route(`/patients/${id}/write`) });
  const one = line(id);
  if (!one) return patients.value.length ? <Lost /> : <Page title={t().loading} />;
  const over = (known?.reminders ?? []).filter((r) => ['done', 'skipped', 'missed'].includes(r.status)).reverse();
  const name = (step: string): string => known?.plan.find((s) => s.id === step)?.words?.title ?? known?.checklist.find((s) => s.id === step)?.words?.title ?? '…';

  return (
    <Page title={one.patient.name} back="/patients" wide aside={<a class="button main" href={`/patients/${id}/write`}>{d().patients.newNote} <kbd>N</kbd></a>}>
      {one.attention.length > 0 && <p class="row">{one.attention.map((why) => <span key={why} class="badge look">{reason(why)}</span>)}</p>}
      <KeyChanged failure={failed} name={one.patient.name} opens onTrusted={again} />
      {failed !== undefined && Failure.of(failed).code !== 'key_changed' && <p class="banner" role="alert">{told(failed)}</p>}
      <section class="group" aria-labelledby="plan">
        <h2 id="plan">{t().plan.title}</h2>
        {known && !known.plan.length && <p class="muted">{words.none}</p>}
        <ul class="group">
          {known?.plan.map((step) => (
            <li key={step.id} class="card stack tight">
              <h3>{step.words?.title}</h3>
              <p>{step.timing_text}</p>
              <Progress step={step} />
              <Days reminders={known.reminders.filter((r) => r.step_id === step.id && r.status !== 'cancelled')} />
            </li>
          ))}
        </ul>
        {known && known.help.length > 0 && <div class="banner"><h3>{t().plan.seekHelp}</h3><ul>{known.help.map((one) => <li key={one.text}>{one.text}</li>)}</ul></div>}
        {known && known.checklist.length > 0 && (
          <>
            <h3>{t().plan.checklist}</h3>
            <ul class="list">{known.checklist.map((step) => <li key={step.id} class="link-row"><span>{step.words?.title}</span><span class="value">{t().plan.states[step.status]}{step.answered_at && `, ${moment(step.answered_at)}`}</span></li>)}</ul>
          </>
        )}
      </section>
      <section class="group" aria-labelledby="answers">
        <h2 id="answers">{words.checkIns}</h2>
        <p class="muted small">{words.server}</p>
        {known && !over.length && <p class="muted">{words.none}</p>}
        <ul class="list">
          {over.slice(0, 30).map((r) => (
            <li key={r.id} class="link-row">
              <span>{there(r.due_local)} · {name(r.step_id)}{known?.reasons[r.id] && <><br /><em>{words.reason(known.reasons[r.id] ?? '')}</em></>}</span>
              <State status={r.status} at={r.answered_at && local(r.answered_at, r.due_local)} due={local(r.due_at, r.due_local)} />
            </li>
          ))}
        </ul>
      </section>
      <section class="group" aria-labelledby="notes">
        <h2 id="notes">{words.notes}</h2>
        <ul class="list">
          {known?.notes.map((note) => (
            <li key={note.id}>
              <details class="card">
                <summary>{shortDay(note.created_at)} {note.status === 'active' && <span class="badge good">{t().notes.current}</span>} <span class="badge">{came(note)}</span> <span class="muted">{short(note.words?.text)}</span></summary>
                <p class="pre">{note.words?.text ?? t().notes.unreadable}</p>
              </details>
            </li>
          ))}
        </ul>
      </section>
      <div class="row"><SafetyCode mine={own()} id={id} name={one.patient.name} /></div>
    </Page>
  );
}

/** An instant as the patient's clock shows it: moved by as much as theirs differs from ours. */
const local = (instant: string, due_local: string): string => {
  const theirs = Date.parse(`${due_local.slice(0, 19)}Z`) - Date.parse(due_local);
  return new Date(Date.parse(instant) + theirs - offset(instant)).toISOString();
};
const there = (due_local: string): string => moment(local(due_local, due_local));

/** How far a note came: sent, arrived, read. */
export function came({ received_at, read_at }: { received_at?: string | null | undefined; read_at?: string | null | undefined }): string {
  const words = d().send;
  return read_at ? words.read(moment(read_at)) : received_at ? words.received(moment(received_at)) : words.underway;
}
