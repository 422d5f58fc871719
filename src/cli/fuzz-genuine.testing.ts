/** The requests that browsers really send about access, one and more for each door, each acceptable in a fresh world. */
import { signLift } from '../alarm/alarm.ts';
import type { Turn } from '../grants/form-key.ts';
import { newFormKey } from '../grants/form-key.ts';
import { signEnd, signReview, signWithdrawal } from '../grants/proposal.ts';
import { signRecovery } from '../grants/recovery-documents.ts';
import {
  approval,
  handed,
  keysOf,
  linesOf,
  ofForm,
  proposal,
  provenIn,
  termsFound,
  turnOf,
} from '../grants/testing.ts';
import { type Signed, signMembership } from '../people/enrolment.ts';
import {
  signCourse,
  signCourseElsewhere,
  signLeaving,
  signResumption,
  signSuspension,
} from '../people/standing-documents.ts';
import { documentsIn, newestIn, recoveryOf, type SignedIn } from '../people/testing.ts';
import { QUESTIONS } from '../people/training.ts';
import { toHex } from '../sealing/encoding.ts';
import { generateIdentity, parseRecipient } from '../sealing/keys.ts';
import { openCaseKey } from '../sealing/open.ts';
import { formId, formKeyPlace, personId } from '../sealing/place.ts';
import { sealEnvelope } from '../sealing/seal.ts';
import { keyTag } from '../sealing/shares.ts';
import { signText } from '../sealing/signature.ts';
import { sealCaseKeyTo } from '../sealing/submission.ts';
import { type Name, scopeOf, type World } from './fuzz-world.testing.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type Genuine = {
  /** As in the list of doors, without the site. */
  readonly door: string;
  readonly url: string;
  readonly by: Name;
  /** JSON with the signed text as `text`; or the fields of a form. */
  readonly body: { readonly [key: string]: Json };
  readonly form?: true;
};

/** Every door about access that waits for nothing but the right request. */
export async function genuineIn(world: World): Promise<Genuine[]> {
  if (world.recovery) return recovering(world, world.recovery);
  return [
    ...(await proposing(world)),
    ...(await ending(world)),
    ...(await keys(world)),
    ...(await people(world)),
    ...(await standing(world)),
    ...(await beginning(world)),
    ...(await closing(world)),
    ...reading(world),
  ];
}

const plain = ({ text, signature }: Signed) => ({ text, signature });
const turned = ({ text, signature, envelopes }: Turn) => ({
  ...{ text, signature },
  envelopes: envelopes.map((each) => ({ ...each })),
});

async function proposing({ body, people, proposals }: World): Promise<Genuine[]> {
  const { mallory, third, ben, cara } = people;
  const proposes = async (by: SignedIn, whom: SignedIn[], forms: string[]) =>
    plain((await proposal(body, by, whom, { scopes: forms.map((form) => scopeOf(form)) })).signed);
  const propose = { door: 'POST /access/propose', url: '/access/propose' };
  const about = (id: string, what: string) => ({
    ...{ door: `POST /proposals/:proposal/${what}`, url: `/proposals/${id}/${what}` },
  });
  const takesBack = async (id: string) => {
    const { document } = await termsFound(body, id);
    return plain(await signWithdrawal(mallory.staff, document, 'Not needed', new Date()));
  };
  return [
    { ...propose, by: 'mallory', body: await proposes(mallory, [ben, cara], ['notice', 'appeal']) },
    { ...propose, by: 'third', body: await proposes(third, [cara], ['review']) },
    ...(await Promise.all(
      (['mallory', 'third'] as const).map(async (by) => ({
        ...about(proposals.theirs, 'approve'),
        ...{ by, body: plain(await approval(body, people[by], proposals.theirs)) },
      })),
    )),
    {
      ...about(proposals.mine, 'approve'),
      ...{ by: 'second', body: plain(await approval(body, people.second, proposals.mine)) },
    },
    { ...about(proposals.theirs, 'withdraw'), by: 'mallory', body: await takesBack(proposals.theirs) },
    { ...about(proposals.mine, 'withdraw'), by: 'mallory', body: await takesBack(proposals.mine) },
  ];
}

/** Closing a form, signing that it may be read again, and inviting a Watch. */
async function closing({ people, quarantine }: World): Promise<Genuine[]> {
  const about = { quarantine, form: 'notice', reason: 'Looked into' };
  const lifts = plain(await signLift(people.mallory.staff, about, new Date()));
  return [
    {
      ...{
        door: 'POST /forms/:form/quarantine',
        url: '/forms/complaint/quarantine',
        by: 'mallory',
        form: true,
      },
      body: { reason: 'Somebody rang' },
    },
    { door: 'POST /quarantines/:quarantine', url: `/quarantines/${quarantine}`, by: 'mallory', body: lifts },
    {
      door: 'POST /watch/invite',
      url: '/watch/invite',
      by: 'mallory',
      form: true,
      body: { name: 'A Watch' },
    },
  ];
}

async function ending({ body, people, lines }: World): Promise<Genuine[]> {
  const bens = await linesOf(body, lines.bens);
  const turn = turned(await turnOf(body, people.mallory, 'review', new Set(bens)));
  const ends = plain(await signEnd(people.mallory.staff, bens, 'No longer needed', new Date()));
  const stays = plain(await signReview(people.mallory.staff, bens, new Date()));
  return [
    { door: 'POST /grants/end', url: '/grants/end', by: 'mallory', body: { ...ends, turns: [turn] } },
    { door: 'POST /grants/end', url: '/grants/end', by: 'mallory', body: { ...ends, turns: [] } },
    { door: 'POST /grants/review', url: '/grants/review', by: 'mallory', body: stays },
  ];
}

async function keys(world: World): Promise<Genuine[]> {
  const { body, people, lines } = world;
  const { ana, mallory } = people;
  const proven = await provenIn(body);
  const covered = await linesOf(body, lines.bens);
  const toBen = await handed(
    body,
    ana,
    proven.grants.filter(({ id }) => covered.includes(id)),
  );
  const first = await newFormKey(ana.staff, ofForm(body, 'complaint', 1), await recoveryOf(body), new Date());
  const made = proven.keysMade.find(({ key }) => key.form === 'appeal')?.hash ?? '';
  const { organisation, person: signer } = mallory.staff;
  const at = new Date().toISOString();
  const text = JSON.stringify({ at, formKey: made, kind: 'form-key-approval', organisation, signer });
  const key = (form: string, what = '') => ({
    ...{ door: `POST /forms/:form/key${what}`, url: `/forms/${form}/key${what}` },
  });
  const fulfil = { door: 'POST /grants/fulfil', url: '/grants/fulfil', by: 'ana' as const };
  return [
    {
      ...key('complaint'),
      by: 'ana',
      body: { ...plain(first), own: toHex(first.own), recovery: toHex(first.recovery) },
    },
    {
      ...key('appeal', '/approval'),
      by: 'mallory',
      body: { text, signature: await signText(mallory.staff.signingKey, text) },
    },
    { ...key('review', '/turn'), by: 'ana', body: turned(await turnOf(body, ana, 'review')) },
    { ...key('review', '/turn'), by: 'mallory', body: turned(await turnOf(body, mallory, 'review')) },
    { ...fulfil, body: { keys: toBen.map((each) => ({ ...each })) } },
    { ...fulfil, body: { keys: [await caseKeyFor(world)] } },
  ];
}

async function caseKeyFor({ body, people, cases, lines }: World) {
  const [grant = ''] = await linesOf(body, lines.adviser);
  const { post } = cases[1] ?? {};
  const [own] = await keysOf(body, people.ana);
  if (!post || !own) throw new Error('There is no such case.');
  const identity = await openCaseKey(own.identity, post, post.caseKey);
  const { person, recipient } = people.noel.staff;
  const sealed = await sealCaseKeyTo(post, personId(person), parseRecipient(recipient), identity, new Date());
  return { grant, generation: null, sealed: toHex(sealed) };
}

async function people({ body, people: all }: World): Promise<Genuine[]> {
  const { mallory, una, ula } = all;
  const after = await newestIn(body.db, mallory);
  const enrolment = 'enrolment' in una ? una.enrolment : '';
  const membership = {
    ...{ person: una.staff.person, enrolment, after, outside: null },
    capacities: ['caseworker'] as ['caseworker'],
  };
  const year = new Date(Date.now() + 300 * 24 * 60 * 60 * 1000).toISOString();
  const about = (id: string, what: string) => ({
    ...{ door: `POST /people/:person/${what}`, url: `/people/${id}/${what}` },
  });
  const fields = { name: 'Ida Invited', email: 'ida@example.com', capacities: ['caseworker'], outside: '' };
  const days = {
    ...{ person: ula.staff.person, 'first-day': '1', 'first-month': '2', 'first-year': '2027' },
    ...{ 'last-day': '8', 'last-month': '2', 'last-year': '2027' },
  };
  const answers = QUESTIONS.map(({ right }) => right);
  return [
    {
      ...{ door: 'POST /host/bodies/invite', url: '/host/bodies/invite', by: 'otto', form: true },
      body: { slug: 'thirdshire' },
    },
    { door: 'POST /people/invite', url: '/people/invite', by: 'mallory', body: fields, form: true },
    { door: 'POST /away', url: '/away', by: 'mallory', body: days, form: true },
    {
      ...about(una.staff.person, 'confirm'),
      by: 'mallory',
      body: plain(await signMembership(mallory.staff, membership, new Date())),
    },
    {
      ...about(ula.staff.person, 'training'),
      by: 'mallory',
      body: plain(
        await signCourseElsewhere(mallory.staff, ula.staff.person, 'A day at a college', year, new Date()),
      ),
    },
    {
      ...{ door: 'POST /training/record', url: '/training/record', by: 'ula' },
      body: plain(await signCourse(ula.staff, answers, new Date())),
    },
    {
      ...{ door: 'POST /training', url: '/training', by: 'ula', form: true },
      body: Object.fromEntries(answers.map((right, index) => [`q${index + 1}`, String(right)])),
    },
  ];
}

async function standing({ body, people: all }: World): Promise<Genuine[]> {
  const { mallory, ben, cara, sus, max } = all;
  const about = (who: SignedIn, what: string) => ({
    ...{ door: `POST /people/:person/${what}`, url: `/people/${who.staff.person}/${what}` },
  });
  const by = mallory.staff;
  const documents = await documentsIn(body.db, by);
  const hash = documents.find(({ kind }) => kind === 'suspension')?.hash ?? '';
  return [
    {
      ...about(max, 'leaving'),
      ...{
        by: 'mallory',
        body: plain(await signLeaving(by, max.staff.person, 'Has moved on', new Date())),
      },
    },
    {
      ...about(cara, 'leaving'),
      ...{ by: 'cara', body: plain(await signLeaving(cara.staff, cara.staff.person, 'I go', new Date())) },
    },
    {
      ...about(ben, 'suspension'),
      ...{ by: 'mallory', body: plain(await signSuspension(by, ben.staff.person, 'To be seen', new Date())) },
    },
    {
      ...about(sus, 'resumption'),
      ...{ by: 'mallory', body: plain(await signResumption(by, sus.staff.person, hash, new Date())) },
    },
  ];
}

async function beginning({ body, people: all }: World): Promise<Genuine[]> {
  const { mallory, ana } = all;
  const begins = {
    ...{ kind: 'recovery' as const, id: crypto.randomUUID(), person: ana.staff.person },
    ...{ forms: ['review'], reason: 'All keys are lost' },
  };
  const worked = {
    ...{ kind: 'rehearsal' as const, sheets: [1, 2], set: '0123ABCD', worked: true as const },
    key: keyTag(await recoveryOf(body)),
  };
  const door = (what: string) => ({ door: `POST /recovery/${what}`, url: `/recovery/${what}` });
  return [
    {
      ...door('begin'),
      by: 'mallory',
      body: plain(await signRecovery(mallory.staff, begins, new Date())),
    },
    {
      ...door('rehearsal'),
      by: 'mallory',
      body: plain(await signRecovery(mallory.staff, worked, new Date())),
    },
  ];
}

/** Reading changes nothing, but nobody may read by it who could not before. */
function reading({ cases, foreign }: World): Genuine[] {
  return [...cases, foreign.posted].map(({ post }) => ({
    ...{ door: 'POST /cases/:case/release', url: `/cases/${post.case}/release`, body: {} },
    by: post.case === foreign.posted.post.case ? 'rob' : 'ana',
  }));
}

async function recovering(
  { people: all }: World,
  { id, document }: NonNullable<World['recovery']>,
): Promise<Genuine[]> {
  const { kim, max, mallory, ana } = all;
  const about = (what: string) => ({
    ...{ door: `POST /recovery/:recovery/${what}`, url: `/recovery/${id}/${what}` },
  });
  const ends = (by: SignedIn, done: boolean) =>
    signRecovery(by.staff, { kind: 'recovery-end', recovery: document, done }, new Date());
  const consents = { kind: 'recovery-consent' as const, recovery: document };
  return [
    {
      ...about('consent'),
      by: 'max',
      body: plain(await signRecovery(max.staff, consents, new Date())),
    },
    { ...about('end'), by: 'mallory', body: plain(await ends(mallory, false)) },
    { ...about('envelopes'), by: 'kim', body: {} },
    {
      ...about('hand-over'),
      by: 'kim',
      body: { ...plain(await ends(kim, true)), keys: [await sealedFor(ana)] },
    },
  ];
}

/** A key sealed to somebody, by its shape: what is inside plays no part in who may read. */
async function sealedFor({ staff }: SignedIn) {
  const of = { organisation: staff.organisation, form: formId('review'), generation: 1 };
  const place = { ...formKeyPlace(of, staff.person), at: new Date().toISOString() };
  const sealed = await sealEnvelope(staff.recipient, place, (await generateIdentity()).identity);
  return { form: 'review', generation: 1, sealed: toHex(sealed) };
}
