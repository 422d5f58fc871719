/** Asking a witness to cosign a checkpoint: the client's side of C2SP tlog-witness. */
import type { Checkpoint } from './checkpoint.ts';
import { cosignatureOf, parseCosigner } from './cosignature.ts';
import { RegisterError, type Verifier } from './note.ts';
import type { StoredParts } from './parts.ts';
import { askingText } from './witness.ts';

/** Somebody elsewhere who cosigns: where to ask, and the key by which the answer is checked. `vkey` as it was given. */
export type Witness = { readonly url: URL; readonly vkey: string; readonly verifier: Verifier };

/**
 * Witnesses from a setting: addresses with the verifier key behind a hash, `https://witness.example.org#vkey`, with commas
 * between them. Null for anything else, and where one key stands twice.
 */
export function parseWitnesses(text: string): Witness[] | null {
  const witnesses = text.split(',').map((one) => parseWitness(one.trim()));
  const known = witnesses.flatMap((one) => one ?? []);
  if (known.length < witnesses.length) return null;
  return new Set(known.map(({ vkey }) => vkey)).size === known.length ? known : null;
}

function parseWitness(text: string): Witness | null {
  const [address = '', vkey = '', ...more] = text.split('#');
  if (more.length > 0 || !URL.canParse(address)) return null;
  const url = new URL(address);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (!(url.protocol === 'https:' || (url.protocol === 'http:' && local))) return null;
  if (url.search !== '' || url.username !== '') return null;
  try {
    return { url, vkey, verifier: parseCosigner(vkey) };
  } catch (error) {
    if (error instanceof RegisterError) return null;
    throw error;
  }
}

/** A checkpoint to be cosigned: what it says, the note that says so, and the tree behind it. */
export type ToCosign = {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly parts: StoredParts;
  /** The size that this witness cosigned last, as far as is known here: 0 for none. */
  readonly known: bigint;
};

/**
 * What came of it.
 * `cosigned`: its line, for the note. `ahead`: it has cosigned `size` entries, more than there are here. `forked`: what is
 * here has not grown from the `size` entries that it cosigned. `stranger`: it does not look after this log. `away`: no answer
 * that means anything, and why.
 */
export type Verdict =
  | { readonly is: 'cosigned'; readonly line: string }
  | { readonly is: 'ahead' | 'forked'; readonly size: bigint }
  | { readonly is: 'stranger' }
  | { readonly is: 'away'; readonly why: string };

/** Asks once, and once more from the size that the witness names. Never throws for what the other side does. */
export async function askWitness(witness: Witness, to: ToCosign): Promise<Verdict> {
  const { size } = to.checkpoint;
  const first = await ask(witness, to, to.known);
  if (first.status !== 409) return verdictOf(witness, to, first, to.known);
  const known = sizeIn(first.text);
  if (known === null) return away('It answered 409 without a size.');
  if (known > size) return { is: 'ahead', size: known };
  if (known === to.known) return verdictOf(witness, to, first, known);
  const second = await ask(witness, to, known);
  return verdictOf(witness, to, second, known);
}

async function verdictOf(
  witness: Witness,
  { note }: ToCosign,
  { status, text }: Answered,
  asked: bigint,
): Promise<Verdict> {
  if (status === 404) return { is: 'stranger' };
  // It named this size, and a proof from there does not convince it, or is not needed: then the trees differ.
  const differs = status === 422 || (status === 409 && sizeIn(text) === asked);
  if (differs && asked > 0n) return { is: 'forked', size: asked };
  if (status === 0) return away('It does not answer.');
  if (status !== 200) return away(`It answered ${status}.`);
  try {
    const cosignature = await cosignatureOf(note + text, witness.verifier);
    if (cosignature) return { is: 'cosigned', line: cosignature.line };
  } catch (error) {
    if (!(error instanceof RegisterError)) throw error;
  }
  return away('Its answer is no cosignature by its key.');
}

const away = (why: string): Verdict => ({ is: 'away', why });

function sizeIn(text: string): bigint | null {
  return /^(0|[1-9]\d{0,18})\n$/.test(text) ? BigInt(text) : null;
}

/** `status` 0: there was no answer. */
type Answered = { readonly status: number; readonly text: string };

const PATIENCE_MS = 10_000;
const LARGEST = 16 * 1024;

async function ask({ url }: Witness, { checkpoint, note, parts }: ToCosign, old: bigint): Promise<Answered> {
  const proof = await parts.consistencyProof(old, checkpoint.size);
  const body = askingText({ old, proof, note });
  try {
    const answer = await fetch(`${url.href.replace(/\/$/, '')}/add-checkpoint`, {
      ...{ method: 'POST', body, redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) },
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
    return { status: answer.status, text: await shortText(answer) };
  } catch {
    return { status: 0, text: '' };
  }
}

/** Up to 16 kB of an answer: whoever answers more answers nothing that is wanted. */
async function shortText(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > LARGEST) throw new Error('Too long.');
  }
  return text + decoder.decode();
}
