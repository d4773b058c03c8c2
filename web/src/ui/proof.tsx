// Who is there: by the password, or by a passkey in the place of it.

import { useState } from 'preact/hooks';
import { passkeys } from '../device';
import { t } from '../i18n';
import { Action, Field } from '.';

/** The question and its buttons. `onProof` is given the password, or nothing where a passkey is to be shown. */
export function Proof({ name, label, button, busy, onProof }: { name: string; label?: string; button: string; busy: boolean; onProof: (password?: string) => unknown }) {
  const [password, setPassword] = useState('');
  const [wrong, setWrong] = useState<string>();
  const sure = (event: Event): void => {
    event.preventDefault();
    setWrong(password ? undefined : t().errors.required);
    if (password && !busy) void onProof(password);
  };
  return (
    <form class="stack" noValidate onSubmit={sure}>
      <Field name={name} label={label ?? t().signUp.password} type="password" autocomplete="current-password" value={password} wrong={wrong} onValue={setPassword} />
      <Action kind="main" busy={busy}>{busy ? t().signIn.busy : button}</Action>
      {passkeys() && <Action busy={busy} onPress={() => onProof()}>{t().passkeys.use}</Action>}
    </form>
  );
}
