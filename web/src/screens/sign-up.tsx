// One question a page; the keys are made without a word about them.

import { useLocation, useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';
import { device, passkeys } from '../device';
import { api } from '../device/api';
import { Failure } from '../device/failure';
import type { Account } from '../device/model';
import { t, zone } from '../i18n';
import { look, onward, SHELF } from '../state';
import { Action, Choice, Field, Page, Summary, useWork } from '../ui';
import { SaveCode } from './save-code';

export function SignUp() {
  const role: Account['role'] = useRoute().params['role'] === 'doctor' ? 'doctor' : 'patient';
  const words = t().signUp;
  const { route } = useLocation();
  const questions = role === 'doctor' ? (['name', 'specialty', 'email', 'password'] as const) : (['name', 'email', 'password'] as const);
  const [at, setAt] = useState(0);
  const [given, setGiven] = useState({ name: '', specialty: '', email: '', password: '' });
  const [own, setOwn] = useState(role === 'patient' && matchMedia('(pointer: coarse)').matches);
  const [code, setCode] = useState<string>();
  const [passkey, setPasskey] = useState(false);
  const [keyless, setKeyless] = useState(false);
  const [saved, setSaved] = useState(false);
  const { busy, errors, setErrors, run } = useWork();
  const question = questions[at] ?? 'name';

  function wrong(): string | undefined {
    const value = given[question].trim();
    if (!value && question !== 'specialty') return t().errors.required;
    if (question === 'email' && !/^\S+@\S+\.\S+$/.test(value)) return t().errors.email;
    if (question === 'password' && [...given.password].length < 8) return t().errors.short;
    return undefined;
  }

  async function next(): Promise<void> {
    const found = wrong();
    if (found) return setErrors({ [question]: found });
    setErrors({});
    if (at < questions.length - 1) return setAt(at + 1);
    await make(given.password);
  }

  /** With a passkey the password is one that nobody knows. */
  const by_passkey = (): Promise<void> => {
    const unknown = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
    setGiven({ ...given, password: unknown });
    setPasskey(true);
    return make(unknown);
  };

  async function make(password: string): Promise<void> {
    await run(async () => {
      const { name, email, specialty } = given;
      try {
        const made = await device.signUp({ role, name: name.trim(), email: email.trim(), password, time_zone: zone.value, ...(specialty && { specialty }) });
        setCode(made);
      } catch (thrown) {
        if (Failure.of(thrown).code === 'email_taken') setAt(questions.length - 2);
        setPasskey(false);
        setGiven({ ...given, password: '' });
        throw thrown;
      }
    });
  }

  const enter = async (): Promise<void> => {
    route(onward(), true);
    await look();
  };
  /** Where no passkey opens the account, the code is not put off, and a password is chosen. */
  const come_in = async (put_off?: string): Promise<void> => {
    await device.signIn(given.email.trim(), given.password, own);
    if (passkey && !(await opened_by_passkey(given.password))) return setKeyless(true);
    if (put_off) await device.putOnShelf(SHELF, put_off);
    await enter();
  };
  if (code && !saved) {
    return <SaveCode code={code} onLater={passkey && !keyless ? () => come_in(code) : undefined} onDone={async () => {
      if (!keyless) await come_in();
      setSaved(true);
    }} />;
  }
  if (keyless) return <ChoosePassword unknown={given.password} onDone={enter} />;
  const texts = {
    name: { label: words.name, hint: role === 'doctor' ? words.nameHintDoctor : words.nameHint, autocomplete: 'name' },
    specialty: { label: words.specialty, hint: words.specialtyHint, autocomplete: 'organization-title' },
    email: { label: words.email, hint: words.emailHint, autocomplete: 'username', type: 'email', inputMode: 'email' },
    password: { label: words.password, hint: words.passwordHint, autocomplete: 'new-password', type: 'password' },
  } as const;
  return (
    <Page title={words.title} back={at ? undefined! : '/'}>
      <form class="stack" noValidate onSubmit={(event) => { event.preventDefault(); void next(); }}>
        <Summary errors={errors} />
        <Field key={question} name={question} {...texts[question]} value={given[question]} wrong={errors[question]} autoFocus
          onValue={(value) => setGiven({ ...given, [question]: value })} />
        {question === 'password' && role === 'patient' && <Choice label={words.own} hint={words.ownHint} checked={own} onChange={setOwn} />}
        <Action kind="main" busy={busy}>{busy ? words.making : at < questions.length - 1 ? words.next : words.make}</Action>
        {question === 'password' && passkeys() && <Action kind="full" busy={busy} onPress={by_passkey}>{t().passkeys.instead}</Action>}
        {at > 0 && !busy && <Action kind="plain" onPress={() => setAt(at - 1)}>{t().back}</Action>}
      </form>
    </Page>
  );
}

/** Makes a passkey; whether it opens the account by itself. Some cannot, and some people change their minds. */
async function opened_by_passkey(password: string): Promise<boolean> {
  await device.addPasskey(t().passkeys.thisOne, password).catch(() => undefined);
  return (await api('get', '/api/mfa/')).passkeys.some((one) => one.opens_account);
}

/** Where there is no passkey that opens the account, a password does after all. */
function ChoosePassword({ unknown, onDone }: { unknown: string; onDone: () => Promise<void> }) {
  const words = t().signUp;
  const [password, setPassword] = useState('');
  const { busy, errors, setErrors, run } = useWork();
  return (
    <Page title={words.password}>
      <p class="banner">{t().passkeys.keyless}</p>
      <form class="stack" noValidate onSubmit={(event) => {
        event.preventDefault();
        if ([...password].length < 8) return setErrors({ password: t().errors.short });
        void run(async () => {
          await device.changePassword(unknown, password);
          await onDone();
        });
      }}>
        <Summary errors={errors} />
        <Field name="password" label={words.password} hint={words.passwordHint} type="password" autocomplete="new-password" value={password} wrong={errors['password']} onValue={setPassword} autoFocus />
        <Action kind="main" busy={busy}>{busy ? words.making : words.next}</Action>
      </form>
    </Page>
  );
}
