// Somebody's keys are not those this device knows: it goes on only when the two have compared their codes.

import { device } from '../device';
import { Failure } from '../device/failure';
import { t } from '../i18n';
import { Action, Summary, useWork } from '.';

/** For a failure of that kind; nothing for any other. `opens` says whether notes of one's own are opened to the new keys. */
export function KeyChanged({ failure, name, opens, onTrusted }: { failure: unknown; name: string; opens?: boolean; onTrusted: () => unknown }) {
  const words = t().keyChanged;
  const { busy, errors, run } = useWork();
  const { code, said } = Failure.of(failure);
  const id = said.user_id;
  if (code !== 'key_changed' || !id) return null;
  const trust = (): Promise<void> => run(async () => {
    await device.trust(id);
    if (opens) await device.grantAll(id);
    await onTrusted();
  });
  return (
    <div class="banner" role="alert">
      <p>{words.text(name)}</p>
      <Summary errors={errors} />
      <p><Action busy={busy} onPress={trust}>{opens ? words.trustAndOpen : words.trust}</Action></p>
    </div>
  );
}
