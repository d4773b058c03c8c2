// One question a page; the keys are made without a word about them.

import { useLocation, useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';
import { device } from '../device';
import { Failure } from '../device/failure';
import type { Account } from '../device/model';
import { t, zone } from '../i18n';
import { look, onward } from '../state';
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
    await run(async () => {
      const { name, email, password, specialty } = given;
      try {
        const made = await device.signUp({ role, name: name.trim(), email: email.trim(), password, time_zone: zone.value, ...(specialty && { specialty }) });
        setCode(made);
      } catch (thrown) {
        if (Failure.of(thrown).code === 'email_taken') setAt(questions.length - 2);
        throw thrown;
      }
    });
  }

  if (code) {
    return <SaveCode code={code} onDone={async () => {
      await device.signIn(given.email.trim(), given.password, own);
      route(onward(), true);
      await look();
    }} />;
  }
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
        {at > 0 && !busy && <Action kind="plain" onPress={() => setAt(at - 1)}>{t().back}</Action>}
      </form>
    </Page>
  );
}
