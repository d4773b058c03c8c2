// A doctor's screens.

import { Route, Router, useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { Devices, MyData, Password } from '../screens/account';
import { Passkeys } from '../screens/passkeys';
import { Lost } from '../screens/lost';
import { Tabs } from '../ui';
import { Keyboard } from './keyboard';
import { PatientScreen } from './patient';
import { Patients, start } from './patients';
import { ReviewScreen } from './review';
import { Settings } from './settings';
import { Write } from './write';
import { d } from './words';

export default function Doctor() {
  const { path, route } = useLocation();
  useEffect(start, []);
  useEffect(() => {
    if (path === '/' || path.startsWith('/sign-')) route('/patients', true);
  }, [path]);
  const words = d().rail;
  return (
    <div class="with-rail">
      <Tabs tabs={[['/patients', 'patients', words.patients], ['/settings', 'me', words.settings]]} />
      <Router>
        <Route path="/patients" component={Patients} />
        <Route path="/patients/:id" component={PatientScreen} />
        <Route path="/patients/:id/write" component={Write} />
        <Route path="/patients/:id/review" component={ReviewScreen} />
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
