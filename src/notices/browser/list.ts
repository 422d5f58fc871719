/** The list of a notice in this browser: found in the cases or read from a file, sealed to the forms' readers, opened and checked. */
import { z } from 'zod';
import { formKeyOf, ownFormKeys } from '../../grants/browser/form-keys.ts';
import { NotVerified } from '../../grants/browser/proven.ts';
import { caseShape } from '../../incidents/browser/finding.ts';
import { wordingShape } from '../../incidents/incidents.ts';
import { bytesOf, canonicalJson, fromBase64url, jsonOf, toBase64url, toHex } from '../../sealing/encoding.ts';
import { type Identity, recipientOf } from '../../sealing/keys.ts';
import { openInLayers } from '../../sealing/open.ts';
import { noticePlace, objectId, organisationId } from '../../sealing/place.ts';
import { sealInLayers } from '../../sealing/seal.ts';
import { ask } from '../../web/browser/ask.ts';
import { type ContactList, readContactList } from '../contact-list.ts';
import { listOf } from '../list.ts';
import { CHANNELS, type List, listHashOf, listShape, type Message, messagesOf, STATES } from '../notice.ts';

/** What the page of a notice carries for its elements. */
export const carriedShape = z.object({
  ...{ incident: z.string(), organisation: z.string(), from: z.string() },
  ...{ cases: z.array(caseShape), step: z.number().nullable(), words: wordingShape.nullable() },
  notice: z
    .object({
      ...{ id: z.string(), source: z.enum(['cases', 'file']), list: z.string() },
      forms: z.array(z.object({ form: z.string(), generation: z.number() })),
    })
    .nullable(),
});
export type Carried = z.output<typeof carriedShape>;
export type Notice = NonNullable<Carried['notice']>;

/** Something the reader has to know before they go on, in a sentence to show. */
export class NotAgreed extends Error {}

/** A POST or GET to this incident's notice; throws `NotAgreed` in the server's words. */
export async function asked<S extends z.ZodType>(
  shape: S,
  path: string,
  body?: unknown,
): Promise<z.output<S>> {
  const answer = await ask(path, body);
  if (!answer.ok) throw new NotAgreed(answer.message);
  return shape.parse(answer.body);
}

/** The newest key of each of these forms that this person has. */
export async function newestKeys(forms: readonly string[]): Promise<Notice['forms']> {
  const keys = await ownFormKeys();
  return forms.toSorted().map((form) => {
    const generations = keys.filter((key) => key.form === form).map(({ generation }) => generation);
    if (generations.length === 0) throw new NotVerified(`You have no key to the form ${form}.`);
    return { form, generation: Math.max(...generations) };
  });
}

/** What opens the list: the keys of all its forms, the outermost first. */
async function identitiesOf(forms: Notice['forms']): Promise<[Identity, ...Identity[]]> {
  const each = await Promise.all(forms.map(({ form, generation }) => formKeyOf(form, generation)));
  const [first, ...rest] = each.flatMap((key): readonly Identity[] =>
    typeof key === 'string' ? [key] : key,
  );
  if (!first) throw new NotVerified('This list belongs to no form.');
  return [first, ...rest];
}

/** Seals the list so that it takes the keys of all these forms to open. Base64url. */
export async function sealList(list: List, { organisation, notice, forms }: Place): Promise<string> {
  const [first, ...rest] = await identitiesOf(forms);
  const place = {
    ...noticePlace(organisationId(organisation), objectId(notice)),
    at: new Date().toISOString(),
  };
  const recipients = await Promise.all(rest.map(recipientOf));
  return toBase64url(
    await sealInLayers([await recipientOf(first), ...recipients], place, bytesOf(canonicalJson(list))),
  );
}
type Place = { readonly organisation: string; readonly notice: string; readonly forms: Notice['forms'] };

/** The sealed list, handed out by the server, which the register keeps, and opened here. */
export async function openList({ organisation }: Carried, notice: Notice): Promise<List> {
  const { sealed } = await asked(z.object({ sealed: z.string() }), `/notices/${notice.id}/list`, {});
  const place = noticePlace(organisationId(organisation), objectId(notice.id));
  const bytes = fromBase64url(sealed) ?? new Uint8Array();
  const { content } = await openInLayers(await identitiesOf(notice.forms), bytes, place);
  return listShape.parse(jsonOf(content));
}

/** A list from a file: the same file makes the same list, and nothing of it is kept by the server. */
export async function listInFile(
  file: File,
  incident: string,
): Promise<{ list: List; left: ContactList['left'] }> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const read = readContactList(bytes);
  if ('problem' in read) throw new NotAgreed(read.problem);
  const named = bytesOf(`letterbox notice file\n${incident}\n`);
  const both = new Uint8Array(named.length + bytes.length);
  both.set(named);
  both.set(bytes, named.length);
  const secret = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', both)));
  return { list: listOf(read.people, secret), left: read.left };
}

export const freshSecret = (): string => toHex(crypto.getRandomValues(new Uint8Array(32)));

const rowsShape = z.array(
  z.object({
    ...{ key: z.string(), reference: z.string(), commitment: z.string() },
    ...{ channel: z.enum(CHANNELS), state: z.enum(STATES) },
  }),
);
export type RowState = z.output<typeof rowsShape>[number];

/** How the messages stand, from the server. */
export const rowsNow = ({ id }: Pick<Notice, 'id'>): Promise<RowState[]> =>
  asked(rowsShape, `/notices/${id}/rows`);

/** The messages of a list, and that they are those which the server holds: all of them, in their order. Throws `NotAgreed` else. */
export async function checkedMessages(of: Carried, notice: Notice, list: List): Promise<Message[]> {
  if (!of.words) throw new NotAgreed('The words of this notice are not there.');
  const messages = messagesOf(list, of.words, of.from);
  const same = listHashOf(messages) === notice.list && listHashOf(await rowsNow(notice)) === notice.list;
  if (same) return messages;
  throw new NotAgreed(
    notice.source === 'file'
      ? 'This is not the file that the notice was proposed with, or it was changed since. Choose the same file.'
      : 'The list is not the one that was proposed. Nothing was sent or agreed to. Tell your data protection officer.',
  );
}

/** Those of these messages that wait to go out by this channel, as the server knows it now. */
export async function waitingOf(
  notice: Notice,
  messages: readonly Message[],
  by: RowState['channel'],
): Promise<Message[]> {
  const rows = await rowsNow(notice);
  const waiting = rows.filter(({ state, channel }) => state === 'waiting' && channel === by);
  const keys = new Set(waiting.map(({ key }) => key));
  return messages.filter(({ key }) => keys.has(key));
}
