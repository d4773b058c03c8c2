import { t } from '../i18n';
import { Action, Page } from '../ui';

/** An address that leads nowhere. */
export function Lost() {
  return (
    <Page title={t().lost.title}>
      <p>{t().lost.text}</p>
      <a class="button main" href="/">{t().lost.home}</a>
    </Page>
  );
}

/** A8: a part of the app is not here. What was answered is safe on this device. */
export function Missing() {
  return (
    <Page title={t().problem}>
      <p>{t().errors.offline}</p>
      <Action kind="main" onPress={() => location.reload()}>{t().again}</Action>
    </Page>
  );
}
