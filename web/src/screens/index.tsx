// Before somebody is in: welcome, signing up and in, recovery.

import { Route, Router } from 'preact-iso';
import { session } from '../state';
import { Recover } from './recover';
import { SignIn, Unlock } from './sign-in';
import { SignUp } from './sign-up';
import { Welcome } from './welcome';

export default function Doors() {
  const now = session.value;
  return (
    <Router>
      <Route path="/sign-up/:role" component={SignUp} />
      <Route path="/sign-in" component={SignIn} />
      <Route path="/recover" component={Recover} />
      <Route default component={now?.state === 'locked' ? Unlock : Welcome} />
    </Router>
  );
}
