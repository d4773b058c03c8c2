// Before somebody is in: welcome, signing up and in, recovery.

import { lazy, Route, Router } from 'preact-iso';
import { session } from '../state';
import { Recover } from './recover';
import { SignIn, Unlock } from './sign-in';
import { SignUp } from './sign-up';
import { Welcome } from './welcome';

const NewDevice = lazy(() => import('./new-device').then((all) => all.NewDevice));

export default function Doors() {
  const now = session.value;
  return (
    <Router>
      <Route path="/sign-up/:role" component={SignUp} />
      <Route path="/sign-in" component={SignIn} />
      <Route path="/new-device" component={NewDevice} />
      <Route path="/recover" component={Recover} />
      <Route default component={now?.state === 'locked' ? Unlock : Welcome} />
    </Router>
  );
}
