// A step by hand: the same form for what was read and for what is added.

import { useState } from 'preact/hooks';
import type { StepText, Timing } from '../device/model';
import { t } from '../i18n';
import { Action, Choice, Field, Sheet, Summary } from '../ui';
import { d } from './words';

interface Quantity {
  value: number;
  unit: string;
}

const whole = (text: string): number | undefined => (/^\d{1,4}$/.test(text.trim()) && Number(text) > 0 ? Number(text) : undefined);

export function EditStep({ step, fresh, onSave, onClose }: { step: StepText; fresh: boolean; onSave: (step: StepText) => void; onClose: () => void }) {
  const words = d().edit;
  const old = step.schedule;
  const length = old['duration'] as Quantity | undefined;
  const [title, setTitle] = useState(step.title);
  const [kind, setKind] = useState(step.kind);
  const [often, setOften] = useState(String(old['frequency'] ?? (kind === 'plan' && !('frequency' in old) ? '' : 1)));
  const [period, setPeriod] = useState(String(old['period'] ?? 1));
  const [unit, setUnit] = useState(String(old['periodUnit'] ?? 'd'));
  const [lasts, setLasts] = useState(length ? String(length.value) : '');
  const [lastsUnit, setLastsUnit] = useState(length?.unit ?? 'd');
  const [needed, setNeeded] = useState(old['asNeeded'] === true);
  const [policy, setPolicy] = useState(step.policy ?? '');
  const [errors, setErrors] = useState<Record<string, string>>({});

  function save(): void {
    const wrong: Record<string, string> = {};
    if (!title.trim()) wrong['what'] = t().errors.required;
    if (kind === 'plan' && !needed && !whole(often)) wrong['often'] = t().errors.required;
    if (kind === 'plan' && !whole(period)) wrong['period'] = t().errors.required;
    setErrors(wrong);
    if (Object.keys(wrong).length) return;
    onSave({ ...step, title: title.trim(), text: title.trim(), kind, schedule: kind === 'plan' ? timing() : task(), ...(policy && { policy }) });
  }
  /** For a checklist only when it is due stays. */
  function task(): Timing {
    return 'start' in old ? { start: old['start'] } : {};
  }
  /** What the form does not know of a schedule stays, unless what it says of how often excludes it. */
  function timing(): Timing {
    const { frequency: _, frequencyMax: _max, period: _period, periodMax: _periodMax, periodUnit: _unit, duration: _duration, asNeeded: _needed, timeOfDay, when, ...rest } = old;
    const as_before = whole(often) === old['frequency'] && Number(period) === (old['period'] ?? 1) && unit === (old['periodUnit'] ?? 'd');
    const value = whole(lasts);
    return {
      ...rest,
      ...(as_before && timeOfDay !== undefined && { timeOfDay }),
      ...(as_before && when !== undefined && { when }),
      ...(whole(often) && { frequency: whole(often) }),
      ...(!(whole(period) === 1 && unit === 'd') && { period: whole(period), periodUnit: unit }),
      ...(value && { duration: { value, unit: lastsUnit } }),
      ...(needed && { asNeeded: true }),
    };
  }

  return (
    <Sheet title={fresh ? d().review.byHand : words.title} onClose={onClose}>
      <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); save(); }}>
        <Summary errors={errors} />
        <Field name="what" label={words.what} value={title} wrong={errors['what']} onValue={setTitle} maxLength={1000} autoFocus />
        <fieldset>
          <legend>{words.kind}</legend>
          <label class="choice"><input type="radio" name="kind" checked={kind === 'checklist'} onChange={() => setKind('checklist')} /><span>{words.once}</span></label>
          <label class="choice"><input type="radio" name="kind" checked={kind === 'plan'} onChange={() => setKind('plan')} /><span>{words.repeated}</span></label>
        </fieldset>
        {kind === 'plan' && (
          <>
            <Field name="often" label={words.perDay} inputMode="numeric" value={often} wrong={errors['often']} onValue={setOften} />
            <Amount name="period" label={words.every} value={period} wrong={errors['period']} unit={unit} onValue={setPeriod} onUnit={setUnit} />
            <Amount name="lasts" label={words.for} hint={words.open} value={lasts} unit={lastsUnit} onValue={setLasts} onUnit={setLastsUnit} />
            <Choice label={words.asNeeded} checked={needed} onChange={setNeeded} />
            <div class="field">
              <label for="policy">{words.policy}</label>
              <select id="policy" value={policy} onChange={(event) => setPolicy(event.currentTarget.value)}>
                <option value="">{words.usual}</option>
                <option value="extend">{words.extend}</option>
                <option value="skip">{words.skip}</option>
              </select>
            </div>
          </>
        )}
        <Action kind="main">{t().save} <kbd>↵</kbd></Action>
      </form>
    </Sheet>
  );
}

function Amount({ name, label, hint, value, wrong, unit, onValue, onUnit }: {
  name: string;
  label: string;
  hint?: string;
  value: string;
  wrong?: string | undefined;
  unit: string;
  onValue: (value: string) => void;
  onUnit: (unit: string) => void;
}) {
  return (
    <div class="with-button">
      <Field name={name} label={label} hint={hint} inputMode="numeric" value={value} wrong={wrong} onValue={onValue} />
      <select aria-label={label} class="low" value={unit} onChange={(event) => onUnit(event.currentTarget.value)}>
        {Object.entries(d().edit.units).map(([code, text]) => <option key={code} value={code}>{text}</option>)}
      </select>
    </div>
  );
}
