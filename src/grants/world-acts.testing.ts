/** What anybody can try in the model world (world.testing.ts), and what comes of it. */
import { isLive, type Member, reviewAfter, stateText } from './grant.ts';
import { isSamePerson, objectionTo, objectionToApprover } from './objection.ts';
import {
  type Covers,
  caseName,
  dayOf,
  FAR,
  formName,
  type Guard,
  instant,
  type Line,
  memberOf,
  type Offer,
  personName,
  type Rules,
  type Span,
  STEP,
  stateOf,
  type World,
} from './world.testing.ts';
import { confirmed, handedOver, madeKey, resumed, suspended, turned } from './world-keys.testing.ts';

/** Offers and lines are called by what they say, so that it does not matter in what order they are kept. */
export type Act =
  | ({ readonly do: 'propose'; readonly by: number } & Terms)
  | { readonly do: 'approve'; readonly by: number; readonly offer: string }
  | { readonly do: 'move an approval'; readonly of: string; readonly offer: string }
  | { readonly do: 'withdraw'; readonly by: number; readonly offer: string }
  | { readonly do: 'end'; readonly by: number; readonly line: string }
  | { readonly do: 'review'; readonly by: number; readonly line: string }
  | { readonly do: 'wait' }
  | { readonly do: 'confirm' | 'suspend' | 'resume' | 'leave'; readonly by: number; readonly whom: number }
  | { readonly do: 'train' | 'lapse'; readonly whom: number }
  | {
      readonly do: 'make' | 'countersign' | 'turn' | 'turn around';
      readonly by: number;
      readonly form: number;
    }
  | { readonly do: 'submit'; readonly form: number }
  | { readonly do: 'forge'; readonly whom: number; readonly covers: Covers };
export type Terms = Span & { readonly people: readonly number[]; readonly covers: readonly Covers[] };

const coversName = ({ form, case: of, from }: Covers): string =>
  `${formName(form)}${of === null ? `≥${from}` : `:${caseName(of)}`}`;
export const offerName = ({ by, people, covers, starts, until }: Omit<Offer, 'seen' | 'status'>): string =>
  `${by}>${people.join('+')} ${covers.map(coversName).join('+')} ${starts}-${until}`;
export const lineName = (
  line: Covers & Span & { readonly person: number; readonly forged: boolean },
): string => `${line.forged ? '!' : ''}${line.person} ${coversName(line)} ${line.starts}-${line.until}`;

/** The world after this, with every key handed over that can be; null where it is refused. */
export function attempt(rules: Rules, world: World, act: Act): World | null {
  const next = changed(rules, world, act);
  return next && handedOver(rules, next);
}

function changed(rules: Rules, world: World, act: Act): World | null {
  switch (act.do) {
    case 'propose':
      return proposed(rules, world, act);
    case 'approve':
      return approved(rules, world, act.by, act.offer);
    case 'move an approval':
      return moved(rules, world, act.of, act.offer);
    case 'withdraw':
      return withdrawn(rules, world, act.by, act.offer);
    case 'end':
      return ended(rules, world, act.by, act.line);
    case 'review':
      return reviewed(rules, world, act.by, act.line);
    case 'wait':
      return { ...world, day: world.day + STEP };
    case 'confirm':
      return confirmed(rules, world, act.by, act.whom);
    case 'suspend':
    case 'leave':
      return suspended(rules, world, act.by, act.whom, act.do);
    case 'resume':
      return resumed(rules, world, act.by, act.whom);
    case 'train':
    case 'lapse':
      return trained(world, act.whom, act.do === 'train');
    case 'make':
    case 'countersign':
      return madeKey(rules, world, act.by, act.form, act.do);
    case 'turn':
    case 'turn around':
      return turned(rules, world, act.by, act.form, act.do === 'turn around');
    case 'submit':
      return submitted(rules, world, act.form);
    case 'forge':
      return forged(world, act.whom, act.covers);
  }
}

type Seen = { readonly guard: Guard; readonly member: (member: Member) => Member };
const trainedFor = (guard: Guard): Seen => ({
  guard,
  member: (member) => ({ ...member, trainedUntil: instant(FAR) }),
});
const standing = (guard: Guard): Seen => ({ guard, member: (member) => ({ ...member, stands: true }) });
const managing = (guard: Guard): Seen => ({
  guard,
  member: (member) => ({ ...member, capacities: ['manager'] }),
});
const renamed = (guard: Guard): Seen => ({
  guard,
  member: (member) => ({ ...member, name: `Else ${member.id}`, email: `else-${member.id}` }),
});
const unidentified = (guard: Guard): Seen => ({
  guard,
  member: (member) => ({ ...member, id: `else-${member.id}`, name: `Else ${member.id}`, email: 'else' }),
});
const PROPOSER = [
  managing('the proposer is a manager'),
  trainedFor('the proposer is trained'),
  unidentified('the proposer is nobody it is for'),
  renamed('the proposer has no second account among those it is for'),
];
const GRANTEE = [standing('the grantee stands'), trainedFor('the grantee is trained')];
const APPROVER = [
  managing('the approver is a manager'),
  standing('the approver stands'),
  trainedFor('the approver is trained'),
];

function blinded({ off }: Rules, member: Member, ...seen: readonly Seen[]): Member {
  if (off.size === 0) return member;
  return seen.filter(({ guard }) => off.has(guard)).reduce((was, { member: put }) => put(was), member);
}

/** Terms as the shipped rules know them. */
export const termsOf = ({ people, covers, starts, until }: Terms) => ({
  ...{ id: '', people: people.map(personName), from: instant(starts), until: instant(until) },
  scopes: covers.map(({ form, case: of, from }) => ({
    ...{ form: formName(form), fromGeneration: from, purpose: 'Work' },
    case: of === null ? null : caseName(of),
  })),
});

/** Whether the shipped rule lets `by` propose this now. */
function mayPropose(rules: Rules, world: World, by: number, terms: Terms): boolean {
  const state = stateOf(rules, world);
  const people =
    rules.off.size === 0
      ? state.people
      : state.people.map((member, i) =>
          terms.people.includes(i) ? blinded(rules, member, ...GRANTEE) : member,
        );
  const proposer = blinded(rules, memberOf(rules, world, by), ...PROPOSER);
  return objectionTo({ ...state, people }, termsOf(terms), proposer, instant(world.day)) === null;
}

function proposed(rules: Rules, world: World, act: Terms & { readonly by: number }): World | null {
  if (world.people[act.by]?.standing !== 'in' || !mayPropose(rules, world, act.by, act)) return null;
  const { by, people, covers, starts, until } = act;
  const seen = stateText(stateOf(rules, world), termsOf(act), instant(world.day));
  const offer: Offer = { by, people, covers, starts, until, seen, status: 'open' };
  // The same again is another signature over the same: the older one is kept only while nothing has moved.
  const others = world.offers.filter((each) => offerName(each) !== offerName(offer));
  return { ...world, offers: [...others, offer] };
}

function approved(rules: Rules, world: World, by: number, name: string): World | null {
  const offer = world.offers.find((each) => offerName(each) === name);
  if (!offer || !mayApprove(rules, world, by, offer)) return null;
  if (offer.status === 'approved' && !rules.off.has('an approval counts once')) return null;
  if (offer.status === 'withdrawn' && !rules.off.has('what is withdrawn is not approved')) return null;
  return granted(world, offer);
}

function mayApprove(rules: Rules, world: World, by: number, offer: Offer): boolean {
  const { off } = rules;
  const proposerNow = memberOf(rules, world, offer.by);
  const proposer = off.has('the proposer still stands at the approval')
    ? { ...proposerNow, stands: true }
    : proposerNow;
  const state = stateOf(rules, world);
  const people = state.people.map((member, i) =>
    i === offer.by ? proposer : offer.people.includes(i) ? blinded(rules, member, ...GRANTEE) : member,
  );
  const asked = { ...state, people };
  const at = instant(world.day);
  const terms = termsOf(offer);
  if (objectionTo(asked, terms, blinded(rules, proposer, ...PROPOSER), at)) return false;
  if (!off.has('the state has not moved') && stateText(state, terms, at) !== offer.seen) return false;
  return !objectionToApprover(
    asked,
    asApproved(rules, terms, by),
    proposer,
    approverOf(rules, world, by, offer),
    at,
  );
}

/** The approver, unrecognised where the guard that would recognise them is gone. */
function approverOf(rules: Rules, world: World, by: number, offer: Offer): Member {
  const { off } = rules;
  const member = blinded(rules, memberOf(rules, world, by), ...APPROVER);
  const own = by === offer.by && off.has('the approver is not the proposer');
  const theirs = offer.people.includes(by) && off.has('the approver is nobody it is for');
  const second = off.has('the approver is nobody’s second account');
  if (own || theirs) return { ...member, id: `else-${by}`, name: `Else ${by}`, email: 'else' };
  return second ? { ...member, name: `Else ${by}`, email: 'else' } : member;
}

function asApproved<T extends { readonly people: readonly string[] }>(
  { off }: Rules,
  terms: T,
  by: number,
): T {
  if (!off.has('the approver is nobody it is for')) return terms;
  return { ...terms, people: terms.people.filter((id) => id !== personName(by)) };
}

/** An approval that somebody signed for one proposal, shown for another. */
function moved({ off }: Rules, world: World, of: string, name: string): World | null {
  const given = world.offers.find((each) => offerName(each) === of && each.status === 'approved');
  const offer = world.offers.find((each) => offerName(each) === name && each.status === 'open');
  if (!given || !offer || !off.has('an approval counts for its own proposal')) return null;
  return granted(world, offer);
}

function granted(world: World, offer: Offer): World {
  const reviewBy = dayOf(reviewAfter(instant(world.day)));
  const { starts, until } = offer;
  const lines = offer.people.flatMap((person) =>
    offer.covers.map(
      (covers): Line => ({ ...covers, person, starts, until, reviewBy, ended: false, forged: false }),
    ),
  );
  const offers = world.offers.map((each): Offer => (each === offer ? { ...each, status: 'approved' } : each));
  // The same terms granted twice are read by until the later of their reviews; they are kept as one.
  const names = new Set(lines.map(lineName));
  const others = world.lines.filter((line) => line.ended || !names.has(lineName(line)));
  return { ...world, offers, lines: [...others, ...lines] };
}

/** A manager in good standing: enough to close something. */
function manages(rules: Rules, world: World, by: number): boolean {
  const { stands, capacities } = memberOf(rules, world, by);
  return stands && capacities.includes('manager');
}

function withdrawn(rules: Rules, world: World, by: number, name: string): World | null {
  const offer = world.offers.find((each) => offerName(each) === name);
  if (offer?.status !== 'open' || !manages(rules, world, by)) return null;
  const offers = world.offers.map(
    (each): Offer => (each === offer ? { ...each, status: 'withdrawn' } : each),
  );
  return { ...world, offers };
}

function ended(rules: Rules, world: World, by: number, name: string): World | null {
  const line = world.lines.find((each) => lineName(each) === name && !each.ended);
  if (!line || !manages(rules, world, by)) return null;
  return { ...world, lines: world.lines.map((each) => (each === line ? { ...each, ended: true } : each)) };
}

function reviewed(rules: Rules, world: World, by: number, name: string): World | null {
  const { off, cast } = rules;
  const line = world.lines.find((each) => lineName(each) === name && !each.ended);
  if (!line || !manages(rules, world, by) || !world.people[by]?.trained) return null;
  if (line.person === by && !off.has('the reviewer is not the reader')) return null;
  const [one, other] = [cast.accounts[by], cast.accounts[line.person]];
  const alike = one && other && by !== line.person && isSamePerson(one, other);
  if (alike && !off.has('the reviewer is not the reader’s second account')) return null;
  const [until, reviewBy] = [instant(line.until), instant(line.reviewBy)];
  const live = isLive({ ...LINE, until, reviewBy }, instant(world.day));
  if (!live && !off.has('what has lapsed is not reviewed back')) return null;
  const by2 = dayOf(reviewAfter(instant(world.day)));
  return {
    ...world,
    lines: world.lines.map((each) => (each === line ? { ...each, reviewBy: by2 } : each)),
  };
}
const LINE = { id: '', document: '', person: '', form: '', case: null, fromGeneration: 1, from: '' };

function trained(world: World, whom: number, to: boolean): World | null {
  const now = world.people[whom];
  if (!now || now.trained === to) return null;
  return { ...world, people: world.people.map((each) => (each === now ? { ...each, trained: to } : each)) };
}

function submitted({ cast }: Rules, world: World, form: number): World | null {
  const keys = world.keys[form] ?? [];
  const generation = keys.filter(({ counts }) => counts).length;
  if (generation === 0 || world.cases.length >= cast.cases) return null;
  return { ...world, cases: [...world.cases, { form, generation }] };
}

/** A row as whoever owns the database writes it, past every function. */
function forged(world: World, person: number, covers: Covers): World {
  const times = { starts: world.day, until: world.day + FAR, reviewBy: world.day + FAR };
  return { ...world, lines: [...world.lines, { ...covers, ...times, person, ended: false, forged: true }] };
}
