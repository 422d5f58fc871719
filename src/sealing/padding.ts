/**
 * # Note: what a length tells
 *
 * Whoever holds the database sees how long every sealed object is. Lengths are therefore rounded up, the first
 * line (place, file name) included:
 * - up to 64 KiB to the next power of two, at least 4096 for answers and 512 for everything else. Nearly all
 *   answers are then one of two lengths;
 * - above, by Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs",
 *   PETS 2019, §4): of a length only the first 1 + ⌊log₂ log₂ length⌋ bits after the leading one remain. That adds
 *   under 3.2 %, and of all lengths from 64 KiB to 25 MiB fewer than 300 are ever seen.
 *
 * LIMIT: how many attachments a case has, and roughly how large each is, stays visible; so does the count and the
 * time of messages.
 *
 * The law is part of the format `letterbox/1`: opening refuses an object padded otherwise.
 */
import type { PlaceKind } from './place.ts';

/** The length in bytes to which a plaintext of this length is filled up. Monotone; never shorter than it was. */
export function paddedLength(kind: PlaceKind, length: number): number {
  const least = kind === 'answers' ? leastAnswers : leastOther;
  if (length <= least) return least;
  const exponent = Math.floor(Math.log2(length - 1)); // 2^exponent < length <= 2^(exponent + 1)
  if (length <= largestPower) return 2 ** (exponent + 1);
  return padme(length);
}

const leastAnswers = 4096;
const leastOther = 512;
const largestPower = 65536;

function padme(length: number): number {
  const exponent = Math.floor(Math.log2(length));
  const kept = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - kept);
  return Math.ceil(length / step) * step;
}
