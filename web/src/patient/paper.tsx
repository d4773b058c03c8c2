// P14: the plan on paper, for a door or a wallet: today, the week, each step with the doctor's words; and for another system.

import { date, day, shortDay, t, time, weekday, words as catalogue } from '../i18n';
import { Action, Page } from '../ui';
import { save } from '../ui/save';
import { chart, now, reminders, title, type Reminder, when } from './chart';
import { doctor } from './notes';

const p = catalogue({
  text: 'For a door, a wallet, or somebody without a phone.',
  print: 'Print',
  other: 'For another system',
  otherText: 'Your plan and notes as a FHIR file, opened on this device: anybody who has the file can read it.',
  save: 'Save FHIR file',
  of: (name: string, when: string) => `Plan of ${name}, as of ${when}`,
  week: 'The next seven days',
  plan: 'What, and why',
}, {
  text: 'Für die Tür, die Brieftasche oder jemanden ohne Telefon.',
  print: 'Drucken',
  other: 'Für ein anderes System',
  otherText: 'Ihr Plan und Ihre Notizen als FHIR-Datei, auf diesem Gerät geöffnet: Wer die Datei hat, kann sie lesen.',
  save: 'FHIR-Datei speichern',
  of: (name: string, when: string) => `Plan von ${name}, Stand ${when}`,
  week: 'Die nächsten sieben Tage',
  plan: 'Was, und warum',
});

export function Paper() {
  const words = p();
  const known = chart.value;
  if (!known) return null;
  const active = known.plan.filter((step) => step.status === 'active');
  const tasks = known.checklist.filter((step) => step.status === 'active');
  const days = [...Array(7).keys()].map((n) => now.value + n * 86_400_000);
  const on = (at: number, step: string): Reminder[] => reminders.value.filter((one) => one.step_id === step && one.status !== 'cancelled' && date(one.due_at) === date(at));
  const fhir = async (): Promise<void> => save('aftercare-fhir.json', JSON.stringify((await import('./fhir')).bundle(known), null, 2), 'application/fhir+json');
  return (
    <Page title={t().me.paper} back="/me">
      <p class="no-print">{words.text}</p>
      <div class="row no-print"><Action kind="main" onPress={() => print()}>{words.print}</Action></div>
      <div class="card stack sheet">
        <p><strong>{words.of(known.me.name, day(known.at))}</strong></p>
        <div class="stack tight">
          <h2 id="week">{words.week}</h2>
          <div class="scroll" tabIndex={0} role="region" aria-labelledby="week">
            <table class="week-grid">
              <thead><tr><th scope="col"><span class="out-of-sight">{t().plan.title}</span></th>{days.map((at) => <th key={at} scope="col">{weekday(at)}<br />{shortDay(at)}</th>)}</tr></thead>
              <tbody>
                {active.map((step) => (
                  <tr key={step.id}>
                    <th scope="row">{title(step)}</th>
                    {days.map((at) => <td key={at}>{on(at, step.id).map((one) => <div key={one.id}>{one.status === 'done' ? '☑' : '☐'} {time(one.due_at)}</div>)}</td>)}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
        {tasks.length > 0 && (
          <section class="stack tight" aria-labelledby="todo">
            <h2 id="todo">{t().today.todo}</h2>
            <ul class="stack tight">{tasks.map((step) => <li key={step.id}>☐ {title(step)} <span class="muted">{when(step)}</span></li>)}</ul>
          </section>
        )}
        <section class="stack tight" aria-labelledby="why">
          <h2 id="why">{words.plan}</h2>
          <ul class="stack tight">
            {[...active, ...tasks].map((step) => (
              <li key={step.id}>
                <strong>{title(step)}</strong> {when(step)}
                {step.words?.quote && <p class="muted">“{step.words.quote}” ({doctor(step.doctor_id)})</p>}
              </li>
            ))}
          </ul>
        </section>
        {known.safety_net.length > 0 && (
          <section class="stack tight" aria-labelledby="help">
            <h2 id="help">{t().plan.seekHelp}</h2>
            <ul>{known.safety_net.map((one) => <li key={one.text}>{one.text}</li>)}</ul>
          </section>
        )}
        <p>{known.doctors.map((one) => [one.name, one.specialty, one.phone, one.bio].filter(Boolean).join(', ')).join(' · ')}</p>
      </div>
      <section class="card stack no-print" aria-labelledby="other">
        <h2 id="other">{words.other}</h2>
        <p>{words.otherText}</p>
        <Action onPress={fhir}>{words.save}</Action>
      </section>
    </Page>
  );
}
