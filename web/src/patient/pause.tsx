// P5: not to be reminded of a step for some days.

import { useState } from 'preact/hooks';
import { api } from '../device/api';
import type { Step } from '../device/model';
import { date, day, t } from '../i18n';
import { Action, say, Sheet, Summary, useWork } from '../ui';
import { now, refresh, title } from './chart';
import { p } from './pause.words';

const DAY = 86_400_000;

/** The date so many days from today, in the person's zone. */
export const ahead = (days: number): string => new Date(Date.parse(date(now.value)) + days * DAY).toISOString().slice(0, 10);

export function Pause({ step, onClose }: { step: Step; onClose: () => void }) {
  const words = p();
  const [days, setDays] = useState(1);
  const { busy, errors, run } = useWork();
  const choices = Object.keys(words.days).map(Number);
  return (
    <Sheet title={`${t().plan.pause}: ${title(step)}`} onClose={onClose}>
      <p>{words.text}</p>
      <p class="banner">{words.ask}</p>
      <form class="stack" onSubmit={(event) => {
        event.preventDefault();
        void run(async () => {
          const { paused_until } = await api('post', '/api/steps/{id}/pause/', { path: { id: step.id }, body: { until: ahead(days) } });
          await refresh();
          say(words.back(day(paused_until ?? now.value)));
          onClose();
        });
      }}>
        <Summary errors={errors} />
        <fieldset>
          <legend>{words.until}</legend>
          {choices.map((one) => (
            <label key={one} class="choice">
              <input type="radio" name="days" checked={days === one} onChange={() => setDays(one)} />
              <span>{words.days[one]}</span>
            </label>
          ))}
        </fieldset>
        <Action kind="main" busy={busy}>{t().plan.pause}</Action>
      </form>
    </Sheet>
  );
}
