/** The desk's pages about recovery, as a browser asks them. */
import type { FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, test } from 'vitest';
import { findActor } from '../people/store.ts';
import { aFoundedBody, join, type SignedIn, settled, type TestBody } from '../people/testing.ts';
import { newId } from '../sealing/place.ts';
import { testDatabase } from '../store/testing.ts';
import { testAssets } from '../web/assets.ts';
import { createSite } from '../web/server.ts';
import { actOnRecovery } from './recovery-acts.ts';
import { signRecovery } from './recovery-documents.ts';
import { recoveryRoutes } from './recovery-routes.ts';
import { letRead } from './testing.ts';

let body: TestBody;
let kim: SignedIn;
let lee: SignedIn;
let app: FastifyInstance;
beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
  const managers = [body.founder, body.second];
  kim = await join(body.db, body.founder, 'Kim Keyholder', ['keyholder'], managers);
  const { desk } = body.db;
  const site = {
    site: 'desk',
    assets: testAssets(),
    ready: async () => true,
    demonstration: () => false,
  } as const;
  app = await createSite({ ...site, whoIs: (cookies) => findActor(desk, cookies) });
  recoveryRoutes(app, { desk });
});

async function page(who: SignedIn, url: string, status = 200): Promise<string> {
  const headers = { cookie: `letterbox=${who.session}`, accept: 'text/html' };
  const answer = await app.inject({ method: 'GET', url, headers });
  expect(answer.statusCode).toBe(status);
  return answer.body.replace(/\s+/g, ' ');
}
const post = (who: SignedIn, url: string, payload: object) =>
  app.inject({ method: 'POST', url, payload, headers: { cookie: `letterbox=${who.session}` } });

test('the overview says that nothing was rehearsed and how many keyholders are missing', async () => {
  const shown = await page(body.ana, '/recovery');
  expect(shown).toContain('The sheets were never rehearsed');
  expect(shown).toContain('1 more is needed');
  expect(shown).not.toContain('/recovery/begin');
  expect(await page(body.founder, '/recovery')).toContain('href="/recovery/begin"');
});

test('the pages for sheets have no form and no named field: nothing can send what is typed', async () => {
  const shown = await page(kim, '/recovery/rehearsal');
  expect(shown.match(/<textarea[^>]*data-sheet/g)).toHaveLength(2);
  expect(shown).not.toMatch(/<textarea[^>]* name="[^"]/);
  const [, main = ''] = shown.split('<main');
  expect(main).not.toContain('<form');
  expect(await page(body.ben, '/recovery/rehearsal')).not.toContain('<textarea');
});

describe('while a recovery is under way', () => {
  let url = '';
  beforeEach(async () => {
    lee = await join(body.db, body.founder, 'Lee Sheetwright', ['keyholder'], [body.founder, body.second]);
    await letRead(body, body.ana);
    const id = newId();
    const about = {
      kind: 'recovery',
      id,
      person: body.ana.staff.person,
      forms: ['review'],
      reason: 'Gone <b>',
    } as const;
    expect(await page(body.founder, '/recovery/begin')).toContain('Ana Caseworker');
    const begun = await post(
      body.founder,
      '/recovery/begin',
      await signRecovery(body.founder.staff, about, new Date()),
    );
    expect(begun.statusCode).toBe(201);
    url = `/recovery/${id}`;
  });

  const documentOn = async (who: SignedIn): Promise<string> =>
    JSON.parse(/application\/json">(.*?)<\/script>/.exec(await page(who, url))?.[1] ?? '{}').document;
  async function consents(who: SignedIn): Promise<void> {
    const about = { kind: 'recovery-consent', recovery: await documentOn(who) } as const;
    const answer = await post(who, `${url}/consent`, await signRecovery(who.staff, about, new Date()));
    expect(answer.statusCode).toBe(200);
  }

  test('every page of everybody says so, until it is stopped', async () => {
    for (const who of [body.ana, body.ben, body.second, kim])
      expect(await page(who, '/recovery/rehearsal')).toContain('A recovery of keys has been under way since');
    const document = await documentOn(body.second);
    const stop = await signRecovery(
      body.second.staff,
      { kind: 'recovery-end', recovery: document, done: false },
      new Date(),
    );
    settled(await actOnRecovery(body.db.desk, body.second.session, 'end', stop));
    expect(await page(body.ben, url)).toContain('Stopped: Second Manager ended it');
    expect(await page(body.ben, '/recovery')).not.toContain('has been under way since');
  });

  test('a keyholder is asked to consent, who gets the keys is not, and nobody carries it out yet', async () => {
    const asked = await page(kim, url);
    expect(asked).toContain('Sign that I consent');
    expect(asked).toContain('Gone &lt;b&gt;');
    expect(await page(body.ana, url)).not.toContain('Sign that I consent');
    for (const who of [kim, body.founder]) expect(await page(who, url)).not.toContain('Carry it out');
    const refused = await post(kim, `${url}/envelopes`, {});
    for (const who of [kim, lee]) await consents(who);
    for (const who of [kim, body.founder])
      expect(await page(who, url)).toMatch(/Carry it out.*data-sheet.*data-sheet/);
    for (const who of [body.ana, body.ben]) expect(await page(who, url)).not.toContain('data-sheet');
    expect([refused.statusCode, refused.json().refusal]).toEqual([403, 'too-few-consents']);
  });

  test('the doors take what they are for and nothing else', async () => {
    for (const [door, sent] of [
      ['envelopes', { sheet: 'x' }],
      ['consent', { text: 'x' }],
      ['hand-over', { text: 'x', signature: 'x', keys: [] }],
    ] as const)
      expect((await post(kim, `${url}/${door}`, sent)).statusCode, door).toBe(400);
    await page(kim, `/recovery/${newId()}`, 404);
    expect((await app.inject({ method: 'POST', url: `${url}/envelopes`, payload: {} })).statusCode).toBe(401);
  });
});
