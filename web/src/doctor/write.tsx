// D3: a plain editor. What is written is kept sealed on this device until it is sent.

import { useLocation, useRoute } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import type { ExtractorInfo } from '../api/schema';
import { device } from '../device';
import { api } from '../device/api';
import { Action, Page, Summary, useWork } from '../ui';
import { draft, reviewed } from './draft';
import { useKeys } from './keyboard';
import { line } from './patients';
import { fetch_templates, templates } from './templates';
import { d } from './words';

export function Write() {
  const words = d().write;
  const id = useRoute().params['id'] ?? '';
  const { route } = useLocation();
  const [text, setText] = useState(draft.value?.patient === id && !draft.value.sent ? draft.value.text : '');
  const [kept, setKept] = useState(false);
  const [there, setThere] = useState<ExtractorInfo>();
  const [how, setHow] = useState<'here' | 'there'>('here');
  const [empty, setEmpty] = useState(false);
  const { busy, errors, run } = useWork();

  useEffect(() => {
    void device.draft(id).then((before) => before && setText((now) => now || before));
    void fetch_templates().catch(() => undefined);
    // Reading elsewhere is a choice for each note, and only where somebody else reads.
    void api('get', '/api/extract/').then((info) => info.provider !== 'rules' && setThere(info), () => undefined);
  }, [id]);
  useEffect(() => {
    const keeping = setTimeout(() => void device.keepDraft(id, text).then(() => setKept(!!text)), 500);
    return () => clearTimeout(keeping);
  }, [id, text]);

  /** Puts a template where the cursor is. */
  const insert = (id: string): void => {
    const template = templates.value.find((one) => one.id === id);
    const area = document.getElementById('note');
    if (!template || !(area instanceof HTMLTextAreaElement)) return;
    const before = text.slice(0, area.selectionStart);
    const after = text.slice(area.selectionEnd);
    setText(`${before}${before && !before.endsWith('\n') ? '\n' : ''}${template.text}${after && !after.startsWith('\n') ? '\n' : ''}${after}`);
    area.focus();
  };
  const find = (): void => {
    if (busy) return;
    if (!text.trim()) {
      // Where one types one stays: single keys are commands elsewhere.
      setEmpty(true);
      return document.getElementById('note')?.focus();
    }
    void run(async () => {
      const read = how === 'there' && there ? await device.readThere(id, text, there.provider) : await device.readHere(text);
      draft.value = reviewed(id, read);
      route(`/patients/${id}/review`);
    });
  };
  useKeys({ 'Ctrl Enter': find });

  return (
    <Page title={words.title(line(id)?.patient.name ?? '…')} back={`/patients/${id}`} wide>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); find(); }}>
        <Summary errors={errors} />
        <div class="field">
          <label for="note">{words.label}</label>
          <span class="hint" id="note-hint">{words.hint}</span>
          <span class="wrong" id="note-wrong" role="alert">{empty ? words.empty : ''}</span>
          <textarea id="note" rows={14} value={text} autoFocus aria-describedby="note-hint note-wrong" aria-invalid={empty ? 'true' : undefined}
            onInput={(event) => { setEmpty(false); setText(event.currentTarget.value); }} />
          <span class="muted small" role="status">{kept ? words.kept : ''}</span>
        </div>
        {templates.value.length > 0 && (
          <div class="field">
            <label for="template">{words.template}</label>
            <select id="template" value="" onChange={(event) => { insert(event.currentTarget.value); event.currentTarget.value = ''; }}>
              <option value="">–</option>
              {templates.value.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
            </select>
          </div>
        )}
        {there && (
          <fieldset>
            <legend>{words.find}</legend>
            <label class="choice"><input type="radio" name="how" checked={how === 'here'} onChange={() => setHow('here')} /><span>{words.here}</span></label>
            <label class="choice"><input type="radio" name="how" checked={how === 'there'} onChange={() => setHow('there')} /><span>{words.there(there.meaning)}</span></label>
          </fieldset>
        )}
        <div class="row"><Action kind="main" busy={busy}>{busy ? words.finding : words.find} <kbd>Ctrl ↵</kbd></Action></div>
      </form>
    </Page>
  );
}
