// A patient's screens.

import { Route, Router, useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { Devices, MyData, Password } from '../screens/account';
import { Passkeys } from '../screens/passkeys';
import { Notices } from '../screens/notices';
import { Lost } from '../screens/lost';
import { Action, Page, Tabs, told } from '../ui';
import { KeyChanged } from '../ui/key-changed';
import { Compared } from '../ui/safety';
import { chart, failed, refresh, start } from './chart';
import { ChooseDoctor, Doctors } from './doctors';
import { Me, Privacy, Times } from './me';
import { NoteScreen, Notes } from './notes';
import { Plan, StepScreen } from './plan';
import { Reminders } from './reminders';
import { Changes } from './changes';
import { Today } from './today';

const Compare = () => <Compared nameOf={(id) => chart.value?.doctors.find((one) => one.id === id)?.name} />;

export default function Patient() {
  const { path, route } = useLocation();
  useEffect(start, []);
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
          <Route path="/me/notices" component={Notices} />
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
