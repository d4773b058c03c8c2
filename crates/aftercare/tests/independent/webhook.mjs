// Checks a webhook with the reference library, as of an instant. In: {secret, headers, body, now}, in seconds.
// Out: the payload, or it fails.
import { Webhook } from 'standardwebhooks';

const { secret, headers, body, now } = JSON.parse(await new Response(process.stdin).text());
Date.now = () => now * 1000;
console.log(JSON.stringify(new Webhook(secret).verify(body, headers)));
