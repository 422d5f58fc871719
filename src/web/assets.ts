/**
 * The browser's files: one script and one style sheet a site, named by what is in them, so that
 * they may be kept for ever and compared with the release.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { z } from 'zod';

export type Assets = {
  /** The folder served at /assets. */
  readonly folder: string;
  /** The address of `slot.js`, `desk.css`, … */
  url(name: string): string;
  /** CSP source of the one inline script the GOV.UK template has. */
  readonly inlineScriptHash: string;
};

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FOLDER = join(ROOT, 'build', 'assets');
const require = createRequire(import.meta.url);
const packageFolder = (name: string) => dirname(require.resolve(`${name}/package.json`));

/** Builds both sites' files into `build/assets` and returns what was made. */
export async function buildAssets(): Promise<Assets> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const names: Record<string, string> = {};
  for (const site of ['slot', 'desk']) {
    names[`${site}.js`] = keep(`${site}.js`, await bundle(join(ROOT, 'src', 'cli', `${site}.browser.ts`)));
    names[`${site}.css`] = keep(`${site}.css`, styles(site));
  }
  const images = join(packageFolder('@ministryofjustice/frontend'), 'moj', 'assets', 'images');
  if (existsSync(images)) cpSync(images, join(FOLDER, 'images'), { recursive: true });
  writeFileSync(join(FOLDER, 'manifest.json'), JSON.stringify(names, null, 2));
  return loadAssets();
}

/** What an earlier build made. */
export function loadAssets(): Assets {
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

function keep(name: string, content: string): string {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const file = name.replace(/(\.\w+)$/, `-${hash}$1`);
  writeFileSync(join(FOLDER, file), content);
  return file;
}

async function bundle(entry: string): Promise<string> {
  const build = await rolldown({ input: entry, platform: 'browser', treeshake: true });
  const { output } = await build.generate({ format: 'es', minify: true, codeSplitting: false });
  await build.close();
  const [chunk] = output;
  return chunk.code;
}

// GDS Transport may be used on GOV.UK only, so its font files are left out and Arial stands in.
function styles(site: string): string {
  const govuk = readFileSync(
    join(packageFolder('govuk-frontend'), 'dist', 'govuk', 'govuk-frontend.min.css'),
    'utf8',
  );
  const moj = readFileSync(
    join(packageFolder('@ministryofjustice/frontend'), 'moj', 'moj-frontend.min.css'),
    'utf8',
  );
  const ours = readFileSync(join(ROOT, 'src', 'web', 'pages', 'letterbox.css'), 'utf8');
  return [govuk, site === 'desk' ? moj : '', ours]
    .join('\n')
    .replace(/@font-face\{[^}]*\}/g, '')
    .replace(/\/\*# sourceMappingURL[^*]*\*\//g, '');
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
