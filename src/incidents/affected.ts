/**
 * # Note: who is affected
 *
 * Cases are opened in a reader's browser, and people are made out of them there: nothing of it reaches the server. Somebody
 * with three cases is one person, and two people of the same name are two. So two mentions are one person where the name is
 * the same and an e-mail address or a telephone number is shared; a shared address alone says so only where nothing else
 * contradicts it, for a father and a son may live there. Whoever gave no name is known by their own address or number.
 *
 * LIMIT: somebody who wrote under two names, or with nothing in common, counts as two; the list names whom it may be well to
 * compare. Who is spoken of in a text, and is no submitter and not written for, is not found.
 */
import { shown, textAnswer } from '../forms/answers.ts';
import { conditionHolds } from '../forms/condition.ts';
import type { Day } from '../forms/day.ts';
import { type Answers, caseRows, type FormDefinition, type Question } from '../forms/form.ts';

/** What was told: the kinds of data that a notice and a report have to name. */
export const KINDS = ['name', 'address', 'phone', 'email', 'date', 'choice', 'words', 'file'] as const;
export type DataKind = (typeof KINDS)[number];

export type OpenedCase = {
  readonly id: string;
  readonly reference: string;
  readonly receivedAt: Date;
  readonly form: FormDefinition;
  readonly answers: Answers;
};

export type Channel = 'email' | 'letter' | 'phone' | 'none';

/** Somebody, as one case mentions them. */
export type Mention = {
  readonly case: string;
  readonly reference: string;
  readonly receivedAt: Date;
  readonly role: 'wrote' | 'written for';
  /** Whoever wrote for them: their name and their own addresses and numbers. */
  readonly by: { readonly name: string; readonly contacts: readonly string[] } | null;
  /** As they gave it; empty where they gave none. */
  readonly name: string;
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  /** Lines of an address. */
  readonly address: readonly string[];
  readonly kinds: readonly DataKind[];
  /** Null where the form does not ask. */
  readonly victim: boolean | null;
  readonly child: boolean | null;
  /** As they asked to be reached. */
  readonly wish: Exclude<Channel, 'none'> | null;
};

/** Who is in a case: whoever wrote, and whom they named as the one they write for. */
export function mentionsIn({ form, answers, ...of }: OpenedCase, day: Day): Mention[] {
  const questions = caseRows(form, answers, day).filter(({ given }) => given);
  const told = questions.map(({ question }) => ({ question, kind: kindOf(question) }));
  const texts = (kind: Question['kind']) =>
    told.flatMap(({ question }) => (question.kind === kind ? [textAnswer(answers[question.id])] : []));
  const people = form.people ?? {};
  const asks = (condition: typeof people.victims) =>
    condition === undefined ? null : conditionHolds(form, condition, answers, day);
  const about = {
    ...{ case: of.id, reference: of.reference, receivedAt: of.receivedAt },
    ...{ victim: asks(people.victims), child: asks(people.children) },
    kinds: KINDS.filter((kind) => told.some((each) => each.kind === kind)),
  };
  const lines = (whose: 'your' | 'their', kind: 'name' | 'address') =>
    told.flatMap(({ question }) =>
      question.kind === kind && question.whose === whose
        ? shown(question, answers[question.id]).split('\n').filter(Boolean)
        : [],
    );
  const wrote: Mention = {
    ...{ ...about, role: 'wrote', by: null, name: lines('your', 'name').join(' ') },
    address: lines('your', 'address'),
    ...{ emails: texts('email'), phones: texts('uk-phone') },
    wish: wishIn(textAnswer(answers[people.reach ?? ''])),
  };
  const name = lines('their', 'name').join(' ');
  if (name === '') return [wrote];
  const address = lines('their', 'address');
  const by = { name: wrote.name, contacts: contactsOf(wrote) };
  // The ways to reach whoever wrote are not theirs.
  const kinds = about.kinds.filter((kind) => !['address', 'phone', 'email'].includes(kind));
  return [
    wrote,
    { ...about, kinds, role: 'written for', by, name, address, emails: [], phones: [], wish: null },
  ];
}

function kindOf({ kind }: Question): DataKind {
  switch (kind) {
    case 'name':
    case 'address':
    case 'email':
    case 'date':
      return kind;
    case 'uk-phone':
      return 'phone';
    case 'uk-postcode':
      return 'address';
    case 'radios':
    case 'checkboxes':
      return 'choice';
    case 'text':
    case 'longtext':
      return 'words';
    case 'files':
      return 'file';
  }
}

function wishIn(answer: string): Mention['wish'] {
  if (answer === '') return null;
  if (answer === 'post') return 'letter';
  return answer === 'email' ? 'email' : 'phone';
}

/** One person, from all the cases that mention them. */
export type Affected = {
  /** The first case's id and their role in it: the same whenever it is worked out again from the same cases. */
  readonly id: string;
  readonly name: string;
  readonly mentions: readonly Mention[];
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  readonly addresses: readonly (readonly string[])[];
  readonly kinds: readonly DataKind[];
  readonly victim: boolean | null;
  readonly child: boolean | null;
  readonly channel: Channel;
  /** Who wrote for them, where nobody knows another way to reach them. */
  readonly through: readonly string[];
  /** How many others have the same name: people to compare. */
  readonly namesakes: number;
};

/** The people in these mentions, each once, in the order in which they first came. */
export function peopleIn(mentions: readonly Mention[]): Affected[] {
  const ordered = mentions.toSorted(inTime);
  const groups = byAddress(byContact(ordered)).map((group) => group.toSorted(inTime));
  const people = groups.toSorted(([one], [other]) => (one && other ? inTime(one, other) : 0)).map(personOf);
  const names = Map.groupBy(people, ({ name }) => nameKey(name));
  return people.map((person) => ({
    ...person,
    namesakes: person.name === '' ? 0 : (names.get(nameKey(person.name))?.length ?? 1) - 1,
  }));
}

/** As they came; within one case whoever wrote comes first. */
const inTime = (one: Mention, other: Mention): number =>
  one.receivedAt.getTime() - other.receivedAt.getTime() ||
  (one.case < other.case
    ? -1
    : one.case > other.case
      ? 1
      : Number(one.by !== null) - Number(other.by !== null));

/** What belongs to one person; never empty. */
type Group = readonly Mention[];

/** Those of one name who share an address or number that is theirs alone; the nameless join whom they share it with, if that is one. */
function byContact(mentions: readonly Mention[]): Group[] {
  const named = joined(
    mentions.filter(({ name }) => name !== ''),
    (mention) => contactsOf(mention).map((contact) => `${nameKey(mention.name)} ${contact}`),
  );
  const nameless = joined(
    mentions.filter(({ name }) => name === ''),
    contactsOf,
  );
  const owners = Map.groupBy(
    named.flatMap((group) => [...new Set(group.flatMap(contactsOf))].map((contact) => ({ contact, group }))),
    ({ contact }) => contact,
  );
  const added = new Map<Group, Mention[]>();
  const alone = nameless.filter((group) => {
    const whose = new Set(
      group
        .flatMap(contactsOf)
        .flatMap((each) => owners.get(each) ?? [])
        .map(({ group: one }) => one),
    );
    const [owner] = whose;
    if (!owner || whose.size > 1) return true;
    added.set(owner, [...(added.get(owner) ?? []), ...group]);
    return false;
  });
  return [...named.map((group) => [...group, ...(added.get(group) ?? [])]), ...alone];
}

/** Those of one name at one address, unless two of them have numbers or addresses of their own that differ. */
function byAddress(groups: readonly Group[]): Group[] {
  const places = Map.groupBy(
    groups.flatMap((group) =>
      [...new Set(group.map(({ name, address }) => placeKey(name, address)))].flatMap((place) =>
        place === null ? [] : [{ place, group }],
      ),
    ),
    ({ place }) => place,
  );
  const same = new Map<Group, string[]>();
  for (const [place, there] of places) {
    const apart = there.filter(({ group }) => group.some((mention) => contactsOf(mention).length > 0));
    const one = apart.length > 1 ? there.filter((each) => !apart.includes(each)) : there;
    for (const { group } of one) same.set(group, [...(same.get(group) ?? []), place]);
  }
  return joined(groups, (group) => same.get(group) ?? []).map((several) => several.flat());
}

/** Whatever shares a key, directly or by way of others; what has none stays alone. Keeps their order. */
function joined<T>(items: readonly T[], keysOf: (item: T) => readonly string[]): (readonly T[])[] {
  const parents = items.map((_, index) => index);
  const root = (index: number): number => {
    const parent = parents[index] ?? index;
    return parent === index ? index : root(parent);
  };
  const firstWith = new Map<string, number>();
  items.forEach((item, index) => {
    for (const key of keysOf(item)) {
      const [one, other] = [root(firstWith.get(key) ?? index), root(index)];
      parents[Math.max(one, other)] = Math.min(one, other);
      firstWith.set(key, Math.min(one, other));
    }
  });
  const numbered = items.map((item, index) => ({ item, index }));
  const groups = Map.groupBy(numbered, ({ index }) => root(index));
  return [...groups.values()].map((group) => group.map(({ item }) => item));
}

/** A name without what people write differently: case, accents, points, dashes and apostrophes. */
export function nameKey(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[\p{P}\p{S}\s]+/gu, ' ')
    .trim()
    .replace(/^(mr|mrs|ms|miss|mx|dr|prof|rev|sir|dame) /, '');
}

/** E-mail addresses and telephone numbers as they are compared. */
function contactsOf({ emails, phones, by }: Pick<Mention, 'emails' | 'phones' | 'by'>): string[] {
  // Somebody written for is known by who wrote for them, and is not the writer of the same name.
  if (by) return by.contacts.map((contact) => `for ${contact}`);
  return [...emails.map(emailKey), ...phones.map(phoneKey)].filter(Boolean);
}

const emailKey = (email: string) => email.trim().toLowerCase();

/** `07700 900123`, `+44 7700 900123` and `0044 (0)7700 900123` are one number. */
function phoneKey(phone: string): string {
  const digits = phone.replace('(0)', '').replaceAll(/\D/g, '');
  return digits.replace(/^(0044|44|0)/, '+44');
}

const addressKey = (lines: readonly string[]) =>
  lines
    .join(' ')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');

function placeKey(name: string, address: readonly string[]): string | null {
  const key = addressKey(address);
  return key === '' || name === '' ? null : `${nameKey(name)} ${key}`;
}

/** One person, from what belongs to them in the order in which it came. */
function personOf(group: Group): Omit<Affected, 'namesakes'> {
  const [first] = group;
  const newest = group.toReversed();
  const of = <T>(each: (mention: Mention) => readonly T[], key: (item: T) => string) =>
    unique(newest.flatMap(each), key);
  const emails = of((each) => each.emails, emailKey);
  const phones = of((each) => each.phones, phoneKey);
  const addresses = of((each) => [each.address], addressKey);
  const wish = newest.find((each) => each.wish !== null)?.wish ?? null;
  const has = { email: emails.length > 0, letter: addresses.length > 0, phone: phones.length > 0 };
  return {
    ...{ id: `${first?.case} ${first?.role}`, mentions: group, emails, phones, addresses },
    name: newest.find((each) => each.name !== '')?.name ?? '',
    kinds: KINDS.filter((kind) => group.some(({ kinds }) => kinds.includes(kind))),
    ...{ victim: anyOf(group.map(({ victim }) => victim)), child: anyOf(group.map(({ child }) => child)) },
    through: [...new Set(group.flatMap(({ by }) => (by ? [by.name || 'somebody without a name'] : [])))],
    channel: channelFor(wish, has),
  };
}

/** As they wished, where they gave what it takes; somebody who asked to be rung up is not written to. */
function channelFor(
  wish: Mention['wish'],
  has: Readonly<Record<'email' | 'letter' | 'phone', boolean>>,
): Channel {
  if (wish && has[wish]) return wish;
  return (['email', 'letter', 'phone'] as const).find((each) => has[each]) ?? 'none';
}

/** The newest spelling of each. */
function unique<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const seen = new Map<string, T>();
  for (const item of items) if (keyOf(item) !== '' && !seen.has(keyOf(item))) seen.set(keyOf(item), item);
  return [...seen.values()];
}

/** Yes where any says so; null where none was asked. */
function anyOf(answers: readonly (boolean | null)[]): boolean | null {
  if (answers.includes(true)) return true;
  return answers.includes(false) ? false : null;
}
