/**
 * # Note: a body's sealed folder
 *
 * What `letterbox export-sealed` writes and `letterbox disaster` reads; ciphertext and addresses only:
 *
 *     <organisation>/form-keys/report-1-recovery.age       the form key, sealed to the recovery recipient
 *     <organisation>/form-keys/report-1-<person>.age       … and to each person it was handed to
 *     <organisation>/equality/report-1/<id>.age            equality answers, which have no case
 *     <organisation>/cases/<case>/place.json               {"organisation":"…","form":"report","version":3,"generation":1,"case":"…"}
 *     <organisation>/cases/<case>/{answers,summary,case-key}.age
 *     <organisation>/cases/<case>/attachments/<id>.age
 *     <organisation>/cases/<case>/messages/0001-<id>-submitter.age   a message of the conversation, in their order …
 *     <organisation>/cases/<case>/messages/0002-<id>-<person>.age    … and one of somebody of the body
 *
 * Every `.age` file is a whole age file; what is inside is written down in docs/protocol-sealing.md.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { caseId, formId, organisationId } from '../sealing/place.ts';
import type { CaseAddress } from '../sealing/submission.ts';

const addressShape = z.strictObject({
  organisation: z.string().transform(organisationId),
  form: z.string().transform(formId),
  version: z.int().positive(),
  generation: z.int().positive(),
  case: z.string().transform(caseId),
});

/** A `place.json`. @throws with one sentence where it is anything else */
export function parseAddress(text: string): CaseAddress {
  try {
    return addressShape.parse(JSON.parse(text));
  } catch {
    throw new Error('Its place.json is not what letterbox export-sealed writes.');
  }
}

export function addressText({ organisation, form, version, generation, case: id }: CaseAddress): string {
  return `${JSON.stringify({ organisation, form, version, generation, case: id }, null, 2)}\n`;
}

/** A new folder for its owner's eyes only, or one that exists and is empty; anything else is left alone. */
export function freshFolder(path: string): string {
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new Error(`${path} is not empty. Name a folder that does not exist yet.`);
  }
  return folder(path);
}

/** Makes a folder, and those above it, with mode 0700. */
export function folder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Writes a new file with mode 0600; never over another one. */
export function writeNew(path: string, content: string | Uint8Array): void {
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
}
