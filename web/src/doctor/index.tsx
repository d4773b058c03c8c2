// A doctor's screens.

import { lazy, Route, Router, useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { Devices, MyData, Password } from '../screens/account';
import { Passkeys } from '../screens/passkeys';
import { Notices } from '../screens/notices';
import { Lost } from '../screens/lost';
import { useCode } from '../state';
import { Tabs } from '../ui';
import { Compared } from '../ui/safety';
import { Inbox } from './inbox';
import { Keyboard } from './keyboard';
import { PatientScreen } from './patient';
import { line, Patients, patients, start } from './patients';
import { Profile } from './profile';
import { ReviewScreen } from './review';
import { Settings } from './settings';
import { Templates } from './templates';
import { Write } from './write';
import { d } from './words';

const Code = lazy(() => import('../screens/code').then((all) => all.Code));
const HandOver = lazy(() => import('../screens/new-device').then((all) => all.HandOver));
const Compare = () => <Compared nameOf={(id) => line(id)?.patient.name} />;

export default function Doctor() {
  const { path, route } = useLocation();
  useEffect(start, []);
  useCode(patients.value.some((one) => one.last_note_at));
  useEffect(() => {
    if (path === '/' || path.startsWith('/sign-')) route('/patients', true);
  }, [path]);
  const words = d().rail;
  return (
    <div class="with-rail">
      <Tabs tabs={[['/patients', 'patients', words.patients], ['/inbox', 'inbox', words.inbox], ['/templates', 'notes', words.templates], ['/settings', 'me', words.settings]]} />
      <Router>
        <Route path="/patients" component={Patients} />
        <Route path="/patients/:id" component={PatientScreen} />
        <Route path="/patients/:id/write" component={Write} />
        <Route path="/patients/:id/review" component={ReviewScreen} />
        <Route path="/inbox" component={Inbox} />
        <Route path="/templates" component={Templates} />
        <Route path="/compare/:id" component={Compare} />
        <Route path="/link" component={HandOver} />
        <Route path="/code" component={Code} />
        <Route path="/settings/profile" component={Profile} />
        <Route path="/settings/notices" component={Notices} />
        <Route path="/settings" component={Settings} />
        <Route path="/settings/password" component={Password} />
        <Route path="/settings/passkeys" component={Passkeys} />
        <Route path="/settings/devices" component={Devices} />
        <Route path="/settings/data" component={MyData} />
        <Route default component={path === '/' ? Patients : Lost} />
      </Router>
      <Keyboard />
    </div>
  );
}
