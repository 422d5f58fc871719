/**
 * Access that has ended, in each way it can: the next request is refused, a download that is under way breaks off within
 * a minute, and what is submitted later opens with none of the keys that its reader ever had.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { turnKey } from '../grants/acts.ts';
import { turnFormKey } from '../grants/form-key.ts';
import { endOfDayAfter } from '../grants/grant.ts';
import { grantsRoutes } from '../grants/routes.ts';
import { whatWaits } from '../grants/store.ts';
import { end, handOver, letRead, linesOf, openForm, provenIn, review } from '../grants/testing.ts';
import { findActor } from '../people/store.ts';
import {
  aFoundedBody,
  leave,
  recoveryOf,
  type SignedIn,
  settled,
  suspend,
  type TestBody,
} from '../people/testing.ts';
import type { Identity } from '../sealing/keys.ts';
import { formId } from '../sealing/place.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { testAssets } from '../web/assets.ts';
import { isRefusal } from '../web/refusal.ts';
import { createSite } from '../web/server.ts';
import { ASKED_AGAIN_EVERY, type Download, download } from './acts.ts';
import { gets, opens, posted, secretsOf, targetNow } from './opening.testing.ts';
import { casesRoutes } from './routes.ts';
import { aCase, type Posted } from './testing.ts';

vi.setConfig({ testTimeout: 60_000 });

let body: TestBody;
/** Ben's access; Ana reads on. */
let bens: string;
let anas: string;
beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
  anas = await letRead(body, body.ana, { until: dayAfter(200) });
  await openForm(body, body.ana);
});
const dayAfter = (days: number) => endOfDayAfter(new Date().toISOString(), days);

/** Ben is let read, holds the keys, and is to be reviewed before Ana is. */
async function letBenRead(until = dayAfter(120)): Promise<void> {
  bens = await letRead(body, body.ben, { until });
  settled(await handOver(body, body.ana, bens));
  settled(await review(body, body.second, await linesOf(body, anas)));
}

/** When browsers find the grant over by the calendar. */
const over = async (by: 'until' | 'reviewBy'): Promise<Date> => {
  const [line] = (await provenIn(body)).grants.filter(({ person }) => person === body.ben.staff.person);
  return new Date(line?.[by] ?? '');
};

/** Turns the key by a browser whose clock shows that moment. */
async function turnAt(by: SignedIn, now: Date): Promise<void> {
  const recovery = await recoveryOf(body);
  const turned = await turnFormKey(by.staff, await provenIn(body), formId('review'), recovery, now);
  if (!turned) throw new Error('No key of this form is proven.');
  settled(await turnKey(body.db.desk, by.session, turned));
}

type Way = {
  /** Its last day, where it is to end before a review would. */
  readonly until?: string;
  readonly ends: () => Promise<unknown>;
  /** The moment from which browsers know; they turn the key then. Null where the end itself turned it. */
  readonly from: () => Promise<Date | null>;
  readonly refused: 401 | 404;
};
const now = async () => new Date();
/** The database's clock cannot be put forward, so its row is put back. */
const past = (column: 'until' | 'review_by') =>
  body.db.admin.run(
    `update letterbox.grants set starts = now() - interval '2 days', ${column} = now() - interval '1 second' where proposal = $1`,
    [bens],
  );

const WAYS: Readonly<Record<string, Way>> = {
  'a manager who does not read ends it': {
    ends: async () => settled(await end(body, body.second, bens, true)),
    from: async () => null,
    refused: 404,
  },
  'its last day is over': {
    until: dayAfter(60),
    ends: () => past('until'),
    from: () => over('until'),
    refused: 404,
  },
  'nobody said at the review that it is still needed': {
    ends: () => past('review_by'),
    from: () => over('reviewBy'),
    refused: 404,
  },
  'its reader leaves': {
    ends: async () => settled(await leave(body.db, body.second, body.ben)),
    from: now,
    refused: 401,
  },
  'its reader is suspended': {
    ends: async () => settled(await suspend(body.db, body.second, body.ben)),
    from: now,
    refused: 401,
  },
};
const EACH = Object.entries(WAYS);

async function aDesk(): Promise<FastifyInstance> {
  const app = await createSite({
    ...{ site: 'desk', assets: testAssets(), ready: async () => true, demonstration: () => false },
    whoIs: (cookies) => findActor(body.db.desk, cookies),
  });
  await app.register(casesRoutes({ desk: body.db.desk }));
  await app.register(grantsRoutes({ desk: body.db.desk }));
  return app;
}

const aCaseNow = async (file = randomBytes(1000)): Promise<Posted> =>
  aCase(body.db, { slug: 'exampleshire', target: await targetNow(body) }, file);

describe('the next request is refused', () => {
  test.each(EACH)('when %s', async (_name, { until, ends, refused }) => {
    await letBenRead(until);
    const { post, attachment } = await aCaseNow();
    const app = await aDesk();
    const doors = [
      ['GET', '/forms/review/cases'],
      ['GET', `/cases/${post.case}`],
      ['GET', `/cases/${post.case}/openings`],
      ['GET', `/cases/${post.case}/attachments/${attachment.id}`],
    ] as const;
    const asks = async (who: SignedIn) => {
      const cookie = `letterbox=${who.session}`;
      const found = [];
      for (const [method, url] of doors) found.push(await app.inject({ method, url, headers: { cookie } }));
      return found.map(({ statusCode }) => statusCode);
    };
    expect(await asks(body.ben), 'control: before the end').toEqual([200, 200, 200, 200]);
    expect(await gets(body, body.ben, await posted(body))).toBe('opened');
    await ends();
    expect(await asks(body.ben)).toEqual(doors.map(() => refused));
    expect(await gets(body, body.ben, post)).toBe('refused');
    const keys = await app.inject({ url: '/keys', headers: { cookie: `letterbox=${body.ben.session}` } });
    expect(keys.statusCode === 401 || keys.body === '[]', 'nor is a key handed out any more').toBe(true);
    expect(await asks(body.ana), 'who reads on reads on').toEqual([200, 200, 200, 200]);
  });
});

/** A download of 5 MB that Ben has begun, and of which he has taken the first piece. */
async function begun(askedAgainEvery?: number): Promise<Download & { readonly rest: () => Promise<number> }> {
  const { post, attachment } = await aCaseNow(randomBytes(5 * 1024 * 1024));
  const reader = { session: body.ben.session, organisationName: '' };
  const found = await download(body.db.desk, reader, post.case, attachment.id, askedAgainEvery);
  if (isRefusal(found)) throw new Error('Ben may read it.');
  const pieces = found.stream[Symbol.asyncIterator]();
  await pieces.next();
  const rest = async () => {
    let got = 0;
    for (let piece = await pieces.next(); !piece.done; piece = await pieces.next()) got += piece.value.length;
    return got;
  };
  return { ...found, rest };
}

describe('a download that is under way breaks off', () => {
  test.each(EACH)('when %s, at its next chunk', async (_name, { until, ends }) => {
    await letBenRead(until);
    const { rest } = await begun();
    await ends();
    await expect(rest()).rejects.toThrow('broken off');
  });

  test.each(EACH)('when %s, though its reader takes nothing more', async (_name, { until, ends }) => {
    await letBenRead(until);
    const { stream } = await begun(20);
    const broken = once(stream, 'error');
    await ends();
    expect(String(await broken)).toContain('broken off');
    expect(stream.destroyed).toBe(true);
  });

  test('negative control: where only its beginning is decided it comes whole', async () => {
    await letBenRead();
    await body.db.admin.run(
      `do $do$ declare was text := pg_get_functiondef(to_regproc('letterbox.released_chunk'));
         became text := regexp_replace(was, 'or not may_read[(][^)]*[)]', '');
       begin
         if became = was then raise exception 'There is no such decision.'; end if;
         execute became;
       end $do$`,
    );
    const { rest } = await begun(20);
    settled(await end(body, body.second, bens, true));
    expect(await rest()).toBeGreaterThan(4 * 1024 * 1024);
  });

  test('within a minute: it is asked again often enough, a slow answer included', () => {
    expect(ASKED_AGAIN_EVERY).toBeLessThanOrEqual(30_000);
  });

  test('control: while the access lasts a reader may take as long as they like for a piece', async () => {
    await letBenRead();
    const { rest, stream } = await begun(5);
    const asked = vi.spyOn(body.db.desk.pool, 'connect');
    await expect.poll(() => asked.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(stream.destroyed).toBe(false);
    expect(await rest()).toBeGreaterThan(4 * 1024 * 1024);
  });
});

describe('what is submitted later opens with no key they ever had', () => {
  test.each(EACH)('when %s', async (_name, { until, ends, from }) => {
    await letBenRead(until);
    const kept: Identity[] = await secretsOf(body, body.ben);
    expect(await opens(await posted(body), kept), 'control: before the end it does').toBe(true);
    const moment = await from();
    await ends();
    // Closed by a manager who does not read, around the key before; then turned to a plain one by who reads on.
    if (moment) await turnAt(body.second, moment);
    const around = await posted(body);
    await turnAt(body.ana, new Date((moment ?? new Date()).getTime() + 1));
    const plain = await posted(body);
    expect([around.generation, plain.generation]).toEqual([2, 3]);
    for (const later of [around, plain]) {
      expect(await opens(later, kept)).toBe(false);
      expect(await gets(body, body.ben, later, kept)).toBe('refused');
      expect(await gets(body, body.ana, later)).toBe('opened');
      expect(await opens(later, await secretsOf(body, body.second)), 'nor with the manager’s').toBe(false);
    }
  });

  test('negative control: where nobody turns the key it does, and so the pages ask for it', async () => {
    await letBenRead();
    const kept = await secretsOf(body, body.ben);
    settled(await end(body, body.second, bens));
    expect(await opens(await posted(body), kept)).toBe(true);
    const waiting = settled(await act(body.db.desk, body.second.session, whatWaits));
    expect(waiting.map(({ what }) => what)).toEqual(['turn-key']);
  });
});
