/**
 * Who can read: once as the database has it, person by person, form by form and case by case; and once as the signed
 * documents alone allow it, counted out by rules of its own: two different genuine managers, over the same proposal and
 * the same state, for named people in good standing. Nothing of the product's own code takes part in the second.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import type { TestDatabase } from '../store/testing.ts';
import { CAST, HONEST, type Name, STRANGERS, type World } from './fuzz-world.testing.ts';

/** `<person> <form> <case, or all>`, sorted. */
export type Readings = readonly string[];

const pair = z.object({ reading: z.string() });
const names = z.object({ name: z.string() });

/** Everybody of every body × every form and case there is, asked one by one. */
export async function whoReads(db: TestDatabase): Promise<Readings> {
  const rows = await db.admin.rows(
    pair,
    `with every as (
       select f.organisation, f.form, null::uuid as id, 2147483647 as generation
       from (select distinct organisation, form from letterbox.published_form) f
       union all select c.organisation, c.form, c.id, c.generation from letterbox.cases c)
     select concat_ws(' ', p.id, e.form, coalesce(e.id::text, 'all')) as reading
     from letterbox.person p cross join every e
     where letterbox.may_read(e.organisation, p.id, e.form, e.generation, e.id)
       or letterbox.reading_grant(e.organisation, p.id, e.form, e.generation, e.id) is not null`,
  );
  return rows.map(({ reading }) => reading).sort();
}

const signedRow = z.object({ kind: z.string(), hash: z.string(), text: z.string(), signature: z.string() });
const any = z.looseObject({
  signer: z.string(),
  ...{ at: z.string(), person: z.string().optional(), proposal: z.string().optional() },
  ...{
    state: z.string().optional(),
    suspension: z.string().optional(),
    grants: z.array(z.string()).optional(),
  },
});
const grantDocument = z.object({
  organisation: z.string(),
  people: z.array(z.object({ person: z.string() })),
  scopes: z.array(z.object({ form: z.string(), case: z.string().nullable(), fromGeneration: z.number() })),
  from: z.string(),
  until: z.string(),
});
type Said = z.infer<typeof any> & { readonly kind: string; readonly hash: string; readonly text: string };

/** Whose key signed it is asked of the keys that the world was made with, and of nothing in the database. */
function isGenuine(world: World, { signer }: z.infer<typeof any>, text: string, signature: string): boolean {
  const found = Object.values(world.people).find(({ staff }) => staff.person === signer);
  const other = [world.body.second, world.foreign.body.second].find(({ staff }) => staff.person === signer);
  const staff = (found ?? other)?.staff;
  if (!staff) return false;
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: staff.verifyKey } });
  return verify(null, Buffer.from(`letterbox-signed-v1\n${text}`), key, Buffer.from(signature, 'base64url'));
}

async function saidIn(world: World, db: TestDatabase): Promise<Said[]> {
  const rows = await db.admin.rows(
    signedRow,
    `select kind, encode(hash, 'hex') as hash, text, signature from letterbox.signed_document
     where kind in ('grant', 'approval', 'grant-end', 'leaving', 'suspension', 'resumption', 'review') order by position`,
  );
  return rows.flatMap(({ kind, hash, text, signature }) => {
    const document = any.parse(JSON.parse(text));
    const whole = createHash('sha256').update(text).digest('hex') === hash;
    return whole && isGenuine(world, document, text, signature) ? [{ ...document, kind, hash, text }] : [];
  });
}

/** Two accounts of one human being are one. */
const human = (name: Name): Name => (name === 'twin' ? 'mallory' : name);
const MANAGERS: readonly Name[] = [...HONEST, 'mallory', 'twin', 'eve'];

/** What two genuine managers let named people in good standing read, and no one has ended. */
export async function allowedIn(world: World, db: TestDatabase): Promise<Readings> {
  const said = await saidIn(world, db);
  const called = new Map(
    Object.entries(world.people).map(([name, { staff }]) => [staff.person as string, nameOf(name)]),
  );
  called.set(world.foreign.body.second.staff.person, 'third');
  const manager = (id: string): Name | null => {
    const name = called.get(id);
    return name && MANAGERS.includes(name) ? human(name) : null;
  };
  const of = (kind: string) => said.filter((each) => each.kind === kind);
  const stands = standing(world, of, manager);
  const now = new Date().toISOString();
  const cases = await casesIn(db);
  const readings = of('grant').flatMap((grant) => {
    const { organisation, people, scopes, from, until } = grantDocument.parse(JSON.parse(grant.text));
    const proposer = manager(grant.signer);
    const approved = of('approval').some((each) => {
      const approver = manager(each.signer);
      const parties = people.map(({ person }) => human(called.get(person) ?? 'nobody'));
      const two = proposer !== null && approver !== null && proposer !== approver;
      const others = [proposer, approver].every((each) => each !== null && !parties.includes(each));
      return two && others && each.proposal === grant.hash && each.state === grant.state;
    });
    if (!approved || from > now || until <= now) return [];
    const own = cases.filter((each) => each.organisation === organisation);
    return people.flatMap(({ person }) =>
      scopes
        .filter((scope) => stands(person) && !isEnded(of('grant-end'), manager, grant.hash, person, scope))
        .flatMap((scope) => covered(scope, own).map((what) => `${person} ${what}`)),
    );
  });
  return [...new Set(readings)].sort();
}

const nameOf = (name: string): Name => z.enum([...CAST, ...STRANGERS]).parse(name);

type Scope = z.infer<typeof grantDocument>['scopes'][number];
type Found = {
  readonly organisation: string;
  readonly id: string;
  readonly form: string;
  readonly generation: number;
};

async function casesIn(db: TestDatabase): Promise<Found[]> {
  const shape = z.object({
    ...{ organisation: z.string(), id: z.string(), form: z.string() },
    generation: z.number(),
  });
  return db.admin.rows(shape, 'select organisation, id, form, generation from letterbox.cases');
}

function covered(scope: Scope, cases: readonly Found[]): string[] {
  const inside = cases.filter(
    ({ id, form, generation }) =>
      form === scope.form && (scope.case === null ? scope.fromGeneration <= generation : scope.case === id),
  );
  const all = scope.case === null ? [`${scope.form} all`] : [];
  return [...all, ...inside.map(({ id, form }) => `${form} ${id}`)];
}

/** The line's id, derived once more by hand. */
function lineOf(document: string, person: string, { form, case: of }: Scope): string {
  const text = `letterbox grant line\n${document} ${person} ${form} ${of ?? '-'}\n`;
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function isEnded(
  ends: readonly Said[],
  manager: (id: string) => Name | null,
  document: string,
  person: string,
  scope: Scope,
): boolean {
  const line = lineOf(document, person, scope);
  return ends.some(({ signer, grants }) => manager(signer) !== null && grants?.includes(line));
}

function standing(world: World, of: (kind: string) => Said[], manager: (id: string) => Name | null) {
  const lifted = (document: Said) => {
    const signers = of('resumption')
      .filter(({ suspension, signer, person }) => suspension === document.hash && signer !== person)
      .map(({ signer }) => manager(signer));
    return new Set(signers.filter((each) => each !== null)).size >= 2;
  };
  return (person: string): boolean => {
    const left = of('leaving').some(
      (each) => each.person === person && (each.signer === person || manager(each.signer) !== null),
    );
    const out = of('suspension').some((each) => each.person === person && !lifted(each));
    // Whom the world never confirmed with two signatures is never in good standing here.
    const confirmed = world.people.una.staff.person !== person;
    return confirmed && !left && !out;
  };
}

/** Envelopes to people who never had a grant of two signatures of that form or case; form keys by nobody's right. */
export async function strayRows(world: World, db: TestDatabase): Promise<string[]> {
  const said = await saidIn(world, db);
  const ever = said.filter(({ kind }) => kind === 'grant');
  const approved = new Set(said.filter(({ kind }) => kind === 'approval').map(({ proposal }) => proposal));
  const granted = new Set(
    ever
      .filter(({ hash }) => approved.has(hash))
      .flatMap(({ text }) => {
        const { people, scopes } = grantDocument.parse(JSON.parse(text));
        return people.flatMap(({ person }) => scopes.map(({ form, case: of }) => `${person} ${of ?? form}`));
      }),
  );
  const rows = await db.admin.rows(
    names,
    `select person || ' ' || form as name from letterbox.key_envelope where person is not null
     union select person || ' ' || case_id from letterbox.case_envelope
     union select s.signer || ' ' || k.form from letterbox.form_key k
       join letterbox.signed_document s on s.organisation = k.organisation and s.hash = k.document where k.around is null`,
  );
  return rows.map(({ name }) => name).filter((name) => !granted.has(name));
}
