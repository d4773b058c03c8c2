// A doctor's own link: whoever opens it chooses them.

import { t } from '../i18n';
import { own, session } from '../state';
import { Action, say } from '../ui';
import { Qr } from '../ui/qr';
import { d } from './words';

export function OwnLink() {
  const words = d().link;
  const link = `${location.origin}/choose/${own()}`;
  const name = session.value?.state === 'open' ? session.value.account.name : '';
  return (
    <section class="card stack" aria-label={words.title}>
      <h2>{words.title}</h2>
      <p>{words.text}</p>
      <p class="print-only">{name}</p>
      <Qr text={link} label={words.title} />
      <p><a href={link}>{link}</a></p>
      <div class="row">
        <Action onPress={() => navigator.clipboard.writeText(link).then(() => say(t().code.copied))}>{t().code.copy}</Action>
        <Action onPress={() => print()}>{t().code.print}</Action>
      </div>
    </section>
  );
}
