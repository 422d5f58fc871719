/**
 * The browser's files: one script and one style sheet a site, named by what is in them, so that
 * they may be kept for ever and compared with the release. `building.ts` makes them, in a process of its own.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

export type Assets = {
  /** The folder served at /assets. */
  readonly folder: string;
  /** The address of `slot.js`, `desk.css`, … */
  url(name: string): string;
  /** CSP source of the one inline script the GOV.UK template has. */
  readonly inlineScriptHash: string;
};

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const FOLDER = join(ROOT, 'build', 'assets');
const require = createRequire(import.meta.url);
export const packageFolder = (name: string) => dirname(require.resolve(`${name}/package.json`));

/**
 * Builds the browser's files apart and loads them. The bundler wants 200 MB for a second and never gives them back,
 * so it works in a process that ends.
 */
export async function freshAssets(): Promise<Assets> {
  await promisify(execFile)(process.execPath, [join(ROOT, 'src', 'cli', 'build.ts')]);
  return loadAssets();
}

/** What an earlier build made. */
function loadAssets(): Assets {
  const manifest = join(FOLDER, 'manifest.json');
  if (!existsSync(manifest))
    throw new Error('The browser files are not built yet. Run `npm start`, or `npm run build`.');
  const names = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(manifest, 'utf8')));
  const url = (name: string): string => {
    const file = names[name];
    if (!file) throw new Error(`There is no browser file ${name}.`);
    return `/assets/${file}`;
  };
  return { folder: FOLDER, url, inlineScriptHash: inlineScriptHash() };
}

function inlineScriptHash(): string {
  const template = readFileSync(
    join(packageFolder('govuk-frontend'), 'dist', 'govuk', 'template.njk'),
    'utf8',
  );
  const script = /<script [^>]*%\}>(.*?)<\/script>/.exec(template)?.[1];
  if (!script) throw new Error('The GOV.UK template has no inline script where one is expected.');
  return `sha256-${createHash('sha256').update(script).digest('base64')}`;
}

/** Addresses without files, for tests of pages. */
export function testAssets(): Assets {
  return { folder: ROOT, url: (name) => `/assets/${name}`, inlineScriptHash: inlineScriptHash() };
}
