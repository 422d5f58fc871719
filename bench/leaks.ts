/** Mistakes made on purpose in front of a running site: a proxy that hands out what it must not, in many ways. */
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import type { Canary } from '../src/watch/canary.ts';

export type Leak = {
  readonly name: string;
  readonly site: 'slot' | 'desk';
  /** Where it stands open; what an alarm about it names. */
  readonly path: string;
  readonly colour: 'red' | 'amber';
  readonly answer: (response: ServerResponse) => void;
};

const markOf = ({ marks }: Canary, part: string): string =>
  (marks.find((each) => each.part === part) ?? marks[0])?.mark ?? '';
const gives = (content: string | Uint8Array) => (response: ServerResponse) =>
  response.writeHead(200).end(content);
const percent = (text: string) => [...text].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join('');
const entities = (text: string) => [...text].map((sign) => `&#${sign.charCodeAt(0)};`).join('');
const sheet = (text: string) => `<?xml version="1.0"?><sst><si><t>${text}</t></si></sst>`;

/** Fourteen kinds, each with another canary's words where there are several. */
export function leaksOf(canaries: readonly Canary[]): Leak[] {
  const one = (n: number): Canary => {
    const canary = canaries[n % canaries.length];
    if (!canary) throw new Error('There are no canaries.');
    return canary;
  };
  const said = (n: number) => `Dear Sir, ${markOf(one(n), 'summary line')} and so on`;
  const withFile = canaries.find(({ attachments }) => attachments.length > 0) ?? one(0);
  const sealed = Buffer.from(one(3).sealed[0]?.bytes ?? '', 'base64');
  const at = (name: string, path: string, answer: Leak['answer'], site: Leak['site'] = 'slot'): Leak => ({
    ...{ name, site, path, answer, colour: 'red' },
  });
  return [
    at('a dump in the web root', '/backup.sql', gives(`insert into cases values ('${said(0)}');`)),
    at('a dump, gzipped', '/dump.sql.gz', gives(gzipSync(said(1)))),
    at('an export as zip', '/export.zip', gives(zipSync({ 'cases.csv': Buffer.from(said(2)) }))),
    at(
      'a spreadsheet',
      '/responses.xlsx',
      gives(zipSync({ 'xl/sharedStrings.xml': Buffer.from(sheet(said(3))) })),
    ),
    at(
      'an API without a check',
      '/api/submissions',
      gives(JSON.stringify({ data: Buffer.from(said(4)).toString('base64') })),
    ),
    at('a table in UTF-16', '/data.csv', gives(Buffer.from(said(5), 'utf16le'))),
    at('a log with addresses', '/logs/access.log', gives(`GET /receipt?text=${percent(said(0))} 200`)),
    at('a listing of uploads', '/uploads/', gives(`<a href="x">${markOf(withFile, 'file name')}.txt</a>`)),
    at('a comment in the start page', '/', gives(`<html><!-- ${entities(said(1))} --></html>`)),
    at('a case without a check', `/cases/${one(2).case}`, gives(`<p>${said(2)}</p>`), 'desk'),
    at(
      'an attachment by its address',
      `/cases/${withFile.case}/attachments/${withFile.attachments[0]}`,
      gives(markOf(withFile, 'file')),
      'desk',
    ),
    at(
      'a header of a debugger',
      '/debug',
      (response) => response.writeHead(200, { 'x-debug': said(4) }).end(),
      'desk',
    ),
    at(
      'a service worker’s cache',
      '/sw.js',
      gives(`cache.put("${[...said(5)].map((s) => `\\x${s.charCodeAt(0).toString(16)}`).join('')}")`),
    ),
    {
      ...at('a backup, still sealed', '/backup.tar', gives(Buffer.concat([Buffer.alloc(512), sealed]))),
      colour: 'amber',
    },
  ];
}

export type Front = { readonly url: string; readonly open: Map<string, Leak>; close(): Promise<void> };

/** Stands before a site on `port`, at its address; whatever is in `open` answers instead of it. */
export async function frontOf(upstream: () => string, port: number): Promise<Front> {
  const open = new Map<string, Leak>();
  const server = createServer((request, response) => {
    const leak = open.get((request.url ?? '').split('?')[0] ?? '');
    if (leak && request.method === 'GET') leak.answer(response);
    else pass(upstream(), request, response);
  });
  await listening(server, port);
  return {
    ...{ url: `http://localhost:${port}`, open },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const listening = (server: Server, port: number) =>
  new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

function pass(upstream: string, request: IncomingMessage, response: ServerResponse): void {
  const { hostname, port } = new URL(upstream);
  const { method, url: path, headers } = request;
  const asking = forward({ hostname, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(response);
  });
  asking.on('error', () => response.writeHead(502).end());
  request.pipe(asking);
}
