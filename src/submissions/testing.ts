/** For tests: a published form with an approved key, and posts sealed for it. */
import { z } from 'zod';
import { toHex } from '../sealing/encoding.ts';
import { generateIdentity, type Identity } from '../sealing/keys.ts';
import { formId, newId, organisationId } from '../sealing/place.ts';
import type { SealedAttachment, SealedPost } from '../sealing/submission.ts';
import { type CaseDraft, type FormTarget, newCase, sealSubmission } from '../sealing/submission.ts';
import type { Database } from '../store/store.ts';

export type OpenForm = { readonly slug: string; readonly target: FormTarget; readonly identity: Identity };

/** An organisation with one form, version 1 published, generation 1 of its key approved. */
export async function openForm(
  admin: Database,
  slug = 'exampleshire',
  definition: { id: string; title: string } = { id: 'report', title: 'Report something' },
): Promise<OpenForm> {
  const { identity, recipient } = await generateIdentity();
  const organisation = organisationId(newId());
  const target = { organisation, form: formId(definition.id), version: 1, generation: 1, recipient };
  await admin.run(
    'insert into letterbox.organisation (id, slug, name, founded_at) values ($1, $2, $3, now())',
    [...[organisation, slug, 'Exampleshire Office for Policing']],
  );
  await publish(admin, target, definition);
  await approveKey(admin, target);
  return { slug, target, identity };
}

export async function publish(admin: Database, target: FormTarget, definition: object): Promise<void> {
  await admin.run(
    `insert into letterbox.published_form (organisation, form, version, definition, published_at)
     values ($1, $2, $3, $4, now())`,
    [target.organisation, target.form, target.version, JSON.stringify(definition)],
  );
}

/** A form-key document and its approval, as two people would sign them; nobody here checks the signatures. */
export async function approveKey(admin: Database, target: FormTarget): Promise<void> {
  const { organisation, form, generation, recipient } = target;
  const at = new Date().toISOString();
  const chain = { after: null, around: null };
  const key = { kind: 'form-key', organisation, form, generation, recipient, ...chain, signer: newId(), at };
  const document = await sign(admin, organisation, key);
  const approval = { kind: 'form-key-approval', organisation, formKey: toHex(document), signer: newId(), at };
  await admin.run(
    `insert into letterbox.form_key
       (organisation, form, generation, recipient, document, approval, made_at, approved_at)
     values ($1, $2, $3, $4, $5, $6, now(), now())`,
    [organisation, form, generation, recipient, document, await sign(admin, organisation, approval)],
  );
}

async function sign(
  admin: Database,
  organisation: string,
  document: { kind: string; signer: string },
): Promise<Uint8Array> {
  const text = JSON.stringify(document);
  const { hash } = await admin.one(
    z.object({ hash: z.instanceof(Uint8Array) }),
    `insert into letterbox.signed_document (organisation, hash, kind, signer, text, signature, at)
     values ($1, sha256(convert_to($4, 'UTF8')), $2, $3, $4, 'unsigned', now()) returning hash`,
    [organisation, document.kind, document.signer, text],
  );
  return hash;
}

export const someContent = {
  answers: { what: 'A broken streetlamp in Example Road' },
  summary: { title: 'A broken streetlamp', lines: [] },
  equality: { age: '30 to 39' },
};

/** One sealed submission, ready to post. */
export async function somePost(
  target: FormTarget,
  attachments: SealedAttachment[] = [],
  content = someContent,
): Promise<{ draft: CaseDraft; post: SealedPost }> {
  const draft = await newCase(target, new Date());
  return { draft, post: await sealSubmission(draft, content, attachments) };
}
