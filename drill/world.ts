/** The temporary deployment that mistakes are made on: everything as `npm start` runs it, behind a proxy, with Watch beside. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { type Front, frontOf } from '../bench/leaks.ts';
import {
  adminUrlIn,
  freePort,
  healthy,
  type Program,
  startProgram,
  temporaryFolder,
  until,
} from '../bench/site.ts';
import { aBodyOfItsOwn, aBodyWithForms, letIn, REVIEWS } from '../src/cli/watched.testing.ts';
import { end, keysOf, letRead } from '../src/grants/testing.ts';
import { openWildRelay, type WildRelay } from '../src/notices/testing.ts';
import {
  foundHost,
  join as joinBody,
  type SignedIn,
  settled,
  signIn,
  type TestBody,
} from '../src/people/testing.ts';
import type { Identity } from '../src/sealing/keys.ts';
import { openDatabase, type Role } from '../src/store/store.ts';
import type { TestDatabase } from '../src/store/testing.ts';
import { openAsking } from '../src/watch/asking.ts';
import { type Canary, makeCanary, needlesIn, readPublished } from '../src/watch/canary.ts';
import { NO_STATE, readState, stateFile, writeConfig, writeState } from '../src/watch/config.ts';
import { type Needles, needlesOf } from '../src/watch/needles.ts';
import { aWitness, registerKey } from './witness.ts';

export type Persona = { readonly as: string; readonly session: string | null };
export const STRANGER: Persona = { as: 'a stranger', session: null };

export type World = {
  readonly db: TestDatabase;
  readonly body: TestBody;
  readonly data: string;
  readonly publicUrl: string;
  readonly deskUrl: string;
  /** The sites without the proxy in front. */
  readonly direct: { readonly slot: string; readonly desk: string };
  /** Has the deployment's addresses answered from other sites; null: from its own again. */
  answerFrom(sites: { readonly publicUrl: string; readonly deskUrl: string } | null): void;
  /** The relay by which its mails go, with what it took; `by` hands it one for several, as a mail program does. */
  readonly mail: Pick<WildRelay, 'taken'> & { by(to: readonly string[], text: string): Promise<void> };
  /** LETTERBOX_WITNESSES, as the deployment has it. */
  readonly witnesses: string;
  readonly fronts: Fronts;
  /** Addresses that must not answer: a name that was the body's, a server of logs, a queue. Nothing is there. */
  readonly beside: Readonly<Record<'lapsed' | 'log' | 'queue', string>>;
  /** What people sent in, known to the drill: a mark in every field and file. One a form. */
  readonly submissions: readonly Canary[];
  readonly needles: Needles;
  /** From now on this one’s marks are looked for, too. */
  lookFor(submission: Canary): void;
  readonly program: Program;
  /** What a proxy wrote down while they were sent in: every address and every body. */
  recorded(): Uint8Array;
  /** The canaries that Watch has planted by now. */
  canaries(): Canary[];
  /** Everybody who must not read, each signed in anew. */
  unintended(): Promise<Persona[]>;
  /** Who may read. */
  reader(): Promise<SignedIn>;
  /** The key of the first submission's form, as its reader holds it. */
  readerKey(): Promise<Identity>;
  stopWatch(): Promise<void>;
  startWatch(): Promise<void>;
  close(): Promise<void>;
};

/** Deploys, founds a body whose forms Ana reads, lets Watch in, and sends one submission in by each form. */
export async function aWorld(say: (line: string) => void): Promise<World> {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  mkdirSync(data);
  chmodSync(data, 0o711);
  const [slotPort, deskPort] = [await freePort(), await freePort()];
  const direct = { slot: `http://127.0.0.1:${slotPort}`, desk: `http://127.0.0.1:${deskPort}` };
  const { fronts, answerFrom } = await frontsOf(direct);
  const elsewhere = await aWitness(join(folder.path, 'witness'));
  const post = await aRelay();
  const settings = { ...post.settings, LETTERBOX_WITNESSES: elsewhere.setting };
  const program = await startSites(data, { slotPort, deskPort }, fronts, settings);
  const db = databases(data);
  say('Founding a body, its host and another body …');
  const body = await aBodyWithForms(db);
  await elsewhere.begin(await registerKey(db.admin, body.founder.staff.organisation));
  const others = await people(db, body);
  const beside = await addressesBeside();
  const config = await letWatchIn(data, fronts, body, { others, silent: Object.values(beside) });
  const submissions: Canary[] = [];
  const recorder = await recordingProxy(direct.slot);
  for (const form of ['review', 'victims']) submissions.push(await sendIn(recorder.url, form));
  await recorder.close();
  let watch: Program | null = null;
  const startWatch = async () => {
    const started = startProgram(['watch', '--config', config], {});
    watch = started;
    await until(async () => started.said().includes('Went round'), started, 'Watch');
  };
  say('Starting Watch, which goes round every 15 seconds …');
  await startWatch();
  const ana = body.ana;
  const known = [...submissions];
  return {
    ...{ db, body, data, publicUrl: fronts.slot.url, deskUrl: fronts.desk.url },
    ...{ witnesses: elsewhere.setting, mail: post.mail },
    ...{ direct, answerFrom, fronts, beside, submissions, program, startWatch, recorded: recorder.recorded },
    get needles() {
      const { marks, sealed } = needlesIn(known);
      return needlesOf(marks, sealed);
    },
    lookFor: (submission) => void known.push(submission),
    unintended: async () => [
      STRANGER,
      ...(await Promise.all(
        Object.values(others).map(async ({ name, staff }) => ({
          ...{ as: AS[name] ?? name, session: (await signIn(db, name, staff)).session },
        })),
      )),
    ],
    reader: () => signIn(db, ana.name, ana.staff),
    canaries: () => readState(stateFile(config)).canaries.filter(({ retired }) => !retired),
    readerKey: () => keyHeldBy(body, ana, submissions[0]?.form ?? ''),
    stopWatch: async () => {
      await watch?.stop();
      watch = null;
    },
    close: async () => {
      await watch?.stop();
      await db.close();
      await program.stop();
      await elsewhere.stop();
      post.close();
      await Promise.all([fronts.slot.close(), fronts.desk.close()]);
      folder.remove();
    },
  };
}

async function keyHeldBy(body: TestBody, { name, staff }: SignedIn, form: string): Promise<Identity> {
  const keys = await keysOf(body, await signIn(body.db, name, staff));
  const key = keys.find((each) => each.form === form);
  if (!key) throw new Error('The reader holds no key.');
  return key.identity;
}

/** The proxy in front of both sites. */
async function frontsOf(direct: World['direct']): Promise<Pick<World, 'fronts' | 'answerFrom'>> {
  let behind = direct;
  return {
    fronts: {
      slot: await frontOf(() => behind.slot, await freePort()),
      desk: await frontOf(() => behind.desk, await freePort()),
    },
    answerFrom: (sites) => {
      behind = sites ? { slot: sites.publicUrl, desk: sites.deskUrl } : direct;
    },
  };
}

async function startSites(
  data: string,
  { slotPort, deskPort }: { readonly slotPort: number; readonly deskPort: number },
  fronts: Fronts,
  settings: Readonly<Record<string, string>>,
): Promise<Program> {
  const program = startProgram(['start', '--empty'], {
    ...{ LETTERBOX_DATA: data, LETTERBOX_WATCH: 'false', LETTERBOX_HOST: '127.0.0.1' },
    ...{ LETTERBOX_PUBLIC_PORT: String(slotPort), LETTERBOX_DESK_PORT: String(deskPort) },
    ...{ LETTERBOX_PUBLIC_URL: fronts.slot.url, LETTERBOX_DESK_URL: fronts.desk.url },
    ...settings,
  });
  await until(() => healthy(fronts.desk.url), program, 'Letterbox');
  await until(async () => program.said().includes('Ctrl-C stops everything'), program, 'Letterbox');
  return program;
}

/** A mail relay, the settings by which mails go out over it, and a mail program beside, which can do what Letterbox cannot. */
async function aRelay() {
  const { url, taken, close } = await openWildRelay();
  const program = createTransport(url.replace('smtp+insecure', 'smtp'));
  const by: World['mail']['by'] = async (to, text) => {
    await program.sendMail({ from: 'somebody@example.com', to: [...to], subject: 'Your data', text });
  };
  return {
    mail: { taken, by },
    settings: { LETTERBOX_MAIL_RELAY: url, LETTERBOX_MAIL_FROM: 'letterbox@example.com' },
    close: () => {
      program.close();
      void close();
    },
  };
}

/** An address that was public once and has been unlinked. */
export const WITHDRAWN = '/honours-list.csv';

/** By another name than the sites have, as far as loopback has names: cookies ignore ports. */
const addressesBeside = async (): Promise<World['beside']> => ({
  lapsed: `http://127.0.0.1:${await freePort()}/`,
  log: `http://127.0.0.1:${await freePort()}/logs`,
  queue: `tcp://127.0.0.1:${await freePort()}`,
});

const AS: Readonly<Record<string, string>> = {
  'First Manager': 'somebody of another body',
  'Ben Caseworker': 'a colleague without access',
  'Lea Leaver': 'somebody whose access has ended',
  'First Operator': 'the host’s operator',
};

type Fronts = Readonly<Record<'slot' | 'desk', Front>>;
type Others = Awaited<ReturnType<typeof people>>;

/** Watch, as a colleague of the body, of another, and of the host; the path of its configuration. */
async function letWatchIn(
  data: string,
  fronts: Fronts,
  { db, ...body }: TestBody,
  { others, silent }: { readonly others: Others; readonly silent: readonly string[] },
): Promise<string> {
  const asking = openAsking();
  const settings = { deskUrl: fronts.desk.url };
  const accounts = [
    await letIn(db, asking, settings, body.founder, [body.founder, body.second]),
    await letIn(db, asking, settings, others.elsewhere, [others.elsewhere]),
    await letIn(db, asking, settings, others.operator, [others.operator]),
  ];
  asking.close();
  const config = join(data, 'watch', 'watch.json');
  mkdirSync(join(data, 'watch'), { recursive: true, mode: 0o700 });
  writeState(stateFile(config), { ...NO_STATE, accounts });
  writeConfig(config, {
    ...{ public: fronts.slot.url, desk: fronts.desk.url, rehearseEvery: 2_592_000 },
    elsewhere: [`${fronts.slot.url}${WITHDRAWN}`, ...silent].map((url) => ({ url, must: 'never answer' })),
  });
  return config;
}

async function people(db: TestDatabase, body: TestBody) {
  const elsewhere = await aBodyOfItsOwn(db);
  const operator = await foundHost(db);
  const leaver = await joinBody(db, body.founder, 'Lea Leaver', ['caseworker'], [body.founder, body.second]);
  const grant = await letRead(body, leaver, { scopes: [REVIEWS] });
  settled(await end(body, body.founder, grant));
  return { elsewhere, colleague: body.ben, leaver, operator };
}

const secretsShape = z.record(z.string(), z.string());

/** Each role's own connections, by the passwords of the deployment. */
export function databases(data: string): TestDatabase {
  const secrets = secretsShape.parse(JSON.parse(readFileSync(join(data, 'database-secrets.json'), 'utf8')));
  const adminUrl = adminUrlIn(data);
  const urlOf = (role: Role): string => {
    const url = new URL(adminUrl);
    if (role !== 'admin') [url.username, url.password] = [`letterbox_${role}`, secrets[role] ?? ''];
    return url.href;
  };
  const open = (role: Role) => openDatabase(role, urlOf(role), 3);
  const pools = {
    ...{ admin: open('admin'), slot: open('slot'), desk: open('desk'), signin: open('signin') },
    ...{ register: open('register'), alarm: open('alarm') },
  };
  const close = async () => {
    await Promise.all(Object.values(pools).map((pool) => pool.close()));
  };
  return { ...pools, adminUrl, urlOf, close };
}

/** Somebody fills in a form; what they write is a mark in every field, sealed as a browser does. */
export async function sendIn(publicUrl: string, form: string): Promise<Canary> {
  const page = await (await fetch(`${publicUrl}/exampleshire/${form}/fill`)).text();
  const published = readPublished(page);
  if (!published) throw new Error(`The form ${form} is not open.`);
  const { canary, post } = await makeCanary(published, 'exampleshire', new Date());
  const asking = openAsking();
  const sent = await post(asking, publicUrl);
  asking.close();
  if (!sent) throw new Error(`The form ${form} did not take a submission.`);
  return canary;
}

/** A proxy that writes down every address and body that comes by. */
async function recordingProxy(upstream: string) {
  const written: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    written.push(Buffer.from(`${request.method} ${request.url}\n`), body);
    const { 'content-type': type = 'text/html', accept = '*/*' } = request.headers;
    const answer = await fetch(`${upstream}${request.url}`, {
      ...(request.method === 'GET' ? {} : { body: Uint8Array.from(body) }),
      ...{ method: request.method ?? 'GET', headers: { 'content-type': type, accept } },
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/html' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    recorded: () => Buffer.concat(written),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
