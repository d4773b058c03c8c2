// The operator's pages: the link of the first start, who waits for approval, mail and model tried.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { looked_at } from './look.mjs';
import { base, close, device, sign_up } from './people.mjs';

after(close);

test('a link opens them, once; a doctor is approved; mail and model are tried', async () => {
  const [operator, grace] = [await device({ bypassCSP: true }), await device({ viewport: { width: 1280, height: 900 } })];
  const { page } = operator;
  await page.goto(`${base}/setup`);
  await page.getByText('aftercare operator link').waitFor();
  await sign_up(grace.page, 'doctor', 'Grace Field', 'grace@waits.example', { specialty: 'General practice' });
  await grace.page.goto(`${base}/settings/profile`);
  await grace.page.getByText('waits for the hospital’s approval').waitFor();

  const { SERVER_PROGRAM: program, SERVER_DATA: data, SERVER_LISTEN: listen } = process.env;
  const link = execFileSync(program, ['operator', 'link', '--data', data], { encoding: 'utf8', env: { AFTERCARE_LISTEN: listen } }).trim();
  await page.goto('about:blank');
  await page.goto(link);
  await page.getByText('✓ All is well').waitFor();
  assert.equal(new URL(page.url()).hash, '', 'what is good once does not stay in the address');
  await looked_at(page, 'operator');
  await page.getByRole('button', { name: 'Approve: Grace Field' }).click();
  await page.getByText('Nobody waits.').waitFor();
  await grace.page.reload();
  await grace.page.getByLabel('Your name').waitFor();
  assert.equal(await grace.page.getByText('waits for the hospital’s approval').count(), 0);

  await page.getByLabel('Send a test to').fill('ops@waits.example');
  await page.getByRole('button', { name: 'Send test' }).click();
  await page.getByText('✓ kept here').waitFor();
  await page.getByLabel('Address of a program that listens').fill('http://127.0.0.1:9/nobody');
  await page.getByRole('button', { name: 'Call it' }).click();
  await page.getByRole('form', { name: 'Webhooks' }).getByText('✗').waitFor();
  await page.getByRole('button', { name: 'Try on a sample note' }).click();
  await page.getByText('✓ rules found 2 steps').waitFor();

  await page.reload();
  await page.getByText('✓ All is well').waitFor();
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.getByText('aftercare operator link').waitFor();
  await page.goto('about:blank');
  await page.goto(link);
  await page.getByText('aftercare operator link').waitFor();
  operator.clean();
  grace.clean();
});
