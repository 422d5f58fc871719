/** What a submitter downloads, and how long the demonstration takes to fill. */
import { gzipSync } from 'node:zlib';
import { fillCases } from '../src/cli/fill.ts';
import type { Figure } from './figures.ts';
import { startApart } from './site.ts';

export async function measureBrowsing(cases: number): Promise<Figure[]> {
  const site = await startApart(['slot']);
  try {
    const weights: number[] = [];
    for (const form of ['review', 'victims'])
      weights.push(await scriptsOf(`${site.publicUrl}/${site.body.slug}/${form}/fill`));
    const since = performance.now();
    await fillCases({ publicUrl: site.publicUrl, organisation: site.body.slug, cases });
    const seconds = (performance.now() - since) / 1000;
    return [
      {
        name: 'scripts',
        value: Math.max(...weights) / 1000,
        unit: 'kB',
        bar: { most: 90 },
        says: 'JavaScript a submitter downloads, gzipped',
      },
      {
        name: 'fill',
        value: seconds,
        unit: 's',
        bar: { most: 60 },
        says: `${cases} invented submissions, sealed and posted`,
      },
    ];
  } finally {
    await site.close();
  }
}

/** Every script that the page names, and every one that those import, each gzipped on its own. */
async function scriptsOf(page: string): Promise<number> {
  const html = await (await fetch(page)).text();
  const waiting = [...html.matchAll(/<(?:script|link)[^>]*?\s(?:src|href)="([^"]+\.m?js)"/g)].map(
    ([, path = '']) => new URL(path, page).href,
  );
  if (waiting.length === 0) throw new Error(`${page} names no script.`);
  const seen = new Set<string>();
  let total = 0;
  for (const url of waiting) {
    if (seen.has(url)) continue;
    seen.add(url);
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url} is not there.`);
    const code = await answer.text();
    total += gzipSync(code).length;
    for (const [, path = ''] of code.matchAll(/(?:from|import)\s*\(?\s*["'](\.{0,2}\/[^"']+)["']/g))
      waiting.push(new URL(path, url).href);
  }
  return total;
}
