/** What the access matrix asks about: the things of a body by their names, and what is nowhere. */
import type { Posted } from '../cases/testing.ts';
import { linesOf, termsFound } from '../grants/testing.ts';
import { WORDING } from '../notices/testing.ts';
import type { SignedIn, TestBody } from '../people/testing.ts';
import { newId } from '../sealing/place.ts';
import type { BodyName, Thing } from './matrix-cast.testing.ts';

/** A case, and the sealed message of its submitter. */
export type Talked = Posted & { readonly message: Uint8Array };

/** What a body has, from which its things are made. */
export type Parts = {
  readonly forms: readonly string[];
  readonly cases: Readonly<Record<string, Talked>>;
  /** Proposals by what they are called: approved ones give grants, `waits` does not. */
  readonly proposals: Readonly<Record<string, string>>;
  readonly waits: string;
  readonly people: Readonly<Record<string, SignedIn>>;
  readonly recovery: { readonly id: string; readonly document: string };
  readonly away: string;
  readonly watched: {
    readonly alarm: string;
    readonly quarantine: string;
    readonly rehearsal: string;
    readonly incident: string;
    readonly notice: string;
  };
};

/** Everything of a body that can be asked about. */
export async function thingsOf(of: BodyName, body: TestBody, parts: Parts): Promise<Thing[]> {
  const base = { of, wellFormed: true };
  const lines = await Promise.all(
    Object.entries(parts.proposals).map(async ([name, id]): Promise<Thing> => {
      const [line = ''] = await linesOf(body, id);
      return { ...base, kind: 'grant', name, id: line };
    }),
  );
  const { document } = await termsFound(body, parts.waits);
  return [
    { ...base, kind: 'organisation', name: `the body ${of}`, id: of },
    ...parts.forms.map(
      (form): Thing => ({ ...base, kind: 'form', name: `the form ${form} of ${of}`, id: form, form }),
    ),
    ...Object.entries(parts.cases).flatMap(([name, { post, attachment }]): Thing[] => [
      { ...base, kind: 'case', name, id: post.case, form: post.form },
      {
        ...base,
        kind: 'attachment',
        name: `the file of ${name}`,
        id: attachment.id,
        form: post.form,
        case: name,
      },
    ]),
    { ...base, kind: 'proposal', name: `a proposal of ${of}`, id: parts.waits, document },
    ...lines,
    ...Object.entries(parts.people).map(
      ([name, { staff }]): Thing => ({
        ...{ ...base, kind: 'person', name: `${name} of ${of}`, id: staff.person },
      }),
    ),
    { ...base, kind: 'recovery', name: `the recovery of ${of}`, ...parts.recovery },
    { ...base, kind: 'away', name: `a leave of ${of}`, id: parts.away },
    { ...base, kind: 'alarm', name: `an alarm of ${of}`, id: parts.watched.alarm },
    { ...base, kind: 'quarantine', name: `a quarantine of ${of}`, id: parts.watched.quarantine },
    { ...base, kind: 'rehearsal', name: `a rehearsal of ${of}`, id: parts.watched.rehearsal },
    { ...base, kind: 'incident', name: `an incident of ${of}`, id: parts.watched.incident },
    { ...base, kind: 'notice', name: `a notice of ${of}`, id: parts.watched.notice },
  ];
}

/** An alarm, a quarantine of a form that nobody asks about, something planted, and an incident with a notice that two agreed on. */
export async function watched({ db, founder }: TestBody): Promise<Parts['watched']> {
  const { organisation } = founder.staff;
  const [alarm, quarantine, rehearsal, incident, notice] = [newId(), newId(), newId(), newId(), newId()];
  await db.admin.run(
    `insert into letterbox.alarm (organisation, id, key, kind, colour, seen, done, first_seen, last_seen)
     values ($1, $2, 'a key', 'by-hand', 'amber', 'Somebody rang', 'nothing', now(), now())`,
    [organisation, alarm],
  );
  await db.admin.run(
    `insert into letterbox.quarantine (organisation, id, form, since, reason) values ($1, $2, 'an-old-form', now(), 'Why')`,
    [organisation, quarantine],
  );
  await db.admin.run(
    `insert into letterbox.rehearsal (organisation, id, site, path, packing, bytes, planted_at)
     values ($1, $2, 'slot', '/backup.zip', 'plain', 'x', now())`,
    [organisation, rehearsal],
  );
  await db.admin.run(
    `insert into letterbox.incident (organisation, id, title, source, opened_at, opened_by, aware_at)
     values ($1, $2, 'A form was open', 'colleague', now(), $3, now())`,
    [organisation, incident, founder.staff.person],
  );
  await db.admin.run(
    `insert into letterbox.incident_step (organisation, incident, n, kind, facts, at, by_person)
     values ($1, $2, 1, 'worded', $3, now(), $4)`,
    [organisation, incident, JSON.stringify(WORDING), founder.staff.person],
  );
  await db.admin.run(
    `insert into letterbox.notice (organisation, id, incident, worded, source, forms, sealed, list_hash, cases, pace,
       proposed_at, proposed_by, approved_at, approved_by)
     values ($1, $2, $3, 1, 'cases', '[{"form": "review", "generation": 1}]', $4, $5, '[]', 600, now(), $6, now(), $6)`,
    [organisation, notice, incident, SEALED, Buffer.alloc(32, 7), founder.staff.person],
  );
  return { alarm, quarantine, rehearsal, incident, notice };
}

const SEALED = Buffer.from('age-encryption.org/v1\n-> mlkem768x25519 the list of a notice');
const ABSENT = '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee';
/** What is not there, and what is no name of anything; with what is nobody's. */
export const NOWHERE: readonly Thing[] = [
  ...(
    [
      'case',
      'attachment',
      'proposal',
      'grant',
      'person',
      'recovery',
      'away',
      'alarm',
      'quarantine',
      'rehearsal',
      'incident',
      'notice',
    ] as const
  ).flatMap((kind): Thing[] => [
    { kind, name: `no ${kind}`, of: null, id: ABSENT, wellFormed: true, document: 'ab'.repeat(32) },
    { kind, name: `no name of a ${kind}`, of: null, id: "%27or'1'='1", wellFormed: false },
  ]),
  { kind: 'organisation', name: 'no body', of: null, id: 'nowhere', wellFormed: true },
  { kind: 'organisation', name: 'no name of a body', of: null, id: 'NO%20BODY', wellFormed: false },
  { kind: 'form', name: 'no form', of: null, id: 'no-such-form', wellFormed: true, form: 'no-such-form' },
  { kind: 'form', name: 'no name of a form', of: null, id: 'NO%20FORM', wellFormed: false, form: 'NO FORM' },
  { kind: 'secret', name: 'no invitation', of: null, id: 'ab'.repeat(32), wellFormed: true },
  { kind: 'secret', name: 'no name of an invitation', of: null, id: 'let-me-in', wellFormed: false },
  { kind: 'step', name: 'a step', of: null, id: 'note', wellFormed: true },
  { kind: 'step', name: 'no step', of: null, id: 'dance', wellFormed: false },
  { kind: 'chunk', name: 'the first chunk', of: null, id: '0', wellFormed: true },
  { kind: 'chunk', name: 'no chunk', of: null, id: '-1', wellFormed: false },
  { kind: 'asset', name: 'a file of the site', of: null, id: 'package.json', wellFormed: true },
  { kind: 'asset', name: 'a file outside', of: null, id: '..%2f..%2f..%2fetc%2fpasswd', wellFormed: false },
];
