/** The parts of signed documents that a database can hold as what they are: what it could not is no document. */
import { z } from 'zod';

/** What somebody typed: whole characters, and none that ends a text. */
export const words = (most: number) => z.string().min(1).max(most).refine(isHoldable);

/** Whether PostgreSQL takes a text: no NUL, and no half of a surrogate pair. */
export function isHoldable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** A moment in UTC, to the millisecond; there was no year 0. */
export const instant = z.iso.datetime({ precision: 3 }).refine((text) => !text.startsWith('0000'));

/** How many, or the number of a version: a positive `integer` of PostgreSQL. */
export const count = z
  .number()
  .int()
  .positive()
  .max(2 ** 31 - 1);
