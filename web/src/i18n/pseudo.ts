// Pseudo-locale: each letter with an accent, each text a third longer. What stays plain on a screen is in no catalogue.

const letters: Record<string, string> = {
  a: 'á', b: 'ƀ', c: 'ç', d: 'ð', e: 'é', f: 'ƒ', g: 'ĝ', h: 'ĥ', i: 'í', j: 'ĵ', k: 'ķ', l: 'ļ', m: 'ɱ', n: 'ñ', o: 'ó', p: 'þ', q: 'ɋ', r: 'ŕ',
  s: 'š', t: 'ţ', u: 'ú', v: 'ṽ', w: 'ŵ', x: 'ẋ', y: 'ý', z: 'ž', A: 'Á', B: 'Ɓ', C: 'Ç', D: 'Ð', E: 'É', F: 'Ƒ', G: 'Ĝ', H: 'Ĥ', I: 'Í', J: 'Ĵ',
  K: 'Ķ', L: 'Ļ', M: 'Ṁ', N: 'Ñ', O: 'Ó', P: 'Þ', Q: 'Ɋ', R: 'Ŕ', S: 'Š', T: 'Ţ', U: 'Ú', V: 'Ṽ', W: 'Ŵ', X: 'Ẋ', Y: 'Ý', Z: 'Ž',
};

const strange = (text: string): string => text.replace(/[a-zA-Z]/g, (letter) => letters[letter] ?? letter) + '~'.repeat(Math.ceil(text.length / 3));

/** A catalogue, or part of one; what a function is given stands as it is. */
export function pseudo<C>(words: C): C {
  const made = (one: unknown): unknown => {
    if (typeof one === 'string') return strange(one);
    if (typeof one === 'function') {
      return (...given: unknown[]) => {
        // What is given is set apart, so that it is not made strange.
        const apart = given.map((value) => (typeof value === 'string' ? `\u0001${value}\u0002` : value));
        const said = String((one as (...given: unknown[]) => unknown)(...apart));
        return said.split(/(\u0001[^\u0002]*\u0002)/).map((part) => (part.startsWith('\u0001') ? part.slice(1, -1) : part && strange(part))).join('');
      };
    }
    if (Array.isArray(one)) return one.map(made);
    return one && typeof one === 'object' ? Object.fromEntries(Object.entries(one).map(([key, value]) => [key, made(value)])) : one;
  };
  return made(words) as C;
}
