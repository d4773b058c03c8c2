import { language, languages, speak, t, type Language } from '../i18n';
import { Page } from '../ui';

export function Welcome() {
  const words = t().welcome;
  return (
    <Page title={words.title} >
      <p>{words.text}</p>
      <div class="stack tight">
        <a class="button main full" href="/sign-up/patient">{words.patient}</a>
        <a class="button main full" href="/sign-up/doctor">{words.doctor}</a>
        <a class="button full" href="/sign-in">{words.signIn}</a>
      </div>
      <details class="card">
        <summary>{words.privacy}</summary>
        <ol class="stack">
          {words.privacyText.map((text, n) => <li key={n} class="row"><Picture n={n} /><p>{text}</p></li>)}
        </ol>
      </details>
      <LanguageChoice />
    </Page>
  );
}

export function LanguageChoice() {
  return (
    <div class="field">
      <label for="language">{t().language}</label>
      <select id="language" value={language.value} onChange={(event) => void speak(event.currentTarget.value as Language)}>
        {Object.entries(languages).map(([tag, name]) => <option key={tag} value={tag} lang={tag}>{name}</option>)}
      </select>
    </div>
  );
}

const pictures = [
  'M12 30h40v26H12zM20 30v-8a12 12 0 0 1 24 0v8',
  'M8 14h48v16H8zM8 36h48v16H8zM16 22h4M16 44h4M28 22h20M28 44h20',
  'M22 32a10 10 0 1 0 0 .1M32 32h26v10M48 32v8',
];

function Picture({ n }: { n: number }) {
  return (
    <svg width="56" height="56" viewBox="0 0 64 64" fill="none" stroke="currentColor" stroke-width="3" aria-hidden="true">
      <path d={pictures[n] ?? ''} />
    </svg>
  );
}
