/** Where a sealed object belongs. Written inside every sealed object, compared on every opening. */
import { toHex } from './encoding.ts';
import { type Branded, SealingError } from './sealing.ts';

/** A lowercase UUID, as are `CaseId`, `PersonId` and `ObjectId`. */
export type OrganisationId = Branded<string, 'OrganisationId'>;
/** A slug: `[a-z0-9-]{1,40}`. */
export type FormId = Branded<string, 'FormId'>;
/** A UUIDv7 when made by `newCaseId`, so that cases sort by arrival. */
export type CaseId = Branded<string, 'CaseId'>;
export type PersonId = Branded<string, 'PersonId'>;
export type ObjectId = Branded<string, 'ObjectId'>;

export const placeKinds = [
  'answers',
  'summary',
  'attachment',
  'equality',
  'case-key',
  'receipt-key',
  'form-key',
  'staff-identity',
  'message',
  'note',
  'recovery-share',
  'notice',
] as const;

export type PlaceKind = (typeof placeKinds)[number];

/**
 * What does not apply is null, never left out:
 *
 *     { organisation: '0190f3c1-…', form: 'report', version: 3, generation: 1, case: '0190f3c2-…',
 *       object: null, person: null, kind: 'answers', at: '2026-03-01T12:00:00.000Z' }
 */
export type Place = {
  organisation: OrganisationId;
  form: FormId | null;
  version: number | null;
  generation: number | null;
  case: CaseId | null;
  object: ObjectId | null;
  person: PersonId | null;
  kind: PlaceKind;
  /** When it was sealed, by the sealer's own clock: ISO 8601, milliseconds, `Z`. Information, never matched. */
  at: string;
};

/** A place as the opener knows it: everything but the sealer's clock. */
export type ExpectedPlace = Omit<Place, 'at'>;

/** Whether an object found with this place belongs where it was expected. */
export function samePlace(found: Place, expected: ExpectedPlace): boolean {
  return (
    found.organisation === expected.organisation &&
    found.form === expected.form &&
    found.version === expected.version &&
    found.generation === expected.generation &&
    found.case === expected.case &&
    found.object === expected.object &&
    found.person === expected.person &&
    found.kind === expected.kind
  );
}

/** The place of a form key's envelope: whose it is, or null for the recovery recipient's. */
export function formKeyPlace(
  of: { organisation: OrganisationId; form: FormId; generation: number },
  person: PersonId | null,
): ExpectedPlace {
  const { organisation, form, generation } = of;
  return {
    organisation,
    form,
    version: null,
    generation,
    case: null,
    object: null,
    person,
    kind: 'form-key',
  };
}

/** The place of a notice's list: whom an incident affects, and what each is told. */
export function noticePlace(organisation: OrganisationId, notice: ObjectId): ExpectedPlace {
  const nowhere = { form: null, version: null, generation: null, case: null };
  return { organisation, ...nowhere, object: notice, person: null, kind: 'notice' };
}

/** The place of a recovery share that is sealed to its holder. */
export function recoverySharePlace(organisation: OrganisationId, person: PersonId): ExpectedPlace {
  const nowhere = { form: null, version: null, generation: null, case: null, object: null };
  return { organisation, ...nowhere, person, kind: 'recovery-share' };
}

/** @throws SealingError `bad-id` */
export const organisationId = (text: string): OrganisationId => required(text, isOrganisationId);
/** @throws SealingError `bad-id` */
export const formId = (text: string): FormId => required(text, isFormId);
/** @throws SealingError `bad-id` */
export const caseId = (text: string): CaseId => required(text, isCaseId);
/** @throws SealingError `bad-id` */
export const personId = (text: string): PersonId => required(text, isPersonId);
/** @throws SealingError `bad-id` */
export const objectId = (text: string): ObjectId => required(text, isObjectId);

/** A random UUID (version 4), to be parsed into whichever kind it is for: `objectId(newId())`. */
export function newId(): string {
  return crypto.randomUUID();
}

/** A UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits. */
export function newCaseId(now: Date): CaseId {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(now.getTime() / 2 ** 32));
  view.setUint32(2, now.getTime() % 2 ** 32);
  return caseId(uuidOf(bytes, 7));
}

/** The id of the organisation that runs a site: a random UUIDv8 (RFC 9562 §5.8), which no body can have. */
export function newHostId(): OrganisationId {
  return organisationId(uuidOf(crypto.getRandomValues(new Uint8Array(16)), 8));
}

/** Whether an organisation's id says that it is a host and not a body. */
export function isHostId(organisation: string): boolean {
  return organisation[14] === '8';
}

function uuidOf(random: Uint8Array, version: number): string {
  const bytes = random.map((byte, at) =>
    at === 6 ? (byte & 0x0f) | (version << 4) : at === 8 ? (byte & 0x3f) | 0x80 : byte,
  );
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A value from outside as a whole, canonical place; null for anything else, unknown keys included. */
export function parsePlace(value: unknown): Place | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Object.keys(value).join() !== placeKeys) return null;
  const place: Record<string, unknown> = { ...value };
  return isPlace(place) ? place : null;
}

const placeKeys = 'organisation,form,version,generation,case,object,person,kind,at';
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const slug = /^[a-z0-9-]{1,40}$/;

const isUuid = (value: unknown): value is string => typeof value === 'string' && uuid.test(value);
const isOrganisationId = (value: unknown): value is OrganisationId => isUuid(value);
const isCaseId = (value: unknown): value is CaseId => isUuid(value);
const isPersonId = (value: unknown): value is PersonId => isUuid(value);
const isObjectId = (value: unknown): value is ObjectId => isUuid(value);
const isFormId = (value: unknown): value is FormId => typeof value === 'string' && slug.test(value);
const isOrdinal = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isKind = (value: unknown): value is PlaceKind => placeKinds.some((kind) => kind === value);

/** `2026-03-01T12:00:00.000Z` and nothing looser: the one spelling `Date` itself gives back. */
export function isInstant(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== 24) return false;
  const time = Date.parse(value);
  return !Number.isNaN(time) && new Date(time).toISOString() === value;
}

function isPlace(place: Record<string, unknown>): place is Place {
  return (
    isOrganisationId(place.organisation) &&
    (place.form === null || isFormId(place.form)) &&
    (place.version === null || isOrdinal(place.version)) &&
    (place.generation === null || isOrdinal(place.generation)) &&
    (place.case === null || isCaseId(place.case)) &&
    (place.object === null || isObjectId(place.object)) &&
    (place.person === null || isPersonId(place.person)) &&
    isKind(place.kind) &&
    isInstant(place.at)
  );
}

function required<Id extends string>(text: string, is: (value: unknown) => value is Id): Id {
  if (!is(text)) throw new SealingError('bad-id', 'This is not a well-formed identifier.');
  return text;
}
