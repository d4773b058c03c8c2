// Chromium with a virtual authenticator, behind standard input and output: a line of JSON in, a line out.
//
// In: {op: "create" | "get", options}, the options as the service gives them, in JSON.
// Out: {credential, prf}: the browser's own JSON of the credential without the key, and the key; or {error}.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const [executablePath, origin] = process.argv.slice(2);
const args = ['--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const browser = await chromium.launch({ executablePath, args, chromiumSandbox: false });
const page = await browser.newPage();
await page.route('**', (route) => route.fulfill({ contentType: 'text/html', body: '<title>Aftercare</title>' }));
await page.goto(origin);
const devtools = await page.context().newCDPSession(page);
await devtools.send('WebAuthn.enable');
const options = { protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true,
  hasUserVerification: true, hasPrf: true, isUserVerified: true, automaticPresenceSimulation: true };
await devtools.send('WebAuthn.addVirtualAuthenticator', { options });

const ceremony = ({ op, options }) => page.evaluate(async ([op, options]) => {
  const parse = { create: 'parseCreationOptionsFromJSON', get: 'parseRequestOptionsFromJSON' }[op];
  const publicKey = PublicKeyCredential[parse](options);
  const credential = await navigator.credentials[op]({ publicKey });
  const key = credential.getClientExtensionResults().prf?.results?.first;
  const text = key && btoa(String.fromCharCode(...new Uint8Array(key)));
  const json = credential.toJSON();
  delete json.clientExtensionResults.prf?.results;
  return { credential: json, prf: text?.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') };
}, [op, options]);

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await ceremony(JSON.parse(line)).catch((error) => ({ error: error.message }));
  console.log(JSON.stringify(answer));
}
await browser.close();
