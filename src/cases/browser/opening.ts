/** Opening one case in this browser: asked for, opened, its place checked. */
import { z } from 'zod';
import type { FormDefinition } from '../../forms/form.ts';
import { formKeyOf } from '../../grants/browser/form-keys.ts';
import { NotVerified } from '../../grants/browser/proven.ts';
import { unlocked } from '../../people/browser/unlocked.ts';
import { fromBase64url } from '../../sealing/encoding.ts';
import type { Identity } from '../../sealing/keys.ts';
import { openEnvelope, openJson, openSubmission } from '../../sealing/open.ts';
import { caseId, formId, organisationId } from '../../sealing/place.ts';
import { type CaseAddress, caseKeyPlaceFor, submissionPlace } from '../../sealing/submission.ts';
import { ask } from '../../web/browser/ask.ts';
import { type Released, readSummary, releasedShape } from '../case.ts';

export type OpenedRelease = OpenCase & {
  readonly released: Released;
  readonly of: CaseAddress;
  /** As it was asked then. */
  readonly form: FormDefinition;
};

/**
 * Has a case released to this reader, which the register keeps, and opens it.
 *
 * @throws NotVerified where it is not released, or its keys are not here; SealingError where it is not what it should be
 */
export async function openReleased(id: string): Promise<OpenedRelease> {
  const answer = await ask(`/cases/${id}/release`, {});
  if (!answer.ok) throw new NotVerified(answer.message);
  const released = releasedShape.parse(answer.body);
  const of = addressOf(released);
  const opened = await openCase(released, of);
  return { ...opened, released, of, form: definitionShape.parse(released.definition) };
}

function addressOf(released: Released): CaseAddress {
  const { version, generation } = released;
  return {
    organisation: organisationId(released.organisation),
    form: formId(released.form),
    case: caseId(released.id),
    version,
    generation,
  };
}

const bytes = (text: string) => fromBase64url(text) ?? new Uint8Array();

type OpenCase = { readonly caseIdentity: Identity; readonly answers: unknown; readonly title: string };

async function openCase(released: Released, of: CaseAddress): Promise<OpenCase> {
  if (released.summary === null) return openOwnCase(released, of);
  const sealed = {
    answers: bytes(released.answers),
    summary: bytes(released.summary),
    caseKey: bytes(released.caseKey),
  };
  const key = await formKeyOf(released.form, released.generation);
  const { summary, ...opened } = await openSubmission(key, of, sealed);
  return { ...opened, title: readSummary(summary).title };
}

/** A case that was given to this person alone: its key is sealed to them, its summary only to the form's readers. */
async function openOwnCase(released: Released, of: CaseAddress): Promise<OpenCase> {
  const staff = await unlocked();
  if (!staff) throw new NotVerified('Your keys are locked. Sign in again to unlock them.');
  const place = caseKeyPlaceFor(of, staff.person);
  const caseIdentity = await openEnvelope(staff.identity, bytes(released.caseKey), place);
  const answers = await openJson(caseIdentity, bytes(released.answers), submissionPlace(of, 'answers'));
  return { caseIdentity, answers, title: `Case ${released.reference}` };
}

/** The server parsed it by the forms' own schema before it sent it. */
const definitionShape = z.custom<FormDefinition>(
  (value) => typeof value === 'object' && value !== null && 'pages' in value && Array.isArray(value.pages),
);
