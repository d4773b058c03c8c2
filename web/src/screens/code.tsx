// A3, later: the recovery code that was put off.

import { useLocation } from 'preact-iso';
import { device } from '../device';
import { putOff, SHELF } from '../state';
import { Lost } from './lost';
import { SaveCode } from './save-code';

export function Code() {
  const { route } = useLocation();
  if (!putOff.value) return <Lost />;
  const saved = async (): Promise<void> => {
    await device.putOnShelf(SHELF, '');
    putOff.value = undefined;
    route('/', true);
  };
  return <SaveCode code={putOff.value} onDone={saved} />;
}
