// Two people see that nobody stands between them: by sixty digits read aloud, or by one camera.

import { useRoute } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { device } from '../device';
import { t, words } from '../i18n';
import { Action, Page, Sheet, Summary, useWork } from '.';
import { Qr } from './qr';

/** A button, and behind it the code of these two. `mine` is whose device this is. */
export function SafetyCode({ mine, id, name }: { mine: string; id: string; name: string }) {
  const said = t().doctors;
  const [code, setCode] = useState<{ digits: string; link: string }>();
  const { busy, errors, run } = useWork();
  const show = (): Promise<void> => run(async () => {
    const [digits, pair] = await Promise.all([device.safetyCode(id), device.safetyPair(id)]);
    setCode({ digits, link: `${location.origin}/compare/${mine}#${pair}` });
  });
  return (
    <>
      <Summary errors={errors} />
      <Action busy={busy} onPress={show} aria-label={`${said.code}: ${name}`}>{said.code}</Action>
      {code && (
        <Sheet title={`${said.code}: ${name}`} onClose={() => setCode(undefined)}>
          <p>{said.codeText}</p>
          <p class="secret">{code.digits}</p>
          <p>{said.codeScan}</p>
          <Qr text={code.link} label={said.code} />
        </Sheet>
      )}
    </>
  );
}

const compare = words({
  title: 'Compare safety codes',
  same: (name: string) => `The codes match. Nobody stands between you and ${name}.`,
  differs: (name: string) => `The codes differ. Somebody may stand between you and ${name}: do not write until you have spoken with them.`,
  unknown: 'This code is of somebody you are not connected with.',
}, {
  title: 'Sicherheitscodes vergleichen',
  same: (name: string) => `Die Codes stimmen überein. Niemand steht zwischen Ihnen und ${name}.`,
  differs: (name: string) => `Die Codes sind verschieden. Jemand steht vielleicht zwischen Ihnen und ${name}: Schreiben Sie nichts, bevor Sie miteinander gesprochen haben.`,
  unknown: 'Dieser Code gehört jemandem, mit dem Sie nicht verbunden sind.',
});

/** What the other's code said, held against what this device knows of them. */
export function Compared({ nameOf }: { nameOf: (id: string) => string | undefined }) {
  const said = compare();
  const id = useRoute().params['id'] ?? '';
  const [same, setSame] = useState<boolean>();
  const { errors, run } = useWork();
  const name = nameOf(id);
  useEffect(() => {
    if (name) void run(async () => setSame((await device.safetyPair(id)) === location.hash.slice(1)));
  }, [id, name]);
  return (
    <Page title={said.title}>
      <Summary errors={errors} />
      {!name && <p class="banner">{said.unknown}</p>}
      {name && same !== undefined && <p class={same ? 'card' : 'banner'} role="status">{same ? `✓ ${said.same(name)}` : said.differs(name)}</p>}
      <p><a class="button" href="/">{t().lost.home}</a></p>
    </Page>
  );
}
