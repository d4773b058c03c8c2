// D9: how patients see a doctor, and what becomes of their notes.

import { useEffect, useState } from 'preact/hooks';
import type { Me } from '../api/schema';
import { api } from '../device/api';
import { t } from '../i18n';
import { Action, Choice, Field, Page, say, Summary, useWork } from '../ui';
import { OwnLink } from './link';
import { d } from './words';

export function Profile() {
  const words = d().profile;
  const [me, setMe] = useState<Me>();
  const { busy, errors, run } = useWork();
  useEffect(() => void run(async () => setMe(await api('get', '/api/me/'))), []);
  const profile = me?.profile;
  const change = (next: Partial<NonNullable<typeof profile>>): void => {
    if (me && profile) setMe({ ...me, profile: { ...profile, ...next } });
  };
  return (
    <Page title={words.title} back="/settings">
      <Summary errors={errors} />
      {me && profile && (
        <form class="stack" noValidate onSubmit={(event) => {
          event.preventDefault();
          const { specialty, bio, phone, searchable } = profile;
          void run(async () => {
            setMe(await api('patch', '/api/me/', { body: { name: me.name, profile: { specialty: specialty ?? '', bio: bio ?? '', phone: phone ?? '', searchable } } }));
            say(t().saved);
          });
        }}>
          {!profile.approved && <p class="banner">{words.waiting}</p>}
          <Field name="name" label={t().signUp.name} hint={t().signUp.nameHintDoctor} autocomplete="name" value={me.name} onValue={(name) => setMe({ ...me, name })} />
          <Field name="specialty" label={t().signUp.specialty} hint={t().signUp.specialtyHint} value={profile.specialty ?? ''} onValue={(specialty) => change({ specialty })} maxLength={100} />
          <Field name="bio" label={words.bio} hint={words.bioHint} value={profile.bio ?? ''} onValue={(bio) => change({ bio })} maxLength={500} />
          <Field name="phone" label={words.phone} hint={words.phoneHint} type="tel" inputMode="tel" autocomplete="tel" value={profile.phone ?? ''} onValue={(phone) => change({ phone })} maxLength={40} />
          <Choice label={words.searchable} hint={words.searchableHint} checked={profile.searchable} onChange={(searchable) => change({ searchable })} />
          <Action kind="main" busy={busy}>{t().save}</Action>
        </form>
      )}
      <OwnLink />
    </Page>
  );
}
