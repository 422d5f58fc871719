/**
 * The world that is asked for what nobody may ask for: a body with honest and conspiring managers, readers and others,
 * something waiting at every door about access, and another body beside it. It is made once and copied for each batch,
 * so that every batch begins where every door would let something genuine in.
 */
import { z } from 'zod';
import { aCase, type Posted } from '../cases/testing.ts';
import { publishForm } from '../forms/acts.ts';
import { shippedJson } from '../forms/shipped.testing.ts';
import { actOnRecovery, recoveryEnvelopes } from '../grants/recovery-acts.ts';
import { signRecovery } from '../grants/recovery-documents.ts';
import { approve, handOver, keysOf, makeKey, openForm, propose } from '../grants/testing.ts';
import {
  confirm,
  type Enrolled,
  enrol,
  found,
  foundHost,
  type Joining,
  join,
  leave,
  resume,
  type SignedIn,
  settled,
  suspend,
  type TestBody,
} from '../people/testing.ts';
import { recipientOf } from '../sealing/keys.ts';
import { formId, newId, organisationId } from '../sealing/place.ts';
import { sha256Hex } from '../sealing/signature.ts';
import { administer } from '../store/admin.ts';
import { LOGIN_ROLES } from '../store/migrate.ts';
import { act, openDatabase, type Role } from '../store/store.ts';
import type { TestDatabase } from '../store/testing.ts';

/** Who is in the body, by what they are to it. */
export const CAST = [
  ...['founder', 'second', 'third', 'mallory', 'twin', 'ana', 'ben', 'cara', 'noel'],
  ...['kim', 'lee', 'max', 'gone', 'sus', 'ula', 'una'],
] as const;
/** They do only what they should. */
export const HONEST = ['founder', 'second', 'third'] as const;
/** Eve manages and Rob reads in another body; Otto runs the site. */
export const STRANGERS = ['eve', 'rob', 'otto'] as const;
export type Name = (typeof CAST)[number] | (typeof STRANGERS)[number] | 'nobody';

export type World = {
  readonly body: TestBody;
  readonly people: Readonly<Record<Exclude<Name, 'nobody'>, Enrolled | SignedIn>>;
  readonly cases: readonly Posted[];
  /** What waits: proposals and a recovery by id and by hash, who was suspended by which document. */
  readonly proposals: Readonly<Record<'mine' | 'theirs', string>>;
  readonly lines: { readonly adviser: string; readonly bens: string };
  readonly recovery: { readonly id: string; readonly document: string } | null;
  /** Of a form that nobody reads. */
  readonly quarantine: string;
  readonly foreign: { readonly body: TestBody; readonly posted: Posted };
};

export const FORMS = ['review', 'complaint', 'appeal', 'notice'] as const;
export const PURPOSE = 'Deciding requests for a review';
export const scopeOf = (form: string, of: string | null = null, fromGeneration = 1) => ({
  ...{ form, case: of, fromGeneration, purpose: PURPOSE },
});

const definition = z.looseObject({ id: z.string(), title: z.string() });
async function publish({ db, founder }: TestBody, forms: readonly string[]): Promise<void> {
  for (const id of forms) {
    const asked = { ...definition.parse(shippedJson('review')), id, title: `About ${id}` };
    settled(await act(db.desk, founder.session, (tx) => publishForm(tx, asked)));
  }
}

/** Approved by the second manager; ids of proposals. */
async function letRead(body: TestBody, who: SignedIn, scopes: ReturnType<typeof scopeOf>[]): Promise<string> {
  const id = await propose(body, body.founder, who, { scopes });
  settled(await approve(body, body.second, id));
  return id;
}

export async function aWorld(db: TestDatabase): Promise<World> {
  const { founder, recovery } = await found(db, 'exampleshire');
  const second = await join(db, founder, 'Second Manager', ['manager'], [founder]);
  const both = [founder, second];
  const joins = (name: string, of: Parameters<typeof join>[3] = ['caseworker'], how: Joining = {}) =>
    join(db, founder, name, of, both, how);
  const people = {
    ...{ founder, second },
    third: await joins('Third Manager', ['manager']),
    mallory: await joins('Mallory Manager', ['manager']),
    twin: await joins("Mal'lory Manager", ['manager']),
    ana: await joins('Ana Reader'),
    ben: await joins('Ben Caseworker'),
    cara: await joins('Cara Caseworker'),
    noel: await joins('Noel Finch', [], { outside: 'Finch & Lane' }),
    kim: await joins('Kim Keyholder', ['keyholder']),
    lee: await joins('Lee Keyholder', ['keyholder']),
    max: await joins('Max Keyholder', ['keyholder']),
    gone: await joins('Gone Reader'),
    sus: await joins('Sus Reader'),
    ula: await joins('Ula Untrained', ['caseworker'], { untrained: true }),
    una: await enrol(db, founder, 'Una Unconfirmed', ['caseworker']),
  };
  const body = { db, founder, second, ana: people.ana, ben: people.ben, recovery };
  await publish(body, FORMS);
  await letRead(body, people.ana, [scopeOf('review'), scopeOf('complaint'), scopeOf('appeal')]);
  await openForm(body, people.ana, 'review');
  settled(await makeKey(body, people.ana, 'appeal'));
  for (const who of [people.gone, people.sus])
    settled(await handOver(body, people.ana, await letRead(body, who, [scopeOf('review')])));
  const cases = [await caseOf(body, people.ana), await caseOf(body, people.ana)];
  const lines = {
    bens: await letRead(body, people.ben, [scopeOf('review')]),
    adviser: await letRead(body, people.noel, [scopeOf('review', cases[1]?.post.case)]),
  };
  settled(await leave(db, founder, people.gone));
  settled(await suspend(db, founder, people.sus));
  settled(await resume(db, founder, people.sus));
  settled(await confirm(db, founder, people.una, ['caseworker']));
  const proposals = {
    theirs: await propose(body, founder, people.cara, { scopes: [scopeOf('notice')] }),
    mine: await propose(body, people.mallory, people.ben, { scopes: [scopeOf('complaint')] }),
  };
  const { eve, rob, foreign } = await anotherBody(db);
  const sql = `insert into letterbox.quarantine (organisation, id, form, since, reason) values ($1, $2, 'notice', now(), 'Why')`;
  const quarantine = newId();
  await db.admin.run(sql, [body.founder.staff.organisation, quarantine]);
  return {
    body,
    people: { ...people, eve, rob, otto: await foundHost(db, 'Otto Operator') },
    cases,
    proposals,
    lines,
    recovery: null,
    quarantine,
    foreign,
  };
}

async function caseOf(body: TestBody, reader: SignedIn, slug = 'exampleshire'): Promise<Posted> {
  const [key] = await keysOf(body, reader);
  if (!key) throw new Error('Nobody holds the key.');
  const organisation = organisationId(body.founder.staff.organisation);
  const recipient = await recipientOf(key.identity);
  const target = { organisation, form: formId('review'), version: 1, generation: 1, recipient };
  return aCase(body.db, { slug, target });
}

async function anotherBody(db: TestDatabase) {
  const { founder: eve, recovery } = await found(db, 'elsewhere');
  const second = await join(db, eve, 'Second Elsewhere', ['manager'], [eve]);
  const rob = await join(db, eve, 'Rob Elsewhere', ['caseworker'], [eve, second]);
  const body = { db, founder: eve, second, ana: rob, ben: rob, recovery };
  await publish(body, ['review']);
  await letRead(body, rob, [scopeOf('review')]);
  await openForm(body, rob, 'review');
  return { eve, rob, foreign: { body, posted: await caseOf(body, rob, 'elsewhere') } };
}

/** The same world with a recovery under way, to which two keyholders consented and which one of them carries out. */
export async function withRecovery(world: World): Promise<World> {
  const { db, founder } = world.body;
  const { ana, kim, lee } = world.people;
  const id = newId();
  const about = { id, person: ana.staff.person, forms: ['review'], reason: 'The reader lost their keys' };
  const begun = await signRecovery(founder.staff, { kind: 'recovery', ...about }, new Date());
  settled(await actOnRecovery(db.desk, founder.session, 'begin', begun));
  const document = await sha256Hex(begun.text);
  for (const who of [kim, lee]) {
    const consent = { kind: 'recovery-consent', recovery: document } as const;
    const signed = await signRecovery(who.staff, consent, new Date());
    settled(await actOnRecovery(db.desk, who.session, 'consent', signed));
  }
  settled(await recoveryEnvelopes(db.desk, kim.session, document));
  return { ...world, recovery: { id, document } };
}

/** As `world`, in another database that is a copy of its own; who was signed in still is. */
export const inCopy = (world: World, db: TestDatabase): World => ({
  ...world,
  body: { ...world.body, db },
  foreign: { ...world.foreign, body: { ...world.foreign.body, db } },
});

const nameIn = (url: string) => new URL(url).pathname.slice(1);
const at = (url: string, database: string) => {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
};

/** Lets go of a database without dropping it, so that it can be copied. */
export async function rest({ admin, slot, desk, signin, register }: TestDatabase): Promise<void> {
  await Promise.all([admin, slot, desk, signin, register].map((pool) => pool.close()));
}

/** Drops a database that rests. */
export async function drop({ adminUrl }: TestDatabase): Promise<void> {
  await administer(at(adminUrl, 'postgres'), (client) =>
    client.query(`drop database if exists ${nameIn(adminUrl)} with (force)`),
  );
}

/** A copy of a database that rests; closed, it is gone. */
export async function copyOf(from: TestDatabase): Promise<TestDatabase> {
  const name = `copy_${newId().replaceAll('-', '')}`;
  const roles = LOGIN_ROLES.map((role) => `letterbox_${role}`).join(', ');
  await administer(at(from.adminUrl, 'postgres'), async (client) => {
    await client.query(`create database ${name} template ${nameIn(from.adminUrl)}`);
    await client.query(`revoke all on database ${name} from public`);
    await client.query(`grant connect on database ${name} to ${roles}`);
  });
  const urlOf = (role: Role) => at(from.urlOf(role), name);
  const open = (role: Role) => openDatabase(role, urlOf(role), 2);
  const pools = {
    ...{ admin: open('admin'), slot: open('slot'), desk: open('desk') },
    ...{ signin: open('signin'), register: open('register'), alarm: open('alarm') },
  };
  const db = { ...pools, adminUrl: urlOf('admin'), urlOf, close: async () => undefined };
  return {
    ...db,
    close: async () => {
      await rest(db);
      await drop(db);
    },
  };
}
