/** From the people affected to the list of those who are told, each once. */
import type { Affected } from '../incidents/affected.ts';
import { KIND_WORDS } from '../incidents/people-words.ts';
import { parseAddress } from '../post/address.ts';
import { dayInWords } from '../web/london.ts';
import type { Addressee, List } from './notice.ts';

export function listOf(people: readonly Affected[], secret: string): List {
  return {
    format: 'letterbox-notice/1',
    secret,
    addressees: people.map(addresseeOf),
  };
}

function addresseeOf(person: Affected): Addressee {
  const dated = person.mentions.filter(({ receivedAt }) => receivedAt.getTime() > 0);
  return {
    name: person.name,
    references: unique(person.mentions.map(({ reference }) => reference).filter(Boolean)),
    received: unique(dated.map(({ receivedAt }) => dayInWords(receivedAt))).join(', '),
    told: person.kinds.map((kind) => KIND_WORDS[kind]).join(', '),
    ...wayTo(person),
  };
}

/**
 * As they asked to be reached, as far as that goes: a mail needs an address that mail goes to, a letter two lines and no more
 * than seven with the name. Whoever wrote in themselves and gave no way at all finds it in the conversation of their newest case.
 */
function wayTo({
  channel,
  emails,
  phones,
  addresses,
  through,
  name,
  mentions,
}: Affected): Pick<Addressee, 'channel' | 'to'> {
  const [email] = emails.map((each) => parseAddress(each.trim())).filter((each) => each !== null);
  const address = addresses.find((lines) => fitsEnvelope(lines));
  const byMail = email !== undefined && ({ channel: 'email', to: email } as const);
  const byLetter =
    address !== undefined &&
    ({ channel: 'letter', to: [name, ...address].filter(Boolean).join('\n') } as const);
  const wanted = channel === 'letter' ? byLetter || byMail : channel === 'phone' ? null : byMail || byLetter;
  const own = mentions.findLast((each) => each.role === 'wrote' && IS_CASE.test(each.case));
  const byCase = phones.length === 0 &&
    own !== undefined && { channel: 'conversation' as const, to: own.case };
  const others = [...phones, ...through.map((each) => `through ${each}`)];
  return wanted || byCase || { channel: 'hand', to: others.join('\n') };
}

/** A line of a file is none. */
const IS_CASE = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

const fitsEnvelope = (lines: readonly string[]) =>
  lines.length >= 2 && lines.length <= 6 && lines.every((line) => line.length <= 60);

const unique = (texts: readonly string[]) => [...new Set(texts)];

/** Addressees by what they share: one mailbox or one house may be that of two people, which is well to know before they are written to. */
export function sharingIn({ addressees }: List): ReadonlyMap<Addressee, number> {
  const places = Map.groupBy(
    addressees.filter(({ channel }) => channel === 'email'),
    ({ to }) => to.toLowerCase(),
  );
  return new Map(
    [...places.values()].flatMap((there) =>
      there.length > 1 ? there.map((each) => [each, there.length - 1] as const) : [],
    ),
  );
}

/** In what two lists differ, as a person would say it; empty where they say the same of the same people. */
export function differencesBetween(one: List, other: List): string[] {
  const told = (list: List) => new Map(list.addressees.map((each) => [spelt(each), each]));
  const [here, there] = [told(one), told(other)];
  const only = (of: typeof here, not: typeof there, says: string) =>
    [...of].flatMap(([key, { name }]) =>
      not.has(key) ? [] : [`${name || 'Somebody without a name'}: ${says}`],
    );
  const inOrder = one.addressees.map(spelt).join('\n') === other.addressees.map(spelt).join('\n');
  const found = [
    ...only(here, there, 'is in the list so, and not in the cases'),
    ...only(there, here, 'is in the cases so, and not in the list'),
  ];
  return found.length > 0 || inOrder ? found : ['The list is in another order.'];
}
const spelt = ({ name, references, received, told, channel, to }: Addressee) =>
  JSON.stringify([name, references, received, told, channel, to]);
