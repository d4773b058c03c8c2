// The app's first file: who is here decides what is shown.

import { signal } from '@preact/signals';
import { render } from 'preact';
import { lazy, LocationProvider, ErrorBoundary } from 'preact-iso';
import './app.css';
import { preferred, speak, t } from './i18n';
import { look, session } from './state';
import { script } from './trusted';
import { Missing } from './screens/lost';
import { Toast } from './ui';

const Doors = lazy(() => import('./screens'));
const Patient = lazy(() => import('./patient'));
const Doctor = lazy(() => import('./doctor'));
const Operator = lazy(() => import('./operator'));

/** A part of the app could not be fetched: there is no network, or a newer app has taken the place of this one. */
const missing = signal(false);
addEventListener('vite:preloadError', () => {
  const before = Number(sessionStorage.getItem('fetched anew') ?? 0);
  if (!navigator.onLine || Date.now() - before < 10_000) return void (missing.value = true);
  sessionStorage.setItem('fetched anew', String(Date.now()));
  location.reload();
});

function App() {
  const now = session.value;
  if (missing.value) return <LocationProvider><Missing /></LocationProvider>;
  if (!now) return null;
  const open = now.state === 'open' ? now.account.role : undefined;
  return (
    <LocationProvider>
      <a class="out-of-sight" href="#main">{t().skip}</a>
      <ErrorBoundary>{location.pathname === '/setup' ? <Operator /> : open === 'patient' ? <Patient /> : open === 'doctor' ? <Doctor /> : <Doors />}</ErrorBoundary>
      <Toast />
    </LocationProvider>
  );
}

const app = document.getElementById('app');
if (app) render(<App />, app);
await speak(preferred());
await look();
if ('serviceWorker' in navigator) {
  void navigator.serviceWorker.register(script('/sw.js') as string);
  // Where a notification leads.
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<{ go?: string }>) => {
    if (!data.go) return;
    history.pushState(null, '', data.go);
    dispatchEvent(new PopStateEvent('popstate'));
  });
}
