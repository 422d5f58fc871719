/**
 * What is sent to the doors that take something: genuine documents, made once as a manager's or a reader's browser makes them,
 * then named anew and signed by whoever asks. So a refusal comes from a wall and not from a parser.
 */
import { z } from 'zod';
import { signLift } from '../alarm/alarm.ts';
import { newFormKey, sign } from '../grants/form-key.ts';
import { signEnd, signReview, signWithdrawal } from '../grants/proposal.ts';
import { signRecovery } from '../grants/recovery-documents.ts';
import { recoveryOverview } from '../grants/recovery-store.ts';
import { approval, ofForm, proposal, turnOf } from '../grants/testing.ts';
import { signMembership } from '../people/enrolment.ts';
import {
  signCourse,
  signCourseElsewhere,
  signLeaving,
  signResumption,
  signSuspension,
} from '../people/standing-documents.ts';
import { newestIn, recoveryOf, type SignedIn, settled } from '../people/testing.ts';
import { QUESTIONS } from '../people/training.ts';
import { canonicalJson, toBase64url, toHex } from '../sealing/encoding.ts';
import { generateIdentity, parseRecipient } from '../sealing/keys.ts';
import { newId, noticePlace, objectId, organisationId } from '../sealing/place.ts';
import { seal } from '../sealing/seal.ts';
import { keyTag } from '../sealing/shares.ts';
import { signText } from '../sealing/signature.ts';
import { act } from '../store/store.ts';
import type { About } from './matrix-rules.testing.ts';
import type { Matrix } from './matrix-world.testing.ts';

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
/** Something of the shape of what is sealed, to nobody who is here. */
const SEALED = toBase64url(
  await seal(
    (await generateIdentity()).recipient,
    { ...noticePlace(organisationId(newId()), objectId(newId())), at: new Date().toISOString() },
    random(10),
  ),
);

type Fields = Readonly<Record<string, unknown>>;
/** A document as its signer made it, with what travels beside it, and what of it names the thing that is asked about. */
type Template = {
  readonly text: string;
  readonly signature: string;
  readonly beside?: Fields;
  readonly naming: (about: About) => Fields;
};
export type Bodies = (door: string, who: SignedIn | null, about: About) => Promise<Fields | null>;

const nothing = () => ({});
const ABSENT = 'ab'.repeat(32);

async function templates(matrix: Matrix): Promise<Readonly<Record<string, Template>>> {
  return {
    ...(await ofPeople(matrix)),
    ...(await ofAccess(matrix)),
    ...(await ofRecovery(matrix)),
    ...(await ofAlarms(matrix)),
  };
}

async function ofPeople({ ours, db, waiting, suspended }: Matrix): Promise<Record<string, Template>> {
  const { second, ben } = ours.body;
  const [now, person] = [new Date(), ben.staff.person];
  const naming = (about: About) => ({ person: about.person?.id ?? person });
  const about = {
    person: waiting.staff.person,
    enrolment: waiting.enrolment,
    after: await newestIn(db, second),
    capacities: ['caseworker' as const],
  };
  const suspension = await db.admin.one(
    z.object({ hash: z.string() }),
    `select encode(document, 'hex') as hash from letterbox.suspension where person = $1`,
    [suspended.staff.person],
  );
  const until = new Date(now.getTime() + 300 * 24 * 60 * 60 * 1000).toISOString();
  const answers = QUESTIONS.map(({ right }) => right);
  return {
    'POST desk /people/:person/confirm': { ...(await signMembership(second.staff, about, now)), naming },
    'POST desk /people/:person/leaving': {
      ...(await signLeaving(second.staff, person, 'Moved', now)),
      naming,
    },
    'POST desk /people/:person/suspension': {
      ...(await signSuspension(second.staff, person, 'To be cleared', now)),
      naming,
    },
    'POST desk /people/:person/resumption': {
      ...(await signResumption(second.staff, suspended.staff.person, suspension.hash, now)),
      naming,
    },
    'POST desk /people/:person/training': {
      ...(await signCourseElsewhere(second.staff, person, 'A day', until, now)),
      naming,
    },
    'POST desk /training/record': { ...(await signCourse(second.staff, answers, now)), naming: nothing },
  };
}

async function ofAccess({ ours }: Matrix): Promise<Record<string, Template>> {
  const { body, reader } = ours;
  const { second, ana, ben } = body;
  const now = new Date();
  const [waits] = ours.things.filter(({ kind }) => kind === 'proposal');
  const offered = ours.cases['the case']?.post.case ?? '';
  const terms = {
    scopes: [{ form: 'review', case: offered, fromGeneration: 1, purpose: 'Deciding requests for a review' }],
  };
  const lines = (about: About) => ({ grants: [about.grant?.id ?? ''] });
  const hash = (about: About) => ({ proposal: about.proposal?.document ?? ABSENT });
  const key = await newFormKey(reader.staff, ofForm(body, 'review', 1), await recoveryOf(body), now);
  const { envelopes, ...turn } = await turnOf(body, reader, 'review');
  const { organisation, person: signer } = second.staff;
  const approved = {
    kind: 'form-key-approval',
    organisation,
    formKey: ABSENT,
    signer,
    at: now.toISOString(),
  } as const;
  const ofThisForm = (about: About) => ({ form: about.form?.id ?? 'review' });
  return {
    'POST desk /access/propose': {
      ...(await proposal(body, second, ben, terms)).signed,
      naming: (about) => ({ scopes: [{ ...terms.scopes[0], case: about.case?.id ?? null }] }),
    },
    'POST desk /proposals/:proposal/approve': {
      ...(await approval(body, second, waits?.id ?? '')),
      naming: hash,
    },
    'POST desk /proposals/:proposal/withdraw': {
      ...(await signWithdrawal(second.staff, ABSENT, 'Not needed', now)),
      naming: hash,
    },
    'POST desk /grants/end': {
      ...(await signEnd(second.staff, [ana.staff.person], 'Over', now)),
      beside: { turns: [] },
      naming: lines,
    },
    'POST desk /grants/review': {
      ...(await signReview(second.staff, [ana.staff.person], now)),
      naming: lines,
    },
    'POST desk /forms/:form/key': {
      ...{ text: key.text, signature: key.signature, naming: ofThisForm },
      beside: { own: toHex(key.own), recovery: toHex(key.recovery) },
    },
    'POST desk /forms/:form/key/approval': { ...(await sign(second.staff, approved)), naming: nothing },
    'POST desk /forms/:form/key/turn': { ...turn, beside: { envelopes }, naming: ofThisForm },
  };
}

async function ofRecovery({ ours, db }: Matrix): Promise<Record<string, Template>> {
  const { staff, session } = ours.body.second;
  const now = new Date();
  const { recipient } = settled(await act(db.desk, session, recoveryOverview));
  const rehearsal = {
    sheets: [1, 2],
    set: 'ABCDEFGH',
    key: keyTag(parseRecipient(recipient)),
    worked: true,
  } as const;
  const begin = {
    id: '0199aaaa-bbbb-7ccc-8ddd-ffffffffffff',
    person: ours.reader.staff.person,
    forms: ['review'],
    reason: 'Gone',
  };
  const hash = (about: About) => ({ recovery: about.recovery?.document ?? ABSENT });
  const end = await signRecovery(staff, { kind: 'recovery-end', recovery: ABSENT, done: false }, now);
  const done = await signRecovery(staff, { kind: 'recovery-end', recovery: ABSENT, done: true }, now);
  const keys = [
    { form: 'review', generation: 1, sealed: toHex(new TextEncoder().encode('age-encryption.org/v1\n')) },
  ];
  return {
    'POST desk /recovery/rehearsal': {
      ...(await signRecovery(staff, { kind: 'rehearsal', ...rehearsal }, now)),
      naming: nothing,
    },
    'POST desk /recovery/begin': {
      ...(await signRecovery(staff, { kind: 'recovery', ...begin }, now)),
      naming: (about) => ({ person: about.person?.id ?? begin.person }),
    },
    'POST desk /recovery/:recovery/consent': {
      ...(await signRecovery(staff, { kind: 'recovery-consent', recovery: ABSENT }, now)),
      naming: hash,
    },
    'POST desk /recovery/:recovery/end': { ...end, naming: hash },
    'POST desk /recovery/:recovery/hand-over': { ...done, beside: { keys }, naming: hash },
  };
}

async function ofAlarms({ ours }: Matrix): Promise<Record<string, Template>> {
  const about = { quarantine: ours.body.founder.staff.person, form: 'an-old-form', reason: 'Mended' };
  return {
    'POST desk /quarantines/:quarantine': {
      ...(await signLift(ours.body.second.staff, about, new Date())),
      naming: ({ quarantine }) => ({ quarantine: quarantine?.id ?? about.quarantine }),
    },
  };
}

const year = new Date().getUTCFullYear() + 1;
const days = {
  'first-day': '3',
  'first-month': '5',
  'first-year': String(year),
  'last-day': '9',
  'last-month': '5',
  'last-year': String(year),
};
const course = Object.fromEntries(QUESTIONS.map(({ right }, i) => [`q${i + 1}`, String(right)]));
const join = {
  text: '{}',
  signature: '',
  sealed: '00',
  method: { kind: 'passphrase', record: 'x', code: '000000' },
};

/** What needs no signature. */
const PLAIN: Readonly<Record<string, (about: About) => Fields>> = {
  'POST desk /sign-in/passkey/start': nothing,
  'POST desk /sign-in/passkey': () => ({ id: 'x', response: {} }),
  'POST desk /sign-in/passphrase/start': () => ({ email: 'yorick.vex@example.com', start: 'AAAA' }),
  'POST desk /sign-in/passphrase': () => ({ id: 'x', finish: 'AAAA', code: '000000' }),
  'POST desk /join/:secret': () => join,
  'POST desk /join/:secret/passkey': () => ({ name: 'Somebody' }),
  'POST desk /join/:secret/passphrase': () => ({ email: 'somebody@example.org', start: 'AAAA' }),
  'POST desk /sign-out': nothing,
  'PUT desk /session/kept': () => ({ half: 'ab'.repeat(32) }),
  'POST desk /session/stay': nothing,
  'POST desk /people/invite': () => ({
    name: 'Nora New',
    email: 'nora@example.org',
    capacities: ['caseworker'],
  }),
  'POST desk /host/bodies/invite': () => ({ slug: 'fourthshire' }),
  'POST desk /training': () => course,
  'POST desk /away': ({ person }) => ({ person: person?.id ?? '', ...days }),
  'POST desk /away/:away/forget': nothing,
  'POST desk /grants/fulfil': ({ grant }) => ({
    keys: [
      {
        grant: grant?.id ?? '',
        generation: grant?.name === "the adviser's grant" ? null : 1,
        sealed: 'ab'.repeat(100),
      },
    ],
  }),
  'POST desk /recovery/:recovery/envelopes': nothing,
  'POST desk /watch/invite': () => ({ name: 'Another Watch' }),
  'POST desk /watch/report': () => ({ every: 15, took: 1, asked: 1, findings: [], gone: [] }),
  'POST desk /watch/canaries': () => ({ form: 'review', cases: ['0199aaaa-bbbb-7ccc-8ddd-abcabcabcabc'] }),
  'POST desk /watch/canaries/retired': () => ({ cases: ['0199aaaa-bbbb-7ccc-8ddd-abcabcabcabc'] }),
  'POST desk /watch/rehearsals': () => ({ site: 'slot', path: '/dump.sql', packing: 'plain', bytes: 'AAAA' }),
  'POST desk /watch/rehearsals/:rehearsal/found': nothing,
  'POST desk /alarms/:alarm/acknowledge': nothing,
  'POST desk /incidents': () => ({
    ...{ title: 'A form was open', text: 'To everybody', source: 'colleague' },
    ...{ 'at-day': '2', 'at-month': '11', 'at-year': '2026', 'at-time': '09:00' },
  }),
  'POST desk /incidents/:incident/steps/:step': () => ({ text: 'We rang the supplier' }),
  'POST desk /incidents/:incident/notice': () => ({
    ...{ notice: '0199aaaa-bbbb-7ccc-8ddd-abcabcabcabc', step: 1, source: 'file', forms: [], sealed: null },
    ...{ list: 'ab'.repeat(32), cases: [], pace: 600, text: 'One person' },
    messages: [
      {
        ...{ key: '0199aaaa-bbbb-7ccc-8ddd-abcabcabcabd', reference: 'N4QXK7-9T1ZD', channel: 'email' },
        commitment: 'ab'.repeat(32),
      },
    ],
  }),
  'POST desk /notices/:notice/approve': () => ({ list: '07'.repeat(32) }),
  'POST desk /notices/:notice/list': nothing,
  'POST desk /incidents/:incident/notice/fate': () => ({
    fate: 'returned',
    references: 'N4QXK7-9T1ZD',
    why: '',
  }),
  'POST desk /incidents/:incident/notice/send': () => ({
    messages: [
      {
        ...{ key: '0199aaaa-bbbb-7ccc-8ddd-abcabcabcabd', channel: 'email', to: 'ana@people.example' },
        ...{ blind: 'ab'.repeat(32), subject: 'Your data', text: 'Dear Ana' },
      },
    ],
  }),
  'POST desk /incidents/:incident/notice/steer': () => ({ what: 'stopped', why: 'A wrong word' }),
  'POST desk /incidents/:incident/notice/undelivered': nothing,
  'POST desk /forms/:form/quarantine': () => ({ reason: 'Somebody rang' }),
  'POST desk /cases/:case/release': nothing,
  'POST desk /cases/:case/messages': () => ({ id: newId(), sealed: SEALED }),
  'POST desk /cases/:case/state': () => ({ state: 'acknowledged', outcome: '' }),
  'POST desk /cases/:case/assignment': () => ({ person: '' }),
  'POST desk /cases/:case/messages/told': () => ({ to: 'ana@people.example' }),
  'POST desk /cases/:case/receipt': () => ({ authenticator: toBase64url(random(32)), receiptKey: SEALED }),
  'POST slot /:organisation/:form/fill': () => ({ step: 'start' }),
  'POST slot /:organisation/:form/cases': nothing,
  'PUT slot /:organisation/:form/cases/:case/attachments/:attachment/:n': nothing,
  'POST slot /receipt': () => ({ authenticator: toBase64url(random(32)) }),
  'POST slot /receipt/messages': () => ({
    ...{ authenticator: toBase64url(random(32)), id: newId(), sealed: SEALED },
  }),
  'POST slot /receipt/proof': () => ({ authenticator: toBase64url(random(32)) }),
};

const shape = z.record(z.string(), z.unknown());

/** Makes what `who` sends to a door. With nobody signed in it is what its manager signed, without a session. */
export async function bodiesFor(matrix: Matrix): Promise<Bodies> {
  const signed = await templates(matrix);
  return async (door, who, about) => {
    const template = signed[door];
    const plain = PLAIN[door];
    if (!template && !plain)
      throw new Error(`The access matrix has nothing to send to ${door}: add it to its bodies.`);
    if (!template) return plain?.(about) ?? null;
    const { beside = {}, naming } = template;
    if (!who) return { text: template.text, signature: template.signature, ...beside };
    const { organisation, person: signer, signingKey } = who.staff;
    const named = { ...shape.parse(JSON.parse(template.text)), ...naming(about), organisation, signer };
    // One's own course is about oneself.
    const text = canonicalJson(door === 'POST desk /training/record' ? { ...named, person: signer } : named);
    return { text, signature: await signText(signingKey, text), ...beside };
  };
}
