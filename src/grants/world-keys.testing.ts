/** Keys and colleagues of the model world (world.testing.ts): making, turning, handing over; joining, leaving, coming back. */
import {
  covering,
  type Key,
  knows,
  type Line,
  mayRead,
  newest,
  type PersonNow,
  plainOf,
  type Rules,
  type World,
} from './world.testing.ts';

const SIGNATURES = 2;

function isManager({ cast }: Rules, world: World, account: number): boolean {
  return (
    world.people[account]?.standing === 'in' &&
    cast.accounts[account]?.capacities.includes('manager') === true
  );
}

const put = (world: World, account: number, now: PersonNow): World => ({
  ...world,
  people: world.people.map((each, i) => (i === account ? now : each)),
});

/** A manager signs that a colleague is who they say; the real human of an invented account finds nobody else who does. */
export function confirmed(rules: Rules, world: World, by: number, whom: number): World | null {
  const now = world.people[whom];
  const account = rules.cast.accounts[whom];
  if (now?.standing !== 'waiting' || !isManager(rules, world, by) || now.signed.includes(by)) return null;
  const isInvented = account?.name.startsWith('Invented') && account.human !== rules.cast.accounts[by]?.human;
  if (isInvented) return null;
  const signed = [...now.signed, by].sort();
  const enough = rules.off.has('a colleague is confirmed by two managers') ? 1 : SIGNATURES;
  return put(
    world,
    whom,
    signed.length < enough ? { ...now, signed } : { ...now, standing: 'in', signed: [] },
  );
}

export function suspended(
  rules: Rules,
  world: World,
  by: number,
  whom: number,
  how: 'suspend' | 'leave',
): World | null {
  const now = world.people[whom];
  if (!now || now.standing === 'waiting' || now.standing === 'left') return null;
  if (how === 'suspend' && (by === whom || now.standing === 'suspended')) return null;
  if (world.people[by]?.standing !== 'in' || (by !== whom && !isManager(rules, world, by))) return null;
  if (isManager(rules, world, whom)) {
    const others = world.people.filter((_, i) => i !== whom && isManager(rules, world, i));
    if (others.length < 2) return null;
  }
  return put(world, whom, { ...now, standing: how === 'leave' ? 'left' : 'suspended', signed: [] });
}

/** One signature for lifting a suspension; the second lifts it. */
export function resumed(rules: Rules, world: World, by: number, whom: number): World | null {
  const now = world.people[whom];
  if (now?.standing !== 'suspended' || by === whom || !isManager(rules, world, by)) return null;
  if (now.signed.includes(by)) return null;
  const signed = [...now.signed, by].sort();
  const enough = rules.off.has('a suspension is lifted by two others') ? 1 : SIGNATURES;
  return put(
    world,
    whom,
    signed.length < enough ? { ...now, signed } : { ...now, standing: 'in', signed: [] },
  );
}

/** Whether nothing but the calendar keeps this line from being read by, as the shipped rule says at its first day. */
function isLiveLine(rules: Rules, world: World, line: Line): boolean {
  const { off } = rules;
  const stands = world.people[line.person]?.standing === 'in';
  return (
    stands &&
    (!line.ended || off.has('ended')) &&
    (line.until > world.day || off.has('until')) &&
    (line.reviewBy > world.day || off.has('a review in time'))
  );
}

/** Lines to which a browser seals: those that two signatures prove, and all where it does not look. */
function sealedTo(rules: Rules, world: World): Line[] {
  const looks = !rules.off.has('whoever hands keys over verifies two signatures');
  return world.lines.filter((line) => isLiveLine(rules, world, line) && !(looks && line.forged));
}

/** Whether two signatures prove that somebody may read the newest generation of a form now. */
function isProven(rules: Rules, world: World, by: number, form: number, plain: number): boolean {
  const lines = world.lines.filter(({ forged }) => !forged);
  return mayRead(rules, { ...world, lines }, by, form, { plain });
}

export function madeKey(
  rules: Rules,
  world: World,
  by: number,
  form: number,
  what: 'make' | 'countersign',
): World | null {
  const keys = world.keys[form] ?? [];
  const { off } = rules;
  if (world.people[by]?.standing !== 'in') return null;
  const pending = keys.length === 1 && !keys[0]?.counts ? keys[0] : undefined;
  const reads = (account: number) =>
    off.has('a first key is made by a reader') || mayRead(rules, world, account, form, { plain: 1 });
  if (what === 'make') {
    // A key whose maker may not read any more is set aside.
    if (keys.length > 0 && !(pending && !reads(pending.maker))) return null;
    if (!reads(by)) return null;
    return withKeys(world, form, [{ around: 0, maker: by, counts: off.has('a first key is countersigned') }]);
  }
  if (!pending || pending.maker === by || !isManager(rules, world, by) || !reads(pending.maker)) return null;
  const verifies = !off.has('whoever countersigns verifies the maker’s grant');
  const proven = off.has('a first key is made by a reader') || isProven(rules, world, pending.maker, form, 1);
  if (verifies && !proven) return null;
  return withKeys(world, form, [{ ...pending, counts: true }]);
}

function withKeys(world: World, form: number, keys: readonly Key[]): World {
  return { ...world, keys: world.keys.map((each, i) => (i === form ? keys : each)) };
}

/** The next generation: plain by a reader, around the plain one by a manager who does not read. */
export function turned(
  rules: Rules,
  world: World,
  by: number,
  form: number,
  isAround: boolean,
): World | null {
  const last = newest(world, form);
  if (last === 0) return null;
  if (!(isAround ? mayTurnAround : mayTurn)(rules, world, by, form)) return null;
  const key: Key = { around: isAround ? plainOf(world, form, last) : 0, maker: by, counts: true };
  const next = withKeys(world, form, [...(world.keys[form] ?? []), key]);
  return rules.off.has('a turn leaves out who lost access') ? keptFor(next, form, last) : next;
}

function mayTurn(rules: Rules, world: World, by: number, form: number): boolean {
  const { off } = rules;
  if (world.people[by]?.standing !== 'in') return false;
  if (off.has('a plain turn is made by a reader')) return true;
  const generation = newest(world, form) + 1;
  return (
    mayRead(rules, world, by, form, { plain: generation }) &&
    (isProven(rules, world, by, form, generation) ||
      off.has('a turn counts only where its maker’s grant is proven'))
  );
}

function mayTurnAround(rules: Rules, world: World, by: number, form: number): boolean {
  if (!isManager(rules, world, by)) return false;
  const last = newest(world, form);
  if (mayRead(rules, world, by, form, { plain: last + 1 })) return false;
  if (!isTurnDue(rules, world, form)) return false;
  return (
    rules.off.has('a turn around is not made by who held the inner key') ||
    !knows(world, by, form, plainOf(world, form, last))
  );
}

/** The next generation sealed to whoever holds this one. */
function keptFor(world: World, form: number, last: number): World {
  const envelopes = world.envelopes.map((of) =>
    of.map((bits, i) => (i === form && bits & (1 << last) ? bits | (1 << (last + 1)) : bits)),
  );
  return { ...world, envelopes };
}

/** Whether somebody was sealed the newest key who may not read any more. */
function isTurnDue(rules: Rules, world: World, form: number): boolean {
  const last = newest(world, form);
  return world.envelopes.some(
    (of, account) =>
      ((of[form] ?? 0) & (1 << last)) !== 0 &&
      !world.lines.some(
        (line) =>
          line.person === account &&
          line.form === form &&
          line.case === null &&
          isLiveLine(rules, world, line),
      ),
  );
}

/**
 * Everything handed over to each line that is covered by it, at once, even where nobody is left who could (keyholders
 * recover it). Who is handed a key earlier can do no less, so a violation with late hands is one with early hands too.
 */
export function handedOver(rules: Rules, world: World): World {
  let [envelopes, caseKeys] = [world.envelopes, world.caseKeys];
  for (const line of sealedTo(rules, world)) {
    const covers = covering(rules, line);
    const forms = rules.off.has('a grant is for its form') ? world.keys.map((_, form) => form) : [line.form];
    if (covers.case !== null) caseKeys = withBit(caseKeys, line.person, 1 << covers.case);
    else
      for (const form of forms)
        envelopes = withEnvelopes(envelopes, line.person, form, generationsFrom(world, form, covers.from));
  }
  const same = envelopes === world.envelopes && caseKeys === world.caseKeys;
  return forgetMakers(same ? world : { ...world, envelopes, caseKeys });
}

function withBit(all: readonly number[], at: number, bits: number): readonly number[] {
  return ((all[at] ?? 0) | bits) === all[at] ? all : all.map((had, i) => (i === at ? had | bits : had));
}

function withEnvelopes(
  all: World['envelopes'],
  person: number,
  form: number,
  bits: number,
): World['envelopes'] {
  const had = all[person] ?? [];
  const has = withBit(had, form, bits);
  return has === had ? all : all.map((of, i) => (i === person ? has : of));
}

function generationsFrom(world: World, form: number, from: number): number {
  return (world.keys[form] ?? []).reduce(
    (bits, { counts }, i) => (counts && plainOf(world, form, i + 1) >= from ? bits | (1 << (i + 1)) : bits),
    0,
  );
}

/** A maker who was sealed an envelope is as any reader: which of them made the key makes no difference any more. */
function forgetMakers(world: World): World {
  const isKnown = (key: Key, form: number, i: number) =>
    key.maker >= 0 && key.counts && ((world.envelopes[key.maker]?.[form] ?? 0) & (1 << (i + 1))) !== 0;
  if (!world.keys.some((keys, form) => keys.some((key, i) => isKnown(key, form, i)))) return world;
  const keys = world.keys.map((of, form) =>
    of.map((key, i) => (isKnown(key, form, i) ? { ...key, maker: -1 } : key)),
  );
  return { ...world, keys };
}
