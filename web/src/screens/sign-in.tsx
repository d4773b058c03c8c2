// Signing in, and unlocking where this device knows who it is.

import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { device, passkeys } from '../device';
import { Failure } from '../device/failure';
import { t } from '../i18n';
import { look, onward, session } from '../state';
import { Action, Choice, Field, Page, Summary, told, useWork } from '../ui';

export function SignIn() {
  return <Form title={t().signIn.title} button={t().signIn.button} />;
}

export function Unlock() {
  const now = session.value;
  const account = now?.state === 'locked' ? now.account : undefined;
  if (!account) return <SignIn />;
  return <Form title={t().signIn.unlock} button={t().signIn.unlock} text={t().signIn.unlockText(account.name)} email={account.email} own={account.own} />;
}

function Form({ title, button, text, email: known, own: before = false }: { title: string; button: string; text?: string; email?: string; own?: boolean }) {
  const words = t().signIn;
  const { route, path } = useLocation();
  const [email, setEmail] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const [totp, setTotp] = useState<string>();
  const [own, setOwn] = useState(before);
  const { busy, errors, setErrors, run } = useWork();

  const enter = (): Promise<void> => run(async () => {
    try {
      await device.signIn(email.trim(), password, own, totp);
    } catch (thrown) {
      const failure = Failure.of(thrown);
      if (failure.code === 'second_factor_required') setTotp('');
      setErrors({ [failure.code === 'second_factor_required' ? 'totp' : 'password']: known && failure.code === 'invalid_credentials' ? t().errors.wrongPassword : told(failure) });
      return;
    }
    await entered();
  });
  const entered = async (): Promise<void> => {
    if (path === '/sign-in') route(onward(), true);
    await look();
  };
  const by_passkey = (): Promise<void> => run(async () => {
    await device.signInWithPasskey(own);
    await entered();
  });

  return (
    <Page title={title} {...(!known && { back: '/' })}>
      {text && <p>{text}</p>}
      <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); void enter(); }}>
        <Summary errors={errors} />
        {!known && <Field name="email" label={t().signUp.email} type="email" inputMode="email" autocomplete="username" value={email} onValue={setEmail} autoFocus />}
        {known && <input type="email" autocomplete="username" value={known} readOnly hidden />}
        <Field name="password" label={t().signUp.password} type="password" autocomplete="current-password" value={password} wrong={errors['password']} onValue={setPassword} autoFocus={!!known} />
        {totp !== undefined && <Field name="totp" label={words.totp} inputMode="numeric" autocomplete="one-time-code" value={totp} wrong={errors['totp']} onValue={setTotp} autoFocus />}
        <Choice label={t().signUp.own} hint={t().signUp.ownHint} checked={own} onChange={setOwn} />
        <Action kind="main" busy={busy}>{busy ? words.busy : button}</Action>
        {passkeys() && <Action kind="full" busy={busy} onPress={by_passkey}>{t().passkeys.use}</Action>}
      </form>
      {!known && <p><a href="/new-device">{words.otherDevice}</a></p>}
      <p><a href="/recover">{words.forgot}</a></p>
      {known
        ? <p><Action kind="plain" onPress={async () => { await device.signOut(); route('/', true); await look(); }}>{words.other}</Action></p>
        : <p><a href="/">{words.none}</a></p>}
    </Page>
  );
}
