/**
 * The submitter's return, by the receipt code.
 *
 * With JavaScript the browser derives the authenticator and sends only that; it opens and seals by itself. Without, the
 * code comes over TLS with each request, and `onreturn.ts` does both here.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { StoredParts } from '../register/parts.ts';
import { caseProofText, type EntryProof } from '../register/proof.ts';
import { leafHashes } from '../register/store.ts';
import { fromBase64url, toBase64url } from '../sealing/encoding.ts';
import { newId, objectId } from '../sealing/place.ts';
import { parseReceiptCode, type ReceiptCode, receiptAuthenticator, referenceOf } from '../sealing/receipt.ts';
import { parseSealed } from '../sealing/seal.ts';
import type { Database } from '../store/store.ts';
import { ProblemError } from '../web/problem.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import {
  LARGEST_REPLY,
  LONGEST_MESSAGE,
  openedBy,
  parseText,
  type Returned,
  returnedShape,
  sealedMessageShape,
} from './conversation.ts';
import { openedOnReturn, sealedOnReturn } from './onreturn.ts';
import { pace } from './pace.ts';
import {
  comeBack,
  keepReply,
  type ProofRow,
  proofFor,
  type Reply,
  type ReturnedRow,
  stateFor,
} from './store.ts';

export type ReturnDeps = {
  /** As role `letterbox_slot`. */
  readonly database: Database;
  readonly clock?: () => Date;
};

/** Asked at most so often on one listener: `BURST` at once, then one a second. */
const BURST = 60;
const PAGE = 'conversation/pages/return.njk';

const door = { config: { audience: 'receipt' as const } };
const uuid = z.uuid().lowercase();
const shown = z.object({
  code: z.string().max(200).optional(),
  authenticator: z.string().max(60).optional(),
});
const written = shown.extend({
  id: uuid,
  text: z
    .string()
    .max(LONGEST_MESSAGE * 10)
    .optional(),
  sealed: z
    .string()
    .max(Math.ceil((LARGEST_REPLY * 4) / 3))
    .optional(),
});
type Written = z.output<typeof written>;

export function returnRoutes({ database, clock = () => new Date() }: ReturnDeps): FastifyPluginAsync {
  return async (plain) => {
    const app = plain.withTypeProvider<ZodTypeProvider>();
    const mayAsk = pace(BURST, 1000, clock);
    const limited = (): void => {
      if (!mayAsk()) throw new ProblemError(429, 'Too many receipt codes were tried on this listener.');
    };
    app.get('/receipt', door, (_request, reply) => reply.page(PAGE));
    app.post('/receipt', { ...door, schema: { body: shown } }, async (request, reply) => {
      limited();
      if (isProgram(request)) return answer(reply, await returned(database, request.body.authenticator));
      return showConversation(database, reply, request.body.code ?? '');
    });
    app.post('/receipt/messages', { ...door, schema: { body: written } }, async (request, reply) => {
      limited();
      if (!isProgram(request)) return writeWithout({ database, clock }, reply, request.body);
      const { authenticator, id, sealed } = request.body;
      const content = parseSealed(Uint8Array.from(fromBase64url(sealed ?? '') ?? []));
      if (!isAuthenticator(authenticator)) return reply.refuse(UNKNOWN);
      if (!content) throw new ProblemError(400, 'This is not a sealed message.');
      const kept = await keepReply(database, authenticator, { id: objectId(id), sealed: content }, 'browser');
      const refusal = refusalOf(kept);
      return refusal ? reply.refuse(refusal) : reply.status(kept === 'kept' ? 201 : 200).send({ id });
    });
    proofDoor(app, database, limited);
  };
}

function proofDoor(app: FastifyInstance, database: Database, limited: () => void): void {
  const proving = proofsFrom(database);
  app
    .withTypeProvider<ZodTypeProvider>()
    .post('/receipt/proof', { ...door, schema: { body: shown } }, async (request, reply) => {
      limited();
      const { code = '', authenticator = await authenticatorOf(code) } = request.body;
      const row = isAuthenticator(authenticator) ? await proofFor(database, authenticator) : null;
      if (!row) return reply.refuse(UNKNOWN);
      return reply
        .type('text/plain; charset=utf-8')
        .header('content-disposition', `attachment; filename="case-${row.case_id}.proof.txt"`)
        .send(await proving(row));
    });
}

const isProgram = (request: FastifyRequest): boolean =>
  request.headers['content-type']?.startsWith('application/json') ?? false;

const answer = (reply: FastifyReply, found: Returned | Refusal): FastifyReply =>
  isRefusal(found) ? reply.refuse(found) : reply.send(found);

const UNKNOWN = refuse('unknown-receipt', 'missing', 'Nothing has arrived with this receipt code.');
const CLOSED = refuse(
  'closed',
  'conflict',
  'What was written cannot be shown at the moment: this form is being checked. Nothing is lost. Try again tomorrow.',
);
const TAKEN = refuse(
  'taken',
  'conflict',
  'Another message lies here already. Load the page again and send it once more.',
);
const TOO_MANY = refuse(
  'too-many',
  'conflict',
  'You have sent many messages in a short time. Wait an hour, then send this one again.',
);

function refusalOf(reply: Reply): Refusal | null {
  if (reply === 'unknown') return UNKNOWN;
  if (reply === 'closed') return CLOSED;
  if (reply === 'other') return TAKEN;
  return reply === 'too-many' ? TOO_MANY : null;
}

const isAuthenticator = (text: string | null | undefined): text is string =>
  typeof text === 'string' && fromBase64url(text)?.length === 32;

async function authenticatorOf(typed: string): Promise<string | null> {
  const code = parseReceiptCode(typed);
  return code === null ? null : await receiptAuthenticator(code);
}

async function returned(
  database: Database,
  authenticator: string | null | undefined,
  opened: 'browser' | 'server' = 'browser',
): Promise<Returned | Refusal> {
  const row = isAuthenticator(authenticator) ? await comeBack(database, authenticator, opened) : null;
  if (!row) return UNKNOWN;
  if (row.closed || row.receipt_key === null) return CLOSED;
  const state = await stateFor(database, authenticator ?? '');
  return returnedFrom(row, row.receipt_key, state && { ...state, since: state.since.toISOString() });
}

async function returnedFrom(
  row: ReturnedRow,
  receiptKey: Uint8Array,
  state: Returned['state'],
): Promise<Returned> {
  return {
    ...{ organisation: row.organisation, organisationName: row.organisation_name },
    ...{ form: row.form, title: row.form_title, version: row.version, generation: row.generation },
    ...{ case: row.case_id, reference: await referenceOf(row.case_id), day: row.day },
    receiptKey: toBase64url(receiptKey),
    // The place of a message names who wrote it by id; a submitter is told nobody's name.
    messages: z
      .array(sealedMessageShape)
      .parse(row.messages)
      .map((each) => ({ ...each, name: null })),
    openings: returnedShape.shape.openings.parse(row.openings),
    state,
    renewedAt: row.renewed_at?.toISOString() ?? null,
    returnedAt: row.returned_at?.toISOString() ?? null,
  };
}

/** What was just sent, and what the text field holds: nothing, or what could not be sent and why. */
type Writing = { readonly sent?: true; readonly typed?: string; readonly error?: string };

async function showConversation(
  database: Database,
  reply: FastifyReply,
  typed: string,
  writing: Writing = {},
): Promise<FastifyReply> {
  const code = parseReceiptCode(typed);
  const problem = 'Enter the receipt code as it was shown to you: 24 letters and figures';
  if (code === null) return reply.page(PAGE, { error: problem, typed }, 422);
  const found = await returned(database, await receiptAuthenticator(code), 'server');
  if (isRefusal(found)) return showRefusal(reply, typed, found);
  return showFound(reply, code, found, writing);
}

function showRefusal(reply: FastifyReply, typed: string, found: Refusal): FastifyReply {
  const unknown = 'Nothing has arrived with this receipt code. Check each letter and figure';
  const error = found === UNKNOWN ? unknown : found.message;
  return reply.page(PAGE, { error, typed }, found === UNKNOWN ? 404 : 409);
}

async function showFound(
  reply: FastifyReply,
  code: ReceiptCode,
  found: Returned,
  writing: Writing,
): Promise<FastifyReply> {
  const messages = await openedOnReturn(code, found);
  const status = writing.error ? 422 : 200;
  const opened = openedBy(found.openings);
  return reply.page(PAGE, { found, messages, opened, code, message: newId(), writing }, status);
}

/** A message from a page without JavaScript: sealed here, stored, and the conversation shown again. */
async function writeWithout(
  { database, clock }: Required<ReturnDeps>,
  reply: FastifyReply,
  { code: typed = '', id, text: entered = '' }: Written,
): Promise<FastifyReply> {
  const code = parseReceiptCode(typed);
  const parsed = parseText(entered);
  if (code === null || 'problem' in parsed) {
    const wrong = 'problem' in parsed ? { typed: entered, error: parsed.problem } : {};
    return showConversation(database, reply, typed, wrong);
  }
  const authenticator = await receiptAuthenticator(code);
  const found = await returned(database, authenticator, 'server');
  if (isRefusal(found)) return showRefusal(reply, typed, found);
  const again = (writing: Writing) => showFound(reply, code, found, writing);
  if (await isSent(code, found, id, parsed.text)) return again({ sent: true });
  const now = clock();
  const message = await sealedOnReturn(code, found, { id, text: parsed.text, now });
  const refusal = refusalOf(await keepReply(database, authenticator, message, 'server'));
  if (refusal === TAKEN) return again({ typed: entered, error: CHANGED });
  if (refusal) return again({ typed: entered, error: refusal.message });
  const kept = {
    id: message.id,
    person: null,
    name: null,
    arrival: 'server',
    at: now.toISOString(),
  } as const;
  const messages = [...found.messages, { ...kept, sealed: toBase64url(message.sealed) }];
  return showFound(reply, code, { ...found, messages }, { sent: true });
}

const CHANGED = 'You have sent a message from this page before. To send this one as well, select send again';

/** Whether the very same was sent from the same page: somebody loaded the answer again. */
async function isSent(code: ReceiptCode, found: Returned, id: string, text: string): Promise<boolean> {
  const before = found.messages.filter((each) => each.id === id);
  const [message] = await openedOnReturn(code, { ...found, messages: before });
  return message?.text === text;
}

/** A case's proof file. Of each register what the proofs are made of is kept, so that only the first one reads all its leaves. */
function proofsFrom(database: Database): (row: ProofRow) => Promise<string> {
  const trees = new Map<string, StoredParts>();
  return async ({ case_id, organisation, vkey, size, note, entries }) => {
    const read = (from: bigint, count: number) => leafHashes(database, organisation, from, count);
    const tree = trees.get(organisation) ?? new StoredParts(read);
    trees.set(organisation, tree);
    const proofs: EntryProof[] = [];
    for (const { index, body: entry } of entries) {
      const hashes = await tree.inclusionProof(BigInt(index), size);
      proofs.push({ index: BigInt(index), entry, hashes, note });
    }
    return caseProofText(case_id, vkey, proofs);
  };
}
