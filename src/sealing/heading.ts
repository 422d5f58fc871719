/** The heading: the first line of every sealed plaintext, its place and the size and name of the content. */
import { bytesOf } from './encoding.ts';
import { type Place, parsePlace } from './place.ts';
import { SealingError } from './sealing.ts';

/** What a file was called, and its media type as the submitter's browser gave it. Neither is to be trusted. */
export type Name = { name: string; type: string };

/** `size` counts the content's bytes; `name` and `type` stand in attachments only. */
export type Heading = { place: Place; size: number; name?: Name };

/** No heading is longer than this many bytes, its line feed included. */
export const longestHeading = 4096;

/**
 * The heading as one line, `letterbox/1 {…}⏎`.
 * @throws SealingError `bad-place` or `bad-name`: what could not be read back is not written
 */
export function encodeHeading(heading: Heading): Uint8Array<ArrayBuffer> {
  if (heading.name !== undefined && !isName(heading.name)) {
    throw new SealingError('bad-name', 'A file name or type is too long or has control characters.');
  }
  const line = spell(heading);
  if (parseHeading(line) === null) throw new SealingError('bad-place', 'This place is not well-formed.');
  return bytesOf(`${line}\n`);
}

/** A line (without its line feed) as a heading; null for anything but what `encodeHeading` writes. */
export function parseHeading(line: string): Heading | null {
  if (!line.startsWith(start)) return null;
  const found = parseObject(line.slice(start.length));
  if (found === null) return null;
  const { size, name, type, ...rest } = found;
  const place = parsePlace(rest);
  if (place === null || !isSize(size)) return null;
  const named = name === undefined && type === undefined ? null : { name, type };
  if (named !== null && !isName(named)) return null;
  const heading = named === null ? { place, size } : { place, size, name: named };
  return spell(heading) === line ? heading : null;
}

const start = 'letterbox/1 ';
const longestName = 255;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

function spell({ place, size, name }: Heading): string {
  const { organisation, form, version, generation, case: of, object, person, kind, at } = place;
  const where = { organisation, form, version, generation, case: of, object, person, kind, at };
  const named = name === undefined ? {} : { name: name.name, type: name.type };
  return start + JSON.stringify({ ...where, size, ...named });
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= longestName && value.isWellFormed() && !control.test(value);

function isName(value: { name: unknown; type: unknown }): value is Name {
  return isText(value.name) && isText(value.type) && value.name !== '';
}

function parseObject(json: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
