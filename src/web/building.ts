/** Makes the browser's files. Programs that serve them meanwhile go on: nothing is ever taken from under them. */
import { createHash, randomUUID } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { FOLDER, packageFolder, ROOT } from './assets.ts';

/** Builds both sites' files into `build/assets`. */
export async function buildAssets(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const names: Record<string, string> = {};
  for (const site of ['slot', 'desk']) {
    names[`${site}.js`] = keep(`${site}.js`, await bundle(join(ROOT, 'src', 'cli', `${site}.browser.ts`)));
    names[`${site}.css`] = keep(`${site}.css`, styles(site));
  }
  names['letters.js'] = keep('letters.js', await bundle(join(ROOT, 'src', 'cli', 'letters.browser.ts')));
  for (const font of FONTS)
    names[font] = keep(font, readFileSync(join(packageFolder('dejavu-fonts-ttf'), 'ttf', font)));
  const images = join(packageFolder('@ministryofjustice/frontend'), 'moj', 'assets', 'images');
  if (existsSync(images)) cpSync(images, join(FOLDER, 'images'), { recursive: true });
  place('manifest.json', JSON.stringify(names, null, 2));
  removeOld(new Set([...Object.values(names), 'images', 'manifest.json']));
}

/** What letters are set in. */
const FONTS = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'];

/** Puts a file in its place at one stroke, so that no reader sees half of it. */
function place(file: string, content: string | Uint8Array): void {
  const unfinished = join(FOLDER, `${randomUUID()}.unfinished`);
  writeFileSync(unfinished, content);
  renameSync(unfinished, join(FOLDER, file));
}

const DAY = 24 * 60 * 60 * 1000;

/** Files of builds before this one, once no open page can want them any more. */
function removeOld(current: ReadonlySet<string>): void {
  for (const file of readdirSync(FOLDER)) {
    const path = join(FOLDER, file);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (!current.has(file) && mtimeMs < Date.now() - DAY) rmSync(path, { recursive: true, force: true });
  }
}

function keep(name: string, content: string | Uint8Array): string {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const file = name.replace(/(\.\w+)$/, `-${hash}$1`);
  place(file, content);
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
