import { words } from '../i18n';

/** What is said of things done as needed, in the language in use. */
export const n = words({
  now: 'I did this now',
  earlier: 'Earlier than now',
  add: 'Add',
  day: (count: number) => `In the last 24 hours: ${count}`,
  limit: (when: string) => `That is as often as your doctor said. Not again before ${when}; if you need it earlier, ask your doctor or pharmacist.`,
  back: (when: string) => `Take back ${when}`,
}, {
  now: 'Jetzt getan',
  earlier: 'Früher als jetzt',
  add: 'Hinzufügen',
  day: (count: number) => `In den letzten 24 Stunden: ${count}`,
  limit: (when: string) => `Das ist so oft, wie Ihre Ärztin oder Ihr Arzt gesagt hat. Nicht wieder vor ${when}; wenn Sie es früher brauchen, fragen Sie Ihre Praxis oder Apotheke.`,
  back: (when: string) => `${when} zurücknehmen`,
});
