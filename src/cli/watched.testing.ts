/** For tests of Watch: both sites on ports of their own over a test database, a body whose two forms are open, and Watch let in. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { z } from 'zod';
import { letRead, openForm } from '../grants/testing.ts';
import { invitePerson } from '../people/acts.ts';
import { WATCH } from '../people/documents.ts';
import { confirm, found, foundHost, join, type SignedIn, settled, type TestBody } from '../people/testing.ts';
import { personId } from '../sealing/place.ts';
import type { TestDatabase } from '../store/testing.ts';
import type { Account } from '../watch/account.ts';
import { type Asking, openAsking } from '../watch/asking.ts';
import { type Config, readConfig, readState, stateFile, writeConfig, writeState } from '../watch/config.ts';
import { type Assets, testAssets } from '../web/assets.ts';
import { startDesk } from './desk.ts';
import { readSettings, type Settings } from './settings.ts';
import { publishShippedForms } from './shipped-forms.ts';
import { startSlot } from './slot.ts';
import { joinAsWatch } from './watch-join.ts';

export type Watched = {
  readonly db: TestDatabase;
  readonly body: TestBody;
  readonly settings: Settings;
  readonly asking: Asking;
  /** Watch's folder, with its configuration and its state. */
  readonly configPath: string;
  config(more?: Readonly<Record<string, unknown>>): Config;
  close(): Promise<void>;
};

const REVIEW = 'Deciding requests for a review';
const VICTIMS = 'Answering people who contact the Commissioner';
const whole = (form: string, purpose: string) => ({ form, case: null, fromGeneration: 1, purpose });
/** What Ana is let read, and for what. */
export const REVIEWS = whole('review', REVIEW);
export const VICTIMS_MESSAGES = whole('victims', VICTIMS);

export async function aWatchedSite(db: TestDatabase, assets: Assets = testAssets()): Promise<Watched> {
  const folder = mkdtempSync(joinPath(tmpdir(), 'letterbox-watched-'));
  const [publicPort, deskPort] = [await freePort(), await freePort()];
  const environment = {
    ...{
      LETTERBOX_PUBLIC_PORT: String(publicPort),
      LETTERBOX_DESK_PORT: String(deskPort),
      LETTERBOX_DATA: folder,
    },
  };
  const settings = readSettings(environment);
  const parts = { settings, assets, demonstration: null, say: () => undefined };
  const body = await aBodyWithForms(db);
  const slot = await startSlot({ ...parts, database: db.slot, demonstration: false });
  const desk = await startDesk({ ...parts, desk: db.desk, signin: db.signin });
  const asking = openAsking();
  const configPath = joinPath(folder, 'watch.json');
  const accounts = [await letIn(db, asking, settings, body.founder, [body.founder, body.second])];
  const elsewhere = await aBodyOfItsOwn(db);
  accounts.push(await letIn(db, asking, settings, elsewhere, [elsewhere]));
  const operator = await foundHost(db);
  accounts.push(await letIn(db, asking, settings, operator, [operator]));
  writeState(stateFile(configPath), { ...readState(stateFile(configPath)), accounts });
  const config = (more: Readonly<Record<string, unknown>> = {}) => {
    writeConfig(configPath, { public: settings.publicUrl, desk: settings.deskUrl, rate: 1000, ...more });
    return readConfig(configPath);
  };
  return {
    ...{ db, body, settings, asking, configPath, config },
    close: async () => {
      asking.close();
      await Promise.all([slot.close(), desk.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A body whose two forms are open and which Ana may read. */
export async function aBodyWithForms(db: TestDatabase): Promise<TestBody> {
  const { founder, recovery } = await found(db, 'exampleshire');
  const second = await join(db, founder, 'Second Manager', ['manager'], [founder]);
  const joining = (name: string) => join(db, founder, name, ['caseworker'], [founder, second]);
  const body = {
    db,
    founder,
    second,
    ana: await joining('Ana Caseworker'),
    ben: await joining('Ben Caseworker'),
    recovery,
  };
  await publishShippedForms(db.desk, founder.session);
  await letRead(body, body.ana, { scopes: [REVIEWS, VICTIMS_MESSAGES] });
  for (const form of ['review', 'victims']) await openForm(body, body.ana, form);
  return body;
}

/** Another body on the same site, with nothing in it. */
export async function aBodyOfItsOwn(db: TestDatabase): Promise<SignedIn> {
  return (await found(db, 'elsewhere')).founder;
}

/** Invited on the desk's page, joined over the network, confirmed by these. */
export async function letIn(
  db: TestDatabase,
  asking: Asking,
  { deskUrl }: Pick<Settings, 'deskUrl'>,
  inviter: SignedIn,
  confirmers: readonly SignedIn[],
): Promise<Account> {
  const watch = {
    name: `Watch of ${inviter.name}`,
    email: `${inviter.staff.person}@watch.invalid`,
    capacities: [WATCH],
  };
  const { secret, person } = settled(await invitePerson(db.desk, inviter.session, watch));
  const { account } = await joinAsWatch(asking, `${deskUrl}/join/${secret}`);
  const sql = `select encode(hash, 'hex') as hash, text, signature from letterbox.signed_document where signer = $1 and kind = 'enrolment'`;
  const shape = z.object({ hash: z.string(), text: z.string(), signature: z.string() });
  const signed = await db.admin.one(shape, sql, [person]);
  const whom = {
    ...inviter,
    staff: { ...inviter.staff, person: personId(person) },
    enrolment: signed.hash,
    signed,
  };
  for (const by of confirmers) settled(await confirm(db, by, whom, [WATCH]));
  return account;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (bound === null || typeof bound === 'string') throw new Error('There is no free port.');
  return bound.port;
}
