/**
 * # Note: sealing
 *
 * One promise: the server, its database, its backups and its operators hold only what they cannot read.
 * This room keeps it by composition over age and invents no cipher. It has no I/O: the same files run in the
 * submitter's browser, in a reader's browser, in the server (sealing only) and in the disaster tool.
 *
 * **The keys.** All are age hybrid identities (ML-KEM-768 + X25519), so that what is recorded today stays
 * closed to a quantum computer later.
 *
 *     staff identity     made at enrolment; sealed once to each unlock method of that person
 *     form key           one a generation; its identity sealed to each reader and to the recovery recipient
 *     case key           one a case; its identity sealed to the form key and to the receipt key
 *     receipt key        derived from the receipt code; never stored
 *     recovery identity  split k-of-n among keyholders; never stored whole
 *
 * **A sealed object** is a plain age v1 file to exactly one hybrid recipient:
 *
 *     age-encryption.org/v1
 *     -> mlkem768x25519 <1494 characters: the encapsulated key>
 *     <43 characters: the wrapped file key>
 *     --- <43 characters: the header's MAC>
 *     <16 bytes nonce, then the payload in 64 KiB chunks>
 *
 * and its payload opens to one line, the content, and zero bytes up to the padded length:
 *
 *     letterbox/1 {"organisation":"0190f3c1-…","form":"report","version":3,"generation":1,"case":"0190f3c2-…",
 *     "object":null,"person":null,"kind":"answers","at":"2026-03-01T12:00:00.000Z","size":29}⏎
 *     {"what":"A broken streetlamp"}␀␀␀␀…
 *
 * (all of the first line on one line). Anyone with the identity can open it with any age tool that knows hybrid
 * identities and read it with a JSON parser: that is the disaster plan, and `disaster.test.ts` holds us to it.
 *
 * **Why the place is inside.** age authenticates content but has no associated data: an intact file from another
 * row would open as well. So every object says where it belongs, and opening refuses it anywhere else.
 *
 * **Why padding.** Lengths are visible to whoever holds the database. See `padding.ts` for what is still told.
 *
 * LIMIT: age does not say who sealed a file: anyone who knows a recipient can seal to it. That is what a letterbox
 * is for; where authorship matters (staff, grants, form keys) a document is signed, see `signature.ts`.
 *
 * The formats, precisely enough for a second implementation: docs/protocol-sealing.md.
 */

declare const brand: unique symbol;

/** A value that was parsed, not just typed: only this room's parsers make one, so mixing two up does not compile. */
export type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/**
 * What went wrong, for code to tell apart:
 * `bad-id`, `bad-key`, `bad-place`, `bad-name`, `not-json`: the caller handed over something malformed;
 * `not-hybrid`: a key of another kind than ML-KEM-768 + X25519;
 * `not-for-you`: the object is sealed to somebody else (or its key part was altered, which looks the same);
 * `damaged`: altered, cut short, or not one of our objects at all;
 * `wrong-place`: intact, but it belongs elsewhere;
 * `wrong-size`: a stream was longer or shorter than announced;
 * `interrupted`: the source of a stream failed;
 * `bad-share`, `too-few-shares`, `mixed-shares`, `same-share`, `wrong-shares`: see `shares.ts`.
 */
export type SealingCode =
  | 'bad-id'
  | 'bad-key'
  | 'bad-place'
  | 'bad-name'
  | 'not-json'
  | 'not-hybrid'
  | 'not-for-you'
  | 'damaged'
  | 'wrong-place'
  | 'wrong-size'
  | 'interrupted'
  | 'bad-share'
  | 'too-few-shares'
  | 'mixed-shares'
  | 'same-share'
  | 'wrong-shares';

/** Every refusal of this room. The message is a plain sentence and never contains content, keys or names. */
export class SealingError extends Error {
  readonly code: SealingCode;

  constructor(code: SealingCode, message: string) {
    super(message);
    this.name = 'SealingError';
    this.code = code;
  }
}
