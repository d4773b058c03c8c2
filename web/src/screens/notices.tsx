// A7: what happened to one's account and notes, newest first: all that was ever pushed, and who looked.

import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import type { EventView } from '../api/schema';
import { api } from '../device/api';
import { moment, t, words } from '../i18n';
import { Action, Page, Summary, useWork } from '../ui';
import { parent } from './account';

const what = words<Record<string, string>>({
  signed_up: 'Your account was made', signed_in: 'Signed in on a device', sign_in_failed: 'Somebody tried to sign in and could not',
  sign_in_refused: 'Too many tries to sign in: stopped', signed_out: 'Signed out', token_reused: 'An old sign-in was used again: ended',
  password_changed: 'Your password was changed', email_changed: 'Your e-mail was changed', recovered: 'The recovery code was used',
  recovery_failed: 'A wrong recovery code was tried', keys_changed: 'New keys', factor_added: 'A passkey or second step was added',
  factor_removed: 'A passkey or second step was removed', assisted_set: 'How your keys are kept was changed', doctor_chosen: 'A doctor was chosen',
  doctor_left: 'A doctor was left', note_written: 'A new note and plan', notes_read: 'Notes were opened', plan_read: 'The plan was looked at',
  disclosed: 'A note was opened at the service to be read for its steps', granted: 'A note was opened to new keys', exported: 'Your data was taken out', refused: 'Somebody asked for what is not theirs',
  state_set: 'The hospital changed your account', emergency_access: 'A note was opened in an emergency', recovery_code_made: 'A new recovery code was made',
  keys_reset: 'New keys that the old ones have not signed', credentialed: 'The hospital vouches for your keys', erased: 'The account was deleted', doctor_erased: 'A doctor has deleted their account',
}, {
  signed_up: 'Ihr Konto wurde angelegt', signed_in: 'Anmeldung an einem Gerät', sign_in_failed: 'Jemand wollte sich anmelden und konnte nicht',
  sign_in_refused: 'Zu viele Versuche, sich anzumelden: angehalten', signed_out: 'Abgemeldet', token_reused: 'Eine alte Anmeldung wurde noch einmal benutzt: beendet',
  password_changed: 'Ihr Passwort wurde geändert', email_changed: 'Ihre E-Mail wurde geändert', recovered: 'Der Wiederherstellungscode wurde benutzt',
  recovery_failed: 'Ein falscher Wiederherstellungscode wurde versucht', keys_changed: 'Neue Schlüssel', factor_added: 'Ein Passkey oder zweiter Schritt kam dazu',
  factor_removed: 'Ein Passkey oder zweiter Schritt wurde entfernt', assisted_set: 'Wie Ihre Schlüssel verwahrt werden, wurde geändert', doctor_chosen: 'Praxis gewählt',
  doctor_left: 'Praxis verlassen', note_written: 'Eine neue Notiz mit Plan', notes_read: 'Notizen wurden geöffnet', plan_read: 'Der Plan wurde angesehen',
  disclosed: 'Eine Notiz wurde beim Dienst geöffnet, um ihre Schritte zu lesen', granted: 'Eine Notiz wurde für neue Schlüssel geöffnet', exported: 'Ihre Daten wurden herausgegeben', refused: 'Jemand wollte etwas, das ihm nicht gehört',
  state_set: 'Das Krankenhaus hat Ihr Konto geändert', emergency_access: 'Eine Notiz wurde im Notfall geöffnet', recovery_code_made: 'Ein neuer Wiederherstellungscode wurde gemacht',
  keys_reset: 'Neue Schlüssel, die die alten nicht unterschrieben haben', credentialed: 'Das Krankenhaus bürgt für Ihre Schlüssel', erased: 'Das Konto wurde gelöscht', doctor_erased: 'Jemand, der Sie behandelt, hat das eigene Konto gelöscht',
});

/** Which model read a note, where one did. */
function provider({ action, detail }: EventView): string | undefined {
  const by = (detail as { provider?: string } | null)?.provider;
  return action === 'disclosed' && by !== 'rules' ? by : undefined;
}

export function Notices() {
  const said = what();
  const { path } = useLocation();
  const [items, setItems] = useState<EventView[]>([]);
  const [cursor, setCursor] = useState<string | null>();
  const { busy, errors, run } = useWork();
  const more = (): Promise<void> => run(async () => {
    const page = await api('get', '/api/audit/', { query: { limit: 50, cursor: cursor ?? undefined } });
    setItems([...items, ...page.items]);
    setCursor(page.next_cursor ?? null);
  });
  useEffect(() => void more(), []);
  return (
    <Page title={t().me.notices} back={parent(path)}>
      <Summary errors={errors} />
      <ul class="list">
        {items.map((one) => (
          <li key={one.seq} class="card stack tight">
            <p>
              {one.action === 'note_written' && one.object_id && path.startsWith('/me')
                ? <a class="hit" href={`/notes/${one.object_id}`}>{said[one.action]}</a>
                : said[one.action] ?? one.action}
            </p>
            <p class="muted">{[one.actor_name, moment(one.at), provider(one)].filter(Boolean).join(', ')}</p>
          </li>
        ))}
      </ul>
      {cursor && <Action busy={busy} onPress={more}>{t().more}</Action>}
    </Page>
  );
}
