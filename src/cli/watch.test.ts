/** Watch against the real sites: it plants, goes round, sees what stands open, closes it, and says when it cannot see. */
import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ownAlarms, ownQuarantines, ownWatches } from '../alarm/store.ts';
import { settled } from '../people/testing.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { readState, stateFile } from '../watch/config.ts';
import { type RoundTold, watch } from '../watch/watch.ts';
import { aWatchedSite, type Watched } from './watched.testing.ts';

let site: Watched;
beforeAll(async () => {
  site = await aWatchedSite(await testDatabase());
}, 120_000);
afterAll(async () => {
  await site?.close();
  await site?.db.close();
});

/** Goes round until `enough` says so, then stops. */
async function rounds(
  more: Readonly<Record<string, unknown>>,
  enough: (told: RoundTold, nth: number) => boolean | Promise<boolean>,
  said: string[] = [],
): Promise<RoundTold[]> {
  const stop = new AbortController();
  const all: RoundTold[] = [];
  const config = site.config({ every: 2, ...more });
  const statePath = stateFile(site.configPath);
  const pending: Promise<void>[] = [];
  const look = async (told: RoundTold): Promise<void> => {
    if ((await enough(told, all.length)) || all.length > 30) stop.abort();
  };
  await watch({ config, statePath, say: (line) => said.push(line), stop: stop.signal }, (told) => {
    all.push(told);
    pending.push(look(told));
  });
  await Promise.all(pending);
  return all;
}
const alarms = async () => settled(await act(site.db.desk, site.body.founder.session, ownAlarms));
const standing = async () => (await alarms()).filter(({ goneAt }) => !goneAt);
const quarantined = async () =>
  settled(await act(site.db.desk, site.body.founder.session, ownQuarantines)).map(({ form }) => form);
const kept = () => readState(stateFile(site.configPath));
const lift = () =>
  site.db.admin.run('update letterbox.quarantine set lifted_at = now() where lifted_at is null');
/** A node behind the balancer that hands out whatever it is told to, at one address. */
async function leaking(
  path: string,
  content: () => Uint8Array | string,
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    if (request.url === path) response.end(content());
    else response.writeHead(404).end('nothing');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return { server, url: `http://127.0.0.1:${bound !== null && typeof bound === 'object' ? bound.port : 0}` };
}

test('plants canaries in each form, with a mark in everything, and finds nothing where nothing is open', async () => {
  const told = await rounds({}, (_told, nth) => nth === 3);
  expect(told.flatMap(({ findings }) => findings)).toEqual([]);
  expect(told.at(-1)?.asked).toBeGreaterThan(800);
  const { canaries } = kept();
  expect(canaries.map(({ form }) => form).sort()).toEqual([
    'review',
    'review',
    'review',
    'victims',
    'victims',
    'victims',
  ]);
  for (const { marks, sealed } of canaries) {
    expect(new Set(marks.map(({ mark }) => mark)).size).toBe(marks.length);
    expect(marks.map(({ part }) => part)).toEqual(expect.arrayContaining(['summary', 'summary line']));
    expect(sealed.length).toBeGreaterThanOrEqual(4);
  }
  const review = canaries.find(({ form }) => form === 'review');
  expect(review?.marks.map(({ part }) => part)).toEqual(
    expect.arrayContaining(['file', 'file name', 'answer why']),
  );
  const arrived = await site.db.admin.one(
    z.object({ n: z.bigint() }),
    'select count(*) as n from letterbox.cases',
  );
  expect(arrived.n).toBe(6n);
  const written = 'select count(distinct case_id) as n from letterbox.message';
  expect((await site.db.admin.one(z.object({ n: z.bigint() }), written)).n, 'each with a message').toBe(6n);
  const [on] = settled(await act(site.db.desk, site.body.ana.session, ownWatches));
  expect(on).toMatchObject({ silent: false });
  expect(await alarms()).toEqual([]);
}, 60_000);

describe('what stands open', () => {
  test('as plain text on another node is red: the form is closed, the alarm is there, and it is gone when it is mended', async () => {
    const [canary] = kept().canaries.filter(({ form }) => form === 'review');
    const mark = canary?.marks.find(({ part }) => part === 'answer why')?.mark ?? '';
    let open = true;
    const { server, url } = await leaking('/backup.sql', () =>
      open ? gzipSync(`insert into x values ('${mark}')`) : '',
    );
    await rounds({ others: [url] }, async () => (await quarantined()).length > 0);
    expect(await quarantined()).toEqual(['review']);
    expect(await standing()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          kind: 'readable',
          colour: 'red',
          form: 'review',
          asWhom: expect.any(String),
          done: 'quarantined',
        }),
      ]),
    );
    open = false;
    await rounds({ others: [url] }, async () => (await standing()).every(({ kind }) => kind !== 'readable'));
    expect(await quarantined(), 'closed until two managers lift it').toEqual(['review']);
    await lift();
    await new Promise((resolve) => server.close(resolve));
  }, 60_000);

  test('as a decision that forgets whose grant it is, is amber: ciphertext came to a colleague, and no key', async () => {
    const definition = z.object({ sql: z.string() });
    const find = "select pg_get_functiondef('letterbox.reading_grant'::regproc) as sql";
    const { sql } = await site.db.admin.one(definition, find);
    await site.db.admin.run(sql.replace('g.person = who and', ''));
    try {
      await rounds({}, async () => (await standing()).some(({ kind }) => kind === 'loose'));
    } finally {
      await site.db.admin.run(sql);
    }
    const seen = await standing();
    expect(seen.map(({ asWhom }) => asWhom)).toContain('a colleague without a grant');
    expect(seen.filter(({ colour }) => colour === 'red')).toEqual([]);
    await rounds({}, async () => (await standing()).length === 0);
  }, 60_000);

  test('that can be read closes the form while the round still goes on', async () => {
    const { marks } = kept().canaries.find(({ form, retired }) => form === 'victims' && !retired) ?? {
      marks: [],
    };
    const { server, url } = await leaking('/backup.sql', () => `values ('${marks[0]?.mark}')`);
    let through = false;
    const said: string[] = [];
    const round = rounds({ others: [url], rate: 200 }, () => true, said).then(() => {
      through = true;
    });
    await expect.poll(quarantined, { timeout: 30_000 }).toEqual(['victims']);
    expect(through).toBe(false);
    await round;
    expect(said.filter((line) => line.includes('did not take'))).toEqual([]);
    server.close();
    await rounds({}, (_told, nth) => nth === 2);
    await lift();
  });

  test('elsewhere, on a site that is no Letterbox, is seen too', async () => {
    const { server, url } = await leaking('/share', () => 'Complaints of 2022: a.xlsx, b.xlsx');
    const elsewhere = [
      { url: `${url}/share`, must: 'never answer' },
      { url: `${url}/share`, must: 'never contain', text: 'complaints OF 2022' },
      { url: `${url}/gone`, must: 'never answer' },
    ];
    const told = await rounds({ elsewhere }, (_told, nth) => nth === 1);
    expect(told[0]?.findings.map(({ kind, address }) => [kind, address])).toEqual([
      ['elsewhere', `${url}/share`],
      ['elsewhere', `${url}/share`],
    ]);
    await rounds({}, async () => (await standing()).length === 0);
    await new Promise((resolve) => server.close(resolve));
  }, 60_000);
});

test('a slow round gives signs of life: the desk does not take it for silence', async () => {
  const [stop, heard] = [new AbortController(), new Set<string>()];
  let through = false;
  const config = site.config({ every: 2, rate: 20 });
  const options = { config, statePath: stateFile(site.configPath), say: () => undefined, stop: stop.signal };
  const watching = watch(options, () => {
    through ||= !stop.signal.aborted;
  });
  const beat = z.object({ at: z.string() });
  const hear = async () => {
    const beats = await site.db.admin.rows(
      beat,
      'select max(at)::text as at from letterbox.watch_beat having count(*) > 0',
    );
    for (const { at } of beats) heard.add(at);
    return heard.size;
  };
  await expect.poll(hear, { timeout: 30_000 }).toBeGreaterThan(3);
  stop.abort();
  await watching;
  expect(through).toBe(false);
});

test('rehearses, finds what it planted, and the desk knows how long that took', async () => {
  const said: string[] = [];
  await rounds({ rehearseEvery: 10 }, () => said.some((line) => line.includes('rehearsal was found')), said);
  const rows = await site.db.admin.rows(
    z.object({ packing: z.string(), seconds: z.number() }),
    'select packing, extract(epoch from found_at - planted_at)::float8 as seconds from letterbox.rehearsal where found_at is not null',
  );
  expect(rows.length).toBeGreaterThan(0);
  expect(await standing()).toEqual([]);
}, 60_000);

test('replaces old canaries, and still knows what they said', async () => {
  const before = kept().canaries.map((each) => each.case);
  await rounds({ canaryDays: 0.0001 }, () => kept().canaries.some(({ retired }) => retired));
  const { canaries } = kept();
  const retired = canaries.filter((each) => each.retired).map((each) => each.case);
  expect(before).toEqual(expect.arrayContaining(retired));
  const cases = await site.db.admin.rows(z.object({ id: z.string() }), 'select id from letterbox.cases');
  expect(cases.map(({ id }) => id).filter((id) => retired.includes(id))).toEqual([]);
}, 60_000);

test('says that it cannot see where it cannot sign in, or nobody answers', async () => {
  await site.db.admin.run("update letterbox.passkey set credential = credential || 'x'");
  try {
    const told = await rounds({}, (_told, nth) => nth === 1);
    expect(told[0]?.findings.filter(({ key }) => key.startsWith('locked'))).toHaveLength(3);
  } finally {
    await site.db.admin.run('update letterbox.passkey set credential = left(credential, -1)');
  }
  const told = await rounds(
    { public: 'http://127.0.0.1:9', desk: 'http://127.0.0.1:9' },
    (_told, nth) => nth === 1,
  );
  expect(told[0]?.findings.map(({ kind }) => kind)).toContain('blind');
}, 60_000);
