// Who reads a note is said before it is read, and a choice for this note alone.

import { after, test } from 'node:test';
import { choose, close, device, sign_up, write } from './people.mjs';

after(close);

test('a note is read on the device unless its doctor chooses the model, by name', async () => {
  const [ada, grace] = [await device({ hasTouch: true }), await device({ viewport: { width: 1280, height: 900 } })];
  const { page } = grace;
  await sign_up(page, 'doctor', 'Grace Field', 'grace@model.example', { specialty: 'General practice' });
  await sign_up(ada.page, 'patient', 'Ada Winter', 'ada@model.example');
  await choose(ada.page, 'Grace Field');
  await page.reload();
  await page.getByRole('link', { name: 'Ada Winter' }).waitFor();
  await write(page, 'Take zyxolitamab 5 mg daily for 3 days.', 1);
  await page.keyboard.press('Control+Enter');
  await page.getByRole('heading', { name: 'Patients' }).waitFor();
  await page.keyboard.press('n');
  await page.locator('#note:focus').waitFor();
  await page.keyboard.insertText('Buy gauze for Ada Winter. Take zyxolitamab 5 mg daily for 7 days.');
  const here = page.getByRole('radio', { name: 'Read on this device' });
  await here.waitFor();
  if (!(await here.isChecked())) throw new Error('the device reads, unless it is told otherwise');
  await page.getByRole('radio', { name: /Google’s Gemini|Google's Gemini/ }).click();
  await page.keyboard.press('Control+Enter');
  await page.getByRole('heading', { name: /^Review/ }).waitFor();
  await page.getByText('for 7 days').first().waitFor();
  // The next note begins with the device again.
  await page.getByRole('link', { name: 'Back to the note' }).click();
  await here.waitFor();
  if (!(await here.isChecked())) throw new Error('a choice for one note');
  ada.clean();
  grace.clean();
});
