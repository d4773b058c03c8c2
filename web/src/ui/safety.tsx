// Two people see that nobody stands between them: by sixty digits read aloud, or by one camera.

import { useRoute } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { device } from '../device';
import { t } from '../i18n';
import { Action, Page, Sheet, Summary, useWork } from '.';
import { Qr } from './qr';

/** A button, and behind it the code of these two. `mine` is whose device this is. */
export function SafetyCode({ mine, id, name }: { mine: string; id: string; name: string }) {
  const words = t().doctors;
  const [code, setCode] = useState<{ digits: string; link: string }>();
  const { busy, errors, run } = useWork();
  const show = (): Promise<void> => run(async () => {
    const [digits, pair] = await Promise.all([device.safetyCode(id), device.safetyPair(id)]);
    setCode({ digits, link: `${location.origin}/compare/${mine}#${pair}` });
  });
  return (
    <>
      <Summary errors={errors} />
      <Action busy={busy} onPress={show} aria-label={`${words.code}: ${name}`}>{words.code}</Action>
      {code && (
        <Sheet title={`${words.code}: ${name}`} onClose={() => setCode(undefined)}>
          <p>{words.codeText}</p>
          <p class="secret">{code.digits}</p>
          <p>{words.codeScan}</p>
          <Qr text={code.link} label={words.code} />
        </Sheet>
      )}
    </>
  );
}

/** What the other's code said, held against what this device knows of them. */
export function Compared({ nameOf }: { nameOf: (id: string) => string | undefined }) {
  const words = t().compare;
  const id = useRoute().params['id'] ?? '';
  const [same, setSame] = useState<boolean>();
  const { errors, run } = useWork();
  const name = nameOf(id);
  useEffect(() => {
    if (name) void run(async () => setSame((await device.safetyPair(id)) === location.hash.slice(1)));
  }, [id, name]);
  return (
    <Page title={words.title}>
      <Summary errors={errors} />
      {!name && <p class="banner">{words.unknown}</p>}
      {name && same !== undefined && <p class={same ? 'card' : 'banner'} role="status">{same ? `✓ ${words.same(name)}` : words.differs(name)}</p>}
      <p><a class="button" href="/">{t().lost.home}</a></p>
    </Page>
  );
}
