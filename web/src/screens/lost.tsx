import { t } from '../i18n';
import { Page } from '../ui';

/** An address that leads nowhere. */
export function Lost() {
  return (
    <Page title={t().lost.title}>
      <p>{t().lost.text}</p>
      <a class="button main" href="/">{t().lost.home}</a>
    </Page>
  );
}
