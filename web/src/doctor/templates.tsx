// D8: pieces of text a doctor writes often. Sealed for all of their devices.

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { device } from '../device';
import { t } from '../i18n';
import { Action, Field, Page, say, Sheet, Summary, useWork } from '../ui';
import { d } from './words';

export interface Template {
  id: string;
  name: string;
  text: string;
}

export const templates = signal<Template[]>([]);

export async function fetch_templates(): Promise<void> {
  templates.value = JSON.parse((await device.fromShelf('templates')) ?? '[]') as Template[];
}

async function keep(change: (there: Template[]) => Template[]): Promise<void> {
  // Laid over what another device has kept meanwhile.
  await fetch_templates();
  const next = change(templates.value);
  await device.putOnShelf('templates', JSON.stringify(next));
  templates.value = next;
}

export function Templates() {
  const words = d().templates;
  const [editing, setEditing] = useState<Template>();
  const { busy, errors, run } = useWork();
  useEffect(() => void run(fetch_templates), []);
  const fresh = async (): Promise<void> => setEditing({ id: await device.newId(), name: '', text: '' });
  return (
    <Page title={words.title}>
      <p>{words.text}</p>
      <Summary errors={errors} />
      <ul class="list">
        {templates.value.map((one) => (
          <li key={one.id} class="card stack tight">
            <h2>{one.name}</h2>
            <p class="pre">{one.text}</p>
            <div class="row">
              <Action onPress={() => setEditing(one)} aria-label={`${words.edit}: ${one.name}`}>{words.edit}</Action>
              <Action busy={busy} aria-label={`${words.remove}: ${one.name}`} onPress={() => run(() => keep((all) => all.filter((other) => other.id !== one.id)))}>{words.remove}</Action>
            </div>
          </li>
        ))}
      </ul>
      <Action kind="main" busy={busy} onPress={() => run(fresh)}>{words.add}</Action>
      <details class="card">
        <summary>{words.short}</summary>
        <table>
          <tbody>{words.shorthand.map(([short, long]) => <tr key={short}><th scope="row"><code>{short}</code></th><td>{long}</td></tr>)}</tbody>
        </table>
      </details>
      {editing && <Edit template={editing} onClose={() => setEditing(undefined)} />}
    </Page>
  );
}

function Edit({ template, onClose }: { template: Template; onClose: () => void }) {
  const words = d().templates;
  const [name, setName] = useState(template.name);
  const [text, setText] = useState(template.text);
  const { busy, errors, setErrors, run } = useWork();
  const save = (): void => {
    if (!name.trim() || !text.trim()) return setErrors({ [name.trim() ? 'text' : 'name']: t().errors.required });
    const next = { id: template.id, name: name.trim(), text: text.trim() };
    void run(async () => {
      await keep((all) => (all.some((one) => one.id === next.id) ? all.map((one) => (one.id === next.id ? next : one)) : [...all, next]));
      say(t().saved);
      onClose();
    });
  };
  return (
    <Sheet title={template.name || words.add} onClose={onClose}>
      <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); save(); }}>
        <Summary errors={errors} />
        <Field name="name" label={words.name} value={name} onValue={setName} maxLength={60} autoFocus />
        <div class="field">
          <label for="text">{words.body}</label>
          <textarea id="text" rows={6} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </div>
        <Action kind="main" busy={busy}>{t().save}</Action>
      </form>
    </Sheet>
  );
}
