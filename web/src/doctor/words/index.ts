import { words } from '../../i18n';
import { de } from './de';
import { en } from './en';

/** What is said to doctors, in the language in use. */
export const d = words(en, de);
