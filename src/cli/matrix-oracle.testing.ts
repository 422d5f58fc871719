/**
 * The oracle of the access matrix: what the four walls promise about each door, told from the cast alone. It looks at no
 * code of the product, so that a door and its oracle cannot be wrong in the same way.
 */
import type { BodyName, Principal, Thing } from './matrix-cast.testing.ts';

/** The forms of each body, and those among them that take submissions. */
export const FORMS: Readonly<
  Record<BodyName, { readonly all: readonly string[]; readonly open: readonly string[] }>
> = {
  exampleshire: { all: ['review', 'victims'], open: ['review', 'victims'] },
  elsewhere: { all: ['review', 'victims', 'abroad'], open: ['review', 'abroad'] },
  host: { all: [], open: [] },
};

/** What a request names, by the name of its parameter. */
export type About = Readonly<Record<string, Thing | undefined>>;
/** Nothing to say, something signed by whoever asks, or what a manager signed, taken by somebody else. */
export type Sent = 'nothing' | 'own' | 'borrowed';
export type Verdict =
  /** Shown, or done. */
  | 'yes'
  /** Absent, as if it were not there. */
  | 'absent'
  | 'refused'
  /** Not done, for whatever reason. */
  | 'no'
  | 'sign in'
  /** Sent on to another page. */
  | 'sent on'
  /** A public door: it says something, and it is no defect. */
  | 'any';
type Rule = (who: Principal, about: About, sent: Sent) => Verdict;

/** Whether somebody may be shown this case, or the file of it. */
export function readsCase(who: Principal, of: Thing | undefined): boolean {
  const name = of?.case ?? of?.name;
  return (
    of?.of !== null &&
    of?.of === who.body &&
    who.confirmed &&
    who.reads.some((right) => ('form' in right ? right.form === of?.form : right.case === name))
  );
}
/** Whether somebody reads the form as a whole, and may so be shown its cases' summaries. */
export function readsWhole(who: Principal, of: Thing): boolean {
  return (
    who.body === of.of &&
    who.confirmed &&
    who.reads.some((right) => 'form' in right && right.form === of.form)
  );
}
const sees = (who: Principal, thing: Thing | undefined): boolean =>
  thing?.of !== null && thing?.of === who.body;
const isForm = (who: Principal, form: Thing | undefined): boolean =>
  who.body !== null && FORMS[who.body].all.includes(form?.id ?? '');
const can = (who: Principal, ...capacities: string[]): boolean =>
  who.confirmed && who.capacities.some((each) => capacities.includes(each));
const isName = (thing: Thing | undefined): boolean => thing?.wellFormed !== false;

/**
 * Whether somebody may know that a case is there. At the doors about access that is more people than read it: an adviser's
 * case stands in a grant that all of the body may see, managers offer cases, and whoever answers for the body sees them all.
 */
function knowsCase(who: Principal, of: Thing, door: string): boolean {
  if (readsCase(who, of)) return true;
  if (!sees(who, of) || !who.confirmed) return false;
  if (door.includes('/access/propose')) return can(who, 'manager') || of.name === "the adviser's case";
  return door.includes('/access/') && (seesEverybody(who) || wasLetRead(who, of));
}
const seesEverybody = (who: Principal): boolean =>
  can(who, 'manager', 'data-protection-officer', 'keyholder');
/** Whoever was let read once may ask about that time, and is then told of themselves only. */
export const wasLetRead = (who: Principal, of: Thing): boolean =>
  who.name === 'a reader whose grant ended' &&
  of.of === who.body &&
  of.form === 'review' &&
  of.name !== 'the case that came later';

/** Whether this principal must not be able to tell what is asked about from what is not there. */
export function isHidden(who: Principal, about: About, door: string): boolean {
  const things = Object.values(about).flatMap((thing) => thing ?? []);
  return things.every(isName) && things.some((thing) => isHiddenThing(who, thing, door));
}
export function isHiddenThing(who: Principal, thing: Thing, door: string): boolean {
  switch (thing.kind) {
    case 'case':
    case 'attachment':
      return !knowsCase(who, thing, door);
    case 'form':
      return !isForm(who, thing);
    case 'organisation':
    case 'chunk':
    case 'asset':
    case 'secret':
      return false;
    default:
      return !sees(who, thing);
  }
}

/** For whoever is signed in; a session that counts no more is none. */
const signedIn =
  (rule: Rule): Rule =>
  (who, about, sent) =>
    who.body === null ? 'sign in' : rule(who, about, sent);
/** For every confirmed person of a body; whoever waits for being confirmed is told so. */
const colleague = (rule: Rule = () => 'yes'): Rule =>
  signedIn((who, about, sent) => (who.confirmed ? rule(who, about, sent) : 'refused'));
/** About something of one's own body; everything else is absent. */
const own = (what: string): Rule => colleague((who, about) => (sees(who, about[what]) ? 'yes' : 'absent'));
const ownForm: Rule = colleague((who, { form }) => (isForm(who, form) ? 'yes' : 'absent'));
const ownOrNone = (what: string): Rule =>
  colleague((who, about) => (about[what] === undefined || sees(who, about[what]) ? 'yes' : 'absent'));
const reader = (...what: string[]): Rule =>
  signedIn((who, about) =>
    what.every((each) => readsCase(who, about[each])) ? 'yes' : who.confirmed ? 'absent' : 'refused',
  );

/** A signed act: done where it is theirs to do, and by nobody who only has another's signature. */
const act = (may: (who: Principal, about: About) => boolean): Rule =>
  signedIn((who, about, sent) => (sent === 'own' && may(who, about) ? 'yes' : 'no'));
const managers = (
  of: (about: About) => Thing | undefined,
  fits: (thing: Thing) => boolean = () => true,
): Rule =>
  act((who, about) => {
    const thing = of(about);
    return can(who, 'manager') && thing !== undefined && sees(who, thing) && fits(thing);
  });
const named = (thing: Thing, ...names: string[]): boolean =>
  names.some((name) => thing.name.startsWith(name));
const isSelf = (who: Principal, thing: Thing): boolean =>
  who.name === 'a colleague without a grant' && sees(who, thing) && named(thing, 'a colleague');
const isLive = (thing: Thing): boolean => !named(thing, 'a grant that ended');

const open: Rule = () => 'any';
const shown: Rule = () => 'yes';
const taken: Rule = (_who, { organisation, form }) =>
  organisation?.of && FORMS[organisation.of].open.includes(form?.id ?? '') ? 'yes' : 'absent';

const SLOT: Readonly<Record<string, Rule>> = {
  'GET slot /healthz': shown,
  'GET slot /assets/*': (_who, about) => (isName(about['*']) ? 'yes' : 'any'),
  'GET slot /': shown,
  'GET slot /about': shown,
  'GET slot /:organisation/:form': taken,
  'GET slot /:organisation/:form/fill': taken,
  'POST slot /:organisation/:form/fill': open,
  'POST slot /:organisation/:form/cases': open,
  'PUT slot /:organisation/:form/cases/:case/attachments/:attachment/:n': open,
  'GET slot /receipt': shown,
  'POST slot /receipt': open,
};

const PEOPLE: Readonly<Record<string, Rule>> = {
  'GET desk /healthz': shown,
  'GET desk /assets/*': (_who, about) => (isName(about['*']) ? 'yes' : 'any'),
  'GET desk /demonstration': () => 'absent',
  'GET desk /sign-in': shown,
  'POST desk /sign-in/passkey/start': open,
  'POST desk /sign-in/passkey': open,
  'POST desk /sign-in/passphrase/start': open,
  'POST desk /sign-in/passphrase': open,
  'GET desk /join/:secret': (_who, { secret }) => (secret?.name === 'an invitation' ? 'yes' : 'absent'),
  'POST desk /join/:secret': () => 'no',
  'POST desk /join/:secret/passkey': open,
  'POST desk /join/:secret/passphrase': open,
  'POST desk /sign-out': () => 'sent on',
  'GET desk /locked': shown,
  'GET desk /session/kept': signedIn(() => 'yes'),
  'PUT desk /session/kept': signedIn((_who, _about, sent) => (sent === 'nothing' ? 'no' : 'yes')),
  'POST desk /session/stay': signedIn(() => 'yes'),
  // Whoever waits for being confirmed has to verify everybody first.
  'GET desk /documents': signedIn(() => 'yes'),
  'GET desk /people': signedIn(() => 'yes'),
  'GET desk /people/invite': signedIn(() => 'yes'),
  // It names a caseworker, and the host has none.
  'POST desk /people/invite': act((who) => can(who, 'manager') && who.body !== 'host'),
  'GET desk /people/:person/confirm': own('person'),
  'POST desk /people/:person/confirm': managers(
    ({ person }) => person,
    (it) => named(it, 'somebody waiting'),
  ),
  'GET desk /people/:person/leaving': own('person'),
  'POST desk /people/:person/leaving': act(
    (who, { person }) =>
      person !== undefined &&
      sees(who, person) &&
      !named(person, 'somebody waiting') &&
      (can(who, 'manager') || isSelf(who, person)),
  ),
  'GET desk /people/:person/suspension': own('person'),
  'POST desk /people/:person/suspension': managers(
    ({ person }) => person,
    (it) => named(it, 'a colleague'),
  ),
  'GET desk /people/:person/resumption': own('person'),
  'POST desk /people/:person/resumption': managers(
    ({ person }) => person,
    (it) => named(it, 'somebody suspended'),
  ),
  'GET desk /people/:person/training': own('person'),
  'POST desk /people/:person/training': managers(
    ({ person }) => person,
    (it) => !named(it, 'somebody waiting'),
  ),
  'GET desk /training': colleague(),
  'POST desk /training': colleague((_who, _about, sent) => (sent === 'own' ? 'yes' : 'no')),
  'POST desk /training/record': act((who) => who.confirmed),
  'GET desk /away': ownOrNone('person'),
  'POST desk /away': act(
    (who, { person }) =>
      person !== undefined && sees(who, person) && (can(who, 'manager') || isSelf(who, person)),
  ),
  // The leave is that of the reader of the form.
  'POST desk /away/:away/forget': signedIn((who, { away }) =>
    sees(who, away) && (can(who, 'manager') || who.name === 'a reader of the form') ? 'yes' : 'no',
  ),
};

/** For whoever runs the site; to the people of bodies it is not there. */
const operators = (rule: Rule = () => 'yes'): Rule =>
  signedIn((who, about, sent) => (who.body === 'host' ? rule(who, about, sent) : 'absent'));
const HOST: Readonly<Record<string, Rule>> = {
  'GET desk /host': operators(),
  'GET desk /host/bodies/invite': operators(),
  'POST desk /host/bodies/invite': operators((_who, _about, sent) => (sent === 'own' ? 'yes' : 'no')),
};

const ACCESS: Readonly<Record<string, Rule>> = {
  'GET desk /access': colleague(),
  'GET desk /access/propose': colleague(),
  'POST desk /access/propose': managers(
    ({ case: of }) => of,
    ({ name }) => name === 'the case',
  ),
  'GET desk /access/reviews': colleague(),
  'GET desk /access/opened': signedIn((who, { person }) => {
    if (person === undefined) return 'no';
    if (!can(who, 'manager')) return 'refused';
    return sees(who, person) ? 'yes' : 'absent';
  }),
  'GET desk /access/history': colleague(),
  // What is wrong with the question is told by the page.
  'GET desk /access/history.csv': colleague((who, { form, case: of, person }) => {
    const everybody = seesEverybody(who);
    const fits =
      (form === undefined || isForm(who, form)) &&
      (of === undefined || (everybody ? sees(who, of) : readsCase(who, of) || wasLetRead(who, of))) &&
      (person === undefined ||
        (everybody ? sees(who, person) && !named(person, 'somebody waiting') : isSelf(who, person)));
    return fits ? 'yes' : 'sent on';
  }),
  'GET desk /forms/:form/access': ownForm,
  'GET desk /proposals/:proposal': own('proposal'),
  'POST desk /proposals/:proposal/approve': managers(({ proposal }) => proposal),
  'GET desk /proposals/:proposal/withdraw': own('proposal'),
  'POST desk /proposals/:proposal/withdraw': managers(({ proposal }) => proposal),
  'GET desk /grants/end': signedIn((who, about, sent) =>
    about.grant ? own('grant')(who, about, sent) : 'no',
  ),
  'POST desk /grants/end': managers(({ grant }) => grant, isLive),
  'POST desk /grants/review': managers(({ grant }) => grant, isLive),
  // Handing over what one holds oneself, to somebody else whose grant is in force.
  'POST desk /grants/fulfil': act(
    (who, { grant }) =>
      (who.name === 'a reader of the form' && grant?.name === "the adviser's grant") ||
      (who.name === 'a reader of another body' && grant?.name === "their first reader's grant"),
  ),
  'GET desk /forms/:form/key': ownForm,
  // Both forms have their key already.
  'POST desk /forms/:form/key': act(() => false),
  'POST desk /forms/:form/key/approval': act(() => false),
  'POST desk /forms/:form/key/turn': act(
    (who, { form }) => who.name === 'a reader of the form' && form?.id === 'review',
  ),
  'GET desk /keys': colleague(),
  'GET desk /waiting': colleague(),
};

const RECOVERY: Readonly<Record<string, Rule>> = {
  'GET desk /recovery': colleague(),
  'GET desk /recovery/rehearsal': colleague(),
  'POST desk /recovery/rehearsal': act(
    (who) => who.body === 'exampleshire' && can(who, 'manager', 'keyholder'),
  ),
  'GET desk /recovery/begin': colleague((who) => (can(who, 'manager') ? 'yes' : 'refused')),
  // One is under way already, and its keyholders have consented; the keys were given to nobody yet.
  'POST desk /recovery/begin': act(() => false),
  'GET desk /recovery/:recovery': own('recovery'),
  'POST desk /recovery/:recovery/consent': act(() => false),
  'POST desk /recovery/:recovery/end': managers(({ recovery }) => recovery),
  'POST desk /recovery/:recovery/envelopes': colleague((who, { recovery }) =>
    !sees(who, recovery) ? 'absent' : can(who, 'manager', 'keyholder') ? 'yes' : 'refused',
  ),
  'POST desk /recovery/:recovery/hand-over': act(() => false),
};

const CASES: Readonly<Record<string, Rule>> = {
  'GET desk /': signedIn((who) => (who.confirmed ? 'yes' : 'sent on')),
  'GET desk /forms/:form/cases': colleague((who, { form, before }) => {
    const some =
      isForm(who, form) && who.reads.some((right) => ('form' in right ? right.form : 'review') === form?.id);
    const after =
      before === undefined || !before.wellFormed || (readsCase(who, before) && before.form === form?.id);
    return some && after ? 'yes' : 'absent';
  }),
  'GET desk /cases/:case': reader('case'),
  'POST desk /cases/:case/release': reader('case'),
  'GET desk /cases/:case/attachments/:attachment': signedIn((who, about, sent) =>
    about.case?.name === about.attachment?.case
      ? reader('case', 'attachment')(who, about, sent)
      : who.confirmed
        ? 'absent'
        : 'refused',
  ),
  'GET desk /cases/:case/openings': reader('case'),
  'GET desk /register': colleague(),
  'GET desk /register/download': colleague(),
  'GET desk /cases/:case/proof': reader('case'),
};

const RULES: Readonly<Record<string, Rule>> = {
  ...SLOT,
  ...PEOPLE,
  ...HOST,
  ...ACCESS,
  ...RECOVERY,
  ...CASES,
};

/** The doors that are there for whoever runs the site: those for everybody, their own, and those about people and the register. */
const THERE_FOR_THE_HOST: ReadonlySet<string> = new Set([
  ...Object.keys(SLOT),
  ...Object.keys(PEOPLE).filter((door) => !/\/(training|away)/.test(door)),
  ...Object.keys(HOST),
  ...['GET desk /register', 'GET desk /register/download'],
]);

/** What must come of it. @throws where the matrix has no word for the door */
export function verdictOn(door: string, who: Principal, about: About, sent: Sent): Verdict {
  const rule = RULES[door];
  if (!rule)
    throw new Error(`The access matrix does not say who gets what at ${door}: add a rule to its oracle.`);
  return who.body === 'host' && !THERE_FOR_THE_HOST.has(door) ? 'absent' : rule(who, about, sent);
}
export const RULED: readonly string[] = Object.keys(RULES);
