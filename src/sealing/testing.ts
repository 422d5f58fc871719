/** What the tests of sealing are made of: places, keys, streams. For tests only. */
import fc from 'fast-check';
import { generateIdentity } from './keys.ts';
import {
  caseId,
  type ExpectedPlace,
  formId,
  objectId,
  organisationId,
  type Place,
  personId,
  placeKinds,
} from './place.ts';
import { SealingError } from './sealing.ts';

/** One key for a whole test file: making one costs as much as a sealing. */
export const key = await generateIdentity();
export const otherKey = await generateIdentity();

export const aPlace: Place = {
  organisation: organisationId('0190f3c1-7a4e-4c1b-8f00-5d2f6f1f9a10'),
  form: formId('report'),
  version: 3,
  generation: 1,
  case: caseId('0190f3c2-0000-7000-8000-000000000001'),
  object: null,
  person: null,
  kind: 'answers',
  at: '2026-03-01T12:00:00.000Z',
};

const id = fc.uuid();
const orNull = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(values);

export const anyPlace: fc.Arbitrary<Place> = fc.record({
  organisation: id.map(organisationId),
  form: orNull(fc.stringMatching(/^[a-z0-9-]{1,40}$/).map(formId)),
  version: orNull(fc.nat()),
  generation: orNull(fc.nat()),
  case: orNull(id.map(caseId)),
  object: orNull(id.map(objectId)),
  person: orNull(id.map(personId)),
  kind: fc.constantFrom(...placeKinds),
  at: fc
    .date({ min: new Date(0), max: new Date('2999-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
});

/** Each field of a place, changed: eight places that are not this one. */
export function elsewhere(place: Place): ExpectedPlace[] {
  const uuid = '0190f3ff-ffff-7fff-bfff-ffffffffffff';
  return [
    { ...place, organisation: organisationId(uuid) },
    { ...place, form: formId('another-form') },
    { ...place, version: (place.version ?? 0) + 1 },
    { ...place, generation: (place.generation ?? 0) + 1 },
    { ...place, case: caseId(uuid) },
    { ...place, object: objectId(uuid) },
    { ...place, person: personId(uuid) },
    { ...place, kind: place.kind === 'note' ? 'message' : 'note' },
  ];
}

/** The code of the SealingError that this throws; anything else fails the test. */
export async function refusalOf(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof SealingError) return error.code;
    throw error;
  }
  return 'no refusal';
}

export function streamOf(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const piece = pieces[next];
      next += 1;
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
}

export async function wholeOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}
