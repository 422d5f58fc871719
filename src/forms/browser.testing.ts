/** The fake public site on a port, with real style sheets and this room's script, and a real Chromium, for tests. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { rolldown } from 'rolldown';
import { testAssets } from '../web/assets.ts';
import { type FakeSite, fakeSite } from './visitor.testing.ts';

export type Served = { readonly site: FakeSite; readonly url: string; close(): Promise<void> };

/** Serves the two forms; what a browser sends ends in `window.sent`, or is refused while `window.refusing` is set. */
export async function serve(): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'letterbox-forms-'));
  writeFileSync(join(folder, 'slot.js'), await script());
  writeFileSync(join(folder, 'slot.css'), styles());
  const site = await fakeSite({ ...testAssets(), folder, url: (name) => `/assets/${name}` });
  const { port } = new URL(await site.app.listen({ port: 0, host: '127.0.0.1' }));
  return {
    site,
    url: `http://localhost:${port}`,
    close: async () => {
      await site.app.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const SENDER = `
  addEventListener('letterbox-send', (event) => {
    const { answers, equality, summary, files } = event.detail;
    if (window.refusing) return event.detail.respond(Promise.resolve({ sent: false, message: window.refusing }));
    window.sent = { answers, equality, summary, files: files.map(({ question, id, file }) => [question, id, file.size]) };
    event.detail.respond(Promise.resolve({ sent: true }));
  });`;

async function script(): Promise<string> {
  const entry = `import ${JSON.stringify(join(import.meta.dirname, 'browser', 'fill.ts'))};${SENDER}`;
  const build = await rolldown({
    input: 'entry',
    platform: 'browser',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) => (id === 'entry' ? entry : null),
      },
    ],
  });
  const { output } = await build.generate({ format: 'es', codeSplitting: false });
  await build.close();
  return output[0].code;
}

function styles(): string {
  const govuk = dirname(createRequire(import.meta.url).resolve('govuk-frontend/package.json'));
  const files = [
    join(govuk, 'dist', 'govuk', 'govuk-frontend.min.css'),
    join(import.meta.dirname, '..', 'web', 'pages', 'letterbox.css'),
  ];
  return files
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
    .replaceAll(/@font-face\{[^}]*\}/g, '');
}

export function launch(): Promise<Browser> {
  const quiet = [
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
  ];
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-sync', ...quiet],
  });
}
