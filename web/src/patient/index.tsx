// A patient's screens.

import { lazy, Route, Router, useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { Lost } from '../screens/lost';
import { useCode } from '../state';
import { Action, Page, Tabs, told } from '../ui';
import { KeyChanged } from '../ui/key-changed';
import { chart, failed, refresh, start } from './chart';
import { Me } from './me';
import { NoteScreen, Notes } from './notes';
import { Plan } from './plan';
import { Changes } from './changes';
import { Today } from './today';

// What is not needed every day comes when it is.
const account = () => import('../screens/account');
const doctors = () => import('./doctors');
const settings = () => import('./settings');
const Password = lazy(() => account().then((all) => all.Password));
const Devices = lazy(() => account().then((all) => all.Devices));
const MyData = lazy(() => account().then((all) => all.MyData));
const Doctors = lazy(() => doctors().then((all) => all.Doctors));
const ChooseDoctor = lazy(() => doctors().then((all) => all.ChooseDoctor));
const Compare = lazy(() => doctors().then((all) => all.Compare));
const Times = lazy(() => settings().then((all) => all.Times));
const Privacy = lazy(() => settings().then((all) => all.Privacy));
const Code = lazy(() => import('../screens/code').then((all) => all.Code));
const StepScreen = lazy(() => import('./step').then((all) => all.StepScreen));
const Notices = lazy(() => import('../screens/notices').then((all) => all.Notices));
const Passkeys = lazy(() => import('../screens/passkeys').then((all) => all.Passkeys));
const HandOver = lazy(() => import('../screens/new-device').then((all) => all.HandOver));
const Paper = lazy(() => import('./paper').then((all) => all.Paper));
const Reminders = lazy(() => import('./reminders').then((all) => all.Reminders));

export default function Patient() {
  const { path, route } = useLocation();
  useEffect(start, []);
  useCode(!!chart.value?.notes.length);
  useEffect(() => {
    if (path === '/' || path.startsWith('/sign-')) route('/today', true);
  }, [path]);
  const words = t().tabs;
  return (
    <>
      {chart.value ? (
        <Router>
          <Route path="/today" component={Today} />
          <Route path="/plan" component={Plan} />
          <Route path="/plan/:id" component={StepScreen} />
          <Route path="/notes" component={Notes} />
          <Route path="/notes/:id" component={NoteScreen} />
          <Route path="/changes" component={Changes} />
          <Route path="/me" component={Me} />
          <Route path="/me/doctors" component={Doctors} />
          <Route path="/me/doctors/choose" component={ChooseDoctor} />
          <Route path="/choose/:id" component={ChooseDoctor} />
          <Route path="/compare/:id" component={Compare} />
          <Route path="/link" component={HandOver} />
          <Route path="/code" component={Code} />
          <Route path="/me/notices" component={Notices} />
          <Route path="/me/paper" component={Paper} />
          <Route path="/me/times" component={Times} />
          <Route path="/me/reminders" component={Reminders} />
          <Route path="/me/password" component={Password} />
          <Route path="/me/passkeys" component={Passkeys} />
          <Route path="/me/devices" component={Devices} />
          <Route path="/me/data" component={MyData} />
          <Route path="/me/privacy" component={Privacy} />
          <Route default component={path === '/' ? Today : Lost} />
        </Router>
      ) : (
        <Page title={t().tabs.today}>
          {failed.value ? (
            <>
              <KeyChanged failure={failed.value} name={t().keyChanged.doctor} onTrusted={() => refresh()} />
              {failed.value.code !== 'key_changed' && (
                <div class="banner" role="alert">
                  <p>{told(failed.value)}</p>
                  <Action onPress={() => refresh()}>{t().again}</Action>
                </div>
              )}
            </>
          ) : <p class="muted" role="status">{t().loading}</p>}
        </Page>
      )}
      <Tabs tabs={[['/today', 'today', words.today], ['/plan', 'plan', words.plan], ['/notes', 'notes', words.notes], ['/me', 'me', words.me]]} />
    </>
  );
}
