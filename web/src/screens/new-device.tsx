// A5: a new device shows a code; one that its owner has looks at it, and hands it the key. Nothing is typed here.

import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { device } from '../device';
import { Failure } from '../device/failure';
import { t, words } from '../i18n';
import { look, onward } from '../state';
import { Action, Choice, Page, Summary, useWork } from '../ui';
import { Proof } from '../ui/proof';
import { Qr } from '../ui/qr';

const w = words({
  title: 'Use a device that is signed in',
  text: 'Let its camera look at this, or open the address there. Then answer there that this device is yours.',
  waiting: 'Waiting for your other device…',
  over: 'Nobody answered within five minutes.',
  handTitle: 'Sign in another device?',
  handText: 'The device that shows this code will see everything of yours. Go on only if it is in front of you: nobody from the hospital will ever ask you to.',
  hand: 'It is mine: sign it in',
  done: 'Your other device is signed in.',
  none: 'This address has no code. Open it from your new device once more.',
}, {
  title: 'Ein angemeldetes Gerät benutzen',
  text: 'Halten Sie seine Kamera hierauf, oder öffnen Sie dort die Adresse. Bestätigen Sie dann dort, dass dieses Gerät Ihres ist.',
  waiting: 'Warten auf Ihr anderes Gerät…',
  over: 'Fünf Minuten lang hat niemand geantwortet.',
  handTitle: 'Ein weiteres Gerät anmelden?',
  handText: 'Das Gerät, das diesen Code zeigt, sieht dann alles von Ihnen. Gehen Sie nur weiter, wenn es vor Ihnen steht: Niemand vom Krankenhaus wird Sie je darum bitten.',
  hand: 'Es ist meins: anmelden',
  done: 'Ihr anderes Gerät ist angemeldet.',
  none: 'In dieser Adresse steht kein Code. Öffnen Sie sie noch einmal von Ihrem neuen Gerät aus.',
});

const LOOK_AGAIN = 1_500;

/** On the new device. */
export function NewDevice() {
  const { route } = useLocation();
  const [code, setCode] = useState<string>();
  const [own, setOwn] = useState(false);
  const { errors, run } = useWork();
  const [over, setOver] = useState(false);
  const begin = (): void => {
    setOver(false);
    void run(async () => setCode(await device.waitAsNew()));
  };
  useEffect(begin, []);
  useEffect(() => {
    if (!code) return;
    let soon: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      try {
        if (await device.handed(own)) {
          route(onward(), true);
          return void (await look());
        }
      } catch (thrown) {
        // Gone after five minutes; without a network it goes on.
        if (Failure.of(thrown).code !== 'offline') return setOver(true);
      }
      soon = setTimeout(() => void ask(), LOOK_AGAIN);
    };
    soon = setTimeout(() => void ask(), LOOK_AGAIN);
    return () => clearTimeout(soon);
  }, [code, own]);
  const link = `${location.origin}/link#${code}`;
  return (
    <Page title={w().title} back="/sign-in">
      <Summary errors={errors} />
      {over ? (
        <>
          <p class="banner" role="alert">{w().over}</p>
          <Action kind="main" onPress={begin}>{t().again}</Action>
        </>
      ) : code && (
        <>
          <p>{w().text}</p>
          <Qr text={link} label={w().title} />
          <p class="muted small"><code>{link}</code></p>
          <Choice label={t().signUp.own} hint={t().signUp.ownHint} checked={own} onChange={setOwn} />
          <p role="status" class="muted">{w().waiting}</p>
        </>
      )}
    </Page>
  );
}

/** On the one that is signed in. */
export function HandOver() {
  const code = location.hash.slice(1);
  const [done, setDone] = useState(false);
  const { busy, errors, run } = useWork();
  const hand = (password?: string): Promise<void> => run(async () => {
    await device.handTo(code, password);
    setDone(true);
  });
  if (!code) return <Page title={w().handTitle}><p class="banner">{w().none}</p></Page>;
  if (done) return <Page title={w().done}><a class="button main" href="/">{t().lost.home}</a></Page>;
  return (
    <Page title={w().handTitle}>
      <p class="banner">{w().handText}</p>
      <Summary errors={errors} />
      <Proof name="sure" button={w().hand} busy={busy} onProof={hand} />
      <p><a href="/">{t().cancel}</a></p>
    </Page>
  );
}
