/** The world of the access matrix: two bodies of one host, each with forms, keys, readers, cases and all that can be asked about. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { z } from 'zod';
import { aCase } from '../cases/testing.ts';
import { keepReply, writeMessage } from '../conversation/store.ts';
import { publishForm } from '../forms/acts.ts';
import { shippedJson } from '../forms/shipped.testing.ts';
import { fulfilGrants } from '../grants/acts.ts';
import { actOnRecovery } from '../grants/recovery-acts.ts';
import { signRecovery } from '../grants/recovery-documents.ts';
import { end, handOver, keysOf, letRead, linesOf, openForm, propose } from '../grants/testing.ts';
import { takeIn } from '../people/acts.ts';
import { makeHostFounding } from '../people/enrolment.ts';
import { freshSecret } from '../people/store.ts';
import {
  away,
  type Enrolled,
  enrol,
  found,
  join,
  leave,
  type SignedIn,
  settled,
  signIn,
  suspend,
  type TestBody,
} from '../people/testing.ts';
import { startSequencer } from '../register/jobs.ts';
import { toHex } from '../sealing/encoding.ts';
import { recipientOf } from '../sealing/keys.ts';
import { formId, newId, objectId, organisationId } from '../sealing/place.ts';
import { receiptAuthenticator } from '../sealing/receipt.ts';
import { sha256Hex } from '../sealing/signature.ts';
import { sealMessage } from '../sealing/submission.ts';
import { act } from '../store/store.ts';
import type { TestDatabase } from '../store/testing.ts';
import type { BodyName, Thing, Who } from './matrix-cast.testing.ts';
import { NOWHERE, type Talked, thingsOf, watched } from './matrix-things.testing.ts';
import { publishShippedForms } from './shipped-forms.ts';

/** One body with what is in it. */
export type Peopled = {
  readonly name: BodyName;
  readonly body: TestBody;
  /** The reader of its review form. */
  readonly reader: SignedIn;
  readonly cases: Readonly<Record<string, Talked>>;
  readonly things: readonly Thing[];
};
export type Matrix = {
  readonly db: TestDatabase;
  readonly ours: Peopled;
  readonly theirs: Peopled;
  /** Of our body: who waits for being confirmed, and who is suspended. */
  readonly waiting: Enrolled;
  readonly suspended: SignedIn;
  /** Who signs in as whom; null: nobody. */
  readonly sessions: Readonly<Record<Who, SignedIn | null>>;
  readonly things: readonly Thing[];
  /** A release of a file to the reader, whose chunks they may fetch. */
  readonly release: bigint;
  /** What the reader's browser left with their session. */
  readonly kept: Uint8Array;
};

const REVIEW = 'Deciding requests for a review';
const VICTIMS = 'Answering people who contact the Commissioner';
const scopeOf = (form: string, of: string | null = null) => ({
  ...{ form, case: of, fromGeneration: 1, purpose: form === 'victims' ? VICTIMS : REVIEW },
});

type Founded = {
  readonly body: TestBody;
  readonly join: (name: string, ...capacities: Capacity[]) => Promise<Enrolled>;
};
type Capacity = 'caseworker' | 'manager' | 'data-protection-officer' | 'keyholder' | 'watch';

/** A body with two managers and its two caseworkers; `names` are nobody else's. */
async function founded(
  db: TestDatabase,
  slug: BodyName,
  [manager = '', ana = '', ben = '']: string[],
): Promise<Founded> {
  const { founder, recovery } = await found(db, slug);
  const second = await join(db, founder, manager, ['manager'], [founder]);
  const joining = (name: string, ...capacities: Capacity[]) =>
    join(db, founder, name, capacities.length > 0 ? capacities : ['caseworker'], [founder, second]);
  const body = {
    ...{ db, founder, second, recovery },
    ...{ ana: await joining(ana, 'caseworker'), ben: await joining(ben, 'caseworker') },
  };
  await publishShippedForms(db.desk, founder.session);
  if (slug === 'elsewhere') await publishAbroad(body);
  return { body, join: joining };
}

const definition = z.looseObject({ id: z.string(), title: z.string() });
async function publishAbroad({ db, founder }: TestBody): Promise<void> {
  const abroad = { ...definition.parse(shippedJson('review')), id: 'abroad', title: 'Asked abroad only' };
  settled(await act(db.desk, founder.session, (tx) => publishForm(tx, abroad)));
}

/** A case of a form whose key this reader holds, with a message of its submitter. */
async function caseOf(slug: BodyName, body: TestBody, reader: SignedIn, form: string): Promise<Talked> {
  const key = (await keysOf(body, reader)).find((each) => each.form === form);
  if (!key) throw new Error(`Nobody holds the key of ${form}.`);
  const recipient = await recipientOf(key.identity);
  const organisation = organisationId(body.founder.staff.organisation);
  const posted = await aCase(body.db, {
    slug,
    target: { organisation, form: formId(form), version: 1, generation: 1, recipient },
  });
  const { draft } = posted;
  const written = { id: objectId(newId()), text: 'Is it there?', by: null, now: new Date() };
  const message = await sealMessage(draft, draft.caseRecipient, written);
  await keepReply(body.db.slot, await receiptAuthenticator(draft.receiptCode), message, 'browser');
  return { ...posted, message: message.sealed };
}

/** Lets somebody read a form and opens it by their key. */
async function readsFirst(body: TestBody, reader: SignedIn, form: string): Promise<string> {
  const id = await letRead(body, reader, { scopes: [scopeOf(form)] });
  await openForm(body, reader, form);
  return id;
}

/** Begun for the reader of the body, with `consents`. */
async function recoveryOf(
  body: TestBody,
  consents: readonly SignedIn[],
): Promise<{ id: string; document: string }> {
  const id = newId();
  const about = {
    id,
    person: body.ana.staff.person,
    forms: ['review'],
    reason: 'To be found by nobody else',
  };
  const signed = await signRecovery(body.founder.staff, { kind: 'recovery', ...about }, new Date());
  settled(await actOnRecovery(body.db.desk, body.founder.session, 'begin', signed));
  const recovery = await sha256Hex(signed.text);
  for (const who of consents) {
    const consent = await signRecovery(who.staff, { kind: 'recovery-consent', recovery }, new Date());
    settled(await actOnRecovery(body.db.desk, who.session, 'consent', consent));
  }
  return { id, document: recovery };
}

async function elsewhere(db: TestDatabase): Promise<Peopled> {
  const { body, join } = await founded(db, 'elsewhere', ['Zuleika Yardley', 'Xanthe Quill', 'Quentin Zorn']);
  const { ana, ben, founder } = body;
  const reader = await join('Yorick Vex', 'caseworker', 'data-protection-officer', 'keyholder');
  const other = await join('Wilhelmina Oke', 'keyholder');
  const proposals = {
    "their reader's grant": await readsFirst(body, reader, 'review'),
    'their other grant': await readsFirst(body, reader, 'abroad'),
    "their first reader's grant": await letRead(body, ana, { scopes: [scopeOf('review')] }),
  };
  const cases = {
    'their case': await caseOf('elsewhere', body, reader, 'review'),
    'their case abroad': await caseOf('elsewhere', body, reader, 'abroad'),
  };
  const { id: told } = settled(await away(db, founder, ana, 1, 9));
  const recovery = await recoveryOf(body, [reader, other]);
  const waits = await propose(body, founder, ben, { scopes: [scopeOf('review')] });
  const people = { 'a colleague': ben };
  // Their other forms have the names of ours.
  const forms = ['abroad'];
  const things = await thingsOf('elsewhere', body, {
    forms,
    cases,
    proposals,
    waits,
    people,
    recovery,
    away: told,
    watched: await watched(body),
  });
  return { name: 'elsewhere', body, reader, cases, things };
}

/** Who is in our body besides its founders; they come with what made them what they are. */
async function cast({ body, join }: Founded) {
  const people = {
    ...{ ended: await join('Erin Overwith'), other: await join('Otto Otherwise') },
    ...{
      adviser: await join('Ada Onecase'),
      paused: await join('Sue Paused'),
      gone: await join('Leo Goneaway'),
    },
    officer: await join('Dora Watchful', 'data-protection-officer'),
    ...{
      keyholder: await join('Kim Papers', 'keyholder'),
      second: await join('Lee Sheetwright', 'keyholder'),
    },
  };
  const watch = await join('Wachter Sentinel', 'watch');
  return { ...people, watch, waiting: await enrol(body.db, body.founder, 'Una Unmet', ['caseworker']) };
}
type OurPeople = Awaited<ReturnType<typeof cast>>;

/** Everybody's grants, with the cases that came before, between and after; gives both by name. */
async function granted(body: TestBody, { ended, other, adviser, paused, gone }: OurPeople) {
  const { ana, db, founder } = body;
  const grants: Record<string, string> = {
    "the reader's grant": await readsFirst(body, ana, 'review'),
    "the other form's grant": await readsFirst(body, other, 'victims'),
  };
  const cases: Record<string, Talked> = {
    'the case': await caseOf('exampleshire', body, ana, 'review'),
    "the adviser's case": await caseOf('exampleshire', body, ana, 'review'),
    'the case of another form': await caseOf('exampleshire', body, other, 'victims'),
  };
  // These had access, and still have their keys.
  const before = {
    'a grant that ended': ended,
    'the grant of somebody suspended': paused,
    'the grant of who left': gone,
  };
  for (const [name, who] of Object.entries(before)) {
    grants[name] = await letRead(body, who, { scopes: [scopeOf('review')] });
    settled(await handOver(body, ana, grants[name]));
  }
  const single = await letRead(body, adviser, {
    scopes: [scopeOf('review', cases["the adviser's case"]?.post.case)],
  });
  const [grant = ''] = await linesOf(body, single);
  const key = { grant, generation: null, sealed: toHex(randomBytes(200)) };
  settled(await fulfilGrants(db.desk, ana.session, [key]));
  settled(await end(body, founder, grants['a grant that ended'] ?? ''));
  cases['the case that came later'] = await caseOf('exampleshire', body, ana, 'review');
  return { cases, proposals: { ...grants, "the adviser's grant": single } };
}

async function exampleshire(db: TestDatabase) {
  const all = await founded(db, 'exampleshire', ['Salome Marsh', 'Ana Birdwood', 'Ben Lackland']);
  const { body } = all;
  const { ana, ben, founder } = body;
  const others = await cast(all);
  const { cases, proposals } = await granted(body, others);
  const { id: told } = settled(await away(db, founder, ana, 1, 9));
  const recovery = await recoveryOf(body, [others.keyholder, others.second]);
  settled(await suspend(db, founder, others.paused));
  settled(await leave(db, founder, others.gone));
  const waits = await propose(body, founder, ben, { scopes: [scopeOf('review')] });
  const { waiting, paused: suspended } = others;
  const people = { 'a colleague': ben, 'somebody waiting': waiting, 'somebody suspended': suspended };
  const parts = {
    forms: ['review', 'victims'],
    cases,
    proposals,
    waits,
    people,
    recovery,
    away: told,
    watched: await watched(body),
  };
  const things = await thingsOf('exampleshire', body, parts);
  const ours: Peopled = { name: 'exampleshire', body, reader: ana, cases, things };
  return { ours, others };
}

/** Whoever runs the site: the founder of the host. */
async function anOperator(db: TestDatabase): Promise<SignedIn> {
  const { secret, hash } = freshSecret();
  await db.admin.run('select letterbox.invite_host($1)', [hash]);
  const called = { name: 'Olga Runs', email: 'olga.runs@host.example' };
  const made = await makeHostFounding('The host', called, new Date());
  const method = { kind: 'passkey', credential: secret, counter: 0, transports: [] } as const;
  const keys = { publicKey: randomBytes(32), sealed: randomBytes(64) };
  settled(await takeIn(db.signin, 'found', secret, made, { ...method, ...keys }));
  return signIn(db, called.name, made.staff);
}

const sessionsOf = (
  { body }: Peopled,
  others: OurPeople,
  foreigner: SignedIn,
  operator: SignedIn,
): Matrix['sessions'] => ({
  'a stranger': null,
  'a reader of another body': foreigner,
  'a colleague without a grant': body.ben,
  'a reader whose grant ended': others.ended,
  'a reader of the form': body.ana,
  'a reader of another form': others.other,
  'an adviser of one case': others.adviser,
  'a manager without a grant': body.second,
  'an operator of the host': operator,
  'a data-protection officer': others.officer,
  'a keyholder': others.keyholder,
  Watch: others.watch,
  'somebody not confirmed': others.waiting,
  'somebody suspended': others.paused,
  'somebody who left': others.gone,
});

/** Everything there is, asked once by a test file. */
export async function aMatrix(db: TestDatabase): Promise<Matrix> {
  const theirs = await elsewhere(db);
  const { ours, others } = await exampleshire(db);
  const sessions = sessionsOf(ours, others, theirs.reader, await anOperator(db));
  const kept = randomBytes(64);
  await act(db.desk, ours.reader.session, (tx) => tx.run('select letterbox.keep_identity($1)', [kept]));
  const release = await read(db, ours);
  const secret = randomBytes(32).toString('hex');
  await db.admin.run('select letterbox.invite_body($1, sha256($2))', [
    'thirdshire',
    Buffer.from(secret, 'hex'),
  ]);
  const invited: Thing = { kind: 'secret', name: 'an invitation', of: null, id: secret, wellFormed: true };
  await sequenced(db);
  const { waiting, paused: suspended } = others;
  return {
    db,
    ours,
    theirs,
    ...{ sessions, waiting, suspended, release },
    kept,
    things: [...ours.things, ...theirs.things, ...NOWHERE, invited],
  };
}

/** Whoever came first has read, so that the register has something to tell of. */
async function read(db: TestDatabase, { reader, cases }: Peopled): Promise<bigint> {
  const [first, second] = [cases['the case'], cases["the adviser's case"]];
  if (!first || !second) throw new Error('There is nothing to read.');
  const sql = 'select release from letterbox.release_attachment($1, $2)';
  const { draft } = first;
  const written = { id: objectId(newId()), text: 'It is.', by: reader.staff.person, now: new Date() };
  const message = await sealMessage(draft, draft.caseRecipient, written);
  const released = await act(db.desk, reader.session, async (tx) => {
    for (const { post } of [first, second])
      await tx.run('select * from letterbox.release_case($1)', [post.case]);
    await writeMessage(tx, draft.case, message);
    return tx.one(z.object({ release: z.bigint() }), sql, [first.post.case, first.attachment.id]);
  });
  return settled(released).release;
}

async function sequenced(db: TestDatabase): Promise<void> {
  const folder = mkdtempSync(joinPath(tmpdir(), 'letterbox-matrix-'));
  const sequencer = startSequencer({ database: db.register, dataDir: folder, everyMs: 3_600_000 });
  const waiting = `select count(*) as n from letterbox.register_entry e
    where not exists (select from letterbox.register_leaf l where l.entry = e.id)`;
  do await sequencer.tick();
  while ((await db.admin.one(z.object({ n: z.bigint() }), waiting)).n > 0n);
  await sequencer.stop();
  rmSync(folder, { recursive: true });
}
