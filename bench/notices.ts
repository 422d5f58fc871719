/** Telling ten thousand people, over HTTP as a browser does, with a relay as relays are and a kill -9 in the middle; and a thousand letters. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { lettersPdf } from '../src/notices/letters.ts';
import { type Message, messagesOf, STATES } from '../src/notices/notice.ts';
import {
  crowd,
  FROM,
  handed,
  listTo,
  openWildRelay,
  person,
  proposalOf,
  type WildRelay,
  WORDING,
} from '../src/notices/testing.ts';
import { openDatabase } from '../src/store/store.ts';
import type { Figure } from './figures.ts';
import { aSession } from './session.ts';
import { adminUrlIn, freePort, healthy, type Program, startProgram, temporaryFolder, until } from './site.ts';

type Say = (line: string) => void;
type Database = ReturnType<typeof openDatabase>;
const AT_ONCE = 20;

export async function measureNotices({ people }: { readonly people: number }, say: Say): Promise<Figure[]> {
  const folder = temporaryFolder();
  const relay = await openWildRelay();
  const [publicPort, deskPort] = [await freePort(), await freePort()];
  const desk = `http://localhost:${deskPort}`;
  const start = async () => {
    const program = startProgram(['start'], {
      ...{ LETTERBOX_DATA: folder.path, LETTERBOX_WATCH: 'false', LETTERBOX_HOST: '127.0.0.1' },
      ...{ LETTERBOX_PUBLIC_PORT: String(publicPort), LETTERBOX_DESK_PORT: String(deskPort) },
      ...{ LETTERBOX_MAIL_RELAY: relay.url, LETTERBOX_MAIL_FROM: 'letterbox@example.org' },
    });
    await until(() => healthy(desk), program, 'Letterbox');
    await until(async () => program.said().includes('Ctrl-C stops everything'), program, 'Letterbox');
    return program;
  };
  let program = await start();
  let database = openDatabase('admin', adminUrlIn(folder.path), 2);
  try {
    const [one, other] = await managers(database);
    const addressees = crowd(people);
    const list = listTo(addressees);
    const began = performance.now();
    const messages = messagesOf(list, WORDING, FROM);
    const merging = (performance.now() - began) / 1000;
    const notice = await agreedOn({ desk, one, other }, list);
    say(`${people} people, agreed on by two; half of them before a kill -9 …`);
    const waiting = await rowsOf(desk, one, notice);
    const first = await sendAll(
      { desk, cookie: one, ...notice },
      messages.slice(0, people / 2),
      program,
      0.9,
    );
    program = await start();
    say(`${first.sent} of them in ${first.seconds.toFixed(0)} s; and the rest …`);
    // The database comes back at another port.
    await database.close();
    database = openDatabase('admin', adminUrlIn(folder.path), 2);
    await database.run(
      `update letterbox.notice_message set claimed_at = claimed_at - interval '11 minutes' where state = 'sending'`,
    );
    const rest = await sendAll({ desk, cookie: one, ...notice }, messages, program);
    const to = { desk, cookie: one, ...notice };
    for (let n = 0; n < 3; n += 1) {
      await allAnswered(to);
      await resolveByLog(to, relay);
      await sendAll(to, messages, program);
    }
    await allAnswered(to);
    await resolveByLog(to, relay);
    const rows = await rowsOf(desk, one, notice);
    if (rows.length !== waiting.length) throw new Error('Messages were lost from the list.');
    return [
      ...figures({
        rows,
        relay,
        rate: (first.sent + rest.sent) / (first.seconds + rest.seconds),
        merging,
        people,
      }),
      await lettersFigure(),
    ];
  } finally {
    await program.stop();
    await database.close();
    await relay.close();
    folder.remove();
  }
}

/** Two managers of the demonstration, as their cookies. */
async function managers(database: Database): Promise<readonly [string, string]> {
  const rows = await database.rows(
    z.object({ organisation: z.string(), person: z.string() }),
    `select p.organisation, p.id as person from letterbox.person p where 'manager' = any (p.capacities) order by p.name limit 2`,
  );
  const [one = '', other = ''] = await Promise.all(
    rows.map((each) => aSession(database, each.organisation, each.person)),
  );
  return [`letterbox=${one}`, `letterbox=${other}`];
}

type Desk = { readonly desk: string; readonly cookie: string };

async function post({ desk, cookie }: Desk, path: string, body: object, form = false): Promise<Response> {
  const type = form ? 'application/x-www-form-urlencoded' : 'application/json';
  return fetch(`${desk}${path}`, {
    ...{
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': type, cookie, accept: 'application/json' },
    },
    body: form ? new URLSearchParams(Object.entries(body)).toString() : JSON.stringify(body),
  });
}

type Noticed = { readonly incident: string; readonly id: string };

async function agreedOn(
  { desk, one, other }: { desk: string; one: string; other: string },
  list: Parameters<typeof proposalOf>[0],
): Promise<Noticed> {
  const by = { desk, cookie: one };
  const at = { 'at-day': '1', 'at-month': '11', 'at-year': '2026', 'at-time': '09:00' };
  const opened = await post(
    by,
    '/incidents',
    { title: 'A list went out', source: 'elsewhere', text: 'By mail', ...at },
    true,
  );
  const incident = opened.headers.get('location')?.split('/').at(-1) ?? '';
  await post(by, `/incidents/${incident}/steps/worded`, WORDING, true);
  const proposal = proposalOf(list, 2);
  const answers = [
    await post(by, `/incidents/${incident}/notice`, proposal),
    await post({ desk, cookie: other }, `/notices/${proposal.notice}/approve`, { list: proposal.list }),
  ];
  for (const answer of answers) if (!answer.ok) throw new Error(await answer.text());
  return { incident, id: proposal.notice };
}

const rowsShape = z.array(z.object({ key: z.string(), reference: z.string(), state: z.enum(STATES) }));
async function rowsOf(desk: string, cookie: string, { id }: Noticed) {
  const answer = await fetch(`${desk}/notices/${id}/rows`, {
    headers: { cookie, accept: 'application/json' },
  });
  return rowsShape.parse(await answer.json());
}

const sentShape = z.object({
  outcome: z.string(),
  results: z.array(z.object({ key: z.string(), state: z.enum(STATES) })),
});

/** All that wait, a few at a time as a browser sends them; the program is killed once that share of them is through. */
async function sendAll(to: Desk & Noticed, messages: readonly Message[], program: Program, killAt = 2) {
  const waits = new Set(
    (await rowsOf(to.desk, to.cookie, to)).filter(({ state }) => state === 'waiting').map(({ key }) => key),
  );
  const queue = messages.filter(({ key }) => waits.has(key));
  const all = queue.length;
  const began = performance.now();
  let sent = 0;
  while (queue.length > 0) {
    if (queue.length < all * (1 - killAt)) process.kill(program.pid, 'SIGKILL');
    const batch = queue.slice(0, AT_ONCE);
    const path = `/incidents/${to.incident}/notice/send`;
    const answer = await post(to, path, { messages: batch.map(handed) }).catch(() => null);
    if (!answer?.ok) break;
    const { results } = sentShape.parse(await answer.json());
    sent += results.filter(({ state }) => state === 'sent').length;
    const tried = new Set(results.map(({ key }) => key));
    queue.splice(0, batch.length, ...batch.filter(({ key }) => !tried.has(key)));
    if (tried.size === 0) await wait(100);
  }
  if (killAt < 1) await program.ended;
  return { sent, seconds: (performance.now() - began) / 1000 };
}

/** Until the relay has said, or failed to say in time, what became of each. */
async function allAnswered(to: Desk & Noticed): Promise<void> {
  while ((await rowsOf(to.desk, to.cookie, to)).some(({ state }) => state === 'sending')) await wait(500);
}

/** What people find in the relay's log about messages of which nobody knows. */
async function resolveByLog(to: Desk & Noticed, relay: WildRelay): Promise<void> {
  const log = new Set(relay.taken.map(({ id }) => id));
  const unknown = (await rowsOf(to.desk, to.cookie, to)).filter(({ state }) => state === 'unknown');
  for (const [fate, went] of [
    ['did-go', true],
    ['did-not-go', false],
  ] as const) {
    const references = unknown
      .filter(({ key }) => log.has(key) === went)
      .map(({ reference }) => reference)
      .join('\n');
    if (references)
      await post(to, `/incidents/${to.incident}/notice/fate`, { fate, references, why: '' }, true);
  }
}

type Ended = {
  readonly rows: z.output<typeof rowsShape>;
  readonly relay: WildRelay;
  readonly rate: number;
  readonly merging: number;
  readonly people: number;
};

function figures({ rows, relay, rate, merging, people }: Ended): Figure[] {
  const taken = Map.groupBy(
    relay.taken.filter(({ to }) => to[0]?.endsWith('@people.example')),
    ({ id }) => id,
  );
  const twice = [...taken.values()].filter((each) => each.length > 1).length;
  const wrong = rows.filter(({ key, state }) => (state === 'sent') !== taken.has(key)).length;
  const unlisted = rows.filter(
    ({ state }) => !['sent', 'refused', 'unknown', 'waiting'].includes(state),
  ).length;
  const copies = relay.taken.filter(({ to }) => to.length !== 1).length;
  return [
    {
      name: 'notices_rate',
      value: rate,
      unit: '/s',
      bar: { least: 50 },
      says: `messages accepted, of ${people}, one recipient each`,
    },
    {
      name: 'notices_twice',
      value: twice,
      unit: '',
      bar: { most: 0 },
      says: 'people whose message was accepted more than once',
    },
    {
      name: 'notices_wrong',
      value: wrong + unlisted,
      unit: '',
      bar: { most: 0 },
      says: 'messages of which the list says other than the relay',
    },
    {
      name: 'notices_copies',
      value: copies,
      unit: '',
      bar: { most: 0 },
      says: 'mails with any other number of recipients than one',
    },
    {
      name: 'notices_listed',
      value: rows.filter(({ state }) => state !== 'sent').length,
      unit: '',
      says: 'not sent, each listed with its reason',
    },
    { name: 'notices_merge', value: merging, unit: 's', says: `words and commitments of ${people} messages` },
  ];
}

async function lettersFigure(): Promise<Figure> {
  const require = createRequire(import.meta.url);
  const font = (name: string) =>
    new Uint8Array(readFileSync(require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`)));
  const people = Array.from({ length: 1000 }, (_, n) =>
    person(`Person ${n}`, { channel: 'letter', to: `Person ${n}\n${n} Long Street\nExampleton\nEX1 2MP` }),
  );
  const began = performance.now();
  const letters = messagesOf(listTo(people), WORDING, FROM);
  await lettersPdf(
    letters,
    { body: font('DejaVuSans'), bold: font('DejaVuSans-Bold') },
    { from: FROM, date: '28 November 2026' },
  );
  const seconds = (performance.now() - began) / 1000;
  return {
    name: 'letters',
    value: seconds,
    unit: 's',
    bar: { most: 60 },
    says: 'the PDF of 1,000 letters, merged and made',
  };
}
