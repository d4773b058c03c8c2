// Where Trusted Types are enforced, a script is loaded by its name here or not at all.

const own = new Set(['/app/worker.js', '/sw.js']);
const check = (url: string): string => {
  if (own.has(url)) return url;
  throw new TypeError(`not a script of this app: ${url}`);
};

interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): unknown };
}

const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;
const policy = policies?.createPolicy('aftercare', { createScriptURL: check });

export const script = (url: string): unknown => (policy ? policy.createScriptURL(url) : check(url));
