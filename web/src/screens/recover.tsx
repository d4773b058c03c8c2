// The password is lost: by the recovery code, or with new keys by a one-time code of the hospital.

import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { device } from '../device';
import { t } from '../i18n';
import { look, onward } from '../state';
import { Action, Field, Page, Summary, useWork } from '../ui';
import { SaveCode } from './save-code';

export function Recover() {
  const words = t().recover;
  const { route } = useLocation();
  const [given, setGiven] = useState({ email: '', code: '', password: '' });
  const [lost, setLost] = useState(false);
  const [fresh, setFresh] = useState<string>();
  const { busy, errors, run } = useWork();
  const set = (name: keyof typeof given) => (value: string) => setGiven({ ...given, [name]: value });
  const email = given.email.trim();

  if (fresh) {
    return <SaveCode code={fresh} onDone={async () => {
      await device.signIn(email, given.password, false);
      route(onward(), true);
      await look();
    }} />;
  }
  return (
    <Page title={words.title} back="/sign-in">
      {lost && <p class="banner">{words.lostText}</p>}
      <form class="stack" noValidate onSubmit={(event) => {
        event.preventDefault();
        void run(async () => setFresh(await (lost ? device.reset : device.recover)(email, given.code, given.password)));
      }}>
        <Summary errors={errors} />
        <Field name="email" label={t().signUp.email} type="email" inputMode="email" autocomplete="username" value={given.email} onValue={set('email')} />
        <Field name="code" label={lost ? words.oneTime : words.code} hint={lost ? undefined : words.codeHint} autocomplete="off" spellcheck={false} value={given.code} onValue={set('code')} />
        <Field name="password" label={words.password} hint={t().signUp.passwordHint} type="password" autocomplete="new-password" value={given.password} onValue={set('password')} />
        <Action kind="main" busy={busy}>{busy ? t().signUp.making : lost ? words.fresh : words.button}</Action>
      </form>
      {!lost && <p><Action kind="plain" onPress={() => setLost(true)}>{words.lost}</Action></p>}
    </Page>
  );
}
