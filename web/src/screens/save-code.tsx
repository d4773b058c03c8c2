// The recovery code: shown once, proven to be saved by typing its last group.

import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { Action, Field, Page, say, Summary, useWork } from '../ui';
import { save } from '../ui/save';

/** `onLater` where it may be put off. */
export function SaveCode({ code, onDone, onLater }: { code: string; onDone: () => Promise<void>; onLater?: (() => Promise<void>) | undefined }) {
  const words = t().code;
  const [typed, setTyped] = useState('');
  const { busy, errors, setErrors, run } = useWork();
  const last = code.split('-').at(-1) ?? '';
  const matches = typed.trim().toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1') === last;

  const file = (): void => save('aftercare-recovery-code.txt', `Aftercare\n${code}\n`, 'text/plain');

  return (
    <Page title={words.title}>
      <p>{words.text}</p>
      <p class="card secret" data-testid="code">{code.replaceAll('-', ' ')}</p>
      <div class="row">
        <Action onPress={() => print()}>{words.print}</Action>
        <Action onPress={() => navigator.clipboard.writeText(code).then(() => say(words.copied))}>{words.copy}</Action>
        <Action onPress={file}>{words.file}</Action>
      </div>
      <form class="stack" noValidate onSubmit={(event) => {
        event.preventDefault();
        if (matches) void run(onDone);
        else setErrors({ last: words.wrong });
      }}>
        <Summary errors={errors} />
        <Field name="last" label={words.prove} value={typed} wrong={errors['last']} onValue={setTyped} autocomplete="off" autocapitalize="characters" spellcheck={false} />
        <Action kind="main" busy={busy}>{busy ? t().signIn.busy : words.done}</Action>
        {onLater && <Action kind="plain" busy={busy} onPress={() => run(onLater)}>{words.later}</Action>}
      </form>
    </Page>
  );
}
