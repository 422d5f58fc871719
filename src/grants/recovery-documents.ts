/**
 * The signed documents about recovery, as texts and back:
 *
 *     {"kind":"recovery","organisation":"0190…","id":"0190…","person":"0190…","forms":["review"],
 *      "reason":"Both readers have left","signer":"0190…","at":"2026-11-02T09:00:00.000Z"}
 *
 * None of them ever carries anything of a sheet but what stands on its head: its number, its set, its key's short
 * name. Parsers refuse unknown keys, anything that is not of its exact shape, and any other spelling of it than
 * canonical JSON (RFC 8785); they judge no signature.
 */
import { z } from 'zod';
import { instant, words } from '../people/holdable.ts';
import { canonicalJson } from '../sealing/encoding.ts';
import { signText } from '../sealing/signature.ts';
import type { StaffIdentity } from '../sealing/staff.ts';
import type { Signed } from './documents.ts';

const id = z.uuid().lowercase();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const symbols = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{8}$/);
const signed = { organisation: id, signer: id, at: instant };
const form = z.string().regex(/^[a-z0-9-]{1,40}$/);

const rehearsalShape = z.strictObject({
  kind: z.literal('rehearsal'),
  ...signed,
  /** The numbers of the sheets that were typed, in order. */
  sheets: z.array(z.number().int().positive().max(20)).min(2).max(20).refine(areSorted).readonly(),
  set: symbols,
  /** The short name of the key that they rebuilt, compared with the founding document's. */
  key: symbols,
  worked: z.literal(true),
});
const recoveryShape = z.strictObject({
  kind: z.literal('recovery'),
  ...signed,
  id,
  reason: words(500),
  /** Who is to get the keys: two people must have let them read these forms, as ever. */
  person: id,
  forms: z.array(form).min(1).max(20).refine(areSorted).readonly(),
});
const consentShape = z.strictObject({ kind: z.literal('recovery-consent'), ...signed, recovery: hash });
const endShape = z.strictObject({
  kind: z.literal('recovery-end'),
  ...signed,
  recovery: hash,
  /** True in the hand-over itself; false where a manager stops it. */
  done: z.boolean(),
});

const anyShape = z.discriminatedUnion('kind', [rehearsalShape, recoveryShape, consentShape, endShape]);
export type RecoveryDocument = z.infer<typeof recoveryShape>;
export type RecoveryRoomDocument = z.infer<typeof anyShape>;
export const RECOVERY_KINDS: readonly string[] = anyShape.options.map((option) => option.shape.kind.value);

/** Each once, in ascending order: one list has one spelling. */
function areSorted<T extends string | number>(list: readonly T[]): boolean {
  return list.every((each, index) => {
    const before = list[index - 1];
    return before === undefined || before < each;
  });
}

/** The text that gets signed. */
export function recoveryText(document: RecoveryRoomDocument): string {
  return canonicalJson(anyShape.parse(document));
}

/** A document about recovery from its text, or null for anything else. */
export function parseRecoveryDocument(text: string): RecoveryRoomDocument | null {
  try {
    const parsed = anyShape.safeParse(JSON.parse(text));
    return parsed.success && canonicalJson(parsed.data) === text ? parsed.data : null;
  } catch {
    return null;
  }
}

type Unsigned<D> = D extends RecoveryRoomDocument ? Omit<D, 'organisation' | 'signer' | 'at'> : never;

/** Signs one of these documents as this person, now. */
export async function signRecovery(
  { organisation, person, signingKey }: StaffIdentity,
  about: Unsigned<RecoveryRoomDocument>,
  now: Date,
): Promise<Signed> {
  const text = recoveryText({ ...about, organisation, signer: person, at: now.toISOString() });
  return { text, signature: await signText(signingKey, text) };
}
