// Somebody's keys are not those this device knows: it goes on only when the two have compared their codes.

import { useState } from 'preact/hooks';
import { device } from '../device';
import { Failure } from '../device/failure';
import { t } from '../i18n';
import { Action, Field, Summary, useWork } from '.';

/** For a failure of that kind; nothing for any other. `opens` says whether notes of one's own are opened to the new keys. */
export function KeyChanged({ failure, name, opens, onTrusted }: { failure: unknown; name: string; opens?: boolean; onTrusted: () => unknown }) {
  const words = t().keyChanged;
  const { busy, errors, run } = useWork();
  const [password, setPassword] = useState<string>();
  const { code, said } = Failure.of(failure);
  const id = said.user_id;
  if (code !== 'key_changed' || !id) return null;
  const trust = (): Promise<void> => run(async () => {
    await device.trust(id);
    try {
      if (opens) await device.grantAll(id, password);
    } catch (thrown) {
      // Opening everything asks for a sign-in of the last minutes.
      if (Failure.of(thrown).code !== 'step_up_required') throw thrown;
      return setPassword('');
    }
    await onTrusted();
  });
  return (
    <div class="banner" role="alert">
      <p>{words.text(name)}</p>
      <Summary errors={errors} />
      {password !== undefined && <Field name="sure" label={t().signUp.password} type="password" autocomplete="current-password" value={password} onValue={setPassword} />}
      <p><Action busy={busy} onPress={trust}>{opens ? words.trustAndOpen : words.trust}</Action></p>
    </div>
  );
}
