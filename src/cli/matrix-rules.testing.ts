/** What the rules of the access matrix are made of: who sees, knows and reads what, told from the cast alone. */
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
export type Rule = (who: Principal, about: About, sent: Sent) => Verdict;

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
export const sees = (who: Principal, thing: Thing | undefined): boolean =>
  thing?.of !== null && thing?.of === who.body;
export const isForm = (who: Principal, form: Thing | undefined): boolean =>
  who.body !== null && FORMS[who.body].all.includes(form?.id ?? '');
export const can = (who: Principal, ...capacities: string[]): boolean =>
  who.confirmed && who.capacities.some((each) => capacities.includes(each));
export const isName = (thing: Thing | undefined): boolean => thing?.wellFormed !== false;

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
export const seesEverybody = (who: Principal): boolean =>
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
    case 'step':
    case 'asset':
    case 'secret':
      return false;
    default:
      return !sees(who, thing);
  }
}

/** For whoever is signed in; a session that counts no more is none. */
export const signedIn =
  (rule: Rule): Rule =>
  (who, about, sent) =>
    who.body === null ? 'sign in' : rule(who, about, sent);
/** For every confirmed person of a body; whoever waits for being confirmed is told so. */
export const colleague = (rule: Rule = () => 'yes'): Rule =>
  signedIn((who, about, sent) => (who.confirmed ? rule(who, about, sent) : 'refused'));
/** About something of one's own body; everything else is absent. */
export const own = (what: string): Rule =>
  colleague((who, about) => (sees(who, about[what]) ? 'yes' : 'absent'));
export const ownForm: Rule = colleague((who, { form }) => (isForm(who, form) ? 'yes' : 'absent'));
export const ownOrNone = (what: string): Rule =>
  colleague((who, about) => (about[what] === undefined || sees(who, about[what]) ? 'yes' : 'absent'));
export const reader = (...what: string[]): Rule =>
  signedIn((who, about) =>
    what.every((each) => readsCase(who, about[each])) ? 'yes' : who.confirmed ? 'absent' : 'refused',
  );

/** A signed act: done where it is theirs to do, and by nobody who only has another's signature. */
export const act = (may: (who: Principal, about: About) => boolean): Rule =>
  signedIn((who, about, sent) => (sent === 'own' && may(who, about) ? 'yes' : 'no'));
export const managers = (
  of: (about: About) => Thing | undefined,
  fits: (thing: Thing) => boolean = () => true,
): Rule =>
  act((who, about) => {
    const thing = of(about);
    return can(who, 'manager') && thing !== undefined && sees(who, thing) && fits(thing);
  });
export const named = (thing: Thing, ...names: string[]): boolean =>
  names.some((name) => thing.name.startsWith(name));
export const isSelf = (who: Principal, thing: Thing): boolean =>
  who.name === 'a colleague without a grant' && sees(who, thing) && named(thing, 'a colleague');
export const isLive = (thing: Thing): boolean => !named(thing, 'a grant that ended');
