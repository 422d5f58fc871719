/** Pages by Nunjucks and the official GOV.UK macros, with everything escaped. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import type { Assets } from './assets.ts';
import type { Site } from './doors.ts';
import { dayInWords, momentInWords } from './london.ts';

export type Render = (template: string, context: Record<string, unknown>) => string;

const SOURCE = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where the design system's templates lie: `govuk/…` and `moj/…` are found under these. */
export function templateFolders(): string[] {
  const require = createRequire(import.meta.url);
  const packageFolder = (name: string) => dirname(require.resolve(`${name}/package.json`));
  return [
    SOURCE,
    join(packageFolder('govuk-frontend'), 'dist'),
    packageFolder('@ministryofjustice/frontend'),
  ];
}

/** A renderer for one site; `assets.url('name')` is at hand in templates as `asset('name')`. */
export function renderer(site: Site, assets: Assets): Render {
  const environment = new nunjucks.Environment(new nunjucks.FileSystemLoader(templateFolders()), {
    autoescape: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  environment.addFilter('json', scriptJson);
  environment.addFilter('date', dayInWords);
  environment.addFilter('time', momentInWords);
  environment.addFilter('and', (names: readonly string[]) => AND.format(names));
  environment.addGlobal('asset', (name: string) => assets.url(name));
  environment.addGlobal('site', site);
  return (template, context) => environment.render(template, context);
}

const AND = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** JSON that can stand inside a script element: nothing in it can end the element. */
function scriptJson(value: unknown): nunjucks.runtime.SafeString {
  const text = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new nunjucks.runtime.SafeString(text);
}
