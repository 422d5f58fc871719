/** How a genuine request is spoilt: what is put where, re-signed by whoever sends it or not, and sent in which clothes. */
import fc from 'fast-check';
import type { Json } from './fuzz-genuine.testing.ts';
import { FORMS, type World } from './fuzz-world.testing.ts';

/** Numbers choose: each is taken modulo what there is to choose from. */
export type Change = {
  readonly at: number;
  readonly how: How;
  readonly what: number;
  readonly fits: boolean;
};
const HOW = ['value', 'value', 'value', 'add', 'twice', 'prototype', 'wrap', 'drop'] as const;
type How = (typeof HOW)[number];

export type Plan = {
  readonly genuine: number;
  readonly sender: number;
  /** Re-signed by the sender's own key: the signature is right and the content is wrong. */
  readonly resigned: boolean;
  /** Names the sender as the signer too. */
  readonly signer: boolean;
  /** Counts the state, and what hangs on it, afresh, as a conspirator's own program would. */
  readonly counted: boolean;
  readonly canonical: boolean;
  readonly document: readonly Change[];
  readonly beside: readonly Change[];
  readonly clothes: number;
  readonly newest: boolean;
};

const change = fc.record({
  at: fc.nat(1000),
  how: fc.constantFrom(...HOW),
  what: fc.nat(1000),
  fits: fc.integer({ min: 0, max: 9 }).map((n) => n < 6),
});
const mostly = fc.integer({ min: 0, max: 9 });
/** What is sent, as numbers alone: the same seed gives the same requests. */
export const plans = fc.record({
  genuine: fc.nat(1000),
  sender: fc.nat(1000),
  resigned: mostly.map((n) => n < 6),
  signer: mostly.map((n) => n < 8),
  counted: mostly.map((n) => n < 6),
  canonical: mostly.map((n) => n < 9),
  document: mostly.chain((n) => fc.array(change, { maxLength: n < 2 ? 0 : n < 8 ? 1 : 3 })),
  beside: mostly.chain((n) => fc.array(change, { maxLength: n < 8 ? 0 : 2 })),
  clothes: mostly.chain((n) => (n < 8 ? fc.constant(0) : fc.nat(1000))),
  newest: mostly.map((n) => n < 5),
}) satisfies fc.Arbitrary<Plan>;

/** What a database cannot hold, or not as that. */
const HARD: readonly Json[] = ['\u0000', '\ud800', '0000-01-01T00:00:00.000Z', 2 ** 31, 2 ** 53 - 1, -1];
const EVERYONE: readonly Json[] = [
  ...HARD,
  ...['public', '*', 'everyone', 'anonymous', 'all', 'staff', 'anyone', 'authenticated', 'caseworkers'],
  ...['group:caseworkers', 'role:manager', 'example.com', '@example.com', '*@example.com'],
  ...[
    'mailto:ana.reader@example.com',
    'https://desk.test/join/any',
    '%',
    '_',
    '.*',
    '..',
    '/',
    'null',
    'true',
  ],
  ...['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', "' or true --"],
  ...['𝔈', 'x'.repeat(300), '-', ' '],
  ...[null, [], {}, '', true, false, ['*'], [null], [[]], { public: true }, { $ne: null }],
  ...[0, 1.5, 1e308, 2 ** 53, -(2 ** 31) - 1],
];
const NUMBERS = [0, -1, 1, 2, 3, 99, 1.5, 1e21, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, -(2 ** 31)];
const INSTANTS = [
  ...['0000-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z'],
  ...['2026-02-30T00:00:00.000Z', '9999-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000+14:00'],
  ...['2027-01-01', 'infinity', 'now', 'tomorrow', '2027-01-01T24:00:00.000Z', '+275760-09-13T00:00:00.000Z'],
];
const FIELDS: readonly (readonly [string, Json])[] = [
  ['public', true],
  ['anyoneWithLink', true],
  ['role', 'admin'],
  ['readers', ['*']],
  ['capacities', ['manager', 'caseworker']],
  ['confirmed', true],
  ['approved', true],
  ['approver', '*'],
  ['group', 'staff'],
  ['person', '*'],
  ['people', '*'],
  ['form', '*'],
  ['organisation', '*'],
  ['signer', '*'],
  ['until', null],
];
const PROTOTYPES: readonly (readonly [string, Json])[] = [
  ['__proto__', { public: true, capacities: ['manager'] }],
  ['constructor', { prototype: { public: true } }],
  ['prototype', { confirmed: true }],
  ['toString', '*'],
];

export type Values = { readonly ids: readonly string[]; readonly hashes: readonly string[] };

/** What fits by its shape: other people, other bodies, other documents, other forms, other days. */
function fitting(world: World, { ids, hashes }: Values, before: Json): readonly Json[] {
  if (typeof before === 'number') return NUMBERS;
  if (typeof before === 'boolean') return [!before];
  if (before === null) return [...ids.slice(0, 5), ...hashes.slice(0, 5), 1, '*'];
  if (Array.isArray(before)) return [[], [...before, ...before], before.slice(1), ['*'], ids.slice(0, 3)];
  if (typeof before !== 'string') return EVERYONE;
  if (/^[0-9a-f]{8}-/.test(before)) return ids;
  if (/^[0-9a-f]{64}$/.test(before)) return hashes;
  if (/^\d{4}-\d\d-\d\dT/.test(before)) return [...days(), ...INSTANTS];
  if (FORMS.some((form) => form === before)) return [...FORMS, 'victims', '*', 'review-'];
  if (/^age1pq1/.test(before))
    return Object.values(world.people).map(({ staff }) => staff.recipient as string);
  if (/^[0-9a-f]+$/.test(before)) return ['00', before.slice(2), `${before}00`];
  return ['manager', 'caseworker', 'keyholder', 'operator', 'Deciding requests for a review', ...EVERYONE];
}

const days = (): string[] =>
  [-400, -2, -0.001, 0.001, 1, 30, 364, 367, 4000].map((each) =>
    new Date(Date.now() + each * 24 * 60 * 60 * 1000).toISOString(),
  );

type Held = { readonly holder: Json[] | { [key: string]: Json }; readonly key: string | number };

/** Every place in a value, outermost first. */
function places(value: Json): Held[] {
  if (value === null || typeof value !== 'object') return [];
  const keys: (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap((key) => [{ holder: value, key }, ...places(childOf(value, key))]);
}
const childOf = (holder: Held['holder'], key: string | number): Json =>
  (Array.isArray(holder) ? holder[Number(key)] : holder[String(key)]) ?? null;

const pick = <T>(from: readonly T[], n: number): T => {
  const found = from[n % Math.max(1, from.length)];
  if (found === undefined) throw new Error('There is nothing to choose from.');
  return found;
};

const put = (holder: Held['holder'], key: string | number, value: Json): void => {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
};

/** What a second spelling of a key in JSON's text stands for: added to the text, since no object holds it. */
export type Twice = readonly (readonly [key: string, value: Json])[];

/** Spoils a value where it stands; gives what only a text can say. */
export function spoil(world: World, values: Values, value: Json, changes: readonly Change[]): Twice {
  const twice: [string, Json][] = [];
  for (const { at, how, what, fits } of changes) {
    const all = places(value);
    if (all.length === 0) continue;
    const { holder, key } = pick(all, at);
    const before = childOf(holder, key);
    const other = pick(fits ? fitting(world, values, before) : EVERYONE, what);
    if (how === 'value') put(holder, key, structuredClone(other));
    else if (how === 'wrap') put(holder, key, Array.isArray(before) ? (before[0] ?? null) : [before]);
    else if (how === 'twice') twice.push([String(key), structuredClone(other)]);
    else if (how === 'drop') Reflect.deleteProperty(holder, key);
    else if (!Array.isArray(holder)) {
      const [name, added] = pick(how === 'add' ? FIELDS : PROTOTYPES, what);
      put(holder, name, structuredClone(added));
    } else holder.push(structuredClone(other));
  }
  return twice;
}

export const withTwice = (text: string, twice: Twice): string =>
  twice.reduce(
    (so, [key, value]) =>
      so.startsWith('{') && so.length > 2
        ? `{${JSON.stringify(key)}:${JSON.stringify(value)},${so.slice(1)}`
        : so,
    text,
  );

export type Clothes = {
  readonly query?: string;
  readonly method?: 'GET' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly as?: 'form' | 'text' | 'multipart' | 'nothing' | 'array' | 'xml';
  readonly path?: (url: string) => string;
};

/** The first are ordinary; the rest is what proxies, frameworks and careless servers have believed in. */
export const CLOTHES: readonly Clothes[] = [
  {},
  { query: '?public=1' },
  { query: '?person=*&form=*&readers=everyone' },
  { query: '?_method=PUT&role=admin' },
  { headers: { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' } },
  { headers: { 'x-http-method-override': 'PUT' } },
  { headers: { 'x-original-url': '/access/propose', 'x-rewrite-url': '/access/propose' } },
  {
    headers: { 'x-forwarded-user': 'founder', 'remote-user': 'founder', authorization: 'Basic Zm91bmRlcjo=' },
  },
  { headers: { 'x-forwarded-host': 'desk.test', origin: 'https://elsewhere.test' } },
  { headers: { accept: 'text/html' } },
  ...(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'] as const).map((method) => ({ method })),
  ...(['form', 'text', 'multipart', 'nothing', 'array', 'xml'] as const).map((as) => ({ as })),
  { path: (url) => `/${url}` },
  { path: (url) => `${url}/` },
  { path: (url) => url.toUpperCase() },
  { path: (url) => url.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '*') },
  { path: (url) => url.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '..%2f') },
  ...['*', '%00', '%ED%A0%80', "' or true --".replaceAll(' ', '%20')].map((form) => ({
    path: (url: string) => url.replace(/\/(review|appeal|complaint)\//, `/${form}/`),
  })),
];

const AS_MADE = {
  ...{ sender: 0, resigned: true, signer: false, counted: false, canonical: true, newest: false },
  ...{ document: [], beside: [], clothes: 0 },
} satisfies Partial<Plan>;
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Each genuine request as it is, alone. */
export const asMade = (genuine: number): Plan => ({ ...AS_MADE, genuine, resigned: false });

/** What no database can hold, at each of the first places of each genuine request, re-signed by whoever sends it. */
export const hardPlans = (genuine: number, places = 10): Plan[] =>
  upTo(genuine).flatMap((each) =>
    upTo(places).flatMap((at) =>
      HARD.map((_, what): Plan => {
        const document = [{ at, how: 'value', what, fits: false } as const];
        return { ...AS_MADE, genuine: each, document };
      }),
    ),
  );

/** Each genuine request in all clothes. */
export const clothedPlans = (genuine: number): Plan[] =>
  upTo(genuine).flatMap((each) =>
    CLOTHES.map((_, clothes): Plan => ({ ...AS_MADE, genuine: each, clothes, resigned: false })),
  );
