// WCAG 2.2 AA of a screen as it stands, in every look and size: axe finds nothing, and what is to be hit is large enough,
// which axe does not measure.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const looks = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  forced: { colorScheme: 'dark', forcedColors: 'active' },
};

/** What is wrong with the screen as it stands, in every look and size. */
export async function looked_at(page, name, wide = false) {
  const sizes = wide ? [{ width: 1280, height: 900 }, { width: 390, height: 844 }] : [{ width: 390, height: 844 }, { width: 320, height: 640 }];
  for (const [look, media] of Object.entries(looks)) {
    await page.emulateMedia(media);
    for (const size of sizes) {
      for (const scale of [1, 2]) {
        await page.setViewportSize(size);
        await page.evaluate((scale) => { document.documentElement.style.fontSize = scale === 1 ? '' : '200%'; }, scale);
        const where = `${name}, ${look}, ${size.width} px, text ×${scale}`;
        const { width, too_small } = await page.evaluate(() => {
          const hits = [...document.querySelectorAll('button, a.button, .tabs a, .link-row:is(a, button), .choice, select, input:not([type=checkbox], [type=radio]), summary')];
          const small = hits.filter((hit) => hit.checkVisibility() && !hit.closest('.out-of-sight')).map((hit) => ({ hit, box: hit.getBoundingClientRect() }));
          return {
            width: document.documentElement.scrollWidth,
            too_small: small.filter(({ box }) => box.height < 43.5 || box.width < 43.5).map(({ hit, box }) => `${hit.outerHTML.slice(0, 120)} ${box.width}×${box.height}`),
          };
        });
        assert.ok(width <= size.width, `${where}: ${width} px wide`);
        assert.deepEqual(too_small, [], where);
        if (scale === 2 && look !== 'light') continue;
        await page.evaluate(axe);
        const found = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
        const told = found.violations.map((one) => `${one.id}: ${one.help} ${one.nodes.map((node) => node.html.slice(0, 160)).join(' ')}`);
        assert.deepEqual(told, [], where);
      }
    }
  }
  await page.emulateMedia({ colorScheme: 'light', forcedColors: null });
  await page.setViewportSize(sizes[0]);
  await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
}
