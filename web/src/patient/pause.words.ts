import { words } from '../i18n';

/** What is said of pausing, in the language in use. */
export const p = words({
  text: 'You are not reminded of this meanwhile, and your doctor sees that you paused it. What you do not answer counts as not taken; a plan of some days goes on for as many more.',
  ask: 'Is it a medicine? Ask your doctor or pharmacist first.',
  until: 'Until when?',
  days: { 1: 'Until tomorrow', 3: 'For 3 days', 7: 'For a week', 14: 'For two weeks' } as Record<number, string>,
  back: (day: string) => `You are reminded again from ${day}.`,
}, {
  text: 'Sie werden solange nicht daran erinnert, und Ihre Ärztin oder Ihr Arzt sieht die Pause. Was Sie nicht beantworten, gilt als nicht genommen; ein Plan über einige Tage dauert um so viele länger.',
  ask: 'Ist es ein Medikament? Fragen Sie vorher Ihre Praxis oder Apotheke.',
  until: 'Bis wann?',
  days: { 1: 'Bis morgen', 3: 'Für 3 Tage', 7: 'Für eine Woche', 14: 'Für zwei Wochen' },
  back: (day: string) => `Sie werden ab ${day} wieder erinnert.`,
});
